"""Dated stories of the past through the pipeline as if they had been polled: stored, looked through, put before the desk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from deals.choices import Role
from deals.models import Claim, Company, CompanyAlias, Deal, Party, Source
from ingest.candidates import chief
from ingest.evaluation.files import ID, UnreadableFile, rows, value
from ingest.fetch import Answer
from ingest.models import SLOWEST, Entry, Feed, Suggestion
from ingest.parsed import ParsedEntry, ParsedFeed
from ingest.statements import TELLING
from ingest.storing import Brought, sort_out, store
from ingest.suggestions import read_unread
from ingest.text import fold
from ingest.wording import GENERAL, deal_words

BATCH = 100
LONGEST_TITLE, LONGEST_TEXT = 500, 20_000
TITLE = ("title", "headline")
TEXT = ("text", "body", "summary", "lead")
PUBLISHED = ("published", "published_at", "date")


@dataclass
class Replayed:
    """What came of a replay: how many stories were stored, and the keys of those of the file by our entries'."""

    read: int = 0
    stored: int = 0
    keys: dict[int, str] = field(default_factory=dict)


def stories(path: str) -> Iterator[tuple[str, ParsedEntry]]:
    """The stories of a JSON Lines file with their ids, as a feed would bring them. One without a date came with the one
    before it. Raises UnreadableFile.
    """
    last = None
    for number, row in enumerate(rows(path), 1):
        text, published = clean(value(row, TEXT))[:LONGEST_TEXT], moment(value(row, PUBLISHED))
        title = clean(value(row, TITLE)) or text.strip().partition("\n")[0]
        last = published = published or last
        if published is None:
            raise UnreadableFile(f"Story {number} of {path} needs a date such as 1987-02-26T15:01:01Z.")
        if not title:
            continue  # nothing was said
        key = value(row, ID) or str(number)
        url = str(row.get("url") or "")
        yield key, ParsedEntry(f"replay:{key}", url, title[:LONGEST_TITLE], text, "", "", published)


def clean(text: str) -> str:
    """Without the control characters that no database takes."""
    return "".join(char for char in text if char >= " " or char in "\n\t")


def moment(text: str) -> datetime | None:
    """A date, or a date and time, in UTC unless it says otherwise."""
    try:
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)):
            found = datetime(day.year, day.month, day.day)
    except ValueError:
        return None
    return found and (found if found.tzinfo else found.replace(tzinfo=UTC))


def feed_for(source: str) -> Feed:
    """The paused feed that replayed stories are stored under."""
    publisher, _ = Source.objects.get_or_create(name=source)
    address = f"https://replay.invalid/{publisher.slug}"
    feed, _ = Feed.objects.get_or_create(
        url=address, defaults={"source": publisher, "active": False, "suggest_old": True, "slowest": SLOWEST}
    )
    return feed


def replay(feed: Feed, told: Iterable[tuple[str, ParsedEntry]]) -> Replayed:
    """Store stories in the order of their dates, each batch at its own time, and look them through."""
    done = Replayed()
    ordered = iter(sorted(told, key=lambda story: story[1].published_at or datetime.max.replace(tzinfo=UTC)))
    while batch := list(islice(ordered, BATCH)):
        for day in by_day([story for _, story in batch]):
            done.stored += stored(feed, day)
        done.read += len(batch)
        while read_unread():
            pass
        keys = {story.guid: key for key, story in batch}
        found = Entry.objects.filter(feed=feed, guid__in=keys).values_list("pk", "guid")
        done.keys |= {pk: keys[guid] for pk, guid in found}
    return done


def by_day(batch: Sequence[ParsedEntry]) -> Iterator[list[ParsedEntry]]:
    """A batch in parts that lie within a day each: a poll brings what is new."""
    part: list[ParsedEntry] = []
    for story in batch:
        if part and story.published_at - part[0].published_at > timedelta(days=1):
            yield part
            part = []
        part.append(story)
    if part:
        yield part


def stored(feed: Feed, batch: Sequence[ParsedEntry]) -> int:
    """Store stories as the poll would have that found them when the last of them came out; how many are new."""
    now = batch[-1].published_at
    items = sort_out([Brought(feed, Answer("200"), parsed=ParsedFeed("", tuple(batch)))], now)
    store(items, {feed.pk}, now)
    return len(items[feed.pk].new)


def open_claims(claims: Sequence[Any], *, parties_alone: bool = False) -> dict[int, str]:
    """Track the claims of a labelled file as unpublished drafts, or with `parties_alone` their parties; by our key the
    file's.
    """
    companies: dict[tuple[str, ...], Company] = {}
    opened = {}
    for claim in claims:
        parties = [companies.setdefault(side, None) or _company(side, claim.id, companies) for side in claim.sides]
        if parties_alone:
            continue
        deal, _ = Deal.objects.get_or_create(title=f"Replay: {claim.id}"[:200])
        kind = chief(deal_words(fold(claim.wording))) or GENERAL
        row = Claim.objects.create(wording=claim.wording[:300], deal=deal, type=kind, published=False)
        Party.objects.bulk_create(Party(claim=row, company=company, role=Role.PARTNER) for company in parties)
        opened[row.pk] = claim.id
    return opened


def _company(side: tuple[str, ...], claim: str, known: dict) -> Company:
    """A company of these names; one that shares its first name with another says of which claim it is."""
    name = side[0] if not Company.objects.filter(name=side[0]).exists() else f"{side[0]} ({claim})"
    company = known[side] = Company.objects.create(name=name)
    CompanyAlias.objects.bulk_create(CompanyAlias(company=company, name=alias) for alias in side[1:])
    return company


def caught(entries: Iterable[int]) -> tuple[dict[int, dict[int, str]], dict[int, set[frozenset[int]]]]:
    """What the desk would see of these entries: by entry its claims with their strength, and its leads' companies."""
    claims: dict[int, dict[int, str]] = {}
    leads: dict[int, set[frozenset[int]]] = {}
    for row in Suggestion.objects.filter(entry__in=list(entries)).prefetch_related("companies"):
        if row.stance not in TELLING and (row.stance, row.strength) != ("mentions", "strong"):
            continue
        if row.claim_id is None:
            leads.setdefault(row.entry_id, set()).add(frozenset(company.pk for company in row.companies.all()))
        elif claims.setdefault(row.entry_id, {}).get(row.claim_id) != "strong":
            claims[row.entry_id][row.claim_id] = row.strength
    return claims, leads
