"""Which companies and outlets a text names: an index of all names and aliases by how they begin. Pure.

Names in Latin letters stand on word boundaries and keep their capitals; Chinese names are found anywhere. The longest
name wins, so “FAW-Volkswagen” is neither FAW nor Volkswagen.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
_LETTERS = frozenset(char for char in map(chr, range(0x250)) if re.match(r"[A-Za-z0-9À-ɏ]", char))
_NO_CASE = re.compile(rf"^[{CJK}]|\d")


class NameIndex:
    """Finds names of companies or outlets in folded text. Profiles are put in and taken out one by one."""

    def __init__(self, profiles: Iterable[CompanyProfile | SourceProfile] = ()):
        # By how a name begins (its first word, or two characters of another script): name → bearer → as it is written.
        self._names: dict[str, dict[str, dict[int, str]]] = {}
        self._spellings: dict[int, tuple[str, ...]] = {}
        for profile in profiles:
            self.put(profile)

    def put(self, profile: CompanyProfile | SourceProfile) -> None:
        """Take the names of a company or outlet in, in place of those that it had."""
        self.drop(profile.id)
        if getattr(profile, "placeholder", False):
            return
        spellings = tuple(dict.fromkeys(_spellings(profile)))
        for name in spellings:
            lowered = _lowered(name)
            self._names.setdefault(_begins(lowered), {}).setdefault(lowered, {}).setdefault(profile.id, name)
        self._spellings[profile.id] = spellings

    def drop(self, id: int) -> None:
        """Take the names of a company or outlet out, if they are in."""
        for name in self._spellings.pop(id, ()):
            lowered = _lowered(name)
            begun = self._names.get(_begins(lowered), {})
            bearers = begun.get(lowered, {})
            bearers.pop(id, None)
            if not bearers and begun:
                begun.pop(lowered, None)
                if not begun:
                    del self._names[_begins(lowered)]

    def find(self, folded: str) -> list[Mention]:
        """The names in the text, in order, longest first where they overlap.

        A name that several bear gives one mention for each of them, at the same place.
        """
        if not self._names:
            return []
        lowered = _lowered(folded)
        hits = []
        for start, begun in self._begun(lowered):
            for name, bearers in begun.items():
                if lowered.startswith(name, start):
                    end = start + len(name)
                    ids = [id for id, written in bearers.items() if _stands(folded, start, end, written)]
                    if ids:
                        hits.append((start, end, ids))
        if not hits:
            return []
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

    def _begun(self, lowered: str) -> Iterator[tuple[int, dict[str, dict[int, str]]]]:
        """Where names may begin, with those that begin so."""
        for found in _BEGINNING.finditer(lowered):
            start = found.start()
            if begun := self._names.get(found[1] or lowered[start : start + 2]):
                yield start, begun


def _lowered(text: str) -> str:
    """In lower case and as long as before: a few letters, such as “İ”, are longer in lower case."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    return lowered


_BEGINNING = re.compile(r"([a-z0-9À-ɏ]+)|[^\sa-z0-9À-ɏ]")


def _begins(lowered: str) -> str:
    """How a name is looked up: by its first word, or two characters where it does not begin with a Latin word."""
    found = _BEGINNING.match(lowered)
    return found[1] if found and found[1] else lowered[:2]


def _spellings(profile: CompanyProfile | SourceProfile) -> list[str]:
    """Name and aliases, also without a bracketed remark (“Jetta (brand)”) and without a legal form (“Conrac Corp”)."""
    spellings = []
    for name in (profile.name, *profile.aliases):
        name = _BRACKETED.sub("", " ".join(fold(name).split()))
        spellings += [name, _LEGAL_FORM.sub("", name)]
    return [name for name in spellings if len(name) >= 2]


def _stands(folded: str, start: int, end: int, name: str) -> bool:
    """Whether the words at this place are the name, and not a part of a longer word or a common word."""
    if start and name[0] in _LETTERS and folded[start - 1] in _LETTERS:
        return False
    if end < len(folded) and name[-1] in _LETTERS and folded[end] in _LETTERS:
        return False
    written = folded[start:end]
    if written == name:
        return True
    if _NO_CASE.search(name):
        return True
    if len(name) <= _EXACT_CASE_UP_TO:
        return written.isupper()
    return written[0] == name[0] or written[0].isupper()
