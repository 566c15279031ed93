"""The example newsroom as data: newsroom.json and feeds.json, read into values and checked. Pure but for the files."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from deals.choices import (
    STORED_QUALIFIERS,
    Certainty,
    DealType,
    Kind,
    Part,
    Precision,
    Role,
    SourceKind,
    SpeakerKind,
    Stage,
    Stance,
    Status,
)

HERE = Path(__file__).parent


class NewsroomError(Exception):
    """The data contradicts itself or the vocabulary; the message names the row."""


@dataclass(frozen=True)
class Company:
    key: str
    name: str
    aliases: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    placeholder: bool = False
    ticker: str = ""


@dataclass(frozen=True)
class Source:
    key: str
    name: str
    kind: str
    language: str
    domains: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    official_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deal:
    key: str
    title: str


@dataclass(frozen=True)
class Claim:
    """`case` is the claim's name in the case file (K1…K20); parties are pairs of company and role."""

    case: str
    deal: str
    type: str
    wording: str
    parties: tuple[tuple[str, str], ...]
    part_of: str | None = None
    due: date | None = None


@dataclass(frozen=True)
class Report:
    """An article; without an address it is a placeholder for one that others cite."""

    key: str
    source: str
    title: str
    published: datetime
    precision: str
    recorded: datetime
    url: str | None = None
    language: str = ""


@dataclass(frozen=True)
class Statement:
    """What a report says on a claim: one Evidence. `also`: further statements of the case file that it stands for."""

    key: str
    report: str
    claim: str
    stance: str
    speaker: str = SpeakerKind.OUTLET
    name: str = ""
    role: str = ""
    company: str | None = None
    certainty: str = Certainty.STATED
    part: str = Part.BODY
    said: date | datetime | None = None
    said_precision: str = Precision.DAY
    origin: str | None = None
    answers: str | None = None
    recorded: datetime | None = None  # None: with its report
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A row of a claim's history, and when the record learned of it.

    `quiet_reason`: why nobody is to hear of it, even if the rest is told.
    """

    key: str
    claim: str
    kind: str
    event: date | datetime
    precision: str
    recorded: datetime
    evidence: tuple[str, ...]
    stage: str = ""
    qualifiers: tuple[str, ...] = ()
    reason: str = ""
    override_to: str = ""
    quiet_reason: str = ""
    supersedes: str | None = None


@dataclass(frozen=True)
class Newsroom:
    companies: tuple[Company, ...]
    sources: tuple[Source, ...]
    deals: tuple[Deal, ...]
    claims: tuple[Claim, ...]
    reports: tuple[Report, ...]
    evidence: tuple[Statement, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Item:
    """A news item; without an address of its own it is shown by this site."""

    key: str
    title: str
    published: datetime
    text: tuple[str, ...]  # paragraphs
    link: str | None = None


@dataclass(frozen=True)
class SampleFeed:
    name: str
    source: str
    title: str
    language: str
    items: tuple[Item, ...]
    format: str = "rss"


@dataclass(frozen=True)
class SampleFeeds:
    """The feeds of the example, and the sources that appear in no report."""

    sources: tuple[Source, ...]
    feeds: tuple[SampleFeed, ...]


def read_newsroom(path: Path = HERE / "newsroom.json") -> Newsroom:
    """The whole record of the example. Raises NewsroomError."""
    data = _json(path)
    newsroom = Newsroom(
        companies=_rows(data, "companies", Company),
        sources=_rows(data, "sources", Source),
        deals=_rows(data, "deals", Deal),
        claims=_rows(data, "claims", Claim),
        reports=_rows(data, "reports", Report),
        evidence=_rows(data, "evidence", Statement),
        changes=_rows(data, "changes", Change),
    )
    check(newsroom)
    return newsroom


def read_feeds(path: Path = HERE / "feeds.json") -> SampleFeeds:
    """What came next, as publishers' feeds. Raises NewsroomError."""
    data = _json(path)
    feeds = tuple(
        _row("feeds", SampleFeed, {**feed, "items": _rows(feed, "items", Item)}) for feed in data.get("feeds", ())
    )
    found = SampleFeeds(sources=_rows(data, "sources", Source), feeds=feeds)
    for feed in found.feeds:
        _one_of(f"feeds {feed.name}", feed.format, ("rss", "atom"))
    _keys("feeds", [feed.name for feed in found.feeds])
    _keys("items", [item.key for feed in found.feeds for item in feed.items])
    return found


def check(newsroom: Newsroom) -> None:
    """Raise NewsroomError for a key used twice, a key that leads nowhere, or a word outside the vocabulary."""
    companies = _keys("companies", [company.key for company in newsroom.companies])
    sources = _keys("sources", [source.key for source in newsroom.sources])
    deals = _keys("deals", [deal.key for deal in newsroom.deals])
    claims = _keys("claims", [claim.case for claim in newsroom.claims])
    reports = _keys("reports", [report.key for report in newsroom.reports])
    evidence = _keys("evidence", [key for item in newsroom.evidence for key in (item.key, *item.also)])
    changes = _keys("changes", [change.key for change in newsroom.changes])

    for company in newsroom.companies:
        for parent in company.parents:
            _one_of(f"companies {company.key}", parent, companies)
    for source in newsroom.sources:
        _one_of(f"sources {source.key}", source.kind, SourceKind.values)
        for key in source.official_for:
            _one_of(f"sources {source.key}", key, companies)
    for claim in newsroom.claims:
        where = f"claims {claim.case}"
        _one_of(where, claim.deal, deals)
        _one_of(where, claim.type, DealType.values)
        _one_of(where, claim.part_of, claims | {None})
        for key, role in claim.parties:
            _one_of(where, key, companies)
            _one_of(where, role, Role.values)
    for report in newsroom.reports:
        _one_of(f"reports {report.key}", report.source, sources)
        _one_of(f"reports {report.key}", report.precision, Precision.values)
    for item in newsroom.evidence:
        where = f"evidence {item.key}"
        for value, known in (
            (item.report, reports),
            (item.claim, claims),
            (item.company, companies | {None}),
            (item.origin, reports | {None}),
            (item.answers, reports | {None}),
            (item.stance, Stance.values),
            (item.speaker, SpeakerKind.values),
            (item.certainty, Certainty.values),
            (item.part, Part.values),
            (item.said_precision, Precision.values),
        ):
            _one_of(where, value, known)
    claim_of = {item.key: item.claim for item in newsroom.evidence}
    for change in newsroom.changes:
        where = f"changes {change.key}"
        _one_of(where, change.claim, claims)
        _one_of(where, change.kind, Kind.values)
        _one_of(where, change.precision, Precision.values)
        _one_of(where, change.stage, {"", *Stage.values})
        _one_of(where, change.override_to, {"", *Status.values})
        _one_of(where, change.supersedes, changes | {None})
        for qualifier in change.qualifiers:
            _one_of(where, qualifier, STORED_QUALIFIERS)
        for key in change.evidence:
            _one_of(where, key, evidence)
            if claim_of.get(key) != change.claim:
                raise NewsroomError(f"{where}: “{key}” says nothing on {change.claim}.")


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NewsroomError(f"{path.name} cannot be read: {error}") from error


def _rows(data: dict, name: str, shape: type) -> tuple:
    return tuple(_row(name, shape, raw) for raw in data.get(name, ()))


def _row(name: str, shape: type, raw: dict):
    where = f"{name} {raw.get('key') or raw.get('case') or raw.get('name') or '?'}"
    kinds = {field.name: get_args(field.type) or (field.type,) for field in fields(shape)}
    try:
        return shape(**{key: _value(kinds.get(key, ()), value) for key, value in raw.items()})
    except (TypeError, ValueError) as error:
        raise NewsroomError(f"{where}: {error}") from error


def _value(kinds: tuple, value):
    """A JSON value as the field wants it: lists as tuples, dates and times as such, in UTC."""
    if isinstance(value, list):
        return tuple(tuple(part) if isinstance(part, list) else part for part in value)
    if isinstance(value, str) and (date in kinds or datetime in kinds):
        if date in kinds and "T" not in value:
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(f"“{value}” needs its zone.")
        return moment.astimezone(UTC)
    return value


def _keys(name: str, keys: list[str]) -> set[str]:
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise NewsroomError(f"{name}: “{twice[0]}” stands there twice.")
    return set(keys)


def _one_of(where: str, value: str | None, known: Iterable) -> None:
    if value not in known:
        raise NewsroomError(f"{where}: there is no “{value}”.")
