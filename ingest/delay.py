"""The gauge of the walk: how long items take from when their feed is due until they can stand in the queue."""

from dataclasses import dataclass
from datetime import timedelta

from ingest.models import Entry
from ingest.polling import there

LATELY = timedelta(days=1)
MOST = 1_000


@dataclass(frozen=True)
class Delay:
    """Of the newest items, in seconds."""

    items: int
    median: float
    p95: float

    def __str__(self) -> str:
        items = f"the last {self.items:,} items" if self.items > 1 else "the last item"
        return (
            f"From due feed to queue: {self.p95:.1f} s for 19 of 20 of {items}, {self.median:.1f} s for half of them."
        )


def delay() -> Delay | None:
    """Of the newest items of the last day, MOST at most; None if there are none. One query."""
    newest = Entry.objects.filter(
        is_news=True, due_at__isnull=False, read_at__isnull=False, revised_at=None, article_at=None
    ).filter(first_seen_at__gte=there() - LATELY)
    times = newest.order_by("-pk").values_list("due_at", "read_at")[:MOST]
    return delay_of([(read_at - due_at).total_seconds() for due_at, read_at in times])


def delay_of(seconds: list[float]) -> Delay | None:
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Delay(len(ordered), ordered[(len(ordered) - 1) // 2], ordered[-(-len(ordered) * 95 // 100) - 1])
