"""Whether a page says something else than it did, or that it says nothing any more. Pure.

What counts are sentences. A text is read as the suggester reads it, so captions, links to other stories, counters of
comments and “read more” are none; letter case, punctuation and white space aside, and in whatever order they stand. One
sentence of SHORTEST characters that came, went or was reworded is a change: a figure, a name or a “not” is no more.
"""

import re
from collections import Counter
from urllib.parse import urlsplit

from ingest.text import passages

SHORTEST = 20  # letters and figures of a sentence; in Chinese a third of it
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
