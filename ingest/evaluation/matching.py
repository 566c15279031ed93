"""How well entries are matched to claims: ranked, and shown."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.candidates import chief
from ingest.evaluation.figures import Share, share
from ingest.evaluation.files import LabelledClaim, LabelledEntry
from ingest.matching import Profiles
from ingest.names import CompanyProfile
from ingest.profiles import ClaimProfile
from ingest.statements import Statement, worth_a_look
from ingest.text import fold
from ingest.wording import GENERAL, deal_words

PARTS = 5  # grown profiles: each part is ranked with the headlines of the others
RANKED = 5  # so many claims of the ranking are written out


@dataclass
class Tracking:
    """The claims of a labelled set as the service tracks them; `keys` are the set's own ids by ours."""

    profiles: Profiles
    keys: dict[int, str]

    def number(self, key: str) -> int | None:
        return self._numbers.get(key)

    def __post_init__(self) -> None:
        self._numbers = {key: number for number, key in self.keys.items()}


def track(claims: Sequence[LabelledClaim], *, opened: bool = True) -> Tracking:
    """Companies and claims of a labelled set. With `opened` false the parties are tracked and no claim is open."""
    companies: dict[tuple[str, ...], int] = {}
    for claim in claims:
        for side in claim.sides:
            companies.setdefault(side, len(companies) + 1)
    found = Profiles([CompanyProfile(id, names[0], names[1:]) for names, id in companies.items()])
    keys = {number: claim.id for number, claim in enumerate(claims, 1)}
    for number, claim in enumerate(claims, 1) if opened else ():
        found.put_claim(
            ClaimProfile(
                number,
                claim.wording,
                frozenset(companies[side] for side in claim.sides),
                chief(deal_words(fold(claim.wording))) or GENERAL,
            )
        )
    return Tracking(found, keys)


def shown(statements: Iterable[Statement]) -> dict[int, str]:
    """The claims that the desk is shown for an item, each with its strength: strong if one statement is."""
    found: dict[int, str] = {}
    for statement in statements:
        if statement.claim is not None and worth_a_look(statement) and found.get(statement.claim) != "strong":
            found[statement.claim] = statement.strength
    return found


@dataclass(frozen=True)
class Matched:
    """What came out for one entry: claims as the set names them."""

    entry: LabelledEntry
    ranked: tuple[tuple[str, float], ...]
    shown: dict[str, str]
    without_own: dict[str, str]

    def as_row(self) -> dict[str, Any]:
        return {
            "id": self.entry.id,
            "labels": None if self.entry.claims is None else list(self.entry.claims),
            "ranked": [{"claim": claim, "score": round(score, 4)} for claim, score in self.ranked],
            "shown": [{"claim": claim, "strength": strength} for claim, strength in self.shown.items()],
            "shown_without_own": [
                {"claim": claim, "strength": strength} for claim, strength in self.without_own.items()
            ],
        }


def match(tracking: Tracking, entry: LabelledEntry) -> Matched:
    """One entry through the code that the service runs; then once more with its own claims taken out."""
    profiles, keys = tracking.profiles, tracking.keys
    ranked = tuple((keys[one.claim], one.score) for one in profiles.rank(entry.headline, entry.text)[:RANKED])
    found = shown(profiles.read(entry.headline, entry.text).candidates)
    own = [number for key in (*(entry.claims or ()), *entry.related) if (number := tracking.number(key)) is not None]
    without: dict[int, str] = {}
    if own:
        taken = [profiles.claims[number] for number in own]
        for number in own:
            profiles.drop_claim(number)
        without = shown(profiles.read(entry.headline, entry.text).candidates)
        for claim in taken:
            profiles.put_claim(claim)
    return Matched(entry, ranked, _keyed(keys, found), _keyed(keys, without))


def _keyed(keys: dict[int, str], found: dict[int, str]) -> dict[str, str]:
    return {keys[number]: strength for number, strength in found.items()}


def evaluate(
    claims: Sequence[LabelledClaim], entries: Sequence[LabelledEntry]
) -> tuple[dict[str, Share | float | int], list[dict[str, Any]]]:
    """Figures and predictions. Figures of what is shown count labelled entries alone."""
    tracking = track(claims)
    matched = [match(tracking, entry) for entry in entries]
    labelled = [one for one in matched if one.entry.claims is not None]
    about = [one for one in labelled if one.entry.claims]
    figures: dict[str, Share | float | int] = {
        "claims": len(claims),
        "entries": len(entries),
        "labelled": len(labelled),
    }
    figures |= _ranking(about)
    grown = _ranking_of_grown(claims, [one.entry for one in about])
    figures |= {f"{name}_grown": figure for name, figure in grown.items()}
    figures["accuracy"] = figures["r_at_1"] if about else Share(0, 0)
    figures |= _showing(labelled)
    unlabelled = [one for one in matched if one.entry.claims is None]
    figures["unlabelled_shown_strong"] = sum("strong" in one.shown.values() for one in unlabelled)
    return figures, [one.as_row() for one in matched]


def _ranking(about: Sequence[Matched]) -> dict[str, Share | float | int]:
    def within(one: Matched, first: int) -> bool:
        return bool({claim for claim, _ in one.ranked[:first]} & set(one.entry.claims or ()))

    return {f"r_at_{first}": share(within(one, first) for one in about) for first in (1, 3)}


def _ranking_of_grown(
    claims: Sequence[LabelledClaim], entries: Sequence[LabelledEntry]
) -> dict[str, Share | float | int]:
    """The ranking with profiles that have grown by the headlines of the entries in the other parts."""
    order = list(entries)
    random.Random(0).shuffle(order)  # noqa: S311 -- the same parts at each run
    ranked: list[Matched] = []
    for part in range(PARTS):
        tracking = track(claims)
        headlines: dict[int, list[str]] = defaultdict(list)
        for place, entry in enumerate(order):
            for key in entry.claims or ():
                if place % PARTS != part and (number := tracking.number(key)) is not None:
                    headlines[number].append(entry.headline)
        for number, lines in headlines.items():
            claim = tracking.profiles.claims[number]
            tracking.profiles.put_claim(grown(claim, lines))
        for entry in order[part::PARTS]:
            found = tracking.profiles.rank(entry.headline, entry.text)[:RANKED]
            ranked.append(Matched(entry, tuple((tracking.keys[one.claim], one.score) for one in found), {}, {}))
    return _ranking(ranked)


def grown(claim: ClaimProfile, headlines: Sequence[str]) -> ClaimProfile:
    """The claim with these headlines linked to it."""
    return ClaimProfile(
        claim.id, claim.wording, claim.parties, claim.type, claim.part_of, claim.status, tuple(headlines)
    )


def _showing(labelled: Sequence[Matched]) -> dict[str, Share | float | int]:
    """Precision and recall of what is shown. Open: each entry counts once more with its own claims taken out, where
    whatever is shown is wrong.
    """
    figures: dict[str, Share | float | int] = {}
    main = [(one, claim) for one in labelled for claim in one.entry.claims or ()]
    for name, strengths in (("strong", ("strong",)), ("shown", ("strong", "possible"))):
        given = [(one, claim) for one in labelled for claim, held in one.shown.items() if held in strengths]
        right = [claim in (*(one.entry.claims or ()), *one.entry.related) for one, claim in given]
        wrong_without = sum(held in strengths for one in labelled for held in one.without_own.values())
        figures[f"{name}_precision"] = share(right)
        figures[f"{name}_precision_open"] = Share(sum(right), len(right) + wrong_without)
        figures[f"{name}_recall"] = share(one.shown.get(claim) in strengths for one, claim in main)
    return figures
