"""Which articles are wanted: those of items with a short text, where that is switched on, and those that decided."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from deals import clock
from deals.choices import ReadFrom
from deals.linking import LinkError, canonical_url
from deals.models import Ground, Report, StatusChange
from ingest.courtesy import CHECKED_AFTER, first_check
from ingest.models import Article, DecisionsSeen, Entry, Host, SourceArticles
from outbound.refusals import refusal

BATCH = 200


def want_articles(limit: int = BATCH) -> int:
    """Take up entries whose text is short; how many. What was read already serves them at once."""
    entries = list(Entry.objects.filter(wants_article=True).select_related("feed").order_by("pk")[:limit])
    if not entries:
        return 0
    now = clock.now()
    urls = {entry.pk: url for entry in entries if (url := wanted_url(entry))}
    with transaction.atomic():
        held = articles_at(urls.values())
        new = Article.objects.filter(url__in=list(held), asked_at=None, next_at=None)
        new.update(next_at=now, wanted_at=now)
        for entry in entries:
            article = held.get(urls.get(entry.pk, ""))
            saved: dict = {"wants_article": False, "article": article}
            if article and article.fetched_at and entry.revised_at and entry.revised_at > article.fetched_at:
                Article.objects.filter(pk=article.pk, next_at=None).update(next_at=now, wanted_at=now)  # edited, too
            if article and article.fetched_at and entry.is_news and not entry.decision:
                saved |= {"article_at": now, "read_at": None}
            Entry.objects.filter(pk=entry.pk).update(**saved)
    return len(entries)


def wanted_url(entry: Entry) -> str:
    """The canonical address of an entry's article; "" if it may not be fetched.

    Only feeds of our own lead to addresses inside the house.
    """
    with suppress(LinkError):
        url = canonical_url(entry.url)
        inside = settings.LOCAL_FEEDS if is_inside(entry.feed.url) else ()
        return "" if refusal(url, inside) else url
    return ""


def is_inside(url: str) -> bool:
    """Whether an address is one of those in the house that may be fetched from."""
    return bool(settings.LOCAL_FEEDS) and bool(refusal(url, ())) and not refusal(url, settings.LOCAL_FEEDS)


def articles_at(urls: Iterable[str]) -> Mapping[str, Article]:
    """The articles at canonical addresses, made where there are none and not yet due; in four queries however many."""
    wanted = {url: place_of(url) for url in urls}
    Host.objects.bulk_create([Host(place=place) for place in set(wanted.values())], ignore_conflicts=True)
    hosts = dict(Host.objects.filter(place__in=set(wanted.values())).values_list("place", "pk"))
    Article.objects.bulk_create(
        [Article(url=url, host_id=hosts[place], next_at=None) for url, place in wanted.items()], ignore_conflicts=True
    )
    return {article.url: article for article in Article.objects.filter(url__in=list(wanted)).defer("text")}


def place_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def owe_checks(limit: int = BATCH) -> int:
    """Take up the reports that new rows of the history rest on, to be read again for a month; how many rows were seen."""
    cursor, _ = DecisionsSeen.objects.get_or_create(only=True)
    changes = StatusChange.objects.filter(position__gt=cursor.position).order_by("position")
    seen = list(changes.values_list("pk", "position", "recorded_at")[:limit])
    if not seen:
        return 0
    now = clock.now()
    lately = {pk: at for pk, _, at in seen if at > now - CHECKED_AFTER[-1]}
    with transaction.atomic():
        if not DecisionsSeen.objects.filter(position=cursor.position).update(position=seen[-1][1]):
            return 0  # another worker took these up
        decided: dict[Report, datetime] = {}
        grounds = Ground.objects.filter(change__in=lately, evidence__report__placeholder=False)
        for ground in grounds.select_related("evidence__report"):
            report = ground.evidence.report
            decided[report] = max(lately[ground.change_id], decided.get(report, lately[ground.change_id]))
        reports = checkable(decided)
        articles = articles_at(report.url for report in reports)
        for report in reports:
            owe(report, articles[report.url], decided[report], now)
    return len(seen)


def checkable(reports: Iterable[Report]) -> list[Report]:
    """Those that may be fetched again: neither their source nor a feed that brought them says no."""
    reports = list(reports)
    silent = set(SourceArticles.objects.filter(fetched=False).values_list("source", flat=True))
    brought = Entry.objects.filter(report__in=reports).values_list("report", "feed__url", "feed__whole_articles")
    feeds = defaultdict(list)
    for report, url, whole in brought:
        feeds[report].append((url, whole))
    return [
        report
        for report in reports
        if report.source_id not in silent
        and all(whole is not False for _, whole in feeds[report.pk])
        and may_go_there(report.url, [url for url, _ in feeds[report.pk]])
    ]


def may_go_there(url: str, feeds: Iterable[str]) -> bool:
    """Whether a report's address may be asked: one in the house only if no feed from outside brought it."""
    inside = settings.LOCAL_FEEDS if all(map(is_inside, feeds)) else ()
    return not refusal(url, inside)


def owe(report: Report, article: Article, decided_at: datetime, now: datetime) -> None:
    held = report.snapshots.filter(read=ReadFrom.PAGE).exists()
    first = first_check(decided_at, now, held=held)
    if first is None:
        return
    next_at = min(first, article.next_at) if article.next_at else first
    owed = {"report": report, "decided_at": decided_at, "next_at": next_at, "wanted_at": next_at, "tries": 0}
    Article.objects.filter(pk=article.pk).update(**owed)
