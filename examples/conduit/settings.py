"""Facts that differ from one installation to the next. All of them come from the environment, as CONDUIT_HOSTS=shop.example."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from buckler.errors import ConfigError, UnknownOptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "CONDUIT_"
_STORES = ("", "shared", "redis", "rediss", "postgresql")
_DATABASES = r"^(|sqlite\+aiosqlite:///.+|postgresql\+asyncpg://.+)$"
LOCAL = ("localhost", "127.0.0.1", "[::1]")
# The account that the demo content comes with. Its password is printed at start.
DEMO_USERNAME = "demo"
DEMO_EMAIL = "demo@conduit.example"
DEMO_PASSWORD = "walk-the-quiet-harbour"


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _known_store(value: str) -> str:
    kind, separator, _ = value.partition("://")
    if kind not in _STORES or bool(separator) != (kind not in {"", "shared"}):
        raise PydanticCustomError("conduit", "give nothing, `shared`, `redis://…`, `rediss://…` or `postgresql://…`")
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
StoreName = Annotated[str, AfterValidator(_known_store)]


class Settings(BaseModel):
    """Where no hosts are named, this is a laptop: it answers for local names only, and shows the demo content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: Names = LOCAL  # the names that the site answers for
    folder: Path = Path("var")  # the database, the secret, the shared state
    database_url: str = Field(default="", pattern=_DATABASES)  # "": SQLite in `folder`
    store: StoreName = Field(default="", repr=False)  # sessions, limits, kept answers: see `state.store_of`
    secret_file: Path | None = None  # None: `folder`/secret.key, made on first start
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    demo_content: bool = True  # fill an empty database with articles to look at; only where `development` is true
    password_workers: int = Field(default=2, ge=1, le=64)  # threads that hash; each needs 64 MiB while it works
    password_wait_s: float = Field(default=3.0, gt=0, le=30)
    moderators: Names = ()  # e-mail addresses of those who may remove what others wrote

    # Mail. Without a server, and on a laptop alone, letters lie in `folder`/letters, and a page shows them.
    origin: str = ""  # what links in letters begin with, as in https://blog.example; "": as the visitor came
    sender: str = ""  # where they come from, as in conduit@blog.example
    smtp_host: str = ""
    smtp_port: int = Field(default=0, ge=0, lt=65536)  # 0: the usual one
    smtp_username: str = ""
    smtp_password: str = Field(default="", repr=False)
    smtp_security: Literal["starttls", "tls", "insecure_none"] = "starttls"

    # Signing in by another provider, with OpenID Connect.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = Field(default="", repr=False)
    oidc_label: str = "Single sign-on"  # what the button says

    # Holes. Each is named for what it is, off by default, and printed at start.
    insecure_allow_common_passwords: bool = False
    insecure_cheap_passwords: bool = False  # hashes in a millisecond: for tests alone
    insecure_only_report_rate_limits: bool = False

    @property
    def development(self) -> bool:
        """Whether this is a laptop: nobody else can reach the site by its names."""
        return set(self.hosts) <= set(LOCAL)

    @property
    def with_demo(self) -> bool:
        """Whether there is demo content. Never on a site that others reach: the demo account's password is known to everyone."""
        return self.development and self.demo_content

    @property
    def database(self) -> str:
        """The address of the database, as SQLAlchemy writes it."""
        return self.database_url or f"sqlite+aiosqlite:///{self.folder / 'conduit.db'}"

    @property
    def holes(self) -> tuple[str, ...]:
        """The names of the insecure options that are on."""
        return tuple(name for name in type(self).model_fields if name.startswith("insecure_") and getattr(self, name))

    def make_folder(self) -> Path:
        """Return the folder, made for its owner alone if it was not there. Raises `ConfigError` when it cannot be used."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                return self.folder
        except OSError as failure:
            raise ConfigError(PREFIX + "FOLDER", str(self.folder), f"cannot be used: {failure.strerror}") from failure

    def secret(self) -> bytes:
        """Return the secret that signs cookies and tokens. Made on first start, readable by its owner alone.

        Several workers may start at once: each writes a file of its own, and the first that links it to the name wins.
        """
        path = self.secret_file or self.folder / "secret.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent) as mine:  # 0600
                mine.write(secrets.token_hex(32))
                mine.flush()
                with suppress(FileExistsError):  # another worker was first: its secret counts
                    os.link(mine.name, path)
        return path.read_bytes().strip()


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings. Raises `ConfigError`, which names the variable, for a wrong or an unknown one; its value is not repeated,
    because it may hold a password."""
    found = os.environ if environment is None else environment
    given = {key.removeprefix(PREFIX).lower(): value for key, value in found.items() if key.startswith(PREFIX)}
    try:
        return Settings.model_validate(given)
    except ValidationError as wrong:
        problem = wrong.errors(include_input=False, include_url=False)[0]
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            raise UnknownOptionError(
                "Conduit", PREFIX + name.upper(), [PREFIX + known.upper() for known in Settings.model_fields]
            ) from None
        raise ConfigError(PREFIX + name.upper(), "…", problem["msg"]) from None
