"""Feeds that somebody wants polled: what would be added, under which source, and what is refused and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch

from deals import clock
from deals.choices import SourceKind
from deals.models import Source, SourceAlias, SourceDomain
from ingest import opml
from ingest.models import LONGEST_INTERVAL, SHORTEST_INTERVAL, Feed, FormerAddress
from ingest.opml import Outline
from outbound.refusals import refusal

PART = 100  # feeds stored in one transaction
ADDRESS = Feed._meta.get_field("url")
SERVERS_OF_MANY = {"feedburner.com", "news.google.com", "rss.app"}  # their host tells nothing of who publishes


@dataclass(frozen=True)
class Line:
    """What would come of one wanted feed: added under a source that stands or is to be made, or skipped and why."""

    wanted: Outline
    source: Source | None = None
    new_source: str = ""  # the name of the source to be made
    domain: str = ""  # of the source to be made, if its site tells one
    skipped: str = ""  # a sentence

    @property
    def source_name(self) -> str:
        return str(self.source) if self.source else self.new_source


class Known:
    """What stands already, read once: five queries however long the list is."""

    def __init__(self):
        self.feeds = {same(url): url for url in Feed.objects.values_list("url", flat=True)}
        moved = FormerAddress.objects.values_list("url", "feed__url").order_by("pk")
        self.moved = {same(url): now for url, now in moved}
        self.sources = {source.pk: source for source in Source.objects.all()}
        self.domains = dict(SourceDomain.objects.values_list("domain", "source_id"))
        self.names: dict[str, set[int]] = {}
        aliases = SourceAlias.objects.values_list("name", "source_id")
        for name, pk in [*((source.name, pk) for pk, source in self.sources.items()), *aliases]:
            self.names.setdefault(name.casefold(), set()).add(pk)
        self.to_be_made: dict[str, str] = {}  # domain → name

    def at(self, host: str) -> Source | None:
        """The source whose domain is the host, or stands nearest above it."""
        return next((self.sources[self.domains[domain]] for domain in above(host) if domain in self.domains), None)

    def named_at(self, host: str) -> str:
        """The name of the source that this list makes for the host, or one above it."""
        return next((self.to_be_made[domain] for domain in above(host) if domain in self.to_be_made), "")

    def named(self, name: str) -> Source | None:
        """The one source that bears this name or alias."""
        found = self.names.get(name.casefold(), set())
        return self.sources[next(iter(found))] if len(found) == 1 else None


def plan(wanted: Iterable[Outline], *, may_make_sources: bool = True) -> list[Line]:
    """What adding these would do, in their order. A constant number of queries; nothing is written or fetched."""
    known, lines = Known(), []
    for one in wanted:
        line = judged(one, known, may_make_sources)
        if not line.skipped:
            known.feeds[same(one.url)] = one.url
        if line.domain:
            known.to_be_made.setdefault(line.domain, line.new_source)
        lines.append(line)
    return lines


def judged(one: Outline, known: Known, may_make_sources: bool) -> Line:
    if why := refused(one.url):
        return Line(one, skipped=why)
    if held := known.feeds.get(same(one.url)):
        return Line(one, skipped="It is polled already." if held == one.url else f"It is polled already, as {held}.")
    if now := known.moved.get(same(one.url)):
        return Line(one, skipped=f"It moved, and is polled at {now}.")
    site = "" if refused(one.site) else host_of(one.site)
    host = host_of(one.url)
    if source := known.at(site) or known.named(one.title) or known.at(host):
        return Line(one, source=source)
    if one.title and len(known.names.get(one.title.casefold(), ())) > 1:
        return Line(one, skipped=f"More than one source is called “{one.title}”; add it by hand.")
    if not may_make_sources:
        return Line(one, skipped="No source has its domain or name, and you may not add sources.")
    if site or not SERVERS_OF_MANY.isdisjoint(above(host)):
        host = site
    name = known.named_at(host) or one.title or bare(host or host_of(one.url))
    return Line(one, new_source=name, domain=bare(host))


def refused(url: str) -> str:
    """Why we would not poll an address, in a sentence; "" if we might."""
    if not url:
        return "It has no address."
    if why := refusal(url, settings.LOCAL_FEEDS):
        return why
    try:
        ADDRESS.run_validators(url)
    except ValidationError:
        return "That is not a valid address."
    return ""


def add(lines: Iterable[Line]) -> list[Feed]:
    """Store the feeds that are not to be skipped, and the sources they lack; what was stored.

    In parts, so that a long list does not keep others from writing; after a break the same list adds the rest.
    """
    wanted = [line for line in lines if not line.skipped]
    made: dict[str, Source] = {}
    added: list[Feed] = []
    for start in range(0, len(wanted), PART):
        added += add_part(wanted[start : start + PART], made)
    return added


@transaction.atomic
def add_part(lines: Sequence[Line], made: dict[str, Source]) -> list[Feed]:
    """Store feeds; `made` holds the sources that this list has made so far, by name."""
    rows = []
    for line in lines:
        source = line.source or made.get(line.new_source.casefold()) or make_source(line)
        if line.new_source:
            made[line.new_source.casefold()] = source
        asked = {"interval": line.wanted.interval, "slowest": line.wanted.slowest}
        fields = {name: seconds for name, seconds in asked.items() if within(seconds)}
        rows.append(Feed(url=line.wanted.url, source=source, active=not line.wanted.paused, **fields))
    Feed.objects.bulk_create(rows, ignore_conflicts=True)  # somebody may have added one meanwhile
    return list(Feed.objects.filter(url__in=[row.url for row in rows]).select_related("source"))


def within(interval: int | None) -> bool:
    return interval is not None and SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL


def make_source(line: Line) -> Source:
    wanted = line.wanted
    kinds = {"kind": wanted.kind} if wanted.kind in SourceKind.values else {}
    languages = {"language": wanted.language} if wanted.language else {}
    source = Source.objects.create(name=line.new_source, **kinds, **languages)
    domain = SourceDomain(source=source, domain=line.domain)
    try:
        domain.full_clean()
    except ValidationError:
        return source  # taken by another feed of this list, or no bare host: the source stands without
    domain.save()
    return source


def exported(feeds) -> str:
    """A queryset of feeds as OPML, without searches: those are claims' own."""
    domains = Prefetch("source__domains", SourceDomain.objects.order_by("pk"))
    rows = feeds.filter(search=None).select_related("source").prefetch_related(domains).order_by("source__name", "pk")
    return opml.write(map(outline_of, rows), title="Feeds of Hearsay", created=format_datetime(clock.now()))


def outline_of(feed: Feed) -> Outline:
    domain = next(iter(feed.source.domains.all()), None)
    return Outline(
        url=feed.url,
        title=feed.source.name,
        site=f"https://{domain}/" if domain else "",
        language=feed.source.language,
        kind=feed.source.kind,
        interval=feed.interval,
        slowest=feed.slowest,
        paused=not feed.active,
    )


def kept(lines: Iterable[Line]) -> Iterator[Outline]:
    """The outlines of the lines that would be added, under the names that they would be added by."""
    return (replace(line.wanted, title=line.source_name) for line in lines if not line.skipped)


def same(url: str) -> str:
    """What two spellings of one address have in common; not itself an address."""
    parts = urlsplit(url.partition("#")[0])
    host = parts.netloc.lower().rpartition("@")[2]
    host = host.removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme.lower(), " "))
    return f"{host}{parts.path.rstrip('/')}?{parts.query}"


def host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def above(host: str) -> list[str]:
    """news.yicai.com → news.yicai.com, yicai.com."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def bare(host: str) -> str:
    return host.removeprefix("www.")
