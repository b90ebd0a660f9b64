"""Where the pages of accounts are. Another address for one of them is an option; nothing else has to change."""

from __future__ import annotations

from dataclasses import fields

from buckler.core.options import need, options


@options
class Paths:
    """Paths of the site, from its root, without a query. Links in mails and redirects are made of these, and nothing else is."""

    sign_in: str = "/account/sign-in"
    second: str = "/account/sign-in/second"
    sign_out: str = "/account/sign-out"
    sign_up: str = "/account/sign-up"
    sign_up_profile: str = "/account/sign-up/profile"  # after another provider has vouched for somebody new
    verify: str = "/account/verify"
    verify_address: str = "/account/verify-address"
    reset: str = "/account/reset"
    reset_new: str = "/account/reset/new"
    confirm: str = "/account/confirm"
    security: str = "/account/security"  # the settings; their parts are below it
    email_new: str = "/account/email/confirm"
    provider: str = "/account/provider"  # below it: /{name} and /{name}/back
    passkey: str = "/account/passkey"  # below it: what the script of the pages asks
    mailbox: str = "/account/mailbox"  # in development alone
    static: str = "/account/static"
    api: str = "/account/api"
    home: str = "/"  # where one is after signing in, and after signing out

    def __post_init__(self) -> None:
        for field in fields(self):
            path = getattr(self, field.name)
            good = isinstance(path, str) and path.startswith("/") and not path.startswith("//") and not set(path) & set("?#\\ ")
            need(good, f"Paths.{field.name}", path, "give a path of this site, as in /account/sign-in")
