"""Whatever comes back in place of a response: it is read as one, or refused by the one error that there is for it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.accounts import passkeys
from buckler.accounts.passkeys import ceremony
from buckler.accounts.passkeys.ceremony import REFUSED
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Passkey
from tests.accounts import owner
from tests.accounts.authenticator import EDDSA, Authenticator, text
from tests.accounts.owner import refused
from tests.requests import request_of

if TYPE_CHECKING:
    from tests.accounts.stage import Stage

REQUEST = request_of()
CHALLENGE = bytes(range(32))
DEVICE = Authenticator(algorithm=EDDSA)
MADE = DEVICE.create(ceremony.creation(REQUEST, "Shop", CHALLENGE, user=(uuid4().bytes, "mira"), passkey=True, known=()))
GIVEN = DEVICE.get(ceremony.asking(REQUEST, CHALLENGE, verified=True, known=()))
KEY = Passkey(public_key=cbor2.dumps(DEVICE.keys[0].cose()), backup_eligible=False)
ASSERTION = ("authenticatorData", "signature")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def judge(response: object) -> str:
    """Read it as both kinds, all the way; return what became of it. Nothing but an AccountError may come out."""
    ends = []
    for parts in (("attestationObject",), ASSERTION):
        try:
            found = ceremony.presented(response, *parts)
            if parts == ASSERTION:
                ceremony.answered(REQUEST, found, KEY, verified=True)
            else:
                ceremony.made(REQUEST, found, verified=True)
            ends.append("taken")
        except AccountError as error:
            ends.append("refused" if error.problem is REFUSED else error.problem.code)
    return " ".join(ends)


def test_true_ones_are_taken_as_objects_and_as_their_text() -> None:
    """Without teeth the rest of this file would prove nothing."""
    assert judge(MADE) == judge(json.dumps(MADE)) == "taken refused"
    assert judge(GIVEN) == judge(json.dumps(GIVEN)) == "refused taken"


@settings(deadline=None)
@given(JSON | st.binary() | st.text())
def test_any_json_is_refused(response: object) -> None:
    assert judge(response) == "refused refused"
    assert judge(json.dumps(response) if not isinstance(response, bytes) else response) == "refused refused"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, item in inner for found in places(item, (*path, name)))]


def planted(response: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(response)
    at: Any = changed
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return changed


@settings(deadline=None)
@given(st.sampled_from([MADE, GIVEN]), st.data())
def test_any_json_in_any_place_of_a_true_one(response: dict[str, Any], data: st.DataObject) -> None:
    judge(planted(response, data.draw(st.sampled_from(places(response))), data.draw(JSON)))


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_every_changed_byte_of_an_answer_is_refused(part: str) -> None:
    true = ceremony.raw(GIVEN["response"][part])
    for at in range(len(true)):
        raw = bytearray(true)
        raw[at] ^= 1
        assert judge(planted(GIVEN, ("response", part), text(bytes(raw)))) == "refused refused", at


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["clientDataJSON", "attestationObject"]), st.data())
def test_any_changed_byte_of_a_new_key_is_read(part: str, data: st.DataObject) -> None:
    """Nothing of it is signed, so that only its shape can be wrong: a changed name of the key, say, is another name."""
    raw = bytearray(ceremony.raw(MADE["response"][part]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    judge(planted(MADE, ("response", part), text(bytes(raw))))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_in_place_of_cbor(raw: bytes) -> None:
    judge(planted(MADE, ("response", "attestationObject"), text(raw)))
    judge(planted(GIVEN, ("response", "authenticatorData"), text(raw)))


CBOR_BOMBS = {
    "endless array": b"\x9b" + b"\xff" * 8,
    "endless text": b"\x7b" + b"\xff" * 8,
    "deep": b"\x81" * 20_000 + b"\x00",
    "cyclic": bytes.fromhex("d81c81d81d00"),
    "a tag that names a pattern": bytes.fromhex("d823") + cbor2.dumps("(" * 500),
    "a huge number": b"\xc2\x59\x40\x00" + b"\xff" * 16_384,
}


@pytest.mark.parametrize("bomb", CBOR_BOMBS.values(), ids=CBOR_BOMBS)
def test_cbor_that_would_cost_much_is_refused(bomb: bytes) -> None:
    assert judge(planted(MADE, ("response", "attestationObject"), text(bomb))) == "refused refused"
    for part in ("fmt", "attStmt", "authData"):
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": b"x" * 37} | {part: cbor2.CBORTag(55799, None)})
        assert judge(
            planted(MADE, ("response", "attestationObject"), text(whole.replace(cbor2.dumps(cbor2.CBORTag(55799, None)), bomb)))
        ) == ("refused refused")


DEEP = "[" * 30_000
OTHER_SHAPES = {
    "deep": DEEP,
    "deep inside": planted(MADE, ("response", "clientDataJSON"), text(DEEP.encode()[:20_000])),
    "too long": planted(MADE, ("response", "attestationObject"), "A" * 32_769),
    "too long a text": " " * 32_769,
    "a text that ends in the middle": json.dumps(MADE)[:-1],
    "another type": planted(MADE, ("type",), "password"),
    "a name that is another one": planted(MADE, ("id",), text(b"another name of it")),
    "standard base64": planted(MADE, ("rawId",), "+/" * 22),
    "one character too many": planted(MADE, ("rawId",), "A" * 41),
    "a long name": planted(planted(MADE, ("id",), "A" * 1368), ("rawId",), "A" * 1368),
    "no object": planted(MADE, ("response", "clientDataJSON"), text(b"[]")),
    "no JSON": planted(MADE, ("response", "clientDataJSON"), text(b"\xff\xfe")),
    "no challenge": planted(MADE, ("response", "clientDataJSON"), text(b'{"type":"webauthn.create"}')),
    "a challenge that is a number": planted(MADE, ("response", "clientDataJSON"), text(b'{"challenge":7}')),
}


@pytest.mark.parametrize("response", OTHER_SHAPES.values(), ids=OTHER_SHAPES)
def test_other_shapes_are_refused(response: object) -> None:
    assert judge(response) == "refused refused"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("clientExtensionResults",), None),
        (("clientExtensionResults",), {"credProps": 7}),
        (("clientExtensionResults",), {"credProps": {"rk": "yes"}}),
        (("response", "transports"), None),
        (("response", "transports"), "usb"),
        (("response", "transports"), ["usb", "telepathy", 7, ["nfc"]]),
        pytest.param(("rawId",), MADE["rawId"] + "=", id="padded"),  # a name of its own: the id is another in each process
        (("authenticatorAttachment",), ["anything"]),
    ],
)
def test_what_does_not_matter_is_left_out(path: tuple[str, ...], value: object) -> None:
    changed = planted(MADE, path, value)
    assert judge(changed) == "taken refused"
    found = ceremony.presented(changed, "attestationObject")
    assert found.resident in {None, True}
    assert set(found.transports) <= {"usb", "internal", "hybrid"}


async def test_whatever_is_handed_in_says_one_of_two_things(stage: Stage) -> None:
    """Through the front door: refused, or too late."""
    browser = stage.browser()
    await owner.enter(browser)
    responses: list[Any] = [None, [], {}, "", "{}", {"id": 1}, {"response": {}}, json.dumps({"rawId": "AA"}), 7, True]
    for response in responses:
        await refused(REFUSED, browser.own(passkeys.add, response))
        await refused(REFUSED, browser.call(passkeys.check_sign_in, response))
        await refused(REFUSED, browser.own(passkeys.check, "second", response))
        await refused(REFUSED, browser.call(passkeys.check_sign_up, owner.MIRA, response))
