import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from deals.choices import Kind, Precision, Stage, Status
from deals.models.claims import Claim
from deals.models.evidence import Evidence


class AppendOnlyError(Exception):
    """The history only grows: nothing in it is changed or deleted."""

    def __init__(self):
        super().__init__("A claim's history is append-only. Write an undo or a replacing row instead.")


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs):
        raise AppendOnlyError

    def delete(self):
        raise AppendOnlyError

    def bulk_update(self, *args, **kwargs):
        raise AppendOnlyError

    def bulk_create(self, *args, update_conflicts=False, **kwargs):
        if update_conflicts:
            raise AppendOnlyError
        return super().bulk_create(*args, **kwargs)


class AppendOnly(models.Model):
    """Rows that are written once; on PostgreSQL a trigger says the same (migration 0002)."""

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args, **kwargs):
        raise AppendOnlyError


class StatusChangeQuerySet(AppendOnlyQuerySet):
    def after(self, position: int):
        return self.filter(position__gt=position).order_by("position")

    def with_record(self):
        return self.select_related("claim", "by", "supersedes").prefetch_related(
            models.Prefetch("evidence", Evidence.objects.with_record())
        )


class StatusChange(AppendOnly):
    """One row of a claim's history. Written by `history.change_status` and `history.undo` alone."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind)
    event_at = models.DateTimeField()
    precision = models.CharField(max_length=7, choices=Precision)
    recorded_at = models.DateTimeField()
    position = models.PositiveBigIntegerField(unique=True)
    step = models.UUIDField(default=uuid.uuid4)
    evidence = models.ManyToManyField(Evidence, through="Ground", related_name="changes")
    qualifiers = models.JSONField(default=list)
    stage = models.CharField(max_length=17, choices=Stage, blank=True)
    override_to = models.CharField(max_length=9, choices=Status, blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="status_changes")
    wording = models.CharField(max_length=300)
    quiet = models.BooleanField(default=False)
    quiet_reason = models.CharField(max_length=300, blank=True)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    # What the record said of the claim just before and just after this row was recorded.
    status_before = models.CharField(max_length=9, choices=Status, null=True)  # noqa: DJ001
    status_after = models.CharField(max_length=9, choices=Status, null=True)  # noqa: DJ001
    version = models.PositiveIntegerField()

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"  # what Django reaches for behind our back refuses too
        ordering = ["position"]
        permissions = [
            ("override_status", "Can override a status"),
            ("undo_others", "Can undo another's row"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="change_kind_is_known"),
            models.CheckConstraint(condition=Q(precision__in=Precision.values), name="change_precision_is_known"),
            models.CheckConstraint(condition=Q(stage="") | Q(stage__in=Stage.values), name="change_stage_is_known"),
            models.CheckConstraint(
                condition=Q(kind="override", override_to__in=Status.values) | (~Q(kind="override") & Q(override_to="")),
                name="override_and_only_it_names_a_status",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["override", "background", "undo"]) | ~Q(reason=""),
                name="change_gives_its_reason",
            ),
            models.CheckConstraint(
                condition=~Q(kind="undo") | Q(supersedes__isnull=False), name="undo_supersedes_a_row"
            ),
            models.CheckConstraint(condition=~Q(kind="stage") | ~Q(stage=""), name="stage_row_states_a_stage"),
            models.CheckConstraint(condition=Q(quiet=False) | ~Q(quiet_reason=""), name="quiet_row_says_why"),
            models.CheckConstraint(condition=Q(event_at__lte=F("recorded_at")), name="event_is_not_after_its_record"),
            models.CheckConstraint(
                condition=Q(status_before=None) | Q(status_before__in=Status.values), name="status_before_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status_after=None) | Q(status_after__in=Status.values), name="status_after_is_known"
            ),
            models.UniqueConstraint(fields=["claim", "version"], name="one_row_per_claim_version"),
        ]
        indexes = [models.Index(fields=["claim", "event_at", "position"], name="change_in_fold_order")]

    def __str__(self):
        return f"{self.get_kind_display()} on {self.event_at:%-d %b %Y}: {self.wording}"


class Ground(AppendOnly):
    """Evidence that a row of the history rests on."""

    change = models.ForeignKey(StatusChange, models.PROTECT, related_name="grounds")
    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="grounds")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["change", "evidence"], name="ground_once")]

    def __str__(self):
        return f"{self.change} rests on {self.evidence}"


class Position(models.Model):
    """The last position given out, in a single row that every writer of the history locks first.

    So positions become visible in the order of commits, and no reader meets a gap that fills later.
    """

    only = models.BooleanField(primary_key=True, default=True)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="there_is_one_position_row")]

    def __str__(self):
        return str(self.last)
