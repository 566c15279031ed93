from difflib import SequenceMatcher

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from deals import clock
from deals.choices import DealType, Role, Status
from deals.models.companies import Company
from deals.slugs import new_slug

# A typing error leaves the wording nearly as it was; less alike than this is a new meaning, and so a new claim.
SAME_WORDING = 0.9


class Deal(models.Model):
    """What is (said to be) going on between parties: a title over claims."""

    title = models.CharField(max_length=200, unique=True, help_text="Good: “JLR – Chery platform”. Bad: “Car deal”.")
    slug = models.SlugField(max_length=80, unique=True, editable=False, allow_unicode=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["title"]
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="deal_has_a_title")]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        self.slug = self.slug or new_slug(self.title)
        super().save(*args, **kwargs)


class ClaimQuerySet(models.QuerySet):
    def public(self):
        """What anyone may read: published, and with a status."""
        return self.filter(published=True, status__isnull=False)

    def once_public(self):
        """Claims that were public and are not now; their address says so (410)."""
        return self.filter(public_since__isnull=False).exclude(published=True, status__isnull=False)


class Claim(models.Model):
    """One checkable proposition about a deal, e.g. “JLR will use Chery's platforms”.

    `status` and `version` are the fold of the history at this moment, stored by `history.change_status` alone.
    """

    wording = models.CharField(
        max_length=300,
        help_text="Good: “JLR will use Chery's platforms for new models”. Bad: “JLR and Chery news”. It cannot be changed once the claim has a status.",
    )
    slug = models.SlugField(max_length=80, unique=True, editable=False, allow_unicode=True)
    deal = models.ForeignKey(Deal, models.PROTECT, related_name="claims")
    type = models.CharField(max_length=20, choices=DealType, default=DealType.TIE_UP_UNSPECIFIED)
    companies = models.ManyToManyField(Company, through="Party", related_name="claims")
    part_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        help_text="The more general claim that this one is a part of: what denies it is proposed for this one too.",
    )
    due = models.DateField(null=True, blank=True, help_text="The last day on which it can still come true as worded.")
    check_again = models.DateField(null=True, blank=True, help_text="When the desk wants to look again.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="owned_claims"
    )
    published = models.BooleanField(default=False, help_text="Unpublished claims are seen by the desk alone.")
    public_since = models.DateTimeField(null=True, editable=False)
    status = models.CharField(max_length=9, choices=Status, null=True, editable=False)  # noqa: DJ001 -- null: a draft
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = ClaimQuerySet.as_manager()
    history_of_edits = HistoricalRecords(related_name="edits")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=None) | Q(status__in=Status.values), name="claim_status_is_known"
            ),
            models.CheckConstraint(condition=Q(type__in=DealType.values), name="claim_type_is_known"),
            models.CheckConstraint(condition=~Q(wording=""), name="claim_has_a_wording"),
            models.CheckConstraint(condition=~Q(part_of=F("id")), name="no_claim_is_part_of_itself"),
            models.CheckConstraint(
                condition=Q(published=False) | Q(status=None) | Q(public_since__isnull=False),
                name="public_claim_says_since_when",
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="claim_by_status")]

    def __str__(self):
        return self.wording

    @property
    def is_public(self) -> bool:
        return self.published and self.status is not None

    def get_absolute_url(self):
        return reverse("claim", args=[self.slug])

    def clean(self):
        if not self.pk:
            return
        before = Claim.objects.filter(pk=self.pk).first()
        if before and before.version and not self._same_meaning(before.wording):
            raise ValidationError(
                {
                    "wording": "The wording is frozen by the claim's first row. Correct a typing error only; "
                    "for another meaning open a new claim."
                }
            )
        ancestor, seen = self.part_of, set()
        while ancestor:
            if ancestor.pk == self.pk or ancestor.pk in seen:
                raise ValidationError({"part_of": "That claim is itself a part of this one: it would be a circle."})
            seen.add(ancestor.pk)
            ancestor = ancestor.part_of

    def _same_meaning(self, before: str) -> bool:
        if [c for c in before if c.isdigit()] != [c for c in self.wording if c.isdigit()]:
            return False
        return SequenceMatcher(None, before, self.wording, autojunk=False).ratio() >= SAME_WORDING

    def save(self, *args, **kwargs):
        self.slug = self.slug or new_slug(self.wording)
        self.created_at = self.created_at or clock.now()
        if self.is_public and self.public_since is None:
            self.public_since = clock.now()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "public_since"}
        super().save(*args, **kwargs)


class Party(models.Model):
    """A company in a role of a claim."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="parties")
    company = models.ForeignKey(Company, models.PROTECT, related_name="party_in")
    role = models.CharField(max_length=9, choices=Role, default=Role.PARTNER)

    class Meta:
        verbose_name_plural = "parties"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "company", "role"], name="party_once_per_role"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="party_role_is_known"),
        ]

    def __str__(self):
        return f"{self.company} ({self.get_role_display()})"
