"""One worker of a site with `bans` on, asked by hand; several of them may share a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from buckler.core.answer import Refusal
from buckler.core.clock import HandClock
from buckler.protections.bans import Bans, Ledger
from buckler.stores.memory import Memory
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.answer import Answer
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op

CLIENT, OTHER = "203.0.113.7", "198.51.100.1"


class Worker:
    """`asks` is a whole request of a client, with its round trip to the store; the other methods are its parts."""

    def __init__(self, *, site: Site | None = None, **options: Any) -> None:
        self.site = site or site_of()
        self.clock = cast("HandClock", self.site.clock)
        steps = Bans(**options).steps(self.site)
        assert steps.check is not None
        assert steps.wait is not None
        assert steps.refused is not None
        self.check, self.ask, self._judge, self._refused = steps.check, steps.wait.ask, steps.wait.judge, steps.refused
        self.ledger: Ledger = self.site.offers["bans"]
        self.asked: list[list[Op]] = []

    def refuse(self, what: Refusal, times: int = 1, *headers: tuple[bytes, bytes], **changes: Any) -> None:
        """Another protection refuses requests."""
        for _ in range(times):
            self._refused(request_of(*headers, **{"client": CLIENT, **changes}), what)

    def judge(self, request: Request) -> Answer | None:
        """Decide without the store having been asked."""
        return self._judge(request, [])

    def asks(self, client: str = CLIENT, **changes: Any) -> Answer | None:
        """One request of `client`, as the guard plays it on a store that answers at once."""
        request = request_of(client=client, **changes)
        found = self.check(request)
        if found is not None or not request.waits:
            return found
        ops = self.ask(request)
        if ops is None:
            return None
        self.asked.append(ops)
        return self._judge(request, self.site.store.at_once(ops) if ops else [])  # type: ignore[attr-defined]  # `Memory` can

    def took_note(self) -> None:
        """Let the requests go by that tell the store of a ban."""
        for client in list(self.ledger.suspects):
            self.asks(client)


def workers(count: int = 2) -> list[Worker]:
    """Workers of one site: one clock, one store."""
    clock = HandClock()
    store = Memory(clock=clock)
    return [Worker(site=site_of(clock=clock, store=store)) for _ in range(count)]


def banned(worker: Worker, client: str = CLIENT) -> bool:
    """Whether a request of `client` is refused."""
    return isinstance(worker.asks(client), Refusal)
