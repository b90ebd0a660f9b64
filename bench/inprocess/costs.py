"""The in-process figures: each protection alone, its share of the whole, the whole, a chunk, a refusal, the garbage."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

from bench import guards
from bench.inprocess import bytecodes
from bench.inprocess.drive import ASKED, requests, scope, status, streaming
from bench.inprocess.pairs import Pace, Side, cost_us, extra_us
from bench.peers.bare import bare
from bench.stats import Interval

if TYPE_CHECKING:
    from bench.inprocess.drive import Scope
    from bench.progress import Progress
    from buckler import Guard

FULL, QUICK = Pace(400, 250), Pace(10, 100)
_CHUNKS = 2000
_REQUESTS = 1000  # of the garbage test
_FOREIGN_HOST = ((b"host", b"evil.example"), *ASKED[1:])
_CROSS_SITE = (*ASKED, (b"origin", b"https://evil.example"), (b"sec-fetch-site", b"cross-site"), (b"content-length", b"0"))
_BEHIND_PROXY = (*ASKED, (b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-proto", b"https"))
_NONE = guards.only(bare)


def measure(pace: Pace, progress: Progress) -> dict[str, Any]:
    """Return every in-process figure."""
    progress.say("in process · the whole guard")
    whole = asyncio.run(_whole(pace))
    progress.step()
    each = []
    for name in guards.NAMES:
        progress.say(f"in process · {name}")
        each.append(asyncio.run(_protection(name, pace)))
        progress.step()
    progress.say("in process · chunks, refusals, garbage")
    parts = {"chunk": asyncio.run(_chunk(pace)), "refused": asyncio.run(_refused(pace)), "garbage": asyncio.run(_garbage())}
    progress.step()
    return {"whole": whole, "protections": each, **parts}


async def _whole(pace: Pace) -> dict[str, Any]:
    guard, asked = guards.guarded(bare), scope()
    behind, forwarded = guards.guarded(bare, trusted_proxies=1), scope(_BEHIND_PROXY, client="127.0.0.1")
    plain = Side(bare, asked)
    await _expect(guard, asked, 200)
    await _expect(behind, forwarded, 200)
    return {
        "all_us": await extra_us(Side(guard, asked), plain, pace),
        "none_us": await extra_us(Side(_NONE, asked), plain, pace),
        "behind_proxy_us": await extra_us(Side(behind, forwarded), Side(bare, forwarded), pace),
        "bytecodes": await _bytecodes(guard, asked),
        "none_bytecodes": await _bytecodes(_NONE, asked),
        "behind_proxy_bytecodes": await _bytecodes(behind, forwarded),
    }


async def _protection(name: str, pace: Pace) -> dict[str, Any]:
    """Alone: beside a guard with nothing on. Share: what all cost more than all but this one."""
    asked = scope()
    alone, everything, others = guards.only(bare, name), guards.guarded(bare), guards.guarded(bare, guards.without(name))
    return {
        "name": name,
        "alone_us": await extra_us(Side(alone, asked), Side(_NONE, asked), pace),
        "share_us": await extra_us(Side(everything, asked), Side(others, asked), pace),
        "alone_bytecodes": await _bytecodes(alone, asked) - await _bytecodes(_NONE, asked),
        "share_bytecodes": await _bytecodes(everything, asked) - await _bytecodes(others, asked),
    }


async def _chunk(pace: Pace) -> dict[str, Any]:
    """One streamed chunk: what a stream of many costs more behind the guard, divided by their number (the head's share is 1 in 2000)."""
    stream, asked = streaming(_CHUNKS), scope()
    guard, short = guards.guarded(stream), guards.guarded(streaming(0))
    slow = Pace(pace.pairs, max(1, pace.batch // 50))
    extra = await extra_us(Side(guard, asked), Side(stream, asked), slow)
    counted = await _bytecodes(guard, asked) - await _bytecodes(short, asked)
    return {"us": Interval(*(value / _CHUNKS for value in extra)), "bytecodes": counted / _CHUNKS}


async def _refused(pace: Pace) -> list[dict[str, Any]]:
    """A refused request beside one that plain FastAPI accepts."""
    from bench.peers.fastapi_plain import make  # noqa: PLC0415  # the one figure that needs FastAPI

    api = make()
    accepted = Side(api, scope())
    await _expect(api, accepted.template, 200)
    flooded: Guard = guards.guarded(api, limit=1)
    kinds = (
        ("foreign host", guards.guarded(api), scope(_FOREIGN_HOST), 421),
        ("cross-site POST", guards.guarded(api), scope(_CROSS_SITE, method="POST"), 403),
        ("over the rate limit", flooded, scope(), 429),
    )
    await status(flooded, scope())
    found = []
    for title, guard, template, refused_with in kinds:
        await _expect(guard, template, refused_with)
        ours, theirs, ratio = await cost_us(Side(guard, template), accepted, pace)
        found.append({"title": title, "us": ours, "accepted_us": theirs, "ratio": ratio, "bytecodes": await _bytecodes(guard, template)})
    return found


async def _garbage() -> dict[str, int]:
    """Objects that only the garbage collector could free, after a thousand requests of each kind. Reference cycles make them."""
    guard, stream = guards.guarded(bare), guards.guarded(streaming(3))
    kinds = {
        "accepted": (guard, scope()),
        "refused": (guard, scope(_FOREIGN_HOST)),
        "cross_site": (guard, scope(_CROSS_SITE, method="POST")),
        "streamed": (stream, scope()),
    }
    found: dict[str, int] = {}
    for name, (app, template) in kinds.items():
        await requests(app, template, _REQUESTS // 10)
        gc.collect()
        gc.disable()
        try:
            await requests(app, template, _REQUESTS)
            found[name] = gc.collect()
        finally:
            gc.enable()
    return found


async def _bytecodes(app: Any, template: Scope) -> int:
    return await bytecodes.total_async(app, template)


async def _expect(app: Any, template: Scope, wanted: int) -> None:
    found = await status(app, template)
    if found != wanted:
        raise ValueError(f"answered {found} instead of {wanted}: this is not the request that was to be measured")
