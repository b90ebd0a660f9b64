"""What the command line asks of Conduit before the first worker starts."""

from __future__ import annotations

from buckler.errors import BackendError
from examples.conduit.settings import DEMO_EMAIL, DEMO_PASSWORD, from_environment


async def prepare() -> None:
    """Bring the tables up to date and fill empty ones, once, before any worker starts."""
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # importing the package imports none of this

    from examples.conduit.app import prepare as prepare_parts  # noqa: PLC0415  # as above
    from examples.conduit.parts import Parts  # noqa: PLC0415  # as above

    parts = Parts.of(from_environment())
    try:
        await prepare_parts(parts)
    except (OSError, DBAPIError) as failure:
        raise BackendError(f"the database does not answer: {failure}") from failure
    finally:
        await parts.close()


def demo() -> dict[str, str]:
    """Return the account to look around with; empty where there is no demo content."""
    return {"e-mail": DEMO_EMAIL, "password": DEMO_PASSWORD} if from_environment().with_demo else {}
