"""Writing the example newsroom into the record: all of it in one transaction, none of it where it stands already."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from alerts.models import Subscriber, Subscription
from deals import clock, history, linking
from deals.models import Claim, Company, Deal, Evidence, Parentage, Party, Position, Report, Source, StatusChange
from ingest.models import LONGEST_NEWS, Feed
from tracker.example.newsroom import Change, Newsroom, SampleFeeds, Statement

QUIET_REASON = "Part of the example newsroom; nobody is told."
DESK = "desk@example.org"
POLL_SECONDS = 60


class ExampleError(Exception):
    """The example cannot be loaded here; the message is one line for whoever tried."""


@transaction.atomic
def load(
    newsroom: Newsroom, *, until: datetime | None = None, feeds: SampleFeeds | None = None, quiet: bool = True
) -> dict[str, Claim]:
    """Write the record as it was known at `until` (None: all of it), and say which claim is which case.

    Claims are published, their rows have the times at which the record learned of them, and tell nobody unless asked
    to. `feeds` become sample feeds of this site, due at once. Raises ExampleError if any of it is here already, and HistoryError or
    LinkError if the record refuses a row; then nothing is written.
    """
    _take_the_history()
    sources = newsroom.sources + (feeds.sources if feeds else ())
    _refuse_if_here(newsroom, sources)

    changes = sorted((c for c in newsroom.changes if not until or c.recorded <= until), key=lambda c: c.recorded)
    companies = _companies(newsroom)
    by_source = {source.key: _source(source, companies) for source in sources}
    claims = _claims(newsroom, companies, changes)
    reports = {
        report.key: _report(report, by_source) for report in newsroom.reports if not until or report.recorded <= until
    }
    evidence = {}
    for statement in newsroom.evidence:
        recorded = statement.recorded or next(r.recorded for r in newsroom.reports if r.key == statement.report)
        if statement.claim in claims and (not until or recorded <= until):
            evidence[statement.key] = _evidence(statement, recorded, claims, reports, companies)
    written: dict[str, StatusChange] = {}
    for change in changes:
        written[change.key] = _change(change, claims[change.claim], evidence, written, quiet)
    _subscribe_the_desk()
    for feed in feeds.feeds if feeds else ():
        Feed.objects.create(
            url=feed_url(feed.name),
            source=by_source[feed.source],
            suggest_old=True,
            news_days=LONGEST_NEWS,
            interval=POLL_SECONDS,
            slowest=POLL_SECONDS,
        )
    return claims


def feed_url(name: str) -> str:
    """Where this site serves a sample feed."""
    return f"{settings.SITE_URL}/example/feeds/{name}.xml"


def _take_the_history() -> None:
    """Line up with every other writer of the history, and so with another load."""
    Position.objects.bulk_create([Position()], ignore_conflicts=True)
    Position.objects.select_for_update().get()


def _refuse_if_here(newsroom: Newsroom, sources) -> None:
    if Deal.objects.filter(title__in=[deal.title for deal in newsroom.deals]).exists():
        raise ExampleError("The example is here already; to load it anew, start from an empty database.")
    for model, rows in ((Company, newsroom.companies), (Source, sources)):
        if found := model.objects.filter(name__in=[row.name for row in rows]).first():
            raise ExampleError(
                f"The {model._meta.verbose_name} “{found}” is here already: load the example into a database without it."
            )


def _companies(newsroom: Newsroom) -> dict[str, Company]:
    companies = {}
    for row in newsroom.companies:
        company = Company.objects.create(name=row.name, placeholder=row.placeholder, ticker=row.ticker)
        for alias in row.aliases:
            company.aliases.create(name=alias)
        companies[row.key] = company
    for row in newsroom.companies:
        for parent in row.parents:
            Parentage.objects.create(child=companies[row.key], parent=companies[parent])
    return companies


def _source(row, companies: dict[str, Company]) -> Source:
    source = Source.objects.create(name=row.name, kind=row.kind, language=row.language)
    for domain in row.domains:
        source.domains.create(domain=domain)
    for alias in row.aliases:
        source.aliases.create(name=alias)
    source.official_for.set([companies[key] for key in row.official_for])
    return source


def _claims(newsroom: Newsroom, companies: dict[str, Company], changes: list[Change]) -> dict[str, Claim]:
    """The claims that have a row, opened when the record learned of the first."""
    opened: dict[str, datetime] = {}
    for change in changes:
        opened.setdefault(change.claim, change.recorded)
    titles = {deal.key: deal.title for deal in newsroom.deals}
    deals: dict[str, Deal] = {}
    claims: dict[str, Claim] = {}
    for row in newsroom.claims:
        if row.case not in opened:
            continue
        if row.deal not in deals:
            deals[row.deal] = Deal.objects.create(title=titles[row.deal])
        claims[row.case] = claim = Claim.objects.create(
            wording=row.wording,
            deal=deals[row.deal],
            type=row.type,
            due=row.due,
            part_of=claims.get(row.part_of or ""),
            published=True,
            created_at=opened[row.case],
        )
        for company, role in row.parties:
            Party.objects.create(claim=claim, company=companies[company], role=role)
    return claims


def _report(row, sources: dict[str, Source]) -> Report:
    if row.url is None:
        return linking.placeholder(sources[row.source], row.title, row.published, row.precision, row.recorded)
    return linking.report_at(
        row.url,
        source=sources[row.source],
        title=row.title,
        published_at=row.published,
        published_precision=row.precision,
        language=row.language,
        recorded_at=row.recorded,
    )


def _evidence(
    row: Statement,
    recorded: datetime,
    claims: dict[str, Claim],
    reports: dict[str, Report],
    companies: dict[str, Company],
) -> Evidence:
    report = reports[row.report]
    said = None
    if row.said:
        said = history.event_time(row.said, row.said_precision, published_at=report.published_at, recorded_at=recorded)
    return linking.link(
        claims[row.claim],
        report,
        stance=row.stance,
        by=None,
        speaker_kind=row.speaker,
        speaker_name=row.name,
        speaker_role=row.role,
        company=companies[row.company] if row.company else None,
        certainty=row.certainty,
        part=row.part,
        said_at=said,
        said_precision=row.said_precision,
        origin=reports.get(row.origin or ""),  # an origin that the record does not know of yet is left open
        answers=reports.get(row.answers or ""),
        recorded_at=recorded,
    )


def _change(
    row: Change, claim: Claim, evidence: dict[str, Evidence], written: dict[str, StatusChange], quiet: bool
) -> StatusChange:
    grounds = tuple(evidence[key] for key in row.evidence)
    published = min((item.report.published_at for item in grounds if item.report.published_at), default=None)
    quiet_reason = row.quiet_reason or (QUIET_REASON if quiet else "")
    return history.change_status(
        claim,
        history.NewRow(
            kind=row.kind,
            event_at=history.event_time(row.event, row.precision, published_at=published, recorded_at=row.recorded),
            precision=row.precision,
            evidence=grounds,
            stage=row.stage,
            qualifiers=frozenset(row.qualifiers),
            reason=row.reason,
            override_to=row.override_to,
            supersedes=written[row.supersedes] if row.supersedes else None,
            quiet=bool(quiet_reason),
            quiet_reason=quiet_reason,
        ),
        seen=claim.version,
        by=None,
        recorded_at=row.recorded,
    )


def _subscribe_the_desk() -> None:
    """Somebody who follows everything, so that a newcomer sees mails; left alone if the address is known already."""
    subscriber, new = Subscriber.objects.get_or_create(email=DESK, defaults={"confirmed_at": clock.now()})
    if new:
        Subscription.objects.create(subscriber=subscriber)
