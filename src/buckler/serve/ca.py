"""A certificate authority of this machine's own, for HTTPS on `localhost`. The one door of `cryptography` in `serve`.

Its certificate carries name constraints (RFC 5280, section 4.2.1.10): it can vouch for `localhost` and the loopback addresses
only. So somebody who steals its key can be no bank to the browser that trusts it; the road not taken is an authority for every
name, as mkcert makes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING

from buckler.errors import ConfigError, MissingExtraError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ModuleNotFoundError as failure:
    raise MissingExtraError("the local certificate authority", "serve") from failure

if TYPE_CHECKING:
    from pathlib import Path

LEAF_DAYS = 199  # CA/Browser Forum ballot SC-081: at most 200 days from March 2026
RENEW_DAYS = 60  # so that a server which runs for weeks does not outlive its certificate
CA_DAYS = 3650
_BACKDATED = timedelta(hours=1)  # for a clock that is a little behind
_FOLDER = "tls"
_NAMES = (x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1")), x509.IPAddress(IPv6Address("::1")))
_ALLOWED = (x509.DNSName("localhost"), x509.IPAddress(IPv4Network("127.0.0.0/8")), x509.IPAddress(IPv6Network("::1/128")))


@dataclass(frozen=True, slots=True)
class Files:
    """Where certificate, key and authority lie. `authority` is None for a certificate that was brought along."""

    certificate: Path
    key: Path
    authority: Path | None = None
    made: bool = False  # the authority is new: it must be trusted (again)


def local_files(folder: Path, *, now: datetime | None = None) -> Files:
    """Return files that are good for `RENEW_DAYS` more; made, or renewed, where they are not.

    Keys are readable by their owner alone (0600, folder 0700). Raises `ConfigError` when the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    place = folder / _FOLDER
    files = Files(place / "localhost.crt", place / "localhost.key", place / "local-ca.crt")
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority, made = _authority(place, now)
        if made or not _good(files, authority[0], now):
            _write_leaf(files, authority, now)
    except OSError as failure:
        raise ConfigError("--folder", str(folder), f"cannot be written ({failure.strerror}); give another folder") from failure
    return Files(files.certificate, files.key, files.authority, made)


_Pair = tuple["x509.Certificate", "ec.EllipticCurvePrivateKey"]


def _authority(place: Path, now: datetime) -> tuple[_Pair, bool]:
    certificate, key = place / "local-ca.crt", place / "local-ca.key"
    if certificate.exists() and key.exists():
        pair = _read(certificate, key)
        if pair is not None and pair[0].not_valid_after_utc > now + timedelta(days=LEAF_DAYS):
            return pair, False
    made_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Buckler local authority {os.urandom(4).hex()}")])
    constraints = x509.NameConstraints(permitted_subtrees=_ALLOWED, excluded_subtrees=None)
    made = (
        _builder(name, made_key, now, CA_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(made_key, hashes.SHA256())
    )
    _write_key(key, made_key)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return (made, made_key), True


def _write_leaf(files: Files, authority: _Pair, now: datetime) -> None:
    ca, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    ca_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    made = (
        _builder(name, key, now, LEAF_DAYS)
        .issuer_name(ca.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(ca_id, critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    _write_key(files.key, key)
    _write(files.certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _builder(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now - _BACKDATED + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read(certificate: Path, key: Path) -> _Pair | None:
    """The pair, or None when the files are not what they should be: they are then made anew."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except ValueError:
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or loaded.public_key() != private.public_key():
        return None
    return loaded, private


def _good(files: Files, ca: x509.Certificate, now: datetime) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    pair = _read(files.certificate, files.key)
    if pair is None or pair[0].issuer != ca.subject or pair[0].not_valid_before_utc > now:
        return False
    return pair[0].not_valid_after_utc > now + timedelta(days=RENEW_DAYS)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    plain = serialization.NoEncryption()  # the server must start without a person; the file's mode is the lock
    _write(path, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain), 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write beside, then rename: a second server that starts at the same time never reads half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    beside.replace(path)
