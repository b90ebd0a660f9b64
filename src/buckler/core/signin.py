"""What a session is to those who sign people in: the contract between accounts and whatever keeps the sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from buckler.core.request import Request


class SignInSession(Protocol):
    """One visitor's session: a mapping of JSON values, and who is signed in."""

    @property
    def person(self) -> str | None:
        """Who is signed in; None for nobody."""
        ...

    @property
    def fresh_s(self) -> float:
        """Seconds since the person proved who they are; infinite when nobody is signed in."""
        ...

    @property
    def handle(self) -> str:
        """A name of this session that may be kept: nobody can enter with it."""
        ...

    def get(self, name: str, default: Any = None) -> Any: ...

    def pop(self, name: str, default: Any = None) -> Any: ...

    def __setitem__(self, name: str, value: Any) -> None: ...

    def sign_in(self, person: str) -> None:
        """Make this the session of `person`, proved just now, under a new id. Values stay, unless they are another person's."""
        ...

    def sign_out(self) -> None:
        """Forget everything, here and in the store."""
        ...

    def renew(self) -> None:
        """Go on under a new id."""
        ...

    def revoke_others(self) -> None:
        """End every other session of the person, and go on under a new id."""
        ...


class SignInSessions(Protocol):
    """All sessions of one site. Every method that waits raises `StoreError`."""

    def open(self, request: Request) -> SignInSession:
        """Return the session of `request`; an empty one for a new visitor."""
        ...

    async def alive(self, handles: list[str]) -> list[bool]:
        """Whether each of the sessions with these handles still lives. One round trip."""
        ...

    async def revoke(self, handle: str) -> bool:
        """End the one session with this `handle`; whether there was one."""
        ...

    async def revoke_all(self, person: str) -> None:
        """End every session of `person` that exists now."""
        ...
