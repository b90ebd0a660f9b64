"""Every kind of letter in every language, as it arrives: `python -m tests.accounts.mail.letters` writes what the test compares."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from buckler.accounts.letter import Letter
from buckler.accounts.mail.compose import Composer
from tests.accounts.mail.office import RENDERER, TO

if TYPE_CHECKING:
    from email.message import EmailMessage

FOLDER = Path(__file__).parent / "letters"
AT = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
COMPOSER = Composer("Quiet Harbour", "accounts@harbour.example", RENDERER)
SITE = "https://harbour.example"
WHEN = {"when": "2026-11-20T09:04+00:00", "address": "203.0.113.7", "agent": "Firefox on Linux"}
SECURITY = {"link": f"{SITE}/settings/security", **WHEN}
# kind → what an act fills it with
KINDS: dict[str, dict[str, str]] = {
    "verify": {"link": f"{SITE}/verify?token=6f1c&next=%2F", "until": "2026-11-20T11:04+00:00"},
    "already_registered": {"link": f"{SITE}/reset?token=6f1c"},
    "address_taken": {"link": f"{SITE}/sign-in"},
    "reset": {"link": f"{SITE}/reset?token=6f1c", **WHEN},
    "reset_unknown": {"link": f"{SITE}/sign-up"},
    "email_change": {"link": f"{SITE}/email?token=6f1c"},
    "email_changed": {"email": "new@mail.example", **SECURITY},
    "password_changed": SECURITY,
    "factor_added": {"factor": "passkey", "name": "Blue key", **SECURITY},
    "factor_removed": {"factor": "totp", "name": "Phone", **SECURITY},
    "new_device": SECURITY,
    "code": {"code": "4071 9932"},
    "recovery_used": {"left": "7", **SECURITY},
    "link_added": {"provider": "Example ID", **SECURITY},
    "link_removed": {"provider": "Example ID", **SECURITY},
    "token_made": {"name": "backup script", "scopes": "articles:read", **SECURITY},
    "tokens_ended": {"name": "Harbour for phones", **SECURITY},
    "deleted": {"when": WHEN["when"]},
}


def message(kind: str, language: str) -> EmailMessage:
    return COMPOSER.compose(Letter(kind, TO, language, KINDS[kind]), AT)


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    if found is None:
        raise LookupError(kind)
    text: str = found.get_content()
    return text


def shown(language: str) -> str:
    """The subject and the text part of every kind."""
    letters = [(kind, message(kind, language)) for kind in KINDS]
    return "\n".join(f"==== {kind}\nSubject: {letter['Subject']}\n\n{part(letter, 'plain')}" for kind, letter in letters)


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for language in RENDERER.texts.languages:
        (FOLDER / f"{language}.txt").write_text(shown(language), encoding="utf-8")


if __name__ == "__main__":
    write()
