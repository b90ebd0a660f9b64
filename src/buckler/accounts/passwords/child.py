"""The program of a process that hashes and does nothing else: a line of JSON in, a line out, until nobody is there any more to write.

It is run by its path and makes empty packages of `buckler` and `buckler.accounts`: what those import, the database above all, is as large
as a hash and of no use here. The first line that it hears are the folders in which the server looks for modules.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any

READY = b"ready\n"
_PACKAGE = "buckler.accounts.passwords"


def main(hear: IO[bytes], say: IO[bytes]) -> None:
    """Answer until `hear` is at its end, which it is when the server ends, however it ends."""
    sys.path[:] = json.loads(hear.readline())
    work = _work()
    work.stand_back()
    say.write(READY)
    say.flush()
    while line := hear.readline():
        try:
            answer = work.read(line).do()
        except MemoryError:
            answer = None
        say.write(json.dumps(answer).encode() + b"\n")
        say.flush()


def _work() -> Any:
    """Return the module `work`, past what its packages import."""
    folder = Path(__file__).parent
    for name in (_PACKAGE, *(_PACKAGE.rsplit(".", depth)[0] for depth in (1, 2))):
        package = sys.modules.setdefault(name, ModuleType(name))
        package.__path__ = [str(folder)]
        folder = folder.parent
    return import_module(_PACKAGE + ".work")


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
