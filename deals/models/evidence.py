from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from simple_history.models import HistoricalRecords

from deals import clock
from deals.choices import Certainty, Part, Precision, Rung, SpeakerKind, Stance
from deals.kinds import nobody_spoken_for
from deals.models.claims import Claim
from deals.models.companies import Company
from deals.models.sources import Report, Snapshot
from deals.rungs import rung

# What a row of the history rests on may not change under it.
LOCKED_FIELDS = (
    "claim_id",
    "report_id",
    "snapshot_id",
    "stance",
    "speaker_kind",
    "speaker_name",
    "speaker_role",
    "company_id",
    "quote",
    "certainty",
    "part",
    "said_at",
    "said_precision",
)
# All that evidence says, as an editor read it in the report.
STATEMENT_FIELDS = (
    "stance",
    "speaker_kind",
    "speaker_name",
    "speaker_role",
    "company",
    "quote",
    "translation",
    "certainty",
    "part",
    "said_at",
    "said_precision",
    "origin",
    "answers",
)


class EvidenceLocked(Exception):
    """A decision rests on this evidence; the message says what to do instead."""


class EvidenceQuerySet(models.QuerySet):
    def current(self):
        return self.filter(withdrawn_at=None)

    def with_record(self):
        """With all that a reader sees of it, in one query."""
        related = self.select_related("report__source", "snapshot", "company", "origin__source", "answers__source")
        return related.defer("snapshot__text")


class Evidence(models.Model):
    """What one report says on one claim, as an editor read it."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="evidence")
    report = models.ForeignKey(Report, models.PROTECT, related_name="evidence")
    stance = models.CharField(max_length=11, choices=Stance)
    speaker_kind = models.CharField("who speaks", max_length=9, choices=SpeakerKind, default=SpeakerKind.OUTLET)
    speaker_name = models.CharField(
        max_length=200, blank=True, help_text="Good: “Jin Yibo”. Leave empty if nobody is named."
    )
    speaker_role = models.CharField(
        max_length=200, blank=True, help_text="Good: “spokesman”, “people familiar with the matter”."
    )
    company = models.ForeignKey(
        Company,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="statements",
        verbose_name="company spoken for",
        help_text="Only if the speaker speaks for it; not for an insider who is not named.",
    )
    quote = models.TextField(
        blank=True, max_length=1000, help_text="The words that say it, in their own language; short."
    )
    translation = models.TextField(blank=True, max_length=1000)
    certainty = models.CharField(max_length=11, choices=Certainty, default=Certainty.STATED)
    part = models.CharField(max_length=8, choices=Part, default=Part.BODY)
    said_at = models.DateTimeField(null=True, blank=True, help_text="In UTC. Empty: when the report was published.")
    said_precision = models.CharField(max_length=7, choices=Precision, default=Precision.DAY)
    origin = models.ForeignKey(
        Report,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="retold_in",
        help_text="The report the story was taken from; a placeholder if we do not hold it.",
    )
    answers = models.ForeignKey(
        Report,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="answered_in",
        help_text="The report it denies or confirms.",
    )
    # What was read of the report when this was linked; none where we hold nothing of it.
    snapshot = models.ForeignKey(
        Snapshot, models.PROTECT, null=True, blank=True, editable=False, related_name="evidence"
    )
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawn_reason = models.CharField(max_length=300, blank=True, editable=False)

    objects = EvidenceQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "evidence"
        ordering = ["said_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                "claim",
                "report",
                "stance",
                Coalesce("company", 0),
                "speaker_kind",
                "speaker_name",
                "speaker_role",
                condition=Q(withdrawn_at=None),
                name="evidence_once_per_speaker_and_stance",
                violation_error_message="The same statement of the same speaker is linked already: correct that one.",
            ),
            models.CheckConstraint(condition=Q(stance__in=Stance.values), name="evidence_stance_is_known"),
            models.CheckConstraint(
                condition=Q(speaker_kind__in=SpeakerKind.values), name="evidence_speaker_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(certainty__in=Certainty.values), name="evidence_certainty_is_known"),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="evidence_part_is_known"),
            models.CheckConstraint(
                condition=~Q(speaker_kind="named") | ~Q(speaker_name=""),
                name="named_speaker_has_a_name",
                violation_error_message="Give the speaker's name, or say that a team, the company or nobody named speaks.",
            ),
            models.CheckConstraint(
                condition=Q(origin=None) | ~Q(origin=F("report")),
                name="no_report_is_its_own_origin",
                violation_error_message="Leave the origin empty where the report tells its own story.",
            ),
            models.CheckConstraint(
                condition=Q(answers=None) | ~Q(answers=F("report")),
                name="no_report_answers_itself",
                violation_error_message="A report does not answer itself: pick the one that it denies or confirms.",
            ),
        ]
        indexes = [models.Index(fields=["claim", "said_at"], name="evidence_by_claim")]

    def __str__(self):
        return f"{self.report} {self.get_stance_display()}: {self.claim}"

    def clean(self):
        if said := nobody_spoken_for(self.stance, self.speaker_kind, self.company_id):
            raise ValidationError({"company": said})

    def save(self, *args, **kwargs):
        self.recorded_at = self.recorded_at or clock.now()
        self.said_at = self.said_at or self.report.published_at
        if self.pk and (changed := self.locked_changes()):
            raise EvidenceLocked(
                f"A decision rests on this evidence, so its {', '.join(changed)} cannot change. "
                "Withdraw it and link the report anew."
            )
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise EvidenceLocked("Evidence is withdrawn, never deleted.")

    def locked_changes(self) -> list[str]:
        """The names of locked fields that differ from what is stored."""
        if not self.grounds.exists():
            return []
        stored = Evidence.objects.filter(pk=self.pk).values(*LOCKED_FIELDS).get()
        return [
            name.removesuffix("_id").replace("_", " ") for name in LOCKED_FIELDS if getattr(self, name) != stored[name]
        ]

    @property
    def rung(self) -> Rung:
        return rung(self.speaker_kind, self.company_id, self.report.source.kind)

    @property
    def root(self) -> Report:
        """The report that this one counts as: its origin, or itself."""
        return self.origin or self.report

    @property
    def speaker(self) -> str:
        """Who says it, in words: “Jin Yibo, spokesman, for Chery”."""
        who = ", ".join(part for part in (self.speaker_name, self.speaker_role) if part)
        if not self.company_id:
            return who or self.get_speaker_kind_display()
        return f"{who}, for {self.company}" if who else str(self.company)
