from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from deals import clock
from deals.choices import Precision, TermKind
from deals.models.evidence import Evidence
from deals.terms import Fact, in_words

# Of each kind the columns that hold its value; the others stay empty.
COLUMNS = {
    TermKind.AMOUNT: ("number", "currency"),
    TermKind.STAKE: ("number",),
    TermKind.DATE: ("day",),
    TermKind.PLATFORM: ("name",),
    TermKind.COUNT: ("number", "name"),
}
WANTED = {
    TermKind.AMOUNT: "Give an amount its number and its currency, such as 1500000000 EUR.",
    TermKind.STAKE: "Give a stake its percentage, from 0 to 100.",
    TermKind.DATE: "Give a date its last day: 2026-12-31 for “in 2026”.",
    TermKind.PLATFORM: "Give the platform its name.",
    TermKind.COUNT: "Give a count its number and what is counted, such as 2 models.",
}


class TermQuerySet(models.QuerySet):
    def current(self):
        return self.filter(withdrawn_at=None)

    def known(self, at):
        """The terms that the record held at an instant; `None` is now."""
        if at is None:
            return self.current()
        return self.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at), recorded_at__lte=at)


class Term(models.Model):
    """A fact that a piece of evidence states beside its stance: “about 20 percent”, “1.5 billion euros”, “in 2026”.

    A row is never edited: a correction takes it back and records another, so that every day's reading stays known.
    """

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="terms")
    kind = models.CharField(max_length=8, choices=TermKind)
    about = models.BooleanField(default=False, help_text="The words say “about”, “up to” or the like.")
    number = models.DecimalField(
        max_digits=20, decimal_places=4, null=True, blank=True, help_text="The whole number: 1500000000, not 1.5bn."
    )
    currency = models.CharField(max_length=3, blank=True, help_text="EUR, USD, CNY …")
    day = models.DateField("date", null=True, blank=True, help_text="The last day that the words allow.")
    precision = models.CharField(max_length=7, choices=Precision, default=Precision.DAY)
    name = models.CharField(max_length=100, blank=True, help_text="The platform, or what is counted.")
    words = models.CharField(max_length=200, help_text="As the report has it: “about 20 percent”.")
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["evidence", "kind", "words"],
                condition=Q(withdrawn_at=None),
                name="term_once_per_evidence",
                violation_error_message="That term is recorded for this evidence already.",
            ),
            models.CheckConstraint(condition=Q(kind__in=TermKind.values), name="term_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind="amount", number__gt=0) & ~Q(currency="")
                | Q(kind="stake", number__gt=0, number__lte=100)
                | Q(kind="date", day__isnull=False)
                | Q(kind="platform") & ~Q(name="")
                | Q(kind="count", number__gt=0) & ~Q(name=""),
                name="term_has_the_value_of_its_kind",
                violation_error_message="Give the term the value of its kind: a number with its currency, a percentage, "
                "a date, a platform's name, or a number of what is counted.",
            ),
            models.CheckConstraint(
                condition=Q(currency="") | Q(currency__regex=r"^[A-Z]{3}$"),
                name="term_currency_is_three_capitals",
                violation_error_message="Write the currency as three capitals, such as EUR.",
            ),
        ]

    def __str__(self):
        return self.in_words

    @property
    def fact(self) -> Fact:
        return Fact(self.kind, self.about, self.number, self.currency, self.day, self.precision, self.name)

    @property
    def in_words(self) -> str:
        return in_words(self.fact)

    def clean(self):
        self.currency = self.currency.strip().upper()
        if self.kind not in COLUMNS:
            return
        if not all(getattr(self, name) for name in COLUMNS[self.kind]):
            raise ValidationError(WANTED[self.kind])
        for name, empty in (("number", None), ("currency", ""), ("day", None), ("name", "")):
            if name not in COLUMNS[self.kind]:
                setattr(self, name, empty)

    def save(self, *args, **kwargs):
        self.recorded_at = self.recorded_at or clock.now()
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise ValidationError("A term is taken back, never deleted.")
