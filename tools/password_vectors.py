"""Writes tests/accounts/passwords/vectors.json: hashes made by the libraries themselves, which Buckler must be able to check.

Runs in throw-away environments, since no single one holds them all, and keeps what other runs have written:
`ENV/bin/pip install django argon2-cffi bcrypt==4.0.1 werkzeug passlib==1.7.4` and, in another, `flask-security argon2-cffi bcrypt`;
then `ENV/bin/python tools/password_vectors.py`. Each maker runs where its library can be imported.
"""

from __future__ import annotations

import json
import unicodedata
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = Path(__file__).resolve().parents[1] / "tests" / "accounts" / "passwords" / "vectors.json"
PASSWORDS = ("correct horse battery staple", "pässwörd ☂ 😀", unicodedata.normalize("NFD", "pässwörd"), "long " * 20)
FLASK_SALT = "146585145368132386173505678016728509634"  # of Flask-Security's own documentation
CHEAP = {"iterations": 1000, "rounds": 4, "memory_cost": 512, "work_factor": 1024}
Made = tuple[str, str]


def django(password: str) -> Iterator[Made]:
    settings: Any = import_module("django.conf").settings
    if not settings.configured:
        settings.configure()
    hashers: Any = import_module("django.contrib.auth.hashers")
    for name in ("PBKDF2", "PBKDF2SHA1", "Argon2", "BCrypt", "BCryptSHA256", "Scrypt"):
        hasher = getattr(hashers, f"{name}PasswordHasher")()
        if password != PASSWORDS[0]:  # the first has Django's own numbers, which must be within Buckler's bounds
            for cost, number in CHEAP.items():
                setattr(hasher, cost, number)
        yield f"Django {hasher.algorithm}", hasher.encode(password, hasher.salt())


def werkzeug(password: str) -> Iterator[Made]:
    make: Any = import_module("werkzeug.security").generate_password_hash
    for method in ("scrypt", "scrypt:1024:4:2", "pbkdf2:sha256:1000", "pbkdf2:sha1:1000", "pbkdf2:sha512:1000"):
        yield f"Werkzeug {method}", make(password, method)


def passlib(password: str) -> Iterator[Made]:
    known: Any = import_module("passlib.hash")
    for name in ("pbkdf2_sha1", "pbkdf2_sha256", "pbkdf2_sha512"):
        yield f"passlib {name}", getattr(known, name).using(rounds=1000).hash(password)
    yield "passlib scrypt", known.scrypt.using(rounds=10).hash(password)
    for ident in ("2a", "2b", "2y"):
        yield f"passlib bcrypt {ident}", known.bcrypt.using(rounds=4, ident=ident).hash(password)
    yield "passlib bcrypt_sha256 v2", known.bcrypt_sha256.using(rounds=4).hash(password)
    yield "passlib bcrypt_sha256 v1", known.bcrypt_sha256.using(rounds=4, version=1, ident="2a").hash(password)
    for kind in ("I", "D", "ID"):
        yield f"passlib argon2 {kind}", known.argon2.using(type=kind, rounds=2, memory_cost=512, parallelism=2).hash(password)


def argon2(password: str) -> Iterator[Made]:
    low: Any = import_module("argon2.low_level")
    for kind in ("I", "D", "ID"):
        for edition in (16, 19):
            made = low.hash_secret(password.encode(), b"sixteen bytes...", 2, 256, 1, 16, low.Type[kind], edition).decode()
            yield f"argon2-cffi {kind} version {edition}", made
    yield (
        "argon2-cffi before versions",
        low.hash_secret(password.encode(), b"eight by", 3, 512, 2, 32, low.Type.I, 16).decode().replace("$v=16", ""),
    )


def flask_security(password: str) -> Iterator[Made]:
    flask: Any = import_module("flask")
    security: Any = import_module("flask_security")
    store: Any = import_module("flask_security.datastore").UserDatastore
    user = type("User", (), {"fs_uniquifier": ""})
    for scheme in ("argon2", "bcrypt", "pbkdf2_sha512"):
        app = flask.Flask("vectors")
        app.config.update(SECRET_KEY=FLASK_SALT, SECURITY_PASSWORD_SALT=FLASK_SALT, SECURITY_PASSWORD_HASH=scheme)
        app.config["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"] = {"bcrypt__rounds": 4, "argon2__memory_cost": 512}
        extension = security.Security(app, store(user, object))
        with app.app_context():
            yield f"Flask-Security {scheme}", security.hash_password(extension.password_util.normalize(password))


MAKERS: dict[str, Callable[[str], Iterator[Made]]] = {
    "django": django,
    "werkzeug": werkzeug,
    "passlib": passlib,
    "argon2-cffi": argon2,
    "flask-security": flask_security,
}


def main() -> None:
    kept: dict[str, Any] = {"made_by": {}, "flask_salt": FLASK_SALT, "vectors": []}
    if FILE.exists():
        kept = json.loads(FILE.read_text(encoding="utf-8"))
    for package, make in MAKERS.items():
        try:
            kept["made_by"][package] = version(package)
        except PackageNotFoundError:
            continue
        for password in PASSWORDS:
            made = [{"by": by, "password": password, "hash": hashed} for by, hashed in make(password)]
            again = {(item["by"], item["password"]) for item in made}
            kept["vectors"] = [item for item in kept["vectors"] if (item["by"], item["password"]) not in again] + made
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="ascii")
    print(f"{len(kept['vectors'])} vectors, by {kept['made_by']}")


if __name__ == "__main__":
    main()
