"""Who is told what: changes are gathered into alerts, alerts are owed as deliveries."""

import secrets

from django.db import models
from django.db.models import Exists, OuterRef, Q

from deals import clock, words
from deals.choices import Status
from deals.models import Claim, Deal, StatusChange


class SubscriberQuerySet(models.QuerySet):
    def reachable(self):
        """Who may be written to: confirmed, and not switched off after bounces."""
        return self.filter(confirmed_at__isnull=False, disabled_at=None)


def new_token() -> str:
    return secrets.token_urlsafe(24)


class Subscriber(models.Model):
    """Somebody who is told of changes by e-mail."""

    email = models.EmailField(unique=True)
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="Nobody is written to before.")
    disabled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["email"]

    def __str__(self):
        return self.email

    @property
    def is_reachable(self) -> bool:
        return self.confirmed_at is not None and self.disabled_at is None

    def save(self, *args, **kwargs):
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)


class SubscriptionQuerySet(models.QuerySet):
    def active(self):
        return self.filter(ended_at=None)


class Subscription(models.Model):
    """What a subscriber hears of: one claim, or, without a claim, everything public."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="subscriptions")
    claim = models.ForeignKey(
        Claim, models.PROTECT, null=True, blank=True, related_name="subscriptions", help_text="Empty: everything."
    )
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    since = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "claim"],
                condition=Q(ended_at=None, claim__isnull=False),
                name="follows_a_claim_once",
            ),
            models.UniqueConstraint(
                fields=["subscriber"], condition=Q(ended_at=None, claim=None), name="follows_everything_once"
            ),
        ]

    def __str__(self):
        return f"{self.subscriber} follows {self.claim or 'everything'}"


class AlertState(models.TextChoices):
    GATHERING = "gathering", "gathering until its grace period ends"
    FIXING = "fixing", "fixing its recipients"
    READY = "ready", "recipients fixed"
    NOTHING = "nothing", "nothing changed in the end"


class AlertQuerySet(models.QuerySet):
    def gathering(self):
        return self.filter(state=AlertState.GATHERING)

    def ripe(self, at=None):
        """Gathering alerts whose grace period is over; not before the deal's last alert has all its recipients."""
        busy = Alert.objects.fixing().values("deal")
        return self.gathering().filter(due_at__lte=at or clock.now()).exclude(deal__in=busy).order_by("due_at")

    def fixing(self):
        return self.filter(state=AlertState.FIXING).order_by("pk")


class Alert(models.Model):
    """Changes of one deal, taken up for telling and gathered over the grace period."""

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="alerts")
    state = models.CharField(max_length=9, choices=AlertState, default=AlertState.GATHERING)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    until = models.PositiveBigIntegerField(null=True)  # it tells the history up to this position
    fixed_upto = models.PositiveBigIntegerField(default=0)  # the last subscriber looked at as a recipient
    changes = models.ManyToManyField(StatusChange, through="AlertChange", related_name="alerts")

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deal"], condition=Q(state="gathering"), name="one_gathering_alert_per_deal"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="gathering"), name="alert_ripe")]

    def __str__(self):
        return f"Alert {self.pk} on {self.deal}"


class AlertChange(models.Model):
    """A change that an alert tells of; each change is told by one alert."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="told")
    change = models.OneToOneField(StatusChange, models.PROTECT, related_name="told_in")

    class Meta:
        ordering = ["change__position"]

    def __str__(self):
        return f"{self.alert}: {self.change}"


class NetChangeQuerySet(models.QuerySet):
    def standing(self):
        """Not overtaken: no row told later has taken it back or replaced it."""
        return self.filter(withdrawn_at=None)


class NetChange(models.Model):
    """What an alert says of one claim: how it stood before the alert's first change and after its last."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="net_changes")
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="net_changes")
    before = models.CharField(max_length=9, choices=Status, null=True)  # noqa: DJ001
    before_qualifiers = models.JSONField(default=list)
    after = models.CharField(max_length=9, choices=Status, null=True)  # noqa: DJ001
    after_qualifiers = models.JSONField(default=list)
    recorded_at = models.DateTimeField()  # of the last change: who followed before it is told
    withdrawn_at = models.DateTimeField(null=True)  # a row that takes it back was taken up: mails not yet sent omit it

    objects = NetChangeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["alert", "claim"], name="one_net_change_per_alert_and_claim")]

    def __str__(self):
        return f"{words.standing(self.before)} → {words.standing(self.after)}: {self.claim}"


class Cursor(models.Model):
    """How far along the history the alerts have come, in a single row."""

    only = models.BooleanField(primary_key=True, default=True)
    position = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="there_is_one_cursor")]

    def __str__(self):
        return str(self.position)


class Channel(models.TextChoices):
    EMAIL = "email", "e-mail"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead", "failed for good"
    PARKED = "parked", "failed for three days"
    DROPPED = "dropped", "dropped before it was sent"


class DeliveryQuerySet(models.QuerySet):
    def waiting(self, at=None):
        """Deliveries owed now: due, not held by a worker, and each subscriber's oldest first."""
        at = at or clock.now()
        older = Delivery.objects.filter(
            state=DeliveryState.WAITING,
            subscriber=OuterRef("subscriber"),
            channel=OuterRef("channel"),
            pk__lt=OuterRef("pk"),
        )
        return self.owed().filter(~Exists(older), due_at__lte=at).not_held(at).order_by("due_at", "pk")

    def owed(self):
        """Neither sent nor given up."""
        return self.filter(state=DeliveryState.WAITING)

    def not_held(self, at=None):
        """Without a worker that may be sending it at this moment."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=at or clock.now()))

    def failed(self):
        return self.filter(state__in=[DeliveryState.DEAD, DeliveryState.PARKED])


class Delivery(models.Model):
    """One sending owed: an alert, to a subscriber, over a channel; once."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="deliveries")
    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="deliveries")
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="deliveries")  # why it is sent
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL)
    state = models.CharField(max_length=7, choices=DeliveryState, default=DeliveryState.WAITING)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=500, blank=True)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "subscriber", "channel"], name="owed_once"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
                name="sent_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="delivery_waiting"),
            models.Index(fields=["subscriber", "id"], condition=Q(state="waiting"), name="delivery_queue"),
        ]

    def __str__(self):
        return f"{self.alert} to {self.subscriber}"
