"""What an item's headline and opening are about. Pure.

A story tells its matter first. What stands further down may be true and is seldom the news: it is put forward as
possible, with that said.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from ingest.names import Mention
from ingest.profiles import Side, Target, Tracked
from ingest.text import Passage
from ingest.wording import DEALING, content_words, deal_words

# Sentences that begin within so many characters of the text belong to the opening, and the first paragraph does.
OPENING = 300
_SAYS = re.compile(r"(?: \w+){0,3}?(?: <[^>]{1,12}>)? (?:said|says|tells|told|表示|称)\b", re.IGNORECASE)
_APART = 100_000  # between the places of mentions in different passages


def opening_of(read: Sequence[Passage]) -> list[int]:
    """The numbers of the passages that make up headline and opening."""
    found, length = [], 0
    first = next((passage.paragraph for passage in read if passage.part == "body" and not passage.boilerplate), 0)
    for number, passage in enumerate(read):
        if passage.boilerplate:
            continue
        if passage.part == "headline" or passage.paragraph == first or length < OPENING:
            found.append(number)
            length += len(passage.text) if passage.part == "body" else 0
        else:
            break
    return found


class Topic:
    """What is named in an item's headline and opening, and what kinds of deal they speak of."""

    def __init__(self, tracked: Tracked, read: Sequence[Passage], mentions: Sequence[Sequence[Mention]]):
        self._tracked = tracked
        self.numbers = opening_of(read)
        self.mentions = [
            replace(mention, start=mention.start + number * _APART, end=mention.end + number * _APART)
            for number in self.numbers
            for mention in mentions[number]
            if not mention.aside
        ]
        self._passages = [read[number].folded for number in self.numbers]
        self.folded = " \n ".join(self._passages)
        heads = [number for number in self.numbers if read[number].part == "headline"]
        self.in_headline = [mention for mention in self.mentions if mention.start // _APART in heads]
        self.headline = frozenset(mention.id for mention in self.in_headline)
        self._heads = [read[number].folded for number in heads]

    @cached_property
    def kinds(self) -> dict[str, tuple[int, int]]:
        return deal_words(self.folded) if self.mentions else {}

    @cached_property
    def dealing(self) -> bool:
        """Whether the words are those of a deal, or said around one."""
        return bool(self.kinds) or bool(self.mentions and DEALING.search(self.folded))

    @cached_property
    def words(self) -> frozenset[str]:
        return content_words(self.folded)

    @cached_property
    def headline_kinds(self) -> set[str]:
        return {kind for head in self._heads for kind in deal_words(head)}

    @cached_property
    def told_in_headline(self) -> list[Mention]:
        """Whom the headline tells of: without the one who says it of two others (“A said B ends offer for C”)."""
        first = self.in_headline[0].start if self.in_headline else 0
        teller = [mention for mention in self.in_headline if mention.start == first]
        others = [mention for mention in self.in_headline if mention.start != first]
        if len({mention.start for mention in others}) < 2 or not teller:
            return self.in_headline
        place = self.numbers.index(first // _APART)
        after = self._passages[place][teller[0].end % _APART :]
        return others if _SAYS.match(after) else self.in_headline

    @property
    def named(self) -> frozenset[int]:
        return frozenset(mention.id for mention in self.mentions)

    def held(self, target: Target) -> list[tuple[int, bool]]:
        """For each side of the target that headline and opening name, who stands for it, and whether it is the party."""
        return on_sides(target.sides, self.mentions)

    def names(self, target: Target) -> bool:
        """Whether headline and opening name a party on each side of the target, and speak of a deal."""
        sides = [replace(side, own=side.own | side.parties) for side in target.sides]
        held = on_sides(sides, self.mentions)
        return self.dealing and len(held) == len(sides) > 0 and all(own for _, own in held)

    def doubt(self, target: Target) -> str:
        """Why the item may tell of the target only in passing; empty if that is what it is about."""
        if not target.sides:
            return ""
        if self.names(target):
            if other := self._fitting_better(target):
                return f"The same names, and more, stand for the parties of “{self._tracked.claims[other].wording}”."
            return ""
        beside = [side for side in target.sides if (side.own | side.parties) & self.headline]
        if beside and self.headline_kinds and not self._about_another(target):
            return ""
        return "Headline and opening do not speak of this: it may be told in passing."

    def _near(self, target: Target) -> list[Target]:
        """Other claims that headline and opening name both sides of."""
        others = self._tracked.targets_near(self.named & target.all, self.folded)
        return [other for other in others if len(other.sides) > 1 and other.claim != target.claim and self.names(other)]

    def _about_another(self, target: Target) -> bool:
        return bool(self._near(target))

    def _fitting_better(self, target: Target) -> int | None:
        """A claim for whose parties the names of this one stand too, and further names."""
        ours = self._places(target)
        if len(target.sides) < 2 or not any(self._borne_by[place] > 1 for place in ours):
            return None
        return next((other.claim for other in self._near(target) if self._places(other) > ours), None)

    def _places(self, target: Target) -> set[int]:
        own = frozenset().union(*(side.own | side.parties for side in target.sides))
        return {mention.start for mention in self.mentions if mention.id in own}

    @cached_property
    def _borne_by(self) -> Counter[int]:
        """By place, how many companies bear the name there."""
        return Counter(mention.start for mention in self.mentions)


def on_sides(
    sides: Sequence[Side], mentions: Sequence[Mention], implied: frozenset[int] = frozenset()
) -> list[tuple[int, bool]]:
    """For each side that is named, who stands for it and whether that is the claim's own party.

    A name that several bear stands for one side only, and so does a company. `implied` are named without a name.
    """
    places = [(mention.start, mention.id) for mention in mentions]
    places += [(-1 - id, id) for id in sorted(implied - {mention.id for mention in mentions})]
    choices = []
    for number, side in enumerate(sides):
        own = [(place, id, True) for place, id in places if id in side.own]
        choices.append((number, own or [(place, id, False) for place, id in places if id in side.related]))
    held: dict[int, tuple[int, bool]] = {}
    taken: set[int] = set()
    for number, found in sorted(choices, key=lambda choice: len({place for place, *_ in choice[1]})):
        for place, id, own in found:
            if place not in taken and all(id != other for other, _ in held.values()):
                held[number] = id, own
                taken.add(place)
                break
    return [held[number] for number in sorted(held)]
