"""Who hears what of an alert: each subscriber is told the way from what they know to how the claim stands."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from alerts.models import Alert, AlertState, Delivery, DeliveryState, NetChange, Subscriber, Subscription
from deals import clock, followers
from deals.choices import Kind
from deals.models import Claim, StatusChange


@dataclass(frozen=True)
class Standing:
    """A status with the qualifiers that are shown beside it."""

    status: str | None
    qualifiers: tuple[str, ...] = ()

    def differs(self, other: "Standing") -> bool:
        return followers.differ(self, other)


def before(net: NetChange) -> Standing:
    return Standing(net.before, tuple(net.before_qualifiers))


def after(net: NetChange) -> Standing:
    return Standing(net.after, tuple(net.after_qualifiers))


@dataclass(frozen=True)
class Line:
    """What an alert has to say on one claim.

    `earlier`: where it corrects what was told before, the net changes from that telling on, oldest first.
    `news`: whether it tells more than corrections.
    """

    net: NetChange
    earlier: tuple[NetChange, ...] = ()
    news: bool = True

    def known_to(self, told: Collection[int], owed: Collection[int]) -> Standing | None:
        """What a subscriber knows of the claim, or None if it is not for them.

        `told` and `owed`: ids of the earlier alerts that reached them, or that were meant to. Corrections are for
        those who were told; whose mail was dropped instead is told the whole way.
        """
        if reached := [net for net in self.earlier if net.alert_id in told]:
            return after(reached[-1])
        if meant := [net for net in self.earlier if net.alert_id in owed]:
            return before(meant[0])
        return before(self.net) if self.news else None

    def corrects(self, told: Collection[int]) -> bool:
        return any(net.alert_id in told for net in self.earlier)


@dataclass(frozen=True)
class Told:
    """One claim in the mail of one subscriber: from what they knew to what holds; `correction` if they were told wrong."""

    net: NetChange
    before: Standing
    after: Standing
    correction: bool


def lines(alert: Alert) -> list[Line]:
    """What an alert has to say, claim by claim, in the order of its first changes."""
    changes = defaultdict(list)
    for told in alert.told.select_related("change__supersedes"):
        changes[told.change.claim_id].append(told.change)
    nets = sorted(alert.net_changes.select_related("claim__deal"), key=lambda net: changes[net.claim_id][0].position)
    return [_line(net, changes[net.claim_id]) for net in nets]


def _line(net: NetChange, changes: list[StatusChange]) -> Line:
    told_in = _alerts_that_told(changes, net.alert_id)
    news = any(
        change.supersedes_id is None or (change.kind != Kind.UNDO and change.supersedes_id not in told_in)
        for change in changes
    )
    elsewhere = [alert for alert in told_in.values() if alert != net.alert_id]
    if not elsewhere:
        return Line(net, news=news)
    earlier = NetChange.objects.filter(
        claim=net.claim_id, alert__gte=min(elsewhere), alert__lt=net.alert_id, alert__state__in=TELLING_STATES
    )
    return Line(net, tuple(earlier.order_by("alert")), news)


TELLING_STATES = (AlertState.FIXING, AlertState.READY)


def _alerts_that_told(changes: Iterable[StatusChange], own: int) -> dict[int, int]:
    """{change id: alert id} of the rows that these supersede, however far back, where an alert told them."""
    found: dict[int, int] = {}
    wanted = {change.supersedes_id for change in changes if change.supersedes_id}
    while wanted:
        rows = StatusChange.objects.filter(pk__in=wanted).values_list(
            "pk", "supersedes_id", "told_in__alert_id", "told_in__alert__state"
        )
        wanted = set()
        for pk, supersedes, alert, state in rows:
            if state in TELLING_STATES or alert == own:
                found[pk] = alert
            if supersedes:
                wanted.add(supersedes)
    return found


def reached(line_up: Iterable[Line], subscribers: Collection[int]) -> "Reached":
    """Which of the earlier alerts of these lines reached which of these subscribers, in one query or none."""
    alerts = {net.alert_id for line in line_up for net in line.earlier}
    rows: dict[int, list[Delivery]] = defaultdict(list)
    if alerts:
        for delivery in Delivery.objects.filter(alert__in=alerts, subscriber__in=subscribers):
            rows[delivery.subscriber_id].append(delivery)
    return Reached(rows, clock.now())


@dataclass(frozen=True)
class Reached:
    """Deliveries of earlier alerts by subscriber, as they stood at an instant."""

    deliveries: dict[int, list[Delivery]]
    at: datetime

    def told(self, subscriber: int, line: Line) -> set[int]:
        withdrawn = {net.alert_id: net.withdrawn_at for net in line.earlier}
        return {
            delivery.alert_id
            for delivery in self.deliveries.get(subscriber, ())
            if delivery.alert_id in withdrawn and self._read(delivery, withdrawn[delivery.alert_id])
        }

    def owed(self, subscriber: int) -> set[int]:
        return {delivery.alert_id for delivery in self.deliveries.get(subscriber, ())}

    def _read(self, delivery: Delivery, withdrawn_at: datetime | None) -> bool:
        """Whether the mail went out, or may be on its way, with the claim still in it."""
        on_its_way = delivery.lease_until is not None and delivery.lease_until > self.at
        if delivery.tried_at is None or not (delivery.state == DeliveryState.SENT or on_its_way):
            return False
        return withdrawn_at is None or delivery.tried_at < withdrawn_at


def follows(subscriber: Subscriber, subscription: Subscription, net: NetChange) -> bool:
    """Whether the subscription covers the claim and stood, confirmed, before the change was recorded."""
    return (
        subscription.claim_id in (None, net.claim_id)
        and subscription.since < net.recorded_at
        and subscriber.confirmed_at is not None
        and subscriber.confirmed_at < net.recorded_at
    )


def told_to(
    subscriber: Subscriber, subscriptions: Collection[Subscription], line_up: Iterable[Line], past: Reached
) -> list[Told]:
    """What the subscriber hears, claim by claim; empty if nothing is new to them."""
    heard = []
    for line in line_up:
        if not any(follows(subscriber, subscription, line.net) for subscription in subscriptions):
            continue
        told = past.told(subscriber.pk, line)
        known, now = line.known_to(told, past.owed(subscriber.pk)), after(line.net)
        if known is not None and known.differs(now):
            heard.append(Told(line.net, known, now, line.corrects(told)))
    return heard


def count_followers(claims: Iterable[Claim]) -> int:
    """How many different people would be told of a change of any of these claims; nobody is counted twice."""
    following = Subscription.objects.active().filter(Q(claim=None) | Q(claim__in=list(claims)))
    return Subscriber.objects.reachable().filter(pk__in=following.values("subscriber")).count()
