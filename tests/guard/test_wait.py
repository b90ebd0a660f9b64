"""The wait phase: what needs the store, or a small body, before the application runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.protection import Steps, Wait
from buckler.core.store import Get, Op, Put, Reply
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.guard.odd import NO, BrokenStore, Odd, ok, talk

if TYPE_CHECKING:
    from buckler.core.answer import Answer
    from buckler.core.request import Request


def _waiting(answers: list[list[Reply]], on_failure: str = "refuse", ops: list[Op] | None = None) -> Odd:
    def check(request: Request) -> None:
        request.waits = True

    def judge(request: Request, replies: list[Reply]) -> Answer | None:
        answers.append(replies)
        return None

    return Odd(Steps(check=check, wait=Wait(lambda _: ops, judge, on_failure)))


async def test_waits_are_gathered_into_one_round_trip() -> None:
    answers: list[list[Reply]] = []
    guard = guarded(ok, *only(_waiting(answers, ops=[Put("k", b"v", 9.0), Get("k")])))
    assert (await talk(guard, scope_of())).status == 200
    assert answers == [[None, b"v"]]


@pytest.mark.parametrize(("on_failure", "status"), [("refuse", 503), ("allow", 200)])
async def test_a_dead_store_means_what_the_protection_says(on_failure: str, status: int) -> None:
    answers: list[list[Reply]] = []
    guard = guarded(ok, *only(_waiting(answers, on_failure, [Get("k")])), store=BrokenStore())
    assert (await talk(guard, scope_of())).status == status
    assert answers == []
    assert guard.plan.events.drain()[0].kind == "store.failed"


async def test_a_wait_without_questions_is_judged_without_the_store() -> None:
    answers: list[list[Reply]] = []
    guard = guarded(ok, *only(_waiting(answers, ops=[])), store=BrokenStore())
    assert (await talk(guard, scope_of())).status == 200
    assert answers == [[]]
    guard = guarded(ok, *only(_waiting(answers, ops=None)), store=BrokenStore())
    assert (await talk(guard, scope_of())).status == 200


async def test_a_judge_can_refuse() -> None:
    def check(request: Request) -> None:
        request.waits = True

    wait = Wait(lambda _: [], lambda _, __: NO)
    assert (await talk(guarded(ok, *only(Odd(Steps(check=check, wait=wait)))), scope_of())).status == 403


async def test_a_check_can_have_a_small_body_read_and_the_application_gets_it_again() -> None:
    bodies: list[bytes | None] = []

    def check(request: Request) -> None:
        request.waits, request.want_body_bytes = True, 100

    def judge(request: Request, replies: list[Reply]) -> None:
        bodies.append(request.body)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bodies.append((await receive())["body"] + (await receive())["body"])
        await ok(scope, receive, send)

    guard, wire = guarded(app, *only(Odd(Steps(check=check, wait=Wait(lambda _: [], judge))))), Wire()
    wire.incoming = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b"}]
    await guard(scope_of("/", "POST", (b"transfer-encoding", b"chunked")), wire.receive, wire.send)
    assert bodies == [b"ab", b"ab"]
