"""Periodic work, safe to run twice and side by side: rows say what is due."""

import time

from celery import shared_task

from ingest.polling import poll_due
from ingest.suggestions import read_overtaken, read_unread

# Seconds in which a task begins new batches; with the last batch it stays under the tasks' time limit.
BEGINS_BATCHES_FOR = 20


@shared_task
def poll_due_feeds():
    """Poll what is due."""
    until = time.monotonic() + BEGINS_BATCHES_FOR
    while poll_due().feeds and time.monotonic() < until:
        pass


@shared_task
def read_new_entries():
    """Look through entries that nobody has read, and those whose leads a new claim has overtaken."""
    read_overtaken()
    until = time.monotonic() + BEGINS_BATCHES_FOR
    while read_unread() and time.monotonic() < until:
        pass
