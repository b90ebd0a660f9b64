"""Writes src/buckler/accounts/passwords/common.txt.gz: the common passwords of eight characters and more that zxcvbn knows.

Runs in an environment of its own, since the list's package is needed for nothing else:
`python -m venv ENV; ENV/bin/pip install zxcvbn==4.5.0; ENV/bin/python tools/common_passwords.py`. The same list makes the same bytes.
"""

from __future__ import annotations

import gzip
from importlib import import_module
from pathlib import Path

MIN_CHARS = 8
FILE = Path(__file__).resolve().parents[1] / "src" / "buckler" / "accounts" / "passwords" / "common.txt.gz"


def main() -> None:
    ranked: list[str] = import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS["passwords"]
    words = sorted({word.casefold() for word in ranked if len(word) >= MIN_CHARS and word.isascii() and word.isprintable()})
    FILE.write_bytes(gzip.compress("\n".join(words).encode("ascii"), compresslevel=9, mtime=0))
    print(f"{len(words)} of {len(ranked)} passwords, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
