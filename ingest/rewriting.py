"""Whether a page says something else than it did, or that it says nothing any more; and in which words. Pure.

What counts are sentences. A text is read as the suggester reads it, so captions, links to other stories, counters of
comments and “read more” are none; letter case, punctuation and white space aside, and in whatever order they stand. One
sentence of SHORTEST characters that came, went or was reworded is a change: a figure, a name or a “not” is no more.
"""

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from ingest.text import passages

SHORTEST = 20  # letters and figures of a sentence; in Chinese a third of it
MOST_PARAGRAPHS = 400
MOST_WORDS = 2_000
CJK = re.compile(r"[\u3400-\u9fff]")
# Figures of clocks and counters that stand by themselves.
PASSING = re.compile(
    r"\b\d+ (?:comments?|views?|shares?|likes?|reads?|min(?:ute)?s? (?:read|ago)|hours? ago|days? ago)\b|阅读 ?\d+|评论 ?\d+",
    re.IGNORECASE,
)
REMOVED = re.compile(
    r"(?:this|the) (?:page|article|story|post|content)[\w ,']{0,40} (?:has been|was|is|have been)"
    r" (?:removed|deleted|withdrawn|retracted|taken down|unpublished|no longer available)"
    r"|(?:page|article|story) (?:is )?(?:not found|no longer (?:available|exists?))"
    r"|(?:文章|页面|内容|网页)[^。]{0,8}(?:已被?删除|不存在|已下线|已失效|已被?撤回)",
    re.IGNORECASE,
)
LONGEST_REMOVAL = 600  # characters; what says more still tells its story


def rewritten(before: str, after: str) -> bool:
    """Whether a sentence came, went or was reworded."""
    return sentences(before) != sentences(after)


def sentences(text: str) -> Counter[str]:
    """The sentences that count, each in one spelling, with how often it stands there."""
    found = (spelling(passage.folded) for passage in passages("", text) if not passage.boilerplate)
    return Counter(said for said in found if len(said) + 2 * len(CJK.findall(said)) >= SHORTEST)


def spelling(sentence: str) -> str:
    return "".join(char for char in PASSING.sub(" ", sentence).casefold() if char.isalnum() or char in "%$€£¥")


def says_removed(text: str) -> bool:
    """Whether a page says, in place of its story, that it was taken down."""
    return len(text) <= LONGEST_REMOVAL and bool(REMOVED.search(text))


def leads_to_front_page(wanted: str, found: str) -> bool:
    """Whether a story's address leads to a front page now."""
    return urlsplit(wanted).path.strip("/") != "" and urlsplit(found).path.strip("/") == ""


@dataclass(frozen=True)
class Piece:
    """Words that stand in both texts, or in one of them: "same", "gone" or "new"."""

    kind: str
    words: str


def changes(before: str, after: str) -> list[list[Piece]]:
    """The paragraphs that differ, each as pieces in reading order."""
    old, new = before.splitlines()[:MOST_PARAGRAPHS], after.splitlines()[:MOST_PARAGRAPHS]
    found = []
    for how, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if how == "equal":
            continue
        gone, came = old[i:j], new[k:m]
        for place in range(max(len(gone), len(came))):
            pair = gone[place : place + 1], came[place : place + 1]
            found.append(pieces("".join(pair[0]), "".join(pair[1])))
    return [paragraph for paragraph in found if any(piece.kind != "same" for piece in paragraph)]


def pieces(before: str, after: str) -> list[Piece]:
    old, new = words(before), words(after)
    if len(old) + len(new) > MOST_WORDS:
        return [piece for piece in (Piece("gone", before), Piece("new", after)) if piece.words]
    found = []
    for how, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if how == "equal":
            found.append(Piece("same", "".join(old[i:j])))
        else:
            found += [Piece("gone", "".join(old[i:j])), Piece("new", "".join(new[k:m]))]
    return [piece for piece in found if piece.words]


def words(text: str) -> list[str]:
    """A text in words with the space behind them; a Chinese character is one."""
    return re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+\s*|\s+", text)
