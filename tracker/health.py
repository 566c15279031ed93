"""/healthz: do all parts work? 200 if so, else 503 with what fails in plain words."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Min, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError as BrokerError

from alerts.models import Alert, Cursor, Delivery
from deals import clock
from deals.models import StatusChange
from ingest.delay import delay
from ingest.models import Entry, Feed
from tracker.celery import app
from tracker.checks import refusal


def oldest_waiting(now: datetime) -> dict[str, datetime | None]:
    """Since when the oldest row of each kind waits for a worker; None where nothing waits. A query each."""
    # Imported rows are quiet and recorded in the past; they wait for nobody.
    taken_up = Coalesce(Subquery(Cursor.objects.values("position")[:1]), 0)
    return {
        "a feed to be polled": Feed.objects.due(now).aggregate(at=Min("next_poll_at"))["at"],
        "an item to be read": Entry.objects.unread().aggregate(at=Min("first_seen_at"))["at"],
        "a status change to be taken up": StatusChange.objects.filter(position__gt=taken_up, quiet=False).aggregate(
            at=Min("recorded_at")
        )["at"],
        "an alert to be closed": Alert.objects.ripe(now).aggregate(at=Min("due_at"))["at"],
        "a mail to be sent": Delivery.objects.waiting(now).aggregate(at=Min("due_at"))["at"],
    }


def troubles() -> Iterator[str]:
    """A sentence for each part that does not work."""
    if sentence := broker_trouble():
        yield sentence
    if sentence := refusal():
        yield sentence
        return
    now = clock.now()
    limit = now - timedelta(seconds=settings.HEALTHY_SECONDS)
    for what, since in oldest_waiting(now).items():
        if since is not None and since < limit:
            yield f"The workers are behind: {what} has waited for {(now - since) // timedelta(minutes=1)} minutes."


def broker_trouble() -> str:
    """Empty if the broker takes a connection within a few seconds."""
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
    except (BrokerError, OSError):
        return "The broker does not answer."
    return ""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    gauge = None
    try:
        failing = list(troubles())
        gauge = delay()
    except DatabaseError:
        failing = ["The database does not answer."]
    told = {"status": "failing" if failing else "ok", "failing": failing, "due_feed_to_queue": gauge and asdict(gauge)}
    return JsonResponse(told, status=503 if failing else 200)


urlpatterns = [path("healthz", healthz, name="healthz")]
