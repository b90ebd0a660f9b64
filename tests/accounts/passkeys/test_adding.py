from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from buckler.accounts import factors, fresh, passkeys
from buckler.accounts.passkeys.adding import KNOWN
from buckler.accounts.passkeys.ceremony import REFUSED
from buckler.accounts.passkeys.challenges import EXPIRED
from buckler.accounts.tables import Passkey
from tests.accounts import owner
from tests.accounts.authenticator import AAGUID, EDDSA, ES256, RS256, Authenticator, Lies, raw, text
from tests.accounts.owner import MIRA, NOOR, refused
from tests.accounts.passkeys.keys import proved, signed_in, with_key

if TYPE_CHECKING:
    from tests.accounts.stage import Stage


async def rows(stage: Stage) -> list[Passkey]:
    async with stage.accounts.database() as db:
        return list(await db.scalars(select(Passkey)))


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
async def test_a_passkey_of_every_algorithm_is_added_and_signs_in(stage: Stage, algorithm: int) -> None:
    browser = stage.browser()
    person_id = await owner.enter(browser)
    device = await with_key(browser, Authenticator(algorithm=algorithm, synced=True, counts=False), name="Mira's ring")
    (row,) = await rows(stage)
    assert (row.name, row.signs_in, row.backup_eligible, row.backed_up) == ("Mira's ring", True, True, True)
    assert (row.credential_id, row.aaguid) == (device.keys[0].credential_id, str(UUID(bytes=AAGUID)))
    assert row.transports == ["hybrid", "internal"]
    person, key = await signed_in(stage.browser(), device)
    assert (person.id, key.id) == (person_id, row.id)
    assert (await stage.log())[-1] == "passkey_added"
    (letter,) = await stage.letters("factor_added")
    assert "Mira's ring" in letter.as_string()


async def test_a_security_key_follows_a_password_and_signs_nobody_in(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    device = await with_key(browser, Authenticator(verifies=False), passkey=False)
    (row,) = await rows(stage)
    assert (row.name, row.signs_in) == ("Security key", False)
    owned = await browser.own(factors.of)
    assert (owned.second_ways, owned.signs_in_by_passkey) == (["passkey"], False)
    assert (await proved(stage.browser(), device)).id == row.id


async def test_what_the_browser_is_asked_for(stage: Stage) -> None:
    browser = stage.browser()
    person_id = await owner.enter(browser)
    device = await with_key(browser)
    options = await browser.own(passkeys.options_to_add)
    assert json.loads(json.dumps(options)) == options
    assert options["rp"] == {"id": "shop.example", "name": "Shop"}
    assert raw(options["user"]["id"]) == person_id.bytes
    assert len(raw(options["challenge"])) == 32
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"] == {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert {item["alg"] for item in options["pubKeyCredParams"]} == {ES256, EDDSA, RS256}
    assert [item["id"] for item in options["excludeCredentials"]] == [text(device.keys[0].credential_id)]
    with pytest.raises(ValueError, match="InvalidStateError"):
        device.create(options)


LIES = {
    "another origin": Lies(origin="https://shop.example.evil.example"),
    "another scheme": Lies(origin="http://shop.example"),
    "another port": Lies(origin="https://shop.example:8443"),
    "a sister domain": Lies(origin="https://blog.shop.example"),
    "another site": Lies(rp_id="evil.example"),
    "another challenge": Lies(challenge=bytes(32)),
    "the other kind": Lies(kind="webauthn.get"),
    "nobody present": Lies(present=False),
    "nobody verified": Lies(verified=False),
    "backed up and not eligible": Lies(eligible=False, backed_up=True),
    "another name outside": Lies(credential_id=b"another name of it"),
    "a short name outside": Lies(credential_id=b"short"),
    "in a frame": Lies(client={"crossOrigin": True}),
    "in another site's frame": Lies(client={"topOrigin": "https://evil.example"}),
    "not discoverable": Lies(resident=False),
    "an attestation for nothing": Lies(statement={"alg": -7, "sig": b"x"}),
    "an attestation nobody asked for": Lies(fmt="fido-u2f"),
    "a format that is none": Lies(fmt="unheard-of"),
    "its own signature, wrong": Lies(fmt="packed", statement={"alg": -7, "sig": b"x" * 70}),
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
async def test_a_new_key_that_lies_is_refused(stage: Stage, lies: Lies) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.own(passkeys.options_to_add)
    error = await refused(EXPIRED if lies.challenge else REFUSED, browser.own(passkeys.add, Authenticator().create(options, lies)))
    assert "evil" not in f"{error} {error.title} {error.fix}"
    assert await rows(stage) == []


async def test_a_key_that_signs_for_itself_is_taken(stage: Stage) -> None:
    """WebAuthn Level 3, section 5.1.3: browsers leave self-attestation in place."""
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.own(passkeys.options_to_add)
    await browser.own(passkeys.add, Authenticator().create(options, Lies(fmt="packed")))
    assert len(await rows(stage)) == 1


def _numbers(curve: ec.EllipticCurve) -> tuple[bytes, bytes]:
    point = ec.generate_private_key(curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    return point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")


P256, P384 = _numbers(ec.SECP256R1()), _numbers(ec.SECP384R1())
# One map that says twice what kind of key it is, the second time as `true`, which Python takes for 1 (py_webauthn#265).
TWICE = b"\xa6" + cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: P256[0], -3: P256[1]})[1:] + b"\xf5\x02"
BAD_KEYS: dict[str, dict[int, Any] | bytes] = {
    "two kinds at once": TWICE,
    "not on the curve": {1: 2, 3: ES256, -1: 1, -2: b"\x01" * 32, -3: b"\x02" * 32},
    "another curve": {1: 2, 3: ES256, -1: 2, -2: P384[0], -3: P384[1]},
    "an algorithm of another kind": {1: 2, 3: RS256, -1: 1, -2: P256[0], -3: P256[1]},
    "an algorithm nobody asked for": {1: 2, 3: -36, -1: 1, -2: P256[0], -3: P256[1]},
    "RSA of 1024 bits": {1: 3, 3: RS256, -1: b"\xff" * 128, -2: b"\x01\x00\x01"},
    "RSA with another algorithm": {1: 3, 3: EDDSA, -1: b"\xff" * 256, -2: b"\x01\x00\x01"},
    "a curve that is not Ed25519": {1: 1, 3: EDDSA, -1: 7, -2: b"\x01" * 57},
    "no number at all": {1: 2, 3: ES256, -1: 1, -2: "x", -3: None},
    "nothing": {},
}


@pytest.mark.parametrize("cose", BAD_KEYS.values(), ids=BAD_KEYS)
async def test_a_key_that_is_none_is_refused_before_anything_depends_on_it(stage: Stage, cose: dict[int, Any] | bytes) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.own(passkeys.options_to_add)
    await refused(REFUSED, browser.own(passkeys.add, Authenticator().create(options, Lies(cose=cose))))
    assert await rows(stage) == []


async def test_an_answer_counts_once(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.own(passkeys.options_to_add)
    response = Authenticator().create(options)
    await browser.own(passkeys.add, response)
    await refused(EXPIRED, browser.own(passkeys.add, response))
    assert len(await rows(stage)) == 1


async def test_an_answer_counts_for_five_minutes(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.own(passkeys.options_to_add)
    stage.clock.move(301)
    await refused(EXPIRED, browser.own(passkeys.add, Authenticator().create(options)))


async def test_an_answer_counts_for_the_person_who_was_asked(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.own(passkeys.options_to_add)
    await owner.enter(browser, NOOR)
    await refused(EXPIRED, browser.own(passkeys.add, Authenticator().create(options)))


async def test_a_key_that_somebody_has_already_is_refused(anywhere: Stage) -> None:
    stage, mira, noor = anywhere, anywhere.browser(), anywhere.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    device = await with_key(mira)
    options = await noor.own(passkeys.options_to_add)
    twin = Authenticator().create(options, name=device.keys[0].credential_id)
    await refused(KNOWN, noor.own(passkeys.add, twin))
    assert len(await rows(stage)) == 1


async def test_keys_are_added_freshly_and_after_the_address_is_confirmed(stage: Stage) -> None:
    browser, early = stage.browser(), stage.browser()
    await owner.enter(browser)
    await owner.enter(early, NOOR, verified=False)
    await refused(factors.UNCONFIRMED, early.own(passkeys.options_to_add))
    stage.clock.move(11 * 60)
    await refused(fresh.NOT_FRESH, browser.own(passkeys.options_to_add))


async def test_there_is_an_end_to_keys(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    person_id = await owner.enter(browser)
    async with stage.accounts.database() as db:
        for number in range(19):
            db.add(_row(person_id, number, (await stage.person()).created_at))
        await db.commit()
    asked = [await browser.own(passkeys.options_to_add) for _ in range(3)]
    made = [Authenticator().create(options) for options in asked]
    ends = await asyncio.gather(*(owner.of(browser, passkeys.add, MIRA, response) for response in made), return_exceptions=True)
    assert sum(isinstance(end, Passkey) for end in ends) == 1, ends
    assert len(await rows(stage)) == 20


def _row(person_id: UUID, number: int, now: Any) -> Passkey:
    flags = {"signs_in": True, "backup_eligible": False, "backed_up": False}
    said = {"aaguid": "", "transports": [], "name": str(number), "created_at": now, "public_key": b"", "sign_count": 0}
    return Passkey(person_id=person_id, credential_id=bytes([number]) * 16, **flags, **said)
