"""The sheet is honest, repeats itself, and has teeth."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from buckler import CSRF, Guard, Hosts, NoSniff, off
from buckler.balance.benefit import Played, Verdict
from buckler.balance.compare import changes
from buckler.balance.cost import Scales
from buckler.balance.markdown import markdown
from buckler.balance.pairs import Effort, interval
from buckler.balance.sheet import Row
from buckler.balance.stage import staged
from buckler.balance.subject import GENERIC, Subject
from buckler.balance.weigh import weigh
from buckler.core.answer import refusal
from buckler.core.case import Ask, Case, Place, Target
from buckler.core.protection import Card, Steps
from buckler.errors import BackendError
from buckler.protections import DEFAULTS
from buckler.testing import PROBE, SECRET, Probe
from tests.balance.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.balance.sheet import Sheet
    from buckler.core.request import Request

    SheetOf = Callable[..., Sheet]


SOME = ("hosts", "cookies", "csrf", "nosniff", "all")


def row_of(sheet: Sheet, name: str) -> Row:
    return next(row for row in sheet.rows if row.name == name)


def ends(row: Row) -> dict[str, Verdict]:
    return {item.name: item.verdict for item in row.played}


class Silent:
    """A protection that was switched off in silence: it is there, and does nothing."""

    card, cases, report_only = CSRF.card, CSRF.cases, False

    def __init__(self, **_options: Any) -> None:
        pass

    def steps(self, _site: Any) -> Steps:
        return Steps()


class Slow:
    """`nosniff`, ten microseconds slower by the clock of `machine`."""

    card, cases, report_only = NoSniff.card, NoSniff.cases, False

    def __init__(self, machine: Machine | None = None) -> None:
        self._machine = machine or Machine()

    def steps(self, site: Any) -> Steps:
        return replace(NoSniff().steps(site), check=self._spin)

    def _spin(self, _request: Request) -> None:
        for _ in range(20):
            pass
        self._machine.work(10)


def test_the_probe_with_every_default(sheet_of: SheetOf) -> None:
    sheet = sheet_of(weighs=("hosts", "csrf", "all", "guard"))
    assert sheet.failures == []
    assert [row.name for row in sheet.rows] == [kind.card.name for kind in DEFAULTS if kind.card.name != "deadline"]
    for row in sheet.rows:
        assert row.stops, row.name
        assert row.how_many(Verdict.REFUSED) == 0
    assert set(row_of(sheet, "csrf").by_kind) == set(sheet.all.by_kind) == {"page", "signed in", "write"}
    assert row_of(sheet, "csrf").how_many(Verdict.ALONE) > 5
    assert row_of(sheet, "csrf").by_kind["write"].bytecodes > 0
    assert sheet.all.by_kind["page"].bytecodes > row_of(sheet, "hosts").by_kind["page"].bytecodes
    assert sheet.guard.by_kind["page"].bytecodes > 0
    assert row_of(sheet, "hosts").refusal_us is not None


def test_it_repeats_itself_but_for_the_microseconds(sheet_of: SheetOf) -> None:
    def without_us(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_us(item) for key, item in value.items() if key not in {"us", "refusal_us"}}
        return [without_us(item) for item in value] if isinstance(value, (list, tuple)) else value

    first, second = (json.dumps(without_us(sheet_of(weighs=SOME).as_json())) for _ in range(2))
    assert first == second


def test_a_protection_that_is_silently_disabled_is_seen(sheet_of: SheetOf) -> None:
    sheet = sheet_of(Silent())
    row = row_of(sheet, "csrf")
    assert row.how_many(Verdict.ALONE) == 0
    assert row.how_many(Verdict.THROUGH) > 5
    assert "csrf stops nothing of what it claims to stop" in sheet.failures
    assert any(sentence.startswith("csrf.cross_site_form gets through") for sentence in sheet.failures)
    assert row.note() == "stops nothing of what it claims"
    assert "## Fails" in markdown(sheet)


def test_it_is_seen_on_an_application_without_a_place_for_its_attacks(sheet_of: SheetOf) -> None:
    sheet = sheet_of(Silent(), target=GENERIC)
    assert sum(item.verdict != Verdict.NOT_PLAYED and not item.honest for item in row_of(sheet, "csrf").played) == 0
    assert "csrf stops nothing of what it claims to stop" in sheet.failures


def test_ten_microseconds_more_are_seen(machine: Machine) -> None:
    """By the count, and by the clock of a machine that others use too: the interval of the slow one lies above the plain one's."""

    async def weighed(*given: Any) -> Any:
        guard = Guard(Probe(), *given, hosts=["probe.example"], secrets=[SECRET])
        async with staged(Subject("tests:app", guard, PROBE)) as stage:
            scales = Scales(stage, quick=True)
            scales._effort = Effort(2, 20, 10)
            await scales.prepare()
            scales.routes = scales.routes[:1]
            return await scales.weigh("nosniff")

    plain, slow = asyncio.run(weighed()), asyncio.run(weighed(Slow(machine)))
    assert slow.bytecodes["GET /"] > plain.bytecodes["GET /"] + 10
    assert interval(slow.us["GET /"]).low > 5
    assert interval(plain.us["GET /"]).median < 5


def test_what_has_gone_or_become_dearer_is_seen(sheet_of: SheetOf) -> None:
    earlier = json.loads(json.dumps(sheet_of(weighs=["nosniff"]).as_json()))

    class Fewer:
        card, cases, report_only = NoSniff.card, NoSniff.cases[1:], False

        def steps(self, site: Any) -> Steps:
            return NoSniff().steps(site)

    assert changes(sheet_of(Fewer(), weighs=["nosniff"]), earlier) == [f"the case nosniff.{NoSniff.cases[0].name} is gone"]
    assert "nosniff is gone" in changes(sheet_of(off(NoSniff, because="a test")), earlier)
    slow = sheet_of(Slow(), weighs=["nosniff"])
    dearer = changes(slow, earlier)
    assert any(sentence.startswith("nosniff costs ") and "bytecodes on GET /" in sentence for sentence in dearer)
    assert changes(slow, {**earlier, "python": "3.0"}) == [], "counts of another Python are not comparable"


def test_what_is_off_or_only_reported_is_a_liability(sheet_of: SheetOf) -> None:
    sheet = sheet_of(off(NoSniff, because="the proxy sends it"), CSRF(report_only=True))
    told = {item.name: item for item in sheet.liabilities}
    assert (told["nosniff"].mode, told["nosniff"].because) == ("off", "the proxy sends it")
    assert told["nosniff"].open == ("guessed_type",)
    assert told["csrf"].mode == "report-only"
    assert "cross_site_form" in told["csrf"].open
    assert "nosniff" not in [row.name for row in sheet.rows]
    assert row_of(sheet, "csrf").note() == "report-only: stops nothing"
    assert sheet.failures == [], "what was decided is told, and does not fail"
    page = markdown(sheet)
    assert "`nosniff` is off, because the proxy sends it. These attacks succeed: guessed_type." in page
    assert "`csrf` (report-only)" in page


NO_ROBOTS = refusal(403, "robots.robot", "No robots.", "Be a person.")


class Robots:
    """A third party's protection, which turns honest people away too."""

    card = Card("robots", (NO_ROBOTS,))
    report_only = False
    cases = (
        Case(name="robot", story="A robot.", turns=(Ask(headers=(("user-agent", "robot"),)),), refused="robots.robot"),
        Case(name="twin", story="A robot without a host.", turns=(Ask(headers=(("user-agent", "robot"), ("host", None))),)),
        Case(name="person", story="A person.", turns=(Ask(),), honest=True),
        Case(name="elsewhere", story="Nowhere.", turns=(Ask(at="{moon}"),)),
        Case(name="harmless", story="Harms nobody.", turns=(Ask(),), succeeds=lambda _heard: False),
        Case(name="ghost", story="A ghost is not served by anybody.", turns=(Ask(),), honest=True, succeeds=lambda _heard: False),
        Case(name="others", story="A foreign host, which this does not look at.", turns=(Ask(headers=(("host", "evil.example"),)),)),
    )

    def __init__(self, *, cautious: bool = False) -> None:
        self._words = (b"robot", b"Mozilla") if cautious else (b"robot",)

    def steps(self, _site: Any) -> Steps:
        words = self._words
        return Steps(check=lambda request: NO_ROBOTS if request.headers[b"user-agent"].startswith(words) else None)


def test_every_way_in_which_a_case_can_end(sheet_of: SheetOf) -> None:
    row = row_of(sheet_of(Robots(), weighs=["robots"]), "robots")
    assert ends(row) == {
        "robot": Verdict.ALONE,
        "twin": Verdict.ALSO,
        "person": Verdict.SERVED,
        "elsewhere": Verdict.NOT_PLAYED,
        "harmless": Verdict.WITHSTOOD,
        "ghost": Verdict.UNABLE,
        "others": Verdict.OTHERS,
    }
    by = {item.name: item.by for item in row.played}
    assert by["twin"][:2] == ("robots", "hosts")
    assert "hosts" in by["others"]
    assert "robots" not in by["others"]
    assert row.failures() == []
    assert row.case_bytecodes["robot"] != 0, "the bytecodes of a third party's protection count too"


def test_an_honest_visitor_who_is_turned_away_is_a_failure(sheet_of: SheetOf) -> None:
    sheet = sheet_of(Robots(cautious=True))
    assert ends(row_of(sheet, "robots"))["person"] == Verdict.REFUSED
    assert "robots.person: an honest visitor is turned away by robots. A person." in sheet.failures


class Fragile:
    """An application that fails at `/`, and dies of everything else."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        if scope["path"] == "/":
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        raise RuntimeError("dead")


def test_an_application_that_fails_decides_nothing(sheet_of: SheetOf) -> None:
    target = Target(paths={Place.PAGE: "/", Place.WRITE: "/write"}, pages=["/other"])
    sheet = sheet_of(app=Fragile(), target=target, weighs=SOME)
    assert sheet.remarks == [f"{name} was not weighed: the application fails there." for name in ("GET /", "GET /other", "POST /write")]
    assert sheet.routes == []
    assert Verdict.FAILS in ends(row_of(sheet, "hosts")).values()
    assert Verdict.UNABLE in ends(row_of(sheet, "hosts")).values()
    assert row_of(sheet, "hosts").stopped_elsewhere() > 0
    assert row_of(sheet, "hosts").by_kind == {}
    assert "on which the application fails" in row_of(sheet, "hosts").note()
    assert "| - | - |" in markdown(sheet)


def test_an_application_that_does_not_start() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    guard = Guard(app, hosts=["probe.example"], secrets=[SECRET])
    with pytest.raises(BackendError, match="tests:app does not start: no database"):
        asyncio.run(weigh(Subject("tests:app", guard, PROBE)))


async def test_start_and_end_of_the_application() -> None:
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["database"] = "open"
            for _ in range(2):
                kind = (await receive())["type"]
                heard.append(kind)
                await send({"type": f"{kind}.complete"})
            return
        heard.append(scope["state"]["database"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    guard = Guard(app, Hosts(), hosts=["probe.example"], secrets=[SECRET])
    async with staged(Subject("tests:app", guard, PROBE)) as stage:
        await stage.play(Case(name="page", story="A page.", turns=(Ask(),)), stage.names)
    assert heard == ["lifespan.startup", "open", "lifespan.shutdown"]


def test_notes() -> None:
    def played(verdict: Verdict, *by: str) -> Played:
        return Played("a", "A.", honest=False, verdict=verdict, by=by)

    assert Row("x").note() == "claims to stop nothing"
    assert Row("x", played=[played(Verdict.ALONE, "x")]).note() == ""
    assert Row("x", played=[played(Verdict.ALSO, "x", "y")]).note() == "alone it stops nothing here (y would stop the same)"
    row = Row("x", played=[played(Verdict.NEEDED)], elsewhere=[played(Verdict.ALONE, "x")])
    assert row.note() == "alone it stops nothing here (1 not to be tried, because the application does not work without it)"
    assert row.failures() == []
