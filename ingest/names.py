"""Which companies and outlets a text names: one automaton over all names and aliases. Pure.

Names in Latin letters stand on word boundaries and keep their capitals; Chinese names are found anywhere. The longest
name wins, so “FAW-Volkswagen” is neither FAW nor Volkswagen.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import ahocorasick

from ingest.text import CJK, fold


@dataclass(frozen=True)
class CompanyProfile:
    """A company as the reading of items needs it; `parents` are ids."""

    id: int
    name: str
    aliases: tuple[str, ...] = ()
    parents: frozenset[int] = frozenset()
    placeholder: bool = False


@dataclass(frozen=True)
class SourceProfile:
    """An outlet that others may cite."""

    id: int
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mention:
    """A name found at [start, end) of a folded text. `aside` where it only describes another: “Volkswagen-owned”."""

    start: int
    end: int
    id: int
    aside: bool = False


_DESCRIBES = re.compile(
    r"-(?:owned|backed|branded|badged|led|controlled|made|built|based|supported|funded|affiliated|style|like|listed)\b"
)
_BRACKETED = re.compile(r"\s*\([^)]*\)$")
_LEGAL_FORM = re.compile(
    r",?\s+(?:inc|corp|corporation|co|company|ltd|limited|llc|plc|n\.?v|s\.?a|a\.?g|se|s\.?p\.?a|gmbh)\.?$",
    re.IGNORECASE,
)
_EXACT_CASE_UP_TO = 4  # letters: “VW”, “GAC”, “Ford”, “Gap” are words or syllables otherwise
_WORD = re.compile(r"[A-Za-z0-9À-ɏ]")


class NameIndex:
    """Finds names of companies or outlets in folded text."""

    def __init__(self, profiles: Iterable[CompanyProfile | SourceProfile]):
        names = defaultdict(dict)
        for profile in profiles:
            if getattr(profile, "placeholder", False):
                continue
            for name in _spellings(profile):
                names[name.lower()].setdefault(profile.id, name)
        self._automaton = ahocorasick.Automaton()
        for lowered, bearers in names.items():
            self._automaton.add_word(lowered, (len(lowered), tuple(bearers.items())))
        if names:
            self._automaton.make_automaton()
        self._empty = not names

    def find(self, folded: str) -> list[Mention]:
        """The names in the text, in order, longest first where they overlap.

        A name that several bear gives one mention for each of them, at the same place.
        """
        if self._empty:
            return []
        lowered = folded.lower()
        if len(lowered) != len(folded):  # a few letters, such as “İ”, are longer in lower case
            lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in folded)
        hits = []
        for last, (length, bearers) in self._automaton.iter(lowered):
            start, end = last - length + 1, last + 1
            ids = [id for id, name in bearers if _stands(folded, start, end, name)]
            if ids:
                hits.append((start, end, ids))
        hits.sort(key=lambda hit: (hit[0] - hit[1], hit[0]))
        taken = bytearray(len(folded))
        found = []
        for start, end, ids in hits:
            if taken.find(1, start, end) >= 0:
                continue
            taken[start:end] = b"\1" * (end - start)
            aside = bool(_DESCRIBES.match(folded, end))
            found += [Mention(start, end, id, aside) for id in ids]
        return sorted(found, key=lambda mention: (mention.start, mention.id))


def _spellings(profile: CompanyProfile | SourceProfile) -> list[str]:
    """Name and aliases, also without a bracketed remark (“Jetta (brand)”) and without a legal form (“Conrac Corp”)."""
    spellings = []
    for name in (profile.name, *profile.aliases):
        name = _BRACKETED.sub("", " ".join(fold(name).split()))
        spellings += [name, _LEGAL_FORM.sub("", name)]
    return [name for name in spellings if len(name) >= 2]


def _stands(folded: str, start: int, end: int, name: str) -> bool:
    """Whether the words at this place are the name, and not a part of a longer word or a common word."""
    written = folded[start:end]
    if _WORD.match(name[0]) and start and _WORD.match(folded[start - 1]):
        return False
    if _WORD.match(name[-1]) and end < len(folded) and _WORD.match(folded[end]):
        return False
    if written == name or re.match(f"[{CJK}]", name):
        return True
    if any(char.isdigit() for char in name):
        return True
    if len(name) <= _EXACT_CASE_UP_TO:
        return written.isupper()
    return written[0] == name[0] or written[0].isupper()
