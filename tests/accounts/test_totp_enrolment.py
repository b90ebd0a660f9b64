from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import zxingcpp
from pyotp import TOTP, parse_uri

from buckler.accounts import factors, fresh, recovery, totp
from buckler.accounts.problems import AccountError
from tests.accounts import owner
from tests.accounts.authenticators import enrolled, only_row
from tests.accounts.owner import MIRA, NOOR, refused

if TYPE_CHECKING:
    from tests.accounts.stage import Stage


async def test_an_app_is_added_by_its_first_code(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    begun = await browser.own(totp.begin, " Mira's\tphone ")
    assert await browser.own(totp.listed) == []
    assert not (await browser.own(factors.of)).totp
    app = TOTP(begun.secret)
    code = app.at(stage.clock.now())
    await browser.own(totp.confirm, begun.id, code)
    (shown,) = await browser.own(totp.listed)
    assert (shown.id, shown.name, shown.used_at) == (begun.id, "Mira's phone", shown.created_at)
    assert (await browser.own(factors.of)).second_ways == ["totp"]
    assert not await browser.own(totp.check, code), "the code that confirmed it is spent"
    assert (await stage.log())[-1] == "totp_added"
    (letter,) = await stage.letters("factor_added")
    assert begun.secret not in letter.as_string()


async def test_the_secret_is_long_enough_and_sealed(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    begun = await browser.own(totp.begin)
    assert len(TOTP(begun.secret).byte_secret()) == 20
    row = await only_row(stage)
    assert begun.secret not in row.sealed_seed
    assert TOTP(begun.secret).byte_secret() not in row.sealed_seed.encode()
    assert begun.secret not in repr(begun)
    assert "svg" not in repr(begun)


async def test_what_the_qr_code_says(stage: Stage) -> None:
    """Read by an independent reader from the drawing itself."""
    browser = stage.browser()
    await owner.enter(browser)
    begun = await browser.own(totp.begin)
    (found,) = zxingcpp.read_barcodes(_photo(begun.svg))
    assert found.text == begun.uri
    app = parse_uri(begun.uri)
    assert isinstance(app, TOTP)
    assert (app.secret, app.issuer, app.name, app.digits, app.interval) == (begun.secret, "Shop", MIRA, 6, 30)


async def test_the_qr_code_stands_under_the_strictest_policy(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    svg = (await browser.own(totp.begin)).svg
    assert not re.search(r"style|script|href|url\(|data:|on\w+=|<!|<\?", svg)
    root = ET.fromstring(svg)  # noqa: S314  # our own drawing
    assert {item.tag for item in root.iter()} == {"svg", "path"}
    assert [item.get("fill") or item.get("stroke") for item in root] == ["#fff", "#000"], "white behind black, in dark mode too"


def _photo(svg: str) -> Any:
    """Draw the two paths: eight pixels a module, as a scanner would see them."""
    root = ET.fromstring(svg)  # noqa: S314  # our own drawing
    size = int(root.attrib["viewBox"].split()[2])
    dark = [bytearray(b"\xff" * size) for _ in range(size)]
    at_x, at_y = 0.0, 0.0
    for move, x, y, length in re.findall(r"([Mm])(-?[\d.]+) (-?[\d.]+)h(\d+)", root[1].attrib["d"]):
        at_x, at_y = (float(x), float(y)) if move == "M" else (at_x + float(x), at_y + float(y))
        for column in range(int(at_x), int(at_x) + int(length)):
            dark[int(at_y)][column] = 0
        at_x += int(length)
    rows = [bytes(pixel for module in row for pixel in [module] * 8) for row in dark for _ in range(8)]
    return memoryview(b"".join(rows)).cast("B", (8 * size, 8 * size))


async def test_what_waits_is_shown_again_until_a_code_confirms_it(stage: Stage) -> None:
    browser, other = stage.browser(), stage.browser()
    await owner.enter(browser)
    await owner.enter(other, NOOR)
    begun = await browser.own(totp.begin)
    assert await browser.own(totp.waiting, begun.id) == begun
    await refused(totp.EXPIRED, other.own(totp.waiting, begun.id))
    stage.clock.move(600.5)
    await refused(fresh.NOT_FRESH, browser.own(totp.waiting, begun.id))
    await owner.return_to(browser)
    await browser.own(totp.confirm, begun.id, TOTP(begun.secret).at(stage.clock.now()))
    await refused(totp.EXPIRED, browser.own(totp.waiting, begun.id))


async def test_an_enrolment_ends_after_fifteen_minutes_and_with_the_next_one(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    first, second = await browser.own(totp.begin), await browser.own(totp.begin)
    await refused(totp.EXPIRED, browser.own(totp.confirm, first.id, TOTP(first.secret).at(stage.clock.now())))
    stage.clock.move(15 * 60 + 1)
    await refused(totp.EXPIRED, browser.own(totp.confirm, second.id, TOTP(second.secret).at(stage.clock.now())))
    assert await browser.own(totp.listed) == []


async def test_a_wrong_first_code_leaves_time_for_the_right_one(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    begun = await browser.own(totp.begin)
    error = await refused(totp.WRONG, browser.own(totp.confirm, begun.id, "000000"))
    assert error.field == "code"
    await browser.own(totp.confirm, begun.id, TOTP(begun.secret).at(stage.clock.now()))


async def test_of_two_that_confirm_at_once_one_does(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser)
    begun = await browser.own(totp.begin)
    code = TOTP(begun.secret).at(anywhere.clock.now())
    ends = await asyncio.gather(*(owner.of(browser, totp.confirm, MIRA, begun.id, code) for _ in range(8)), return_exceptions=True)
    assert [end for end in ends if end is None] == [None]
    assert {end.problem.code for end in ends if isinstance(end, AccountError)} == {"account.totp_expired"}
    assert (await anywhere.log()).count("totp_added") == 1


async def test_nobody_confirms_what_another_person_began(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    begun = await mira.own(totp.begin)
    await refused(totp.EXPIRED, noor.own(totp.confirm, begun.id, TOTP(begun.secret).at(stage.clock.now())))


async def test_there_is_an_end_to_authenticators(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    for _ in range(10):
        await enrolled(stage, browser)
        await owner.return_to(browser)
    error = await refused(factors.TOO_MANY, browser.own(totp.begin))
    assert error.title == "You have 10 of these already."


async def test_adding_and_removing_ask_for_a_fresh_sign_in(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await enrolled(stage, browser)
    (shown,) = await browser.own(totp.listed)
    stage.clock.move(11 * 60)
    await refused(fresh.NOT_FRESH, browser.own(totp.begin))
    await refused(fresh.NOT_FRESH, browser.own(totp.remove, shown.id))


async def test_nothing_is_added_before_the_address_is_confirmed(stage: Stage) -> None:
    """What an attacker adds to an account that he made in somebody's name would wait there for the owner of the address."""
    browser = stage.browser()
    await owner.enter(browser, verified=False)
    await refused(factors.UNCONFIRMED, browser.own(totp.begin))


async def test_an_authenticator_gets_another_name_and_goes(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    app = await enrolled(stage, browser)
    codes = await browser.own(recovery.make)
    (shown,) = await browser.own(totp.listed)
    await browser.own(totp.rename, shown.id, "\x1b[31mold phone\n")
    assert [item.name for item in await browser.own(totp.listed)] == ["[31mold phone"]
    await browser.own(totp.remove, shown.id)
    assert await browser.own(totp.listed) == []
    assert not await owner.of(browser, totp.check, MIRA, app.at(stage.clock.now()))
    assert not await owner.of(browser, recovery.spend, MIRA, codes[0]), "codes for a factor that is gone are gone"
    assert (await stage.log())[-1] == "totp_removed"
    assert len(await stage.letters("factor_removed")) == 1


async def test_recovery_codes_stay_while_another_second_factor_does(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await enrolled(stage, browser, "phone")
    await enrolled(stage, browser, "tablet")
    await browser.own(recovery.make)
    await browser.own(totp.remove, (await browser.own(totp.listed))[0].id)
    assert await browser.own(recovery.left) == 10


async def test_nobody_names_or_removes_what_is_not_theirs(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    await enrolled(stage, mira)
    begun = await mira.own(totp.begin)  # not confirmed: nothing that has a name yet
    (shown,) = await mira.own(totp.listed)
    for browser, totp_id in ((noor, shown.id), (mira, begun.id), (mira, uuid4())):
        await refused(factors.GONE, browser.own(totp.rename, totp_id, "mine"))
        await refused(factors.GONE, browser.own(totp.remove, totp_id))
    assert [item.name for item in await mira.own(totp.listed)] == ["phone"]
