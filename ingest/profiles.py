"""What we track, prepared for reading: names, claims by company, and the sides of each claim. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from deals.hierarchy import above, below, can_speak_for
from ingest.names import CompanyProfile, NameIndex, SourceProfile
from ingest.text import fold
from ingest.wording import GENERAL, content_words


@dataclass(frozen=True)
class ClaimProfile:
    """A claim as the reading of items needs it: `parties` are company ids, placeholders among them."""

    id: int
    wording: str
    parties: frozenset[int]
    type: str = GENERAL
    part_of: int | None = None
    status: str | None = None


@dataclass(frozen=True)
class Side:
    """One side of a claim. `own` are the parties that the claim is about; `related` stand above or below them."""

    own: frozenset[int]
    related: frozenset[int]


@dataclass(frozen=True)
class Target:
    """What a statement can be about: the claim with this id, or with `claim` None a pair that no claim speaks of.

    `waits` where a party of the claim is not named yet. `speakers` are the companies whose word is a party's.
    """

    claim: int | None
    sides: tuple[Side, ...]
    words: frozenset[str]
    type: str
    speakers: frozenset[int]
    companies: tuple[int, ...] = ()
    part_of: int | None = None
    waits: bool = False

    @cached_property
    def all(self) -> frozenset[int]:
        return frozenset(id for side in self.sides for id in side.own | side.related)


class Tracked:
    """Companies, claims and outlets that we track, prepared for finding them in text; built once for many items."""

    def __init__(
        self,
        companies: Iterable[CompanyProfile],
        claims: Iterable[ClaimProfile],
        sources: Iterable[SourceProfile] = (),
    ):
        self.companies = {company.id: company for company in companies}
        self._edges = [(company.id, parent) for company in self.companies.values() for parent in company.parents]
        self._above = {id: frozenset(above({id}, self._edges)) for id in self.companies}
        self._below = {id: frozenset(below({id}, self._edges)) for id in self.companies}
        self.names = NameIndex(self.companies.values())
        self.sources = {source.id: source for source in sources}
        self.outlets = NameIndex(self.sources.values())
        self.targets = {claim.id: self._target(claim) for claim in claims}
        self.by_company: dict[int, list[Target]] = defaultdict(list)
        for target in self.targets.values():
            for company in target.all:
                self.by_company[company].append(target)
        self.parts: dict[int, list[Target]] = defaultdict(list)
        for target in self.targets.values():
            if target.part_of in self.targets:
                self.parts[target.part_of].append(target)

    def name(self, company: int) -> str:
        return self.companies[company].name

    def above(self, company: int) -> frozenset[int]:
        """The company itself and all that stand above it."""
        return self._above.get(company, frozenset({company}))

    def below(self, company: int) -> frozenset[int]:
        """The company itself and all that belong to it."""
        return self._below.get(company, frozenset({company}))

    def kin(self, one: int, other: int) -> bool:
        """Whether one stands above the other, or they are the same."""
        return other in self.above(one) or other in self.below(one)

    def _target(self, claim: ClaimProfile) -> Target:
        parties = frozenset(id for id in claim.parties if id in self.companies and not self.companies[id].placeholder)
        folded = fold(claim.wording)
        mentions = self.names.find(folded)
        worded = frozenset(mention.id for mention in mentions)
        without_names = "".join(
            " " if any(mention.start <= place < mention.end for mention in mentions) else char
            for place, char in enumerate(folded)
        )
        groups = self._sides(parties)
        sides = []
        for group in groups:
            own = (group & worded) or group
            kin = frozenset(other for id in group for other in self.above(id) | self.below(id))
            sides.append(Side(own, kin - own))
        # A joint venture of both sides speaks for neither.
        shared = (
            frozenset(id for side in sides for id in side.related if sum(id in s.own | s.related for s in sides) > 1)
            - parties
        )
        return Target(
            claim=claim.id,
            sides=tuple(Side(side.own, side.related - shared) for side in sides),
            words=content_words(without_names),
            type=claim.type,
            part_of=claim.part_of,
            waits=any(self.companies[id].placeholder for id in claim.parties if id in self.companies),
            speakers=frozenset(can_speak_for(parties, self._edges)),
        )

    def _sides(self, parties: frozenset[int]) -> list[frozenset[int]]:
        """Parties in groups of kin. A joint venture among its owners joins none: each owner is a side."""
        joint = {id for id in parties if len(self.companies[id].parents & parties) > 1}
        owners = parties - joint
        if joint and not any(self.kin(one, other) for one in owners for other in owners if one != other):
            return [frozenset({owner}) for owner in sorted(owners)]
        groups: list[set[int]] = []
        for party in sorted(parties):
            kin = [group for group in groups if any(self.kin(party, other) for other in group)]
            groups = [group for group in groups if group not in kin] + [set().union({party}, *kin)]
        return [frozenset(group) for group in groups]

    def pair(self, one: int, other: int) -> Target:
        """A deal between two companies that no claim speaks of."""
        sides = tuple(Side(frozenset({id}), (self.above(id) | self.below(id)) - {id}) for id in (one, other))
        shared = (sides[0].own | sides[0].related) & (sides[1].own | sides[1].related)
        sides = tuple(Side(side.own, side.related - shared) for side in sides)
        speakers = frozenset(can_speak_for({one, other}, self._edges))
        return Target(None, sides, frozenset(), "", speakers, (one, other))
