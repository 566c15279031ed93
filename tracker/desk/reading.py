"""What items seem to say, put in order for an editor's eye: per claim, and per claim that would be new."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from deals import record
from deals.choices import DealType, Stance
from deals.fold import NOTHING, Standing
from deals.models import Claim, Company
from ingest.models import Entry, Strength, Suggestion, SuggestionState

# What these say moves no status, whoever says it.
CHANGES_NOTHING = (Stance.NO_COMMENT, Stance.NO_RESPONSE, Stance.MENTIONS, Stance.BACKGROUND)


@dataclass
class About:
    """A claim that an item speaks of, with the statements on it; `suggestions` of one lead have no claim."""

    claim: Claim | None
    standing: Standing
    suggestions: list[Suggestion] = field(default_factory=list)
    told_too: list[Entry] = field(default_factory=list)  # of a lead: items below that say nothing else

    @property
    def companies(self) -> list[Company]:
        return list(self.suggestions[0].companies.all())

    @property
    def answered(self) -> bool:
        """Whether a claim was opened from this lead."""
        return any(s.state == SuggestionState.ACCEPTED for s in self.suggestions)

    @property
    def deal_type(self) -> str:
        return next(
            (DealType(s.deal_type).label.lower() for s in self.suggestions if s.deal_type in DealType.values), ""
        )

    @property
    def said(self) -> list[Suggestion]:
        """One suggestion per stance, speaker and origin, the strongest: what is worth saying in a line."""
        best: dict[tuple, Suggestion] = {}
        for s in sorted(self.suggestions, key=lambda s: s.strength != Strength.STRONG):
            who = s.speaker_kind, s.speaker_name, s.speaker_role, s.company_id
            best.setdefault((s.stance, who, s.origin_id), s)
        return list(best.values())

    @property
    def stances(self) -> list[str]:
        """The stances read, each once, those that may move a status first."""
        seen = dict.fromkeys(s.stance for s in self.suggestions)
        return [Stance(s).label.lower() for s in sorted(seen, key=lambda stance: stance in CHANGES_NOTHING)]


@dataclass
class Card:
    """An item of the queue and what it seems to say."""

    entry: Entry
    about: list[About]
    leads: list[About]


def cards(entries: Iterable[Entry]) -> list[Card]:
    """Cards of entries whose `shown` holds their suggestions. One round of queries for all of them."""
    entries = list(entries)
    claims = {s.claim_id: s.claim for entry in entries for s in entry.shown if s.claim_id}
    standings = record.standings(list(claims.values())) if claims else {}
    return [_card(entry, standings) for entry in entries]


def grouped(found: Iterable[Card]) -> list[Card]:
    """The cards without those that only tell a lead of a card above them: these are named there."""
    shown: list[Card] = []
    told: dict[frozenset[int], About] = {}
    for card in found:
        parties = [frozenset(company.pk for company in lead.companies) for lead in card.leads]
        if parties and not card.about and all(names in told for names in parties):
            for names in parties:
                told[names].told_too.append(card.entry)
            continue
        for names, lead in zip(parties, card.leads, strict=True):
            told.setdefault(names, lead)
        shown.append(card)
    return shown


def _card(entry: Entry, standings: dict[int, Standing]) -> Card:
    about: dict[int, About] = {}
    leads: dict[frozenset[int], About] = {}
    for suggestion in entry.shown:
        if suggestion.claim_id:
            place = about.setdefault(
                suggestion.claim_id, About(suggestion.claim, standings.get(suggestion.claim_id, NOTHING))
            )
        else:
            parties = frozenset(company.pk for company in suggestion.companies.all())
            place = leads.setdefault(parties, About(None, NOTHING))
        place.suggestions.append(suggestion)
    return Card(entry, list(about.values()), list(leads.values()))
