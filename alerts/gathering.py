"""From changes to deliveries: take changes up, gather them over the grace period, fix who is told."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from alerts import audience
from alerts.models import (
    Alert,
    AlertChange,
    AlertState,
    Cursor,
    Delivery,
    DeliveryState,
    NetChange,
    Subscriber,
    Subscription,
)
from deals import clock
from deals.choices import Kind, Qualifier
from deals.fold import Standing, fold
from deals.history import history_rows
from deals.models import Claim, StatusChange

FAN_OUT = 500
# The grace period begins with the decision, though the change is taken up a little later; an import may state a
# time long past, so no more than this counts.
TAKEN_UP_WITHIN = timedelta(seconds=30)


def take_up(limit: int = 500) -> int:
    """Move the cursor over the next changes and join those that are to be told to their deal's gathering alert.

    Returns how many changes the cursor moved over; 0 when there is none, or another worker has just taken them.
    """
    cursor, _ = Cursor.objects.get_or_create(only=True)
    with transaction.atomic():
        changes = list(
            StatusChange.objects.after(cursor.position).select_related("claim", "supersedes__told_in__alert")[:limit]
        )
        if not changes:
            return 0
        moved = Cursor.objects.filter(position=cursor.position).update(position=changes[-1].position)
        if not moved:
            return 0
        for change in changes:
            _overtake(change)
            if is_told(change):
                AlertChange.objects.create(alert=_gathering_alert(change), change=change)
    return len(changes)


def is_told(change: StatusChange) -> bool:
    """Quiet rows tell no one; background neither, unless it replaces what was told."""
    if change.quiet:
        return False
    return change.kind != Kind.BACKGROUND or _told_in(change.supersedes) is not None


def send_now(alert: Alert) -> bool:
    """End the grace period of a gathering alert; False if it had ended."""
    now = clock.now()
    return bool(Alert.objects.gathering().filter(pk=alert.pk, due_at__gt=now).update(due_at=now))


def close_ripe() -> int:
    """Close the alerts whose grace period is over, and fix their recipients. Returns how many were closed.

    Goes on first with those that a worker left half done.
    """
    closed = 0
    while True:
        for alert in Alert.objects.fixing():
            fix_recipients(alert)
        alert = Alert.objects.ripe().first()
        if alert is None or not close(alert):
            return closed
        closed += 1


@transaction.atomic
def close(alert: Alert) -> bool:
    """End the gathering: note how each claim stood before and stands after. False if another worker has it."""
    now = clock.now()
    if not Alert.objects.ripe(now).filter(pk=alert.pk).update(state=AlertState.FIXING, closed_at=now):
        return False
    # From here on no change can join. The cursor is read only now: one that joined a moment ago has moved it.
    until = Cursor.objects.get().position
    Alert.objects.filter(pk=alert.pk).update(until=until)
    changes: dict[Claim, list[StatusChange]] = {}
    for told in alert.told.select_related("change__claim"):
        changes.setdefault(told.change.claim, []).append(told.change)
    NetChange.objects.bulk_create(
        _net_change(alert, claim, rows, until)
        for claim, rows in changes.items()
        if claim.published and claim.public_since
    )
    if not any(line.earlier or _changed(line.net) for line in audience.lines(alert)):
        Alert.objects.filter(pk=alert.pk).update(state=AlertState.NOTHING)
    return True


def fix_recipients(alert: Alert) -> int:
    """Write one delivery per subscriber who is to hear of a closed alert, in batches; goes on where it stopped.

    Returns how many were written by this call.
    """
    line_up, written = audience.lines(alert), 0
    claims = [line.net.claim_id for line in line_up]
    while True:
        seen = Alert.objects.values_list("fixed_upto", flat=True).get(pk=alert.pk)
        followers = _followers(claims, beyond=seen)
        if not followers:
            break
        owed = _owed(alert, line_up, followers)
        with transaction.atomic():
            mine = Alert.objects.filter(pk=alert.pk, state=AlertState.FIXING, fixed_upto=seen)
            if not mine.update(fixed_upto=followers[-1].pk):
                return written
            Delivery.objects.bulk_create(owed, ignore_conflicts=True)
        written += len(owed)
    tells = any(_changed(line.net) for line in line_up) or alert.deliveries.exists()
    Alert.objects.fixing().filter(pk=alert.pk).update(state=AlertState.READY if tells else AlertState.NOTHING)
    return written


def _told_in(change: StatusChange | None) -> Alert | None:
    """The closed alert that tells of a change, or None."""
    told = getattr(change, "told_in", None)
    return told.alert if told and told.alert.state in audience.TELLING_STATES else None


def _overtake(change: StatusChange) -> None:
    """A row that takes back or replaces another makes the mails on it stale: those not yet sent leave it out."""
    alert = _told_in(change.supersedes)
    if alert is None or (change.quiet and change.status_before == change.status_after):
        return
    now = clock.now()
    alert.net_changes.standing().filter(claim=change.claim_id).update(withdrawn_at=now)
    if not alert.net_changes.standing().exists():
        alert.deliveries.owed().not_held(now).update(
            state=DeliveryState.DROPPED, cause="What it tells was taken back or replaced before it was sent."
        )


def _gathering_alert(change: StatusChange) -> Alert:
    """Its deal's gathering alert, held against closing until this transaction ends; opened if there is none."""
    deal = change.claim.deal_id
    while True:
        open_alert = Alert.objects.gathering().filter(deal=deal)
        if open_alert.update(state=AlertState.GATHERING):
            return open_alert.get()
        now = clock.now()
        begun = max(change.recorded_at, now - TAKEN_UP_WITHIN)
        due = begun + timedelta(seconds=settings.GRACE_SECONDS)
        try:
            with transaction.atomic():
                return Alert.objects.create(deal_id=deal, opened_at=now, due_at=due)
        except IntegrityError:  # opened by another a moment ago
            continue


def _net_change(alert: Alert, claim: Claim, changes: list[StatusChange], until: int) -> NetChange:
    rows = history_rows(claim)
    before = fold(row for row in rows if row.position < changes[0].position)
    after = fold(row for row in rows if row.position <= until)
    return NetChange(
        alert=alert,
        claim=claim,
        before=before.status,
        before_qualifiers=_in_order(before),
        after=after.status,
        after_qualifiers=_in_order(after),
        recorded_at=changes[-1].recorded_at,
    )


def _in_order(standing: Standing) -> list[str]:
    return [qualifier for qualifier in Qualifier.values if qualifier in standing.qualifiers]


def _changed(net: NetChange) -> bool:
    return audience.before(net).differs(audience.after(net))


def _followers(claims: list[int], beyond: int) -> list[Subscriber]:
    """The next reachable subscribers who follow one of the claims, or everything."""
    following = Subscription.objects.active().filter(Q(claim=None) | Q(claim__in=claims), subscriber__gt=beyond)
    ids = following.order_by("subscriber").values_list("subscriber", flat=True).distinct()[:FAN_OUT]
    return list(Subscriber.objects.filter(pk__in=list(ids)).order_by("pk"))


def _owed(alert: Alert, line_up: list[audience.Line], followers: list[Subscriber]) -> list[Delivery]:
    subscriptions: dict[int, list[Subscription]] = {}
    for subscription in Subscription.objects.active().filter(subscriber__in=followers):
        subscriptions.setdefault(subscription.subscriber_id, []).append(subscription)
    past, now, owed = audience.reached(line_up, [subscriber.pk for subscriber in followers]), clock.now(), []
    for subscriber in followers:
        own = subscriptions.get(subscriber.pk, [])
        if not subscriber.is_reachable or not (heard := audience.told_to(subscriber, own, line_up, past)):
            continue
        because = next(each for each in own for told in heard if audience.follows(subscriber, each, told.net))
        owed.append(Delivery(alert=alert, subscriber=subscriber, subscription=because, due_at=now))
    return owed
