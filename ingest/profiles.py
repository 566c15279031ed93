"""What we track, prepared for reading: names, claims by company, and the sides of each claim. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest

from ingest.names import CompanyProfile, NameIndex, SourceProfile
from ingest.retrieval import ClaimIndex
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
    headlines: tuple[str, ...] = ()  # that editors linked to it, the newest first


@dataclass(frozen=True)
class Side:
    """One side of a claim. `own` are the parties that the wording is about, or all if it names none; `related` stand
    above or below them; `parties` are all of this side.
    """

    own: frozenset[int]
    related: frozenset[int]
    parties: frozenset[int] = frozenset()


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
    wording: str = ""

    @cached_property
    def all(self) -> frozenset[int]:
        return frozenset(id for side in self.sides for id in side.own | side.related)


# So many claims of the companies that a clause names are looked at closely.
MOST_NEAR = 32
# A target is made when it is first needed; of more than so many all are made anew.
MOST_TARGETS = 8_000


class Tracked:
    """Companies, claims and outlets that we track, prepared for finding them in text.

    Whatever changes is put in or taken out by itself; nothing is built anew.
    """

    def __init__(
        self,
        companies: Iterable[CompanyProfile] = (),
        claims: Iterable[ClaimProfile] = (),
        sources: Iterable[SourceProfile] = (),
    ):
        self.companies: dict[int, CompanyProfile] = {}
        self.claims: dict[int, ClaimProfile] = {}
        self.sources: dict[int, SourceProfile] = {}
        self.names, self.outlets, self.index = NameIndex(), NameIndex(), ClaimIndex()
        self.nameless = ClaimIndex()  # claims of which no party is named: words alone can find them
        self._children: dict[int, set[int]] = defaultdict(set)
        self._claims_by_party: dict[int, set[int]] = defaultdict(set)
        self._parts: dict[int, set[int]] = defaultdict(set)
        self._targets: dict[int, Target] = {}
        self._above: dict[int, frozenset[int]] = {}
        self._below: dict[int, frozenset[int]] = {}
        for company in companies:
            self.put_company(company)
        for claim in claims:
            self.put_claim(claim)
        for source in sources:
            self.put_source(source)

    def put_company(self, company: CompanyProfile) -> None:
        self.drop_company(company.id)
        self.companies[company.id] = company
        for parent in company.parents:
            self._children[parent].add(company.id)
        self.names.put(company)
        for claim in self._claims_by_party.get(company.id, ()):
            self._index_nameless(self.claims[claim])

    def drop_company(self, id: int) -> None:
        if company := self.companies.pop(id, None):
            for parent in company.parents:
                self._children[parent].discard(id)
            self.names.drop(id)
        self._forget()

    def put_claim(self, claim: ClaimProfile) -> None:
        self.drop_claim(claim.id)
        self.claims[claim.id] = claim
        for party in claim.parties:
            self._claims_by_party[party].add(claim.id)
        if claim.part_of is not None:
            self._parts[claim.part_of].add(claim.id)
        self.index.put(claim.id, claim.wording, claim.headlines)
        self._index_nameless(claim)

    def drop_claim(self, id: int) -> None:
        if claim := self.claims.pop(id, None):
            for party in claim.parties:
                self._claims_by_party[party].discard(id)
            if claim.part_of is not None:
                self._parts[claim.part_of].discard(id)
            self.index.drop(id)
            self.nameless.drop(id)
        self._targets.pop(id, None)

    def _index_nameless(self, claim: ClaimProfile) -> None:
        if any(id in self.companies and not self.companies[id].placeholder for id in claim.parties):
            self.nameless.drop(claim.id)
        else:
            self.nameless.put(claim.id, claim.wording, claim.headlines)

    def put_source(self, source: SourceProfile) -> None:
        self.sources[source.id] = source
        self.outlets.put(source)

    def drop_source(self, id: int) -> None:
        if self.sources.pop(id, None):
            self.outlets.drop(id)

    def _forget(self) -> None:
        """Sides and kin follow from companies: what was made of them is made again when it is needed."""
        self._targets.clear()
        self._above.clear()
        self._below.clear()

    def name(self, company: int) -> str:
        return self.companies[company].name

    def above(self, company: int) -> frozenset[int]:
        """The company itself and all that stand above it."""
        if company not in self._above:
            self._above[company] = _reached(company, self._parents_of)
        return self._above[company]

    def below(self, company: int) -> frozenset[int]:
        """The company itself and all that belong to it."""
        if company not in self._below:
            self._below[company] = _reached(company, lambda id: self._children.get(id, ()))
        return self._below[company]

    def _parents_of(self, company: int) -> Iterable[int]:
        return (
            [id for id in self.companies[company].parents if id in self.companies] if company in self.companies else ()
        )

    def named_in(self, text: str) -> set[int]:
        """The companies that a text names."""
        return {mention.id for mention in self.names.find(fold(text))}

    def kin(self, one: int, other: int) -> bool:
        """Whether one stands above the other, or they are the same."""
        return other in self.above(one) or other in self.below(one)

    def target(self, claim: int) -> Target | None:
        """What statements on the claim are about; None if it is not tracked."""
        if claim not in self._targets:
            if claim not in self.claims:
                return None
            if len(self._targets) >= MOST_TARGETS:
                self._targets.clear()
            self._targets[claim] = self._target(self.claims[claim])
        return self._targets[claim]

    def parts(self, claim: int) -> list[Target]:
        """The claims that are parts of this one."""
        return [target for id in sorted(self._parts.get(claim, ())) if (target := self.target(id))]

    def claims_near(self, named: Iterable[int]) -> dict[int, int]:
        """The claims of these companies and of their kin, each with how many of the named are near it."""
        near: Counter[int] = Counter()
        for company in named:
            touched: set[int] = set()
            for kin in self.above(company) | self.below(company):
                touched |= self._claims_by_party.get(kin, set())
            near.update(touched)
        return near

    def targets_near(self, named: Iterable[int], folded: str) -> list[Target]:
        """The claims of these companies and of their kin. Of many those that two of the named are near, and of the
        others some whose words the text shares.
        """
        named = frozenset(named)
        near = self.claims_near(named)
        chosen = near.keys()
        if len(near) > MOST_NEAR:
            both = [id for id, count in near.items() if count > 1]
            one = near.keys() - set(both)
            alike = self.index.shared_weight(folded, near.keys())
            chosen = {*_most(both, alike, MOST_NEAR), *_most([id for id in alike if id in one], alike, MOST_NEAR // 2)}
        targets = [target for id in sorted(chosen) if (target := self.target(id))]
        return [target for target in targets if named & target.all]

    def _target(self, claim: ClaimProfile) -> Target:
        parties = frozenset(id for id in claim.parties if id in self.companies and not self.companies[id].placeholder)
        folded = fold(claim.wording)
        mentions = self.names.find(folded)
        worded = frozenset(mention.id for mention in mentions)
        without_names = list(folded)
        for mention in mentions:
            without_names[mention.start : mention.end] = " " * (mention.end - mention.start)
        groups = self._sides(parties)
        sides = []
        for group in groups:
            own = (group & worded) or group
            kin = frozenset(other for id in group for other in self.above(id) | self.below(id))
            sides.append(Side(own, kin - own, group))
        # A joint venture of both sides speaks for neither.
        standing = Counter(id for side in sides for id in side.own | side.related)
        shared = frozenset(id for id, count in standing.items() if count > 1) - parties
        return Target(
            claim=claim.id,
            sides=tuple(Side(side.own, side.related - shared, side.parties) for side in sides),
            words=content_words("".join(without_names)),
            type=claim.type,
            part_of=claim.part_of,
            wording=claim.wording,
            waits=any(self.companies[id].placeholder for id in claim.parties if id in self.companies),
            speakers=self._speakers(parties),
        )

    def _speakers(self, parties: Iterable[int]) -> frozenset[int]:
        """Who speaks as a party: the parties, and those above or below one of them; not their siblings."""
        return frozenset(id for party in parties for id in self.above(party) | self.below(party))

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
        speakers = self._speakers({one, other})
        return Target(None, sides, frozenset(), "", speakers, (one, other))

    def alone(self, company: int) -> Target:
        """A deal of one company with somebody who is not named, that no claim speaks of."""
        side = Side(frozenset({company}), (self.above(company) | self.below(company)) - {company})
        return Target(None, (side,), frozenset(), "", self._speakers({company}), (company,), waits=True)


def _most(claims: Sequence[int], weights: Mapping[int, float], count: int) -> list[int]:
    return nsmallest(count, claims, key=lambda id: (-weights.get(id, 0.0), id))


def _reached(start: int, onward: Callable[[int], Iterable[int]]) -> frozenset[int]:
    reached, frontier = {start}, [start]
    while frontier:
        for id in onward(frontier.pop()):
            if id not in reached:
                reached.add(id)
                frontier.append(id)
    return frozenset(reached)
