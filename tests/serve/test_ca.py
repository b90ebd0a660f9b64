"""The local authority: constrained to this machine, private, renewed in time."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from buckler.errors import ConfigError
from buckler.serve.ca import CA_DAYS, LEAF_DAYS, RENEW_DAYS, local_files
from buckler.serve.trust import how_to_trust

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def handshake(authority: Path, certificate: Path, key: Path, name: str) -> None:
    """A TLS handshake in memory, as a browser that trusts `authority` does it. Raises `ssl.SSLError`."""
    server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate, key)
    here = ssl.create_default_context(cafile=str(authority))
    server = there.wrap_bio(server_in, server_out, server_side=True)
    client = here.wrap_bio(server_out, server_in, server_hostname=name)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_made_on_first_start_and_kept_on_the_second(tmp_path: Path) -> None:
    first = local_files(tmp_path)
    kept = [path.read_bytes() for path in (first.certificate, first.key)]
    second = local_files(tmp_path)
    assert first.made
    assert not second.made
    assert [path.read_bytes() for path in (second.certificate, second.key)] == kept


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_browser_that_trusts_it_is_content(tmp_path: Path, name: str) -> None:
    files = local_files(tmp_path)
    assert files.authority is not None
    handshake(files.authority, files.certificate, files.key, name)


def test_it_cannot_vouch_for_another_name(tmp_path: Path) -> None:
    """Whoever steals the key of the authority can be no bank: the constraint is in what the browser trusts."""
    files = local_files(tmp_path)
    assert files.authority is not None
    ca = read(files.authority)
    ca_key = serialization.load_pem_private_key((tmp_path / "tls" / "local-ca.key").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    stolen = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank.example")]))
        .issuer_name(ca.subject)
        .public_key(stolen.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    (tmp_path / "forged.crt").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (tmp_path / "forged.key").write_bytes(stolen.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(files.authority, tmp_path / "forged.crt", tmp_path / "forged.key", "bank.example")


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    files = local_files(tmp_path)
    for path in (files.key, tmp_path / "tls" / "local-ca.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700


def test_lifetimes(tmp_path: Path) -> None:
    files = local_files(tmp_path, now=NOW)
    assert files.authority is not None
    leaf, ca = read(files.certificate), read(files.authority)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=LEAF_DAYS)
    assert ca.not_valid_after_utc - ca.not_valid_before_utc == timedelta(days=CA_DAYS)
    assert LEAF_DAYS <= 397


def test_renewed_when_it_is_near_its_end(tmp_path: Path) -> None:
    old = read(local_files(tmp_path, now=NOW).certificate)
    soon = NOW + timedelta(days=LEAF_DAYS - RENEW_DAYS - 1)
    assert read(local_files(tmp_path, now=soon).certificate) == old
    late = local_files(tmp_path, now=soon + timedelta(days=2))
    assert read(late.certificate) != old
    assert not late.made, "the authority stays, so that it need not be trusted again"


def test_an_authority_that_would_end_before_its_leaf_is_made_anew(tmp_path: Path) -> None:
    local_files(tmp_path, now=NOW)
    late = local_files(tmp_path, now=NOW + timedelta(days=CA_DAYS - LEAF_DAYS))
    assert late.made


@pytest.mark.parametrize("name", ["local-ca.key", "local-ca.crt", "localhost.crt", "localhost.key"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str) -> None:
    local_files(tmp_path)
    (tmp_path / "tls" / name).write_text("not what it should be")
    files = local_files(tmp_path)
    assert files.authority is not None
    handshake(files.authority, files.certificate, files.key, "localhost")
    assert files.made == name.startswith("local-ca")


def test_a_key_that_is_not_the_certificates_is_noticed(tmp_path: Path) -> None:
    local_files(tmp_path)
    (tmp_path / "tls" / "localhost.key").write_bytes((tmp_path / "tls" / "local-ca.key").read_bytes())
    files = local_files(tmp_path)
    assert files.authority is not None
    handshake(files.authority, files.certificate, files.key, "localhost")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(ConfigError, match=r"--folder.*cannot be written"):
        local_files(tmp_path / "var")


def test_how_to_trust_names_the_file_on_every_system(tmp_path: Path) -> None:
    told = dict(how_to_trust(tmp_path / "a b.crt", "https://localhost:9443"))
    assert set(told) == {"curl", "Debian", "Chrome on Linux", "macOS", "Firefox"}
    assert all(f"'{tmp_path}/a b.crt'" in how for how in told.values())
    assert told["curl"].endswith("https://localhost:9443/")
