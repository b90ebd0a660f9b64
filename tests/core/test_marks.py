from __future__ import annotations

from buckler.core.marks import is_hung, mark, marks_of


def test_marks_add_up_and_stay_on_their_endpoint() -> None:
    @mark("csrf", "a webhook, signed by its sender")
    @mark("bodylimit", 5)
    def endpoint() -> None: ...

    def other() -> None: ...

    assert marks_of(endpoint) == {"csrf": "a webhook, signed by its sender", "bodylimit": 5}
    assert marks_of(other) == {}
    assert marks_of(None) == {}
    assert (is_hung("bodylimit"), is_hung("of nobody")) == (True, False)


def test_a_foreign_attribute_of_the_name_is_no_mark() -> None:
    class Odd:
        __buckler_marks__ = "csrf"

    assert marks_of(Odd()) == {}
