from __future__ import annotations

import base64
import hashlib
import json
import re

from buckler.core.answer import Answer, refusal
from buckler.guard.refuse import PAGE_POLICY, render
from buckler.testing import guarded, probe_app
from tests.asgi import Wire, scope_of
from tests.requests import request_of

FOREIGN = {"headers": [(b"host", b"evil.example")]}
BROWSER = {"headers": [(b"host", b"evil.example"), (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")]}


async def _refused(**changes: object) -> Wire:
    wire = Wire()
    await guarded(probe_app)(scope_of(**changes), wire.receive, wire.send)  # type: ignore[arg-type]  # parts of a scope
    return wire


async def test_programs_get_problem_details() -> None:
    """RFC 9457: type, title, status, detail; the code as an extension."""
    wire = await _refused(**FOREIGN)
    assert wire.headers[b"content-type"] == b"application/problem+json"
    problem = json.loads(wire.body)
    assert (problem["status"], problem["code"], problem["type"]) == (421, "hosts.unknown", "urn:buckler:hosts.unknown")
    assert wire.headers[b"cache-control"] == b"no-store"
    assert wire.headers[b"vary"] == b"Accept"
    assert int(wire.headers[b"content-length"]) == len(wire.body)


async def test_browsers_get_a_page_with_the_same_code() -> None:
    wire = await _refused(**BROWSER)
    text = wire.body.decode()
    assert wire.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert "<code>hosts.unknown</code>" in text
    assert '<html lang="en">' in text
    assert "<h1>" in text


async def test_the_page_s_policy_allows_its_own_style_alone() -> None:
    wire = await _refused(**BROWSER)
    found = re.search(r"<style>(.*?)</style>", wire.body.decode())
    assert found
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest())
    assert b"'sha256-" + digest + b"'" in PAGE_POLICY
    assert [value for name, value in wire.sent[0]["headers"] if name == b"content-security-policy"] == [PAGE_POLICY]


async def test_a_refused_request_without_body_keeps_its_connection() -> None:
    assert b"connection" not in (await _refused(**FOREIGN)).headers
    assert b"connection" not in (await _refused(**FOREIGN, http_version="2")).headers


async def test_every_constant_header_is_there_once() -> None:
    guard, wire = guarded(probe_app), Wire()
    await guard(scope_of(headers=[(b"host", b"evil.example")]), wire.receive, wire.send)
    names = [name for name, _ in wire.sent[0]["headers"]]
    assert len(names) == len(set(names))
    assert {name for name, _ in guard.plan.constant} <= set(names)


def test_an_answer_has_its_length_except_where_it_has_no_content() -> None:
    """RFC 9110, section 8.6."""
    plan = guarded(probe_app).plan
    head, body = render(plan, request_of(), Answer(200, ((b"content-type", b"text/plain"),), b"well"))
    assert (dict(head)[b"content-length"], body) == (b"4", b"well")
    assert b"content-length" not in dict(render(plan, request_of(), Answer(204))[0])


def test_a_refusals_own_headers_are_not_kept_with_its_page() -> None:
    """A redirect's `Location` is what strangers ask for: it must neither fill a cache nor reach somebody else."""
    plan, moved = guarded(probe_app).plan, refusal(308, "test.moved", "Moved.", "Follow.")
    for place in (b"/a", b"/b"):
        head, _ = render(plan, request_of(), moved.with_headers((b"location", place)))
        assert [value for name, value in head if name == b"location"] == [place]
    assert b"location" not in dict(render(plan, request_of(), moved)[0])
