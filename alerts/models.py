"""Who is told what: changes are gathered into alerts, alerts are owed as deliveries."""

import secrets

from django.db import models
from django.db.models import Q

from deals import clock
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
    READY = "ready", "recipients fixed"
    NOTHING = "nothing", "nothing changed in the end"


class AlertQuerySet(models.QuerySet):
    def gathering(self):
        return self.filter(state=AlertState.GATHERING)

    def ripe(self, at=None):
        """Alerts whose grace period is over and whose recipients are not fixed yet."""
        return self.gathering().filter(due_at__lte=at or clock.now()).order_by("due_at")


class Alert(models.Model):
    """Changes of one deal, taken up for telling and gathered over the grace period."""

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="alerts")
    state = models.CharField(max_length=9, choices=AlertState, default=AlertState.GATHERING)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
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
        """Deliveries owed now: due, and not held by a worker."""
        at = at or clock.now()
        return (
            self.filter(state=DeliveryState.WAITING, due_at__lte=at)
            .filter(Q(lease_until=None) | Q(lease_until__lt=at))
            .order_by("due_at", "pk")
        )


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
        indexes = [models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="delivery_waiting")]

    def __str__(self):
        return f"{self.alert} to {self.subscriber}"
