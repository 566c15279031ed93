"""The desk's forms: a statement as an editor corrects it, a claim opened from a lead, a report added by hand."""

from datetime import UTC, datetime, time, timedelta

from django import forms
from django.core.exceptions import PermissionDenied

from deals import clock
from deals.choices import Certainty, Part, Precision, Role, SourceKind, SpeakerKind, Stance, TermKind
from deals.history import event_time
from deals.kinds import nobody_spoken_for
from deals.linking import LinkError, canonical_url
from deals.models import Claim, Company, Party, Report, Source
from deals.terms import in_words
from ingest import outlets, searching
from ingest.models import Entry, SearchTemplate, Suggestion
from ingest.queries import LONGEST_QUERY
from ingest.suggestions import Pick
from ingest.terms import Proposal
from tracker.desk.finding import FindField

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class StatementForm(forms.Form):
    """What an item says on a claim: as suggested, to be ticked and corrected. Unticked, nothing in it is checked."""

    pick = forms.BooleanField(required=False)
    stance = forms.ChoiceField(choices=Stance)
    speaker_kind = forms.ChoiceField(choices=SpeakerKind, label="Who speaks")
    speaker_name = forms.CharField(max_length=200, required=False, label="Name")
    speaker_role = forms.CharField(max_length=200, required=False, label="Role")
    company = FindField(Suggestion._meta.get_field("company"), required=False, label="Speaks for")
    origin = FindField(Suggestion._meta.get_field("origin"), required=False, label="Taken from (outlet)")
    cites = forms.CharField(
        max_length=100, required=False, label="Or an outlet that we do not have", help_text="It becomes a source."
    )
    certainty = forms.ChoiceField(choices=Certainty)
    part = forms.ChoiceField(choices=Part, label="Stands in")
    said_on = forms.DateField(required=False, label="Said on, if not when published", widget=DATE)
    quote = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    translation = forms.CharField(max_length=1000, required=False)
    terms = forms.MultipleChoiceField(required=False, label="Terms it states", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, suggestion: Suggestion | None = None, with_claim: bool = True, **kwargs):
        self.suggestion = suggestion
        if suggestion:
            kwargs.setdefault("prefix", f"s{suggestion.pk}")
            kwargs["initial"] = _as_suggested(suggestion) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        if with_claim:
            self.fields["claim"] = FindField(Suggestion._meta.get_field("claim"))
        if suggestion:
            for name in {"claim", "company", "origin"} & self.fields.keys():
                self.fields[name].know(getattr(suggestion, name))
        self.proposed: list[Proposal] = suggestion.proposed_terms if suggestion else []
        self.fields["terms"].choices = [(str(at), _offered(term)) for at, term in enumerate(self.proposed)]
        if not self.proposed:
            del self.fields["terms"]

    @property
    def corrections(self) -> list[forms.BoundField]:
        """The fields apart from the tick and the terms, the claim first."""
        fields = [field for field in self if field.name not in ("pick", "claim", "terms")]
        return [self["claim"], *fields] if "claim" in self.fields else fields

    @property
    def changed(self) -> bool:
        return self.is_bound and bool(set(self.changed_data) - {"pick"})

    @property
    def ticked(self) -> bool:
        return bool(self["pick"].value())

    def full_clean(self):
        super().full_clean()
        if self.is_bound and not self.ticked:
            self._errors.clear()

    def clean(self):
        said = super().clean()
        if said.get("speaker_kind") == SpeakerKind.NAMED and not said.get("speaker_name"):
            self.add_error("speaker_name", "Give the name of the officer or spokesperson, or choose another speaker.")
        if unspoken := nobody_spoken_for(said.get("stance"), said.get("speaker_kind"), said.get("company")):
            self.add_error("company", unspoken)
        return said

    def to_link(self) -> Pick:
        """What is to be linked, as the valid form has it."""
        apart = ("pick", "said_on", "terms", "cites")
        said = {name: value for name, value in self.cleaned_data.items() if name not in apart}
        said["origin"] = said["origin"] or self.cleaned_data["cites"].strip() or None
        said["terms"] = [
            (self.proposed[int(at)].fact, self.proposed[int(at)].words) for at in self.cleaned_data.get("terms", ())
        ]
        if day := self.cleaned_data.get("said_on"):
            said |= {"said_at": datetime.combine(day, time.max, UTC), "said_precision": Precision.DAY}
        return Pick(self.suggestion, said)


def _as_suggested(suggestion: Suggestion) -> dict:
    names = ("stance", "speaker_kind", "speaker_name", "speaker_role", "certainty", "part")
    return {name: getattr(suggestion, name) for name in names} | {
        "pick": suggestion.preselected,
        "claim": suggestion.claim_id,
        "company": suggestion.company_id,
        "origin": suggestion.origin_id,
        "cites": suggestion.cites,
        "quote": suggestion.passage[:1000],
        "terms": [str(at) for at, term in enumerate(suggestion.proposed_terms) if suggestion.turns_on(term)],
    }


def _offered(term: Proposal) -> str:
    return f"{TermKind(term.fact.kind).label}: {in_words(term.fact)} (“{term.words}”)"


class OutletForm(forms.Form):
    """Whose an aggregator's item is, where the outlet that it names is none of our sources."""

    source = FindField(
        Entry._meta.get_field("source"),
        required=False,
        label="It is this source",
        help_text="If we know it under another name.",
    )
    make = forms.BooleanField(required=False, initial=True)
    kind = forms.ChoiceField(choices=SourceKind, initial=SourceKind.TRADE_PRESS, label="Kind of the new source")

    def __init__(self, entry: Entry, data=None):
        self.name, self.host = entry.outlet, entry.outlet_host
        source = outlets.known(entry)
        super().__init__(data, prefix="outlet", initial={"source": source, "make": source is None})
        self.fields["source"].know(source)

    @property
    def corrections(self) -> list[forms.BoundField]:
        return [self["kind"], self["source"]]

    def clean(self):
        said = super().clean()
        if not said.get("source") and not said.get("make") and "source" not in self.errors:
            self.add_error("source", f"Make “{self.name}” a source, or say which of ours it is.")
        return said

    def credit(self, entry: Entry, by) -> None:
        """Make the item its outlet's, as the valid form has it. Raises PermissionDenied."""
        source = self.cleaned_data["source"]
        if not source and not by.has_perm("deals.add_source"):
            raise PermissionDenied
        outlets.credit(entry, source or outlets.make_source(entry, self.cleaned_data["kind"]))


class SearchForm(forms.Form):
    """A search for a claim with a template: ticked to be made, its words shown and editable."""

    pick = forms.BooleanField(required=False, initial=True)
    query = forms.CharField(
        max_length=LONGEST_QUERY,
        required=False,
        label="Words",
        help_text="As the search engine reads them. Left empty, they are made from the parties.",
    )

    def __init__(self, template: SearchTemplate, data=None, *, words: str = "", prefix: str = ""):
        self.template = template
        super().__init__(data, prefix=prefix or f"search{template.pk}", initial={"query": words})

    @property
    def ticked(self) -> bool:
        return "pick" not in self.fields or bool(self["pick"].value())

    def full_clean(self):
        super().full_clean()
        if self.is_bound and not self.ticked:
            self._errors.clear()

    def clean_query(self):
        words = self.cleaned_data["query"]
        if words and self.ticked and (why := searching.trouble(self.template, words)):
            raise forms.ValidationError(why)
        return words

    def want(self, claim: Claim, by) -> None:
        """Search for the claim, as the valid form has it. Raises SearchError."""
        words = self.cleaned_data["query"] or searching.proposed_for(claim, self.template)
        searching.want(claim, self.template, words, by=by)


class ClaimForm(forms.ModelForm):
    """A new claim: its deal picked or named, its wording, type and dates."""

    deal = FindField(Claim._meta.get_field("deal"), required=False, label="Existing deal")
    new_deal = forms.CharField(
        max_length=200, required=False, label="Or a new deal", help_text="Used only if no existing deal is picked."
    )
    part_of = FindField(
        Claim._meta.get_field("part_of"),
        required=False,
        help_text=Claim._meta.get_field("part_of").help_text,
    )

    class Meta:
        model = Claim
        fields = ["deal", "wording", "type", "part_of", "due", "published"]
        widgets = {"due": DATE, "wording": forms.Textarea(attrs={"rows": 2})}

    field_order = ["deal", "new_deal", "wording", "type", "part_of", "due", "published"]

    def clean(self):
        said = super().clean()
        if not said.get("deal") and not said.get("new_deal", "").strip() and "deal" not in self.errors:
            self.add_error("new_deal", "Pick the deal that the claim belongs to, or give a new one a title.")
        return said

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() | {"deal"}


class PartyForm(forms.Form):
    """A company in a role; a row left without a company is no party."""

    company = FindField(Party._meta.get_field("company"), required=False)
    role = forms.ChoiceField(choices=Role, initial=Role.PARTNER)


class PartyForms(forms.BaseFormSet):
    def clean(self):
        if any(self.errors):
            return
        pairs = self.pairs()
        if not pairs:
            raise forms.ValidationError("Name at least one party of the claim.")
        if len(set(pairs)) < len(pairs):
            raise forms.ValidationError("A company has each role once.")

    def pairs(self) -> list[tuple[Company, str]]:
        return [
            (form.cleaned_data["company"], form.cleaned_data["role"])
            for form in self.forms
            if form.cleaned_data.get("company")
        ]


PartyFormSet = forms.formset_factory(PartyForm, formset=PartyForms, extra=2, max_num=12, absolute_max=20)


class AddressForm(forms.Form):
    """The address of a report, as it will be kept."""

    url = forms.CharField(
        label="Address",
        max_length=2048,
        widget=forms.URLInput(attrs={"autofocus": True, "placeholder": "https://"}),
        help_text="The article itself. Good: https://www.yicaiglobal.com/news/… Bad: a search page or a home page.",
    )

    def clean_url(self):
        try:
            return canonical_url(self.cleaned_data["url"])
        except LinkError as error:
            raise forms.ValidationError(str(error)) from error


class ReportForm(AddressForm):
    """A report as an editor checks it before it enters the record."""

    title = forms.CharField(max_length=500)
    source = FindField(Report._meta.get_field("source"), required=False, label="Outlet", help_text="Who published it.")
    new_source = forms.CharField(
        max_length=200, required=False, label="Or a new outlet", help_text="Used only if no outlet is picked."
    )
    new_source_kind = forms.ChoiceField(
        choices=SourceKind, initial=SourceKind.TRADE_PRESS, label="Kind of the new outlet", required=False
    )
    published_at = forms.DateTimeField(
        required=False,
        label="Published (UTC)",
        widget=forms.DateTimeInput(format="%Y-%m-%d %H:%M"),
        help_text="Such as 2024-04-15 06:00. For a day or month alone, any time in it.",
    )
    published_precision = forms.ChoiceField(choices=Precision, initial=Precision.INSTANT, label="Known to the")
    language = forms.CharField(max_length=12, required=False, help_text="A code such as “en” or “zh”.")
    text = forms.CharField(
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text="Plain text, for the desk alone; never public.",
    )

    def clean_new_source_kind(self):
        return self.cleaned_data["new_source_kind"] or SourceKind.TRADE_PRESS

    def clean_published_at(self):
        moment = self.cleaned_data["published_at"]
        if moment and moment > clock.now() + timedelta(days=1):
            raise forms.ValidationError("That is in the future.")
        return moment

    def clean(self):
        said = super().clean()
        if said.get("source") or "source" in self.errors:
            return said
        name = said.get("new_source", "").strip()
        if not name:
            self.add_error("source", "Pick the outlet, or give the new one a name.")
        elif known := list(Source.objects.named(name)[:2]):
            if len(known) > 1:
                self.add_error("source", "Several outlets bear that name: pick one.")
            said["source"] = known[0]
        return said

    @property
    def last_instant(self) -> datetime | None:
        """The last instant that what was entered allows, never after now."""
        moment, precision = self.cleaned_data["published_at"], self.cleaned_data["published_precision"]
        return event_time(moment, precision, recorded_at=clock.now()) if moment else None
