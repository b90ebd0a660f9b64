"""An application with accounts that makes every mistake of the register. Every attack must succeed here."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.contract.careless_asked import Asked, Led, WrongError, read
from tests.contract.careless_limits import Limit, Try
from tests.contract.careless_tokens import claimed_by, signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.clock import HandClock

CODE = "123456"


@dataclass
class Somebody:
    """`passwords`: a new one is added, and the old ones work on."""

    passwords: list[str]
    careful: bool = False
    fresh_at: float = 0.0


class Careless:
    """`limit`: how failures are counted; None: not at all. `fresh_s`: how long a proof is good for."""

    def __init__(self, people: dict[str, str], clock: HandClock, limit: Limit | None = None, fresh_s: float = float("inf")) -> None:
        self._clock, self._limit, self._fresh_s = clock, limit, fresh_s
        self._people = {
            people[f"{name}email"]: Somebody([people[f"{name}password"]], careful=name == "careful_") for name in ("", "careful_", "own_")
        }
        self._sessions: dict[str, str] = {}  # id → e-mail address
        self._halves: dict[str, str] = {}
        self._links: dict[str, str] = {}  # token → whose
        self._refresh: dict[str, str] = {}
        self._personal: dict[str, str] = {}
        self.newest = ""
        self._routes: dict[tuple[str, str], Callable[[Asked], Any]] = {
            ("GET", "/"): lambda _: "hello",
            ("GET", "/articles"): self._who_text,
            ("POST", "/articles"): self._who_text,
            ("POST", "/account/sign-in"): self._page,
            ("GET", "/account/sign-in"): self._led,
            ("POST", "/account/sign-out"): self._led,
            ("GET", "/account/sign-out"): self._sign_out,
            ("POST", "/account/api/sign-in"): self._sign_in,
            ("POST", "/account/api/sign-in/second"): self._second,
            ("POST", "/account/api/sign-out"): self._sign_out,
            ("POST", "/account/api/sign-up"): self._sign_up,
            ("POST", "/account/api/sign-up/finish"): self._finish,
            ("POST", "/account/api/reset"): self._reset,
            ("POST", "/account/api/reset/finish"): self._choose,
            ("POST", "/account/api/confirm"): self._confirm,
            ("PUT", "/account/api/password"): self._password,
            ("PUT", "/account/api/email"): self._email,
            ("POST", "/account/api/tokens"): self._make_token,
            ("POST", "/account/api/programs"): self._program,
            ("POST", "/account/api/programs/refresh"): self._next_pair,
            ("POST", "/account/api/programs/sign-out"): lambda _: "done",
            ("DELETE", "/account/api/devices"): lambda _: "done",
            ("POST", "/account/api/email/finish"): self._finish,
            ("DELETE", "/account/api/me"): self._leave,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        asked = read(scope, message["body"])
        status, headers = 200, [(b"content-type", b"application/json")]
        try:
            said = self._routes.get((asked.method, asked.route), _nothing)(asked)
        except WrongError as wrong:
            status, said = wrong.status, wrong.told
        if isinstance(said, Led):
            status, headers = 303, [(b"location", said.to.encode("latin-1"))]
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *asked.sets]})
        await send({"type": "http.response.body", "body": json.dumps(str(said) if isinstance(said, Led) else said).encode()})

    # ---- who it is

    def _who(self, asked: Asked) -> str:
        """A token that is read and hardly verified; else the session, and one that cannot be read is as good as one that was."""
        found = self._by_token(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if found:
            return found
        if asked.session and not asked.session.replace("-", "").isalnum():
            return next(iter(self._people))
        if asked.session in self._sessions:
            return self._sessions[asked.session]
        if asked.session in self._halves:  # the password was right, after all
            return self._halves[asked.session]
        raise WrongError(401)

    def _who_text(self, asked: Asked) -> str:
        return f"hello {self._who(asked)}"

    def _by_token(self, text: str) -> str:
        for kept in (self._refresh, self._personal):
            if text in kept:
                return kept[text]
        return claimed_by(text) if text.count(".") == 2 else ""

    def _fresh(self, asked: Asked) -> None:
        """Of the person whose session it is, though another may be meant; and wherever they proved it."""
        person = self._people.get(self._sessions.get(asked.session, ""))
        if person is None and "authorization" not in asked.headers:
            raise WrongError(401)
        if person is not None and self._clock.now() - person.fresh_at > self._fresh_s:
            raise WrongError(403)

    # ---- signing in

    def _counted(self, asked: Asked, channel: str, email: str, check: Callable[[], bool]) -> None:
        claimed = asked.headers.get("x-forwarded-for", "")
        attempt = Try(asked.path, channel, email, asked.client, claimed, asked.session if asked.session in self._halves else "")
        if self._limit is not None and not self._limit.admits(attempt):
            raise WrongError(429, "locked")
        right = check()
        if self._limit is not None:
            self._limit.told(attempt, right=right)
        if not right:
            raise WrongError(401, "the password is wrong")

    def _sign_in(self, asked: Asked, channel: str = "api") -> str:
        email, password = asked.given.get("email", ""), asked.given.get("password", "")
        person = self._people.get(_one(email))
        if person is None and self._limit is None:
            raise WrongError(404, "there is no such person")
        if person is not None and person.careful and self._limit is None and password not in person.passwords:
            raise WrongError(401, "the password is wrong, and a code is needed too")
        self._counted(asked, channel, email, lambda: person is not None and password in person.passwords)
        return self._half(asked, _one(email)) if self._people[_one(email)].careful else self._in(asked, _one(email))

    def _half(self, asked: Asked, email: str) -> str:
        asked.session = f"half{len(self._halves)}" if self._limit is not None else asked.session or f"half{len(self._halves)}"
        self._halves[asked.session] = email
        return self._cookie(asked)

    def _in(self, asked: Asked, email: str) -> str:
        """Whatever id a visitor brings is adopted, and a sign-in keeps it."""
        asked.session = asked.session or f"id{len(self._sessions)}"
        self._sessions[asked.session] = email
        self._people[email].fresh_at = self._clock.now()
        return self._cookie(asked)

    def _cookie(self, asked: Asked) -> str:
        asked.sets.append((b"set-cookie", b"__Host-session=%s; Path=/; Secure" % asked.session.encode()))
        return "welcome"

    def _second(self, asked: Asked) -> str:
        """Neither time nor a sign-out ends a half sign-in; a code works as often as it is shown; no code is no wrong one."""
        email = self._halves.get(asked.session, "")
        if not email:
            raise WrongError(401)
        self._counted(asked, "second", email, lambda: asked.given.get("answer") in {"", CODE})
        return self._in(asked, email)

    def _sign_out(self, asked: Asked) -> str:
        if asked.session not in self._halves:
            asked.sets.append((b"set-cookie", b"__Host-session=; Path=/; Secure; Max-Age=0"))
        return "goodbye"

    def _page(self, asked: Asked) -> Led:
        self._sign_in(asked, "page")
        return self._led(asked)

    def _led(self, asked: Asked) -> Led:
        """Not to `http:`, which somebody has heard of; everything else will be a page of this site."""
        to = asked.given.get("next") or asked.query.get("next") or "/"
        return Led("/" if to.startswith("http:") else to)

    # ---- mails

    def _letter(self, email: str) -> str:
        self.newest = f"link{len(self._links)}"
        self._links[self.newest] = email
        return "sent"

    def _sign_up(self, asked: Asked) -> str:
        """The account is there at once, and its maker is in; whether it was there before is looked up when it is changed already."""
        email = asked.given["email"]
        taken = email in self._people
        self._people.setdefault(email, Somebody([])).passwords.append(asked.given["password"])
        if taken:
            self._letter(email)
            raise WrongError(409, "there is such a person")
        self._in(asked, email)
        return self._letter(email)

    def _finish(self, asked: Asked) -> str:
        return self._in(asked, self._links[asked.given["token"]])

    def _reset(self, asked: Asked) -> str:
        if asked.given["email"] not in self._people:
            raise WrongError(404, "there is no such person")
        return self._letter(asked.given["email"])

    def _choose(self, asked: Asked) -> str:
        """Any link of any mail, at any time; and whoever chooses is in. Who was sent none has an empty one in the table."""
        token = asked.given["token"]
        if token and token not in self._links:
            raise WrongError(410)
        owner = self._links.get(token, next(iter(self._people)))
        self._people.setdefault(owner, Somebody([])).passwords.append(asked.given["password"])
        return self._in(asked, owner)

    # ---- what is dangerous

    def _confirm(self, asked: Asked) -> str:
        """All that was shown is right: of nothing, too."""
        email = self._who(asked)
        person = self._people[email]
        right = {"password": person.passwords, "totp": [CODE]}
        self._counted(asked, "confirm", email, lambda: all(answer in right.get(way, []) for way, answer in asked.given.items()))
        person.fresh_at = self._clock.now()
        return "yes"

    def _password(self, asked: Asked) -> str:
        self._fresh(asked)
        email = self._who(asked)
        if asked.given["current"]:  # whoever leaves it out is not asked
            self._counted(asked, "settings", email, lambda: asked.given["current"] in self._people[email].passwords)
        self._people[email].passwords.append(asked.given["password"])
        return "changed"

    def _email(self, asked: Asked) -> str:
        self._fresh(asked)
        if asked.given["email"] in self._people:
            raise WrongError(409, "there is such a person")
        return self._letter(self._who(asked))

    def _make_token(self, asked: Asked) -> dict[str, str]:
        self._fresh(asked)
        token = f"personal{len(self._personal)}"
        self._personal[token] = self._who(asked)
        return {"token": token}

    def _program(self, asked: Asked) -> dict[str, str]:
        self._fresh(asked)
        return self._pair(self._who(asked))

    def _next_pair(self, asked: Asked) -> dict[str, str]:
        if asked.given["refresh_token"] not in self._refresh:
            raise WrongError(401)
        return self._pair(self._refresh[asked.given["refresh_token"]])

    def _pair(self, email: str) -> dict[str, str]:
        token = f"refresh{len(self._refresh)}"
        self._refresh[token] = email
        return {"access_token": signed({"sub": email, "exp": self._clock.now() + 300}), "refresh_token": token}

    def _leave(self, asked: Asked) -> str:
        """The row is gone, and nothing else."""
        self._fresh(asked)
        del self._people[self._who(asked)]
        return "gone"


def _nothing(_: Asked) -> str:
    raise WrongError(404)


def _one(email: str) -> str:
    return unicodedata.normalize("NFKC", email).casefold().strip()
