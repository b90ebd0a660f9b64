"""What an application says of one provider. Whatever is missing or makes no sense stops the start (GHSA-8fpg-xm3f-6cx3)."""

from __future__ import annotations

import re
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from buckler.accounts.http import wrong_with
from buckler.accounts.providers.remote import Remote
from buckler.accounts.tables import MAX_NAME
from buckler.core.options import need, need_one_of, need_positive, need_strings, options

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

TOKEN_AUTHS = ("client_secret_basic", "client_secret_post", "none")
BASIC, POST, PUBLIC = TOKEN_AUTHS
PROMPTS = ("", "login", "consent", "select_account")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, section 3.3


@options
class Provider:
    """One provider of OpenID Connect. Everything else is read from its discovery document, at `issuer` + /.well-known/openid-configuration.

    - `name`: of this provider in addresses and in the database; it must never change. `label`: what people read on the button.
    - `issuer`: exactly as the provider writes it in its tokens. `client_id`, `client_secret`: what it gave you.
    - The address to register there: your origin + `Paths.provider` + /NAME/back.
    - `scopes`: what is asked for; `email` for signing up, `profile` for the name.
    - `token_auth`: how the client proves itself: `client_secret_basic`, `client_secret_post`, or `none` for a client without a secret.
    - `max_age_s`: let the person sign in there again when it is longer ago. `prompt`: `login`, `consent`, `select_account`.
    - `trusted_audiences`: whom else the provider's tokens for you may be meant for. With any other audience a token is refused.
    - `timeout_s`: for each question to the provider. `tls`: other authorities than the usual ones.
    - `insecure_http_on_loopback`: a provider on this machine needs no certificate. For development and tests.
    """

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: Sequence[str] = ("openid", "email", "profile")
    token_auth: str = BASIC
    max_age_s: int | None = None
    prompt: str = ""
    trusted_audiences: Sequence[str] = ()
    timeout_s: float = 5.0
    tls: ssl.SSLContext | None = None
    insecure_http_on_loopback: bool = False

    def __post_init__(self) -> None:
        good_name = isinstance(self.name, str) and len(self.name) <= MAX_NAME and _NAME.fullmatch(self.name)
        need(good_name, "Provider.name", self.name, "give a word of a to z, 0 to 9 and -, as in example-id")
        for option in ("label", "issuer", "client_id"):
            _need_text(option, getattr(self, option))
        wrong = "leave out the question mark" if "?" in self.issuer else ""
        wrong = wrong or wrong_with(self.issuer, insecure_http_on_loopback=self.insecure_http_on_loopback)
        need(not wrong, "Provider.issuer", self.issuer, wrong)
        need_one_of(self, "token_auth", self.token_auth, TOKEN_AUTHS)
        self._need_secret()
        need_strings(self, "scopes", self.scopes)
        need("openid" in self.scopes, "Provider.scopes", self.scopes, 'add "openid": without it the provider does not say who it was')
        need(all(map(_SCOPE.fullmatch, self.scopes)), "Provider.scopes", self.scopes, "give words without spaces and quotes")
        need_strings(self, "trusted_audiences", self.trusted_audiences)
        need_one_of(self, "prompt", self.prompt, PROMPTS)
        good_age = self.max_age_s is None or (type(self.max_age_s) is int and self.max_age_s >= 0)
        need(good_age, "Provider.max_age_s", self.max_age_s, "give whole seconds, or None")
        need_positive(self, timeout_s=self.timeout_s)

    def _need_secret(self) -> None:
        """A secret that an environment did not have is an empty text, and must never quietly become a client without one."""
        option = "Provider.client_secret"
        if self.token_auth == PUBLIC:
            need(self.client_secret == "", option, "…", 'leave it out with token_auth="none"')
            return
        kept = "…" if self.client_secret else self.client_secret  # never said, not even when it is wrong
        need(isinstance(self.client_secret, str) and self.client_secret, option, kept, 'give the secret, or token_auth="none"')
        need(_is_text(self.client_secret), option, "…", "it begins or ends with a space or line break, or has a control character in it")

    @cached_property
    def remote(self) -> Remote:
        """What is known of the provider's server, and the connections to it."""
        return Remote(self.issuer, timeout_s=self.timeout_s, tls=self.tls, insecure_http_on_loopback=self.insecure_http_on_loopback)

    async def close(self) -> None:
        """Close the connections, where there are any."""
        if "remote" in self.__dict__:
            await self.remote.close()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable() and value == value.strip()


def _need_text(option: str, value: object) -> None:
    need(_is_text(value), f"Provider.{option}", value, "give a text; what the environment lacks must not become an empty one")
