"""Whether an article that a decision rests on still says what it said; if not, a notice. Nothing moves a status."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from deals import clock, snapshots
from deals.choices import ReadFrom
from deals.models import Ground, Snapshot
from ingest.models import Article, ReportNotice, WhatHappened
from ingest.rewriting import rewritten, spelling


def check(article: Article, *, gone: str, now: datetime) -> None:
    """Compare what was just read of a page with what was read of it before; `gone` is a sentence if it is not there.

    The first reading of a page is what later ones are compared with. One that differs is kept, and raises a notice.
    """
    report = article.report
    if report is None or not decides(article.report_id):
        return
    before = report.snapshots.filter(read=ReadFrom.PAGE).first()
    if gone:
        notice(article, WhatHappened.GONE, before=before or report.snapshots.first(), said=gone, now=now)
    elif before is None or differs(before, article):
        after = snapshots.keep(
            report,
            title=article.title,
            text=article.text,
            read=ReadFrom.PAGE,
            url=article.found_at,
            taken_at=article.fetched_at,
        )
        if before:
            notice(article, WhatHappened.CHANGED, before=before, after=after, now=now)


def decides(report: int) -> bool:
    """Whether a row of the history that still counts rests on it."""
    return Ground.objects.filter(evidence__report=report, change__superseded_by=None).exists()


def differs(before: Snapshot, article: Article) -> bool:
    """Whether a sentence of the text, or the headline, says something else."""
    headline = bool(article.title and before.title) and spelling(before.title) != spelling(article.title)
    return headline or rewritten(before.text, article.text)


def notice(
    article: Article,
    what: str,
    *,
    before: Snapshot | None,
    after: Snapshot | None = None,
    said: str = "",
    now: datetime,
) -> None:
    """Raise a notice; one that nobody has seen yet tells of the newest reading instead, from where it began."""
    unseen = ReportNotice.objects.unseen().filter(report=article.report_id, what=what)
    if not unseen.update(after=after, said=said[:500]):
        values = {"before": before, "after": after, "said": said[:500], "noticed_at": now}
        ReportNotice.objects.create(report_id=article.report_id, what=what, **values)


def see(found: ReportNotice, by: AbstractBaseUser, after: str | None = None) -> bool:
    """Take a notice down; False if somebody else just did, or it tells of another reading than `after`, a key or ""."""
    unseen = ReportNotice.objects.unseen().filter(pk=found.pk)
    if after is not None:
        shown = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
        unseen = unseen.filter(after=shown)
    return bool(unseen.update(seen_at=clock.now(), seen_by=by))
