"""What the extra `accounts` brings, looked for before anything of it is imported: one clear error instead of the first of fifteen."""

from importlib.util import find_spec

from buckler.errors import MissingExtraError

# What a module of this package imports without asking first. `tests/architecture` compares.
NEEDS = (
    "aiosmtplib",
    "argon2",
    "bcrypt",
    "cryptography",
    "email_validator",
    "httpx",
    "jinja2",
    "joserfc",
    "markupsafe",
    "pyotp",
    "segno",
    "sqlalchemy",
    "webauthn",
    "zxcvbn_rs_py",
)
LACKING = ", ".join(name for name in NEEDS if find_spec(name) is None)
if LACKING:
    FEATURE = f"buckler.accounts (without {LACKING})"
    raise MissingExtraError(FEATURE, "accounts")
