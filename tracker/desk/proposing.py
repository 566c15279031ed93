"""The claim that a lead proposes: deal title, wording and roles, for an editor to correct. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deals.choices import DealType, Role

# Type of deal → roles of the company named first and of the one named after it, and the claim in words.
SHAPES: dict[str, tuple[str, str, str]] = {
    DealType.TECHNOLOGY_LICENCE: (Role.LICENSEE, Role.LICENSOR, "{0} will use {1}'s technology"),
    DealType.EQUITY_STAKE: (Role.INVESTOR, Role.TARGET, "{0} will take a stake in {1}"),
    DealType.ACQUISITION: (Role.ACQUIRER, Role.TARGET, "{0} will acquire {1}"),
    DealType.MERGER: (Role.PARTNER, Role.PARTNER, "{0} and {1} will merge"),
    DealType.JOINT_VENTURE: (Role.PARTNER, Role.PARTNER, "{0} and {1} will form a joint venture"),
    DealType.CO_DEVELOPMENT: (Role.PARTNER, Role.PARTNER, "{0} and {1} will develop products together"),
    DealType.SUPPLY: (Role.PARTNER, Role.PARTNER, "{1} will supply {0}"),
}
WORKING_TOGETHER = (Role.PARTNER, Role.PARTNER, "{0} and {1} will work together")


@dataclass(frozen=True)
class Named:
    """A company with all the names that a text may call it by."""

    key: int
    name: str
    aliases: tuple[str, ...] = ()

    def first_in(self, text: str) -> int:
        """Where the text first names it; beyond its end if nowhere."""
        text = text.casefold()
        places = [at for name in (self.name, *self.aliases) if (at := text.find(name.casefold())) >= 0]
        return min(places, default=len(text))


@dataclass(frozen=True)
class Proposal:
    deal: str
    wording: str
    type: str
    parties: tuple[tuple[int, str], ...]  # (company's key, role)


def propose(companies: Iterable[Named], deal_type: str, texts: Sequence[str]) -> Proposal:
    """A claim on these companies, in the order in which the texts (title first) name them."""
    named = sorted(companies, key=lambda company: company.first_in("\n".join(texts)))
    kind = deal_type if deal_type in DealType.values else DealType.TIE_UP_UNSPECIFIED
    first, other, words = SHAPES.get(kind, WORKING_TOGETHER)
    parties = tuple((company.key, other if at else first) for at, company in enumerate(named))
    names = [company.name for company in named]
    title = f"{' – '.join(names)}: {DealType(kind).label.lower()}" if kind in SHAPES else " – ".join(names)
    if len(names) < 2:
        return Proposal(title[:200], "", kind, parties)
    wording = words.format(names[0], " and ".join(names[1:]))
    return Proposal(title[:200], wording[:300], kind, parties)
