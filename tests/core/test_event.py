from __future__ import annotations

from buckler.core.event import Event, Events, printable


def test_a_line_carries_no_control_characters() -> None:
    event = Event("hosts.unknown", 1.0, "enforced", "GET", "/a\r\nINFO forged \x1b[31m", "203.0.113.7")
    line = event.line()
    assert line.isprintable()
    assert "\\r\\n" in line
    assert line.startswith("hosts.unknown enforced GET ")


def test_a_long_field_is_cut() -> None:
    assert len(printable("x" * 10_000)) == 201


def test_the_queue_is_bounded_and_counts_what_it_dropped() -> None:
    events = Events(kept=2)
    for kind in ("a", "b", "c"):
        events.append(Event(kind, 0.0))
    assert events.dropped == 1
    assert [event.kind for event in events.drain()] == ["b", "c"]
    assert events.drain() == []
