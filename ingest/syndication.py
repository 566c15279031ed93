"""Whether two items carry the same text: a wire story in ten papers is one story. Pure.

A sketch holds the least hashes of a text's runs of four words (of four signs in Chinese); how many two sketches share
tells how much of the texts is the same (bottom-k sketch, Thorup 2013).
"""

import re
import zlib
from array import array

from ingest.text import CJK, fold

SIZE = 48
# Texts that share so much are one text; shorter ones say too little to tell.
SAME, FEWEST = 0.55, 12
_MOST_CHARS = 6_000
_UNITS = re.compile(rf"[{CJK}]|[a-z0-9]+")
_RUN = 4


def sketch(headline: str, text: str) -> bytes:
    """The sketch of an item, empty if it says too little. The headline counts only where the text is short: papers write their own."""
    units = _UNITS.findall(fold(text)[:_MOST_CHARS].lower())
    if len(units) < FEWEST * 2:
        units = _UNITS.findall(fold(f"{headline} {text}")[:_MOST_CHARS].lower())
    if len(units) < FEWEST:
        return b""
    runs = {" ".join(units[at : at + _RUN]) for at in range(len(units) - _RUN + 1)}
    least = sorted({zlib.crc32(run.encode()) for run in runs})[:SIZE]
    return array("L" if array("L").itemsize == 4 else "I", least).tobytes()


def likeness(one: bytes, other: bytes) -> float:
    """How much of two texts is the same, from 0 to 1, from their sketches."""
    if not one or not other:
        return 0.0
    mine, theirs = _hashes(one), _hashes(other)
    least = sorted(mine | theirs)[: min(SIZE, max(len(mine), len(theirs)))]
    return sum(value in mine and value in theirs for value in least) / len(least)


def _hashes(sketched: bytes) -> set[int]:
    found = array("L" if array("L").itemsize == 4 else "I")
    found.frombytes(sketched[: len(sketched) // 4 * 4])
    return set(found)
