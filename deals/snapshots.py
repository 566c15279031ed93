"""Keeping what was read of a report: the only writer of `Snapshot`."""

from datetime import datetime

from django.db import transaction

from deals import clock
from deals.models import Report, Snapshot

LONGEST_TEXT = 20_000


def keep(
    report: Report, *, text: str, read: str, title: str = "", url: str = "", taken_at: datetime | None = None
) -> Snapshot | None:
    """The snapshot that holds this text of the report; the newest one if that says the same, None without a text.

    `read` is a `choices.ReadFrom`. A text that was read in a feed and is then found on the page is kept again: it is
    the page's from then on.
    """
    text = text.strip()[:LONGEST_TEXT]
    if not text:
        return None
    with transaction.atomic():
        Report.objects.select_for_update().filter(pk=report.pk).first()  # two who read at once keep one
        newest = report.snapshots.first()
        if newest and (newest.text, newest.read) == (text, read):
            return newest
        return Snapshot.objects.create(
            report=report,
            read=read,
            url=url or report.url or "",
            title=(title.strip() or report.title)[:500],
            text=text,
            taken_at=taken_at or clock.now(),
        )
