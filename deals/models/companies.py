from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from deals.hierarchy import above
from deals.slugs import new_slug


class CompanyQuerySet(models.QuerySet):
    def named(self, name: str):
        """Companies that bear this name or alias, letter case aside."""
        return self.filter(Q(name__iexact=name) | Q(aliases__name__iexact=name)).distinct()


class Company(models.Model):
    """A firm, brand, joint venture or parent that can be party to a deal."""

    name = models.CharField(
        max_length=200, unique=True, help_text="Good: “JLR”. Bad: “JLR (Tata)”; its parent has a field of its own."
    )
    slug = models.SlugField(max_length=80, unique=True, editable=False, allow_unicode=True)
    placeholder = models.BooleanField(default=False, help_text="Stands for a company that nobody has named yet.")
    ticker = models.CharField(max_length=30, blank=True, help_text="With its exchange, e.g. “NYSE:XPEV”.")
    isin = models.CharField("ISIN", max_length=12, blank=True)
    lei = models.CharField("LEI", max_length=20, blank=True)
    parents = models.ManyToManyField(
        "self", through="Parentage", through_fields=("child", "parent"), symmetrical=False, related_name="children"
    )

    objects = CompanyQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="company_has_a_name"),
            models.UniqueConstraint(
                fields=["isin"],
                condition=~Q(isin=""),
                name="isin_names_one_company",
                violation_error_message="Another company has this ISIN: look it up, and use that company or correct it.",
            ),
            models.UniqueConstraint(
                fields=["lei"],
                condition=~Q(lei=""),
                name="lei_names_one_company",
                violation_error_message="Another company has this LEI: look it up, and use that company or correct it.",
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.slug = self.slug or new_slug(self.name)
        super().save(*args, **kwargs)


class CompanyAlias(models.Model):
    """Another name of a company, in any language or script."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "company aliases"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="alias_once_per_company"),
            models.CheckConstraint(condition=~Q(name=""), name="alias_has_a_name"),
        ]

    def __str__(self):
        return self.name


class Parentage(models.Model):
    """One company above another; a joint venture has two such rows. Never a circle."""

    child = models.ForeignKey(Company, models.PROTECT, related_name="parentages")
    parent = models.ForeignKey(Company, models.PROTECT, related_name="offspring")

    class Meta:
        verbose_name = "parent"
        constraints = [
            models.UniqueConstraint(fields=["child", "parent"], name="parentage_once"),
            models.CheckConstraint(condition=~Q(child=F("parent")), name="no_company_is_its_own_parent"),
        ]

    def __str__(self):
        return f"{self.child} belongs to {self.parent}"

    def clean(self):
        if not (self.child_id and self.parent_id):
            return
        edges = Parentage.objects.exclude(pk=self.pk).values_list("child_id", "parent_id")
        if self.child_id in above({self.parent_id}, edges):
            raise ValidationError(
                {"parent": f"{self.child} stands above {self.parent} already: that would be a circle."}
            )

    def save(self, *args, **kwargs):
        self.clean()
        super().save(*args, **kwargs)
