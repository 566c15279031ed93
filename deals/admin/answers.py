"""“This report answers …”: pick the report it answers, tick which of its claims the answer covers."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from deals import clock, linking
from deals.choices import Certainty, Part, Precision, SpeakerKind, Stance
from deals.forms import Autocomplete
from deals.models import Claim, Company, Evidence, Report, Source

ANSWERS = (Stance.DENIES, Stance.CONFIRMS, Stance.NO_COMMENT, Stance.NO_RESPONSE)


def _picked(name: str, queryset, field=None, **options) -> forms.ModelChoiceField:
    """A field with the admin's autocomplete; `field` is the foreign key whose rows are searched."""
    field = field or Evidence._meta.get_field(name)
    return forms.ModelChoiceField(queryset, widget=Autocomplete(field, admin.site), **options)


class ReportForm(forms.Form):
    report = _picked("report", Report.objects.all(), label="report that answers")


class AnsweredForm(forms.Form):
    answered = _picked(
        "answers",
        Report.objects.all(),
        label="answers the report",
        help_text="Type words of its title, its outlet, or its address. A placeholder stands for a story we do not hold.",
    )


class AnswerForm(forms.Form):
    """One statement by one speaker. Times are UTC."""

    stance = forms.ChoiceField(
        choices=[(stance.value, stance.label) for stance in ANSWERS],
        label="it",
        help_text="Good: “denies” for “the report is untrue”. Bad: “denies” for “we do not comment on rumors”.",
    )
    speaker_kind = forms.ChoiceField(choices=SpeakerKind, initial=SpeakerKind.NAMED, label="who speaks")
    speaker_name = forms.CharField(
        required=False, max_length=200, help_text="Good: “Jin Yibo”. Leave empty if nobody is named."
    )
    speaker_role = forms.CharField(required=False, max_length=200, help_text="Good: “spokesman”, “China team”.")
    company = _picked(
        "company",
        Company.objects.all(),
        required=False,
        label="company spoken for",
        help_text="Only if the speaker speaks for it; not for an insider who is not named.",
    )
    quote = forms.CharField(
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The words that say it, in their own language; short.",
    )
    translation = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    certainty = forms.ChoiceField(choices=Certainty, initial=Certainty.STATED)
    part = forms.ChoiceField(choices=Part, initial=Part.BODY, label="said in")
    day = forms.DateField(
        required=False,
        label="said on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: when the report was published.",
    )
    time = forms.TimeField(
        required=False, label="at (UTC)", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    origin = _picked(
        "origin",
        Report.objects.all(),
        required=False,
        label="taken from the report",
        help_text="If this report retells another one: that one.",
    )
    outlet = _picked(
        "source",
        Source.objects.all(),
        field=Report._meta.get_field("source"),
        required=False,
        label="or from the outlet",
        help_text="If we do not hold the original: the outlet that had it. A placeholder is made for its story.",
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("origin") and cleaned.get("outlet"):
            self.add_error("outlet", "Give the report it was taken from, or only its outlet; not both.")
        if cleaned.get("day") and cleaned["day"] > clock.now().astimezone(UTC).date():
            self.add_error("day", "That day lies in the future.")
        if cleaned.get("time") and not cleaned.get("day"):
            self.add_error("day", "A time needs its day.")
        if cleaned.get("speaker_kind") == SpeakerKind.NAMED and not cleaned.get("speaker_name"):
            self.add_error("speaker_name", "A named speaker needs a name.")
        return cleaned

    def statement(self, report: Report) -> dict:
        """What the valid form says, as `linking.answer` takes it; makes the placeholder of an outlet's story."""
        said = {
            name: value for name, value in self.cleaned_data.items() if name not in ("day", "time", "outlet", "stance")
        }
        if day := self.cleaned_data["day"]:
            at = self.cleaned_data["time"]
            said["said_at"] = datetime.combine(day, at or time.max, UTC)
            said["said_precision"] = Precision.INSTANT if at else Precision.DAY
            if report.published_at and not at and report.published_at.astimezone(UTC).date() == day:
                said["said_at"] = report.published_at
        if outlet := self.cleaned_data["outlet"]:
            said["origin"] = linking.placeholder(outlet, report.title, said.get("said_at") or report.published_at)
        return said


def start(request):
    """Without a report: pick the one that answers. `?report=` leads on."""
    _check(request)
    form = ReportForm(request.GET or None)
    if form.is_bound and form.is_valid():
        return HttpResponseRedirect(reverse("admin:deals_report_answers", args=[form.cleaned_data["report"].pk]))
    return _page(request, form=form, title="This report answers …", step="report")


def page(request, pk: int):
    """With a report, `?answered=` says which one it answers; POST links the statement to each ticked claim.

    `?said=` names evidence of the report: its statement and its claim are filled in.
    """
    _check(request)
    report = get_object_or_404(Report.objects.select_related("source"), pk=pk)
    said = _said(report, request.GET.get("said", ""))
    picking = AnsweredForm(request.GET if "answered" in request.GET or "answered_typed" in request.GET else None)
    if not (picking.is_bound and picking.is_valid()):
        return _page(request, form=picking, report=report, said=said, title="This report answers …", step="answered")
    answered = picking.cleaned_data["answered"]
    carried, related = claims_of(answered)
    known = {str(claim.pk): claim for claim in [*carried, *related]}
    chosen = [known[pk] for pk in request.POST.getlist("claims") if pk in known]
    form = AnswerForm(request.POST or None, initial=_as_said(said) if said else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                statement = form.statement(report)
                stance = form.cleaned_data["stance"]
                evidence = linking.answer(report, answered, chosen, by=request.user, stance=stance, **statement)
        except linking.LinkError as error:
            form.add_error(None, str(error))
        else:
            return _onward(request, evidence, form.cleaned_data["stance"])
    return _page(
        request,
        form=form,
        report=report,
        answered=answered,
        carried=carried,
        related=related,
        chosen={claim.pk for claim in chosen} or _proposed(said, known.values()),
        said=said,
        title="This report answers …",
        step="statement",
    )


def claims_of(answered: Report) -> tuple[list[Claim], list[Claim]]:
    """The claims that a report carries, itself or as others retell it; and those which are parts of them, or wholes."""
    said = Evidence.objects.current().filter(Q(report=answered) | Q(origin=answered))
    carried = list(Claim.objects.filter(pk__in=said.values("claim")).select_related("deal").order_by("pk"))
    wholes = [claim.part_of_id for claim in carried if claim.part_of_id]
    near = Claim.objects.filter(Q(part_of__in=carried) | Q(pk__in=wholes)).exclude(
        pk__in=[claim.pk for claim in carried]
    )
    return carried, list(near.select_related("deal").order_by("pk"))


def _said(report: Report, key: str) -> Evidence | None:
    """The standing evidence of this report with this key, if it can be an answer."""
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return None
    return Evidence.objects.current().filter(report=report, pk=key, stance__in=ANSWERS).first()


def _as_said(evidence: Evidence) -> dict:
    """What evidence says, as the form takes it; its date too where it is not the report's."""
    same = ("stance", "speaker_kind", "speaker_name", "speaker_role", "quote", "translation", "certainty", "part")
    said = {name: getattr(evidence, name) for name in same}
    if evidence.said_at and evidence.said_at != evidence.report.published_at:
        at = evidence.said_at.astimezone(UTC)
        said |= {"day": at.date(), "time": at.time() if evidence.said_precision == Precision.INSTANT else None}
    return said | {"company": evidence.company_id, "origin": evidence.origin_id}


def _proposed(said: Evidence | None, claims: Iterable[Claim]) -> set[int]:
    """The claim to be ticked at first: the one that the statement is linked to, or the only one there is."""
    known = {claim.pk for claim in claims}
    if said:
        return {said.claim_id} & known
    return known if len(known) == 1 else set()


def _onward(request, evidence: list[Evidence], stance: str):
    """To the decision on the first claim, the whole before its parts, with the others beside it."""
    count = len(evidence)
    messages.success(request, f"Linked to {count} claim{'' if count == 1 else 's'}.")
    ticked = {item.claim_id for item in evidence}
    evidence = sorted(evidence, key=lambda item: (item.claim.part_of_id in ticked, item.claim_id))
    first, *others = evidence
    may_decide = stance in (Stance.DENIES, Stance.CONFIRMS) and request.user.has_perm("deals.add_statuschange")
    if not may_decide:
        return HttpResponseRedirect(reverse("admin:deals_claim_change", args=[first.claim_id]))
    query = urlencode([("evidence", first.pk), *(("also", item.pk) for item in others)])
    return HttpResponseRedirect(f"{reverse('admin:deals_claim_decide', args=[first.claim_id])}?{query}")


def _check(request) -> None:
    if not request.user.has_perm("deals.add_evidence"):
        raise PermissionDenied


def _page(request, **context):
    context = {**admin.site.each_context(request), "opts": Report._meta, **context}
    return TemplateResponse(request, "admin/deals/report/answers.html", context)
