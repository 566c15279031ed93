from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from deals import clock
from deals.choices import Precision, Retraction, SourceKind
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
    text = models.TextField(blank=True, help_text="What we read, as plain text. Never public.")
    recorded_at = models.DateTimeField(editable=False)
    retraction = models.CharField(max_length=9, choices=Retraction, blank=True)
    retracted_at = models.DateTimeField(null=True, blank=True)
    retraction_note = models.CharField(
        max_length=500, blank=True, help_text="How its outlet corrected or retracted it."
    )

    objects = ReportQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["text"])

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
