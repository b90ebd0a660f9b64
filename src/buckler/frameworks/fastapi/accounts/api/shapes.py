"""What the API takes and returns. Unknown fields are refused: a misspelt one must not be ignored where it protects somebody."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from buckler.accounts.tables import MAX_EMAIL, MAX_NAME

_MAX_TOKEN = 200
_MAX_SECRET = 5000  # more than the policy's 1,024 characters, so that the policy says what is wrong; the body is bounded by the guard

Email = Annotated[str, Field(max_length=MAX_EMAIL, examples=["mira@mail.example"])]
Secret = Annotated[str, Field(max_length=_MAX_SECRET)]
Code = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(max_length=MAX_NAME)]
LinkToken = Annotated[str, Field(max_length=_MAX_TOKEN)]


class Discreet(BaseModel):
    """Says nothing of what is in it: a password, a code or a token must not come into a log with an error."""

    def __repr_args__(self) -> list[tuple[str, Any]]:
        return []


class Given(Discreet):
    """Of everything that a client sends."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Given):
    """An e-mail address and its password."""

    email: Email
    password: Secret


class SecondFactor(Given):
    """`answer`: a code, or for `passkey` what the browser's `navigator.credentials.get` returned, as JSON."""

    way: Literal["totp", "recovery", "passkey"]
    answer: Code | dict[str, Any]
    trust: bool = False


class PasskeyAnswer(Given):
    """What `navigator.credentials.get` or `create` returned, as JSON (WebAuthn Level 3, `toJSON`)."""

    response: dict[str, Any]
    name: Name = ""


class EmailOnly(Given):
    """An e-mail address."""

    email: Email


class SignUp(Given):
    """`password` or `passkey`; `profile` holds what the application asks for besides."""

    email: Email
    password: Secret | None = None
    passkey: dict[str, Any] | None = None
    profile: dict[str, Annotated[str, Field(max_length=_MAX_SECRET)]] = {}


class Finish(Given):
    """`token`: from the link in the mail. `password`: asked for where the sign-up began in another browser."""

    token: LinkToken
    password: Secret = ""
    profile: dict[str, Annotated[str, Field(max_length=_MAX_SECRET)]] = {}


class NewPassword(Given):
    """The new password."""

    password: Secret


class ChangedPassword(NewPassword):
    """`current`: the present one; not for somebody who has none yet."""

    current: Secret = ""


class Reset(NewPassword):
    """`token`: from the link in the mail."""

    token: LinkToken


class Link(Given):
    """`token`: from the link in the mail."""

    token: LinkToken


class Verify(Link):
    """`password`: the one that the account was made with."""

    password: Secret = ""


class Confirm(Given):
    """What is shown together, by its way: one of the lists that `GET /confirm` names."""

    password: Secret | None = None
    totp: Code | None = None
    recovery: Code | None = None
    code: Code | None = None
    passkey: dict[str, Any] | None = None


class Named(Given):
    """What a person calls something."""

    name: Name


class TotpCode(Given):
    """Six digits."""

    code: Code


class NewToken(Given):
    """`days` None: it never expires. `per_minute` None: the site's own limit."""

    name: Name
    scopes: Annotated[list[Name], Field(max_length=50)] = []
    days: Annotated[int | None, Field(ge=1, le=3660)] = 90
    per_minute: Annotated[int | None, Field(ge=1, le=100_000)] = None


class NewProgram(Given):
    """A program that wants tokens in place of the session. `scopes` null: for everything that the person may do."""

    name: Name
    scopes: Annotated[list[Name] | None, Field(max_length=50)] = None


class Refresh(Given):
    """The newest refresh token."""

    refresh_token: Annotated[str, Field(max_length=_MAX_TOKEN)]


class State(BaseModel):
    """`signed_in`, or `second_factor` with the ways that are left, or `look_into_your_mail`."""

    state: Literal["signed_in", "second_factor", "look_into_your_mail", "done"]
    ways: list[str] = []


class TokenPair(Discreet):
    """OAuth's own names (RFC 6749, section 5.1)."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the name of a scheme
    expires_in: int
    scope: str


DONE = State(state="done")
MAIL = State(state="look_into_your_mail")
