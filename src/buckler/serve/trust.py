"""How to make this machine trust the local authority, one line a system."""

from __future__ import annotations

from pathlib import Path
from shlex import quote


def how_to_trust(authority: Path, url: str) -> list[tuple[str, str]]:
    """Return pairs of system and command (or the way through the menus) for the certificate at `authority`."""
    path = quote(_short(authority))
    return [
        ("curl", f"curl --cacert {path} {url}/"),
        ("Debian", f"sudo cp {path} /usr/local/share/ca-certificates/buckler-local.crt && sudo update-ca-certificates"),
        ("Chrome on Linux", f"certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n buckler-local -i {path}"),
        ("macOS", f"security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {path}"),
        ("Firefox", f"Settings, Privacy & Security, View Certificates, Authorities, Import: {path}"),
    ]


def _short(path: Path) -> str:
    """The path from here where it lies below, else the whole one."""
    whole = path.resolve()
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(whole)
