"""What was removed from a text and what was added, word by word. Pure, and bounded whatever the texts are."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

# Chinese, Japanese and Korean have no spaces between words: there each character stands for itself.
CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
WORD = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|[^\w\s]")
# What differs is compared word by word if it is no longer than this on either side, else shown as a whole.
MOST_WORDS = 1_500
# So many characters around a difference are shown of what stayed.
AROUND = 160

SAME, REMOVED, ADDED = "same", "removed", "added"


class Piece(NamedTuple):
    kind: str  # SAME, REMOVED or ADDED
    words: str


def compare(old: str, new: str) -> list[Piece]:
    """The new text in pieces, with what is gone from the old one where it stood; long stretches that stayed are cut."""
    before, after = WORD.findall(old), WORD.findall(new)
    start = common(before, after)
    end = common(before[start:][::-1], after[start:][::-1])
    pieces = [Piece(SAME, "".join(before[:start]))]
    pieces += compare_words(before[start : len(before) - end], after[start : len(after) - end])
    pieces.append(Piece(SAME, "".join(before[len(before) - end :])))
    pieces = [piece for piece in pieces if piece.words]
    return [cut(piece, first=at == 0, last=at == len(pieces) - 1) for at, piece in enumerate(pieces)]


def common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many words both begin with."""
    most = min(len(before), len(after))
    return next((at for at in range(most) if before[at] != after[at]), most)


def compare_words(before: list[str], after: list[str]) -> list[Piece]:
    if max(len(before), len(after)) > MOST_WORDS:
        return [Piece(REMOVED, "".join(before)), Piece(ADDED, "".join(after))]
    pieces = []
    for kind, start, end, begins, ends in SequenceMatcher(None, before, after).get_opcodes():
        if kind == "equal":
            pieces.append(Piece(SAME, "".join(before[start:end])))
        else:
            pieces += [Piece(REMOVED, "".join(before[start:end])), Piece(ADDED, "".join(after[begins:ends]))]
    return pieces


def cut(piece: Piece, *, first: bool, last: bool) -> Piece:
    """What stayed, shortened to what stands around the differences before and behind it."""
    left, right = ("" if first else piece.words[:AROUND]), ("" if last else piece.words[-AROUND:])
    if piece.kind != SAME or len(piece.words) <= len(left) + len(right) + AROUND:
        return piece
    return Piece(SAME, f"{left.rpartition(' ')[0] or left} … {right.partition(' ')[2] or right}".strip(" "))
