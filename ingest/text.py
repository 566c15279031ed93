"""An item's headline and text as sentences, each with its place in the item. Pure.

Folding keeps the length, so that a position in the folded text is the same position in the words as published.
"""

import re
import unicodedata
from dataclasses import dataclass

CJK = "\u3400-\u9fff\uf900-\ufaff"


@dataclass(frozen=True)
class Passage:
    """One sentence of an item.

    `paragraph` is 0 for the headline, then counts the non-empty lines of the text from 1. `folded` is as long as
    `text`: NFKC, plain quotes and hyphens. What is `boilerplate` is never evidence.
    """

    part: str  # "headline" or "body", as in choices.Part
    paragraph: int
    text: str
    folded: str
    boilerplate: bool = False


class _Folding(dict):
    """NFKC character by character, wherever that gives one character."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = unicodedata.normalize("NFKC", char)
        self[code] = folded if len(folded) == 1 else char
        return self[code]


_FOLDING = _Folding({ord(char): "'" for char in "‘’‚‛′`´"})
_FOLDING.update({ord(char): '"' for char in "“”„‟″«»"})
_FOLDING.update({ord(char): "-" for char in "‐‑‒–−"})
_FOLDING.update({ord("\u00a0"): " ", ord("\u3000"): " "})


def fold(text: str) -> str:
    """The text with compatibility forms, quotes and hyphens made plain; exactly as long as before."""
    return text.translate(_FOLDING)


def lower(folded: str) -> str:
    """The text in lower case, exactly as long as before: a few letters, such as “İ”, are longer then and stay."""
    lowered = folded.lower()
    if len(lowered) == len(folded):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in folded)


_TERMINAL = re.compile(r"""[.!?。…:;][\"')\]」』]{0,3}$""")
_LABELLED = re.compile(
    r"""\(?(?:
        (?:read(?:\ more|\ next|\ also)?|see\ also|also\ read|related(?:\ \w+)?|more(?:\ from|\ on)\ [\w ]+|watch|listen
          |(?:image|photo|picture|file\ photo)s?(?:\ credits?)?|credits?|sources?|tags?|caption|advertisement)\s*:
      | (?:image|photo|picture)s?\ (?:credits?|by|courtesy)\b
      | (?:sign\ up|subscribe|follow\ us|click\ here|share\ this)\b
      | [$€£¥]?1\s?=\s?[$€£¥]?[\d.]
      | (?:相关阅读|延伸阅读|图片来源|图源|来源|责任编辑|编辑|责编)\s*:
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# A line without an end mark, among lines that have one, is a caption or a link to another story.
_FRAGMENT_WORDS = 25
# What runs on for longer is a table or a list.
_LONGEST_SENTENCE = 1_500


def passages(headline: str, text: str) -> list[Passage]:
    """The sentences of an item in reading order. Without a headline the first line stands for it."""
    lines = _lines(text)
    headline = _clean(headline)
    found = []
    if headline:
        found.append(Passage("headline", 0, headline, fold(headline)))
    ended = sum(bool(_TERMINAL.search(fold(line))) for line in lines)
    told_apart = len(lines) >= 3 and ended * 2 >= len(lines)
    for number, line in enumerate(lines, 1):
        folded = fold(line)
        first = number == 1
        unended = told_apart and not _TERMINAL.search(folded) and len(folded.split()) <= _FRAGMENT_WORDS
        boilerplate = bool(
            _LABELLED.match(folded)
            or (unended and not first)
            or (headline and folded.lower() == fold(headline).lower())
        )
        standfirst = first and (unended or not headline)
        found += [
            Passage(
                "headline" if standfirst else "body",
                number,
                line[start:end],
                folded[start:end],
                boilerplate or end - start > _LONGEST_SENTENCE,
            )
            for start, end in sentence_spans(folded)
        ]
    return found


def _clean(line: str) -> str:
    return " ".join(unicodedata.normalize("NFC", line).split())


def _lines(text: str) -> list[str]:
    """The paragraphs. A text wrapped at a fixed width is joined again, up to a blank or an indented line."""
    raw = text.splitlines()
    full = [line for line in raw if line.strip()]
    unended = sum(not _TERMINAL.search(fold(line.rstrip())) for line in full)
    wrapped = len(full) >= 4 and unended * 2 > len(full) and max(map(len, full)) <= 100
    if not wrapped:
        return [_clean(line) for line in full]
    paragraphs: list[list[str]] = []
    for line in raw:
        if not paragraphs or not line.strip() or line.startswith("  "):
            paragraphs.append([])
        paragraphs[-1].append(line)
    return [line for line in (_clean(" ".join(paragraph)) for paragraph in paragraphs) if line]


_BREAK = re.compile(
    rf"""(?P<stop>(?<![.!?])[.!?]++["')\]]{{0,3}})(?=\s+["'(\[]*[A-Z0-9$€£¥{CJK}])|(?<!。)。++["')\]」』]{{0,3}}|(?<=[{CJK}])[!?]++["')\]」』]{{0,3}}"""
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_LAST = _words(
    "mr mrs ms dr prof st no vs fig approx gen sen gov rep jan feb mar apr jun jul aug sep sept oct nov dec e.g i.e cf "
    "mt ft al ca"
)
_SELDOM_LAST = _words("co corp inc ltd plc bros n.v nv s.a sa a.g ag jr sr etc intl ltda pty")
_ACRONYM = re.compile(r"(?:[a-z]\.)+[a-z]$|[a-z]$")
_OPENERS = _words(
    "the a an it he she they this that these those in on at by but and however as its their his her both if we when "
    "while last earlier for after before under with since there here meanwhile neither no"
)


def sentence_spans(folded: str) -> list[tuple[int, int]]:
    """Where the sentences of a folded line begin and end, English or Chinese."""
    spans, start = [], 0
    for found in _BREAK.finditer(folded):
        if found["stop"] and found["stop"][0] == "." and not _ends(folded, found):
            continue
        spans.append((start, found.end()))
        start = found.end()
        while start < len(folded) and folded[start].isspace():
            start += 1
    if start < len(folded):
        spans.append((start, len(folded)))
    return spans


def _ends(folded: str, found: re.Match) -> bool:
    if found["stop"][-1] in "\"'":
        return True
    before = folded[: found.start()].rsplit(None, 1)
    word = before[-1].lower().lstrip("\"'([") if before else ""
    if word in _NEVER_LAST:
        return False
    if word in _SELDOM_LAST or _ACRONYM.match(word):
        following = folded[found.end() :].split(None, 1)
        return bool(following) and following[0].strip("\"'(,").lower() in _OPENERS
    return True


# Unseen: control characters, surrogates, unassigned; and of the format characters those that hide or turn text round.
UNSEEN_CATEGORIES = frozenset({"Cc", "Cs", "Cn", "Co"})
UNSEEN = frozenset("\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """Without what cannot be seen: controls, surrogates, and marks that hide text or turn it round."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return text.translate(SEEN).strip()


class Seen(dict):
    """For str.translate: what is left of each character, as far as any was met."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        unseen = char in UNSEEN or unicodedata.category(char) in UNSEEN_CATEGORIES
        self[code] = " " if char in "\t\n\r" else None if unseen else char
        return self[code]


SEEN = Seen()
