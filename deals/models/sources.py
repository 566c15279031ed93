import hashlib

from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from deals import clock
from deals.choices import Precision, ReadFrom, Retraction, SourceKind
from deals.models.companies import Company
from deals.slugs import new_slug


class SourceQuerySet(models.QuerySet):
    def named(self, name: str):
        """Sources that bear this name or alias, letter case aside."""
        return self.filter(Q(name__iexact=name) | Q(aliases__name__iexact=name)).distinct()

    def at_host(self, host: str):
        """Sources whose domain is this host or stands above it: news.yicai.com is Yicai's."""
        labels = host.lower().rstrip(".").split(".")
        domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
        return self.filter(domains__domain__in=domains).distinct()


class Source(models.Model):
    """Who publishes: a wire, newspaper, company newsroom, exchange or account."""

    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=80, unique=True, editable=False, allow_unicode=True)
    kind = models.CharField(max_length=12, choices=SourceKind, default=SourceKind.TRADE_PRESS)
    language = models.CharField(max_length=12, default="en", help_text="A code such as “en” or “zh”.")
    official_for = models.ManyToManyField(
        Company, blank=True, related_name="official_sources", help_text="Companies whose own word this source carries."
    )
    own = models.BooleanField("our own outlet", default=False)

    objects = SourceQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[official_for])

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="source_has_a_name"),
            models.CheckConstraint(condition=Q(kind__in=SourceKind.values), name="source_kind_is_known"),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.slug = self.slug or new_slug(self.name)
        super().save(*args, **kwargs)


class SourceAlias(models.Model):
    """Another name under which others cite a source, such as 第一财经 for Yicai."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "source aliases"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="alias_once_per_source"),
            models.CheckConstraint(condition=~Q(name=""), name="source_alias_has_a_name"),
        ]

    def __str__(self):
        return self.name


class SourceDomain(models.Model):
    """A host name under which a source publishes; what stands below it is the source's too."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="domains")
    domain = models.CharField(
        max_length=253, unique=True, help_text="Good: “yicai.com”. Bad: “https://www.yicai.com/”."
    )

    class Meta:
        ordering = ["domain"]
        constraints = [
            models.CheckConstraint(
                condition=Q(domain__regex=r"^[a-z0-9.-]+\.[a-z0-9-]+$"),
                name="domain_is_a_bare_lower_case_host",
                violation_error_message="Write the bare host in lower case, such as yicai.com.",
            ),
        ]

    def __str__(self):
        return self.domain


class ReportQuerySet(models.QuerySet):
    def standing(self):
        return self.exclude(retraction=Retraction.RETRACTED)


class Report(models.Model):
    """An article that says something on claims: one canonical URL.

    A placeholder has none; it stands for one story of one source that others cite and we do not hold.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="reports")
    title = models.CharField(max_length=500)
    url = models.URLField("address", max_length=2048, null=True, blank=True, unique=True)
    placeholder = models.BooleanField(default=False, help_text="Cited by others; we do not hold it.")
    language = models.CharField(max_length=12, blank=True)
    published_at = models.DateTimeField(
        null=True, blank=True, help_text="In UTC: the last instant that the wording allows."
    )
    published_precision = models.CharField(max_length=7, choices=Precision, default=Precision.INSTANT)
    recorded_at = models.DateTimeField(editable=False)
    retraction = models.CharField(max_length=9, choices=Retraction, blank=True)
    retracted_at = models.DateTimeField(null=True, blank=True)
    retraction_note = models.CharField(
        max_length=500, blank=True, help_text="How its outlet corrected or retracted it."
    )

    objects = ReportQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = [F("published_at").desc(nulls_last=True), "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(placeholder=True, url=None) | Q(placeholder=False, url__isnull=False),
                name="report_has_an_address_unless_placeholder",
                violation_error_message="Give the report's address, or tick placeholder if we do not hold it; not both.",
            ),
            models.UniqueConstraint(
                fields=["source", "title"],
                condition=Q(placeholder=True),
                name="placeholder_is_one_story_of_one_source",
                violation_error_message="There is a placeholder for that story of that source already: use it.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="report_has_a_title"),
            models.CheckConstraint(
                condition=Q(retraction="", retracted_at=None) | (~Q(retraction="") & Q(retracted_at__isnull=False)),
                name="retraction_has_a_date",
                violation_error_message="Say when its outlet corrected or retracted it, and which of the two it did.",
            ),
            models.CheckConstraint(
                condition=Q(published_precision__in=Precision.values), name="report_precision_is_known"
            ),
        ]
        indexes = [models.Index(fields=["published_at"], name="report_by_publication")]

    def __str__(self):
        return f"{self.source}: {self.title}"

    def save(self, *args, **kwargs):
        self.recorded_at = self.recorded_at or clock.now()
        super().save(*args, **kwargs)

    @property
    def retracted(self) -> bool:
        return self.retraction == Retraction.RETRACTED

    @property
    def text(self) -> str:
        """What was read of it last; never public."""
        newest = self.snapshots.first() if self.pk else None
        return newest.text if newest else ""


class SnapshotKept(Exception):
    """What was read is never changed or deleted; the message says what to do instead."""


class SnapshotQuerySet(models.QuerySet):
    def update(self, **kwargs):
        if set(kwargs) - {"archive_url"}:
            raise SnapshotKept("What was read of a report stays as it was read. Keep a new snapshot.")
        return super().update(**kwargs)

    def delete(self):
        raise SnapshotKept("What was read of a report is never deleted.")


class Snapshot(models.Model):
    """What we read of a report at one time, word for word. Only its archive address can be added and corrected.

    On PostgreSQL a trigger says the same (migration 0008). Written by `snapshots.keep` alone.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="snapshots")
    read = models.CharField(max_length=5, choices=ReadFrom)
    url = models.CharField("address", max_length=2048, blank=True)  # where it came from in the end
    title = models.CharField(max_length=500)
    text = models.TextField(help_text="As plain text. Never public.")
    sha256 = models.CharField("SHA-256 of the text", max_length=64)
    taken_at = models.DateTimeField()
    archive_url = models.URLField(
        "archive address",
        max_length=2048,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Where a public archive holds the page. Good: “https://web.archive.org/web/2024…/https://…”.",
    )

    objects = SnapshotQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["text"])

    class Meta:
        base_manager_name = "objects"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(read__in=ReadFrom.values), name="snapshot_reading_is_known"),
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="snapshot_has_its_digest"),
        ]
        indexes = [models.Index(fields=["report", "-id"], name="snapshot_newest")]

    def __str__(self):
        return f"{self.title}, read {self.taken_at:%-d %b %Y, %H:%M} UTC"

    def save(self, *args, **kwargs):
        if self._state.adding:
            self.sha256 = hashlib.sha256(self.text.encode()).hexdigest()
        elif set(kwargs.get("update_fields") or ["all"]) - {"archive_url"}:
            raise SnapshotKept("What was read of a report stays as it was read. Keep a new snapshot.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise SnapshotKept("What was read of a report is never deleted.")
