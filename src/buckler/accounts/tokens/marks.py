"""What the store remembers of tokens: which sign-ins were ended, for as long as an access token of theirs could still live."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from buckler.accounts.problems import AccountError
from buckler.accounts.tokens.problems import RETRY_S, UNAVAILABLE
from buckler.core.event import Event
from buckler.core.store import Get, Put, key
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from uuid import UUID

    from buckler.accounts.visit import Visit
    from buckler.core.store import Op, Reply

SKEW_S = 60  # by how much the clocks of a site's machines may differ

T = TypeVar("T")


def _family(family_id: UUID) -> str:
    return key("token.family", str(family_id))


def _person(person_id: UUID) -> str:
    return key("token.person", str(person_id))


async def end(visit: Visit, families: Iterable[UUID], person_id: UUID | None = None) -> None:
    """End the access tokens of these sign-ins, and with `person_id` all that the person has now. One round trip; none for nothing.

    Raises `StoreError`: who calls decides whether an end that cannot be told to everybody is one.
    """
    lives_s = float(visit.accounts.tokens.access_s + SKEW_S)
    now_s = visit.site.clock.now()
    ops: list[Op] = [Put(_family(family_id), b"", lives_s) for family_id in families]
    if person_id is not None:
        ops.append(Put(_person(person_id), repr(now_s).encode(), lives_s))
    if ops:
        await visit.site.store.batch(ops)


async def ended(visit: Visit, family_id: UUID, person_id: UUID, issued_s: int) -> bool:
    """Whether an access token that was issued at `issued_s` has been ended. One round trip.

    Whole seconds are compared, so that whoever signs in again in the second in which everything was ended gets in: the sign-ins that were
    ended then have their own marks.
    """
    replies = await asked(visit, visit.site.store.batch([Get(_family(family_id)), Get(_person(person_id))]))
    if replies is None:
        return False
    family, person = replies
    return family is not None or (isinstance(person, bytes) and issued_s < int(float(person)))


async def asked(visit: Visit, question: Awaitable[list[Reply]]) -> list[Reply] | None:
    """Return the store's answer. When it fails: `AccountError` 503, or None where `on_store_failure` says to allow."""
    try:
        return await question
    except StoreError as failure:
        told_failure(visit, failure)
        if visit.accounts.tokens.on_store_failure == "allow":
            return None
        raise AccountError(UNAVAILABLE, retry_s=RETRY_S) from failure


def told_failure(visit: Visit, failure: StoreError) -> None:
    """Write the event, at once: the visit may end without a commit."""
    request = visit.request
    said = f"account.tokens: {failure}"
    visit.site.events.append(Event("store.failed", visit.site.clock.now(), "note", request.method, request.path, request.client, said))
