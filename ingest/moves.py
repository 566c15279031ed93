"""Feeds that moved: adopting the address that a permanent redirect names, and keeping the old one."""

from datetime import datetime

from django.db import IntegrityError, transaction

from deals import clock
from ingest.models import Feed, FormerAddress
from ingest.subscribing import same
from ingest.upkeep import told_since

MOVED = "It moved from {old} to {new}, and is polled there now."
TAKEN = "It says that it moved to {new}, where another feed is polled. Pause one of the two."


class MoveError(Exception):
    """The move cannot be adopted; the message is a sentence for an editor."""


def adopt_move(feed: Feed, *, at: datetime | None = None) -> str:
    """Poll a feed from now on where its permanent redirects lead, and keep its old address; what was done.

    Changes `feed` too. Raises MoveError if there is no move, or another feed is polled there.
    """
    old, new, at = feed.url, feed.moved_to, at or clock.now()
    if not new:
        raise MoveError("Its publisher names no new address.")
    settled = {"url": new, "moved_to": "", "moved_seen": 0, "moved_since": None}
    settled |= {"notice": MOVED.format(old=old, new=new), "noticed_at": at}
    try:
        with transaction.atomic():
            if is_taken(feed, new):
                raise MoveError(TAKEN.format(new=new))
            if not Feed.objects.filter(pk=feed.pk, url=old, moved_to=new).update(**settled):
                raise MoveError("Its address has just been changed. Look again.")
            FormerAddress.objects.create(feed=feed, url=old, until=at)
    except IntegrityError:  # another feed came to that address at the same moment
        raise MoveError(TAKEN.format(new=new)) from None
    for name, value in settled.items():
        setattr(feed, name, value)
    return settled["notice"]


def adopt_stable_move(feed: Feed, at: datetime):
    """Adopt a move that has proved stable; where that cannot be, raise one notice and go on at the old address."""
    try:
        adopt_move(feed, at=at)
    except MoveError as refusal:
        if not told_since(feed, feed.moved_since):
            Feed.objects.filter(pk=feed.pk, moved_to=feed.moved_to).update(notice=str(refusal), noticed_at=at)


def dismiss_notices(feeds) -> int:
    """Take down the notices on a queryset of feeds, as read; how many those were."""
    return feeds.with_notice().update(notice="")


def is_taken(feed: Feed, url: str) -> bool:
    """Whether another feed is polled at that address, in whatever spelling."""
    others = Feed.objects.exclude(pk=feed.pk).values_list("url", flat=True)
    return any(same(other) == same(url) for other in others.iterator())
