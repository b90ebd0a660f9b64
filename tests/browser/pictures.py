"""Screenshots, as a telephone's camera sees them."""

from __future__ import annotations

import struct
import zlib

import zxingcpp

_CHANNELS = {2: 3, 6: 4}  # of a PNG's colour types: RGB, and RGB with transparency


def qr_codes(screenshot: bytes) -> list[str]:
    """What the QR codes on a screenshot say."""
    return [found.text for found in zxingcpp.read_barcodes(grey(screenshot))]


def grey(png: bytes) -> memoryview:
    """The picture in shades of grey, a byte a pixel. Reads PNG as browsers write it: eight bits a channel, not interlaced."""
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, interlaced) == (8, 0), "no screenshot of a browser"
    step = _CHANNELS[colours]
    raw, rows, above = zlib.decompress(_data(png)), bytearray(), bytes(width * step)
    for at in range(height):
        start = at * (width * step + 1)
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + width * step], above, step)
        rows += bytes((above[x] * 299 + above[x + 1] * 587 + above[x + 2] * 114) // 1000 for x in range(0, width * step, step))
    return memoryview(bytes(rows)).cast("B", (height, width))


def _data(png: bytes) -> bytes:
    found, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            found += png[at + 8 : at + 8 + length]
        at += 12 + length
    return found


def _unfiltered(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """Undo the filter of one line, as section 9 of the standard says."""
    out = bytearray(line)
    for x in range(len(line)):
        left, up, corner = (out[x - step] if x >= step else 0), above[x], (above[x - step] if x >= step else 0)
        out[x] = (line[x] + (0, left, up, (left + up) // 2, _nearest(left, up, corner))[kind]) & 0xFF
    return bytes(out)


def _nearest(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))
