"""Periodic work, safe to run twice and side by side: rows say what is due."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from celery import Task, shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from ingest.fetching import fetch_due
from ingest.polling import poll_due
from ingest.searching import pace_searches
from ingest.suggestions import look_back, read_overtaken, read_unread
from ingest.wanting import owe_checks, want_articles

# Seconds in which a task begins new batches; with the last batch it stays under the tasks' time limit.
BEGINS_BATCHES_FOR = 20
POLLERS = 2  # a worker has one process more, for mail and for reading
BEGINS_ROUNDS_FOR = 3  # of fetching articles, while which no feed is polled


@contextmanager
def polling_here() -> Iterator[bool]:
    """Whether fewer than POLLERS processes of this machine poll; then this one does until it ends, however it ends."""
    with ExitStack() as files:
        yield any(is_free(files.enter_context(place.open("a"))) for place in places())


def places() -> list[Path]:
    return [settings.DATA_DIR / f"polling-{number}.lock" for number in range(POLLERS)]


def is_free(file: IO) -> bool:
    """Whether nobody holds it; from now on, we do."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@shared_task
def poll_due_feeds():
    """Poll what is due, in POLLERS processes of a machine at most: publishers who are slow hold up no mail."""
    until = time.monotonic() + BEGINS_BATCHES_FOR
    with polling_here() as ours:
        while ours and (summary := poll_due(more=poll_too)).feeds and time.monotonic() < until:
            if summary.new:
                wake(read_new_entries)


def poll_too():
    """More is due than one process takes at a time."""
    wake(poll_due_feeds)


def wake(task: Task):
    """Have a task begin before its next tick, if the broker can be reached."""
    with suppress(OperationalError):
        task.apply_async(expires=10, retry=False)


@shared_task
def fetch_articles():
    """Fetch pages that are wanted, in the process that polls: each host gets one request, then rests."""
    want_articles()
    owe_checks()
    until = time.monotonic() + BEGINS_ROUNDS_FOR
    with polling_here() as ours:
        while ours and fetch_due() and time.monotonic() < until:
            pass


@shared_task
def read_new_entries():
    """Look through entries that nobody has read, and those whose leads a new claim has overtaken."""
    read_overtaken()
    until = time.monotonic() + BEGINS_BATCHES_FOR
    while read_unread() and time.monotonic() < until:
        pass


@shared_task
def pace_claim_searches():
    """Ask for claims as often as they are hot now."""
    pace_searches()


@shared_task
def look_back_for_claims():
    """Look stored entries through for claims that were opened after them."""
    look_back()
