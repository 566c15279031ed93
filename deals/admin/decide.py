"""Deciding a claim: pick evidence, see what it allows, fill in the row, look at what it would do, confirm.

In its address `evidence` preselects evidence of the claim (repeatable); `also` names evidence of other claims that the
same step is to decide.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from deals import followers, history, linking, record, words
from deals.choices import STORED_QUALIFIERS, Kind, Precision, Qualifier, Stage, Stance, Status
from deals.fold import Standing
from deals.models import Claim, Evidence, StatusChange
from deals.models.evidence import STATEMENT_FIELDS

LONGEST_VERSION = 2**31 - 1
BUTTONS = ("csrfmiddlewaretoken", "previewed", "_preview", "_confirm")
# A denial of the whole is proposed for its parts, a confirmation of a part for the whole.
CARRIED = {Kind.DENIAL: Stance.DENIES, Kind.CONFIRMATION: Stance.CONFIRMS}


class DecisionForm(forms.Form):
    """One row to be written. Times are UTC."""

    kind = forms.ChoiceField(widget=forms.RadioSelect)
    day = forms.DateField(
        label="day of the event",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="When it was said or happened, not when we read it. A rumor's day is its origin's, not the copy's.",
    )
    time = forms.TimeField(
        required=False,
        label="time (UTC)",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="Only if it is known to the minute.",
    )
    precision = forms.ChoiceField(
        choices=Precision, help_text="Good: “day” for “on Monday”. Bad: “to the minute” for a time that was guessed."
    )
    stage = forms.ChoiceField(
        choices=[("", "says nothing of the stage"), *Stage.choices],
        required=False,
        help_text="Where the deal is, not whether the claim is true. A deal that failed is “terminated”.",
    )
    qualifiers = forms.MultipleChoiceField(
        choices=[(choice.value, choice.label) for choice in STORED_QUALIFIERS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="how it holds",
    )
    reason = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Good: “both sides, on the record, the same day”. Bad: “see link”. Needed where no evidence is ticked.",
    )
    supersedes = forms.ModelChoiceField(
        StatusChange.objects.none(),
        required=False,
        label="replaces the row",
        empty_label="no row",
        help_text="To correct a row: a better date, another reading.",
    )
    override_to = forms.ChoiceField(
        choices=[("", "—"), *Status.choices], required=False, label="status that the override sets"
    )
    quiet = forms.BooleanField(required=False, label="tell nobody")
    quiet_reason = forms.CharField(required=False, max_length=300, label="why nobody is told")
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=LONGEST_VERSION)

    def __init__(self, *args, claim, evidence, may_override, **kwargs):
        super().__init__(*args, **kwargs)
        self.evidence = evidence
        kinds = [Kind.REPORT, Kind.DENIAL, Kind.CONFIRMATION, Kind.REOPENING, Kind.BACKGROUND, Kind.STAGE]
        if may_override:
            kinds.append(Kind.OVERRIDE)
        else:
            del self.fields["override_to"]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]
        self.fields["supersedes"].queryset = claim.changes.filter(superseded_by=None).exclude(kind=Kind.UNDO)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("precision") == Precision.INSTANT and not cleaned.get("time"):
            self.add_error("time", "To the minute needs a time; else choose “day”.")
        if cleaned.get("quiet") and not cleaned.get("quiet_reason"):
            self.add_error("quiet_reason", "Say why nobody is to be told.")
        return cleaned

    def row(self) -> history.NewRow:
        """The row that the valid form describes."""
        said = self.cleaned_data
        at = said["time"] if said["precision"] == Precision.INSTANT or said["time"] else None
        if at is None:
            at = time.max if said["precision"] == Precision.BY else time.min
        return history.NewRow(
            kind=said["kind"],
            event_at=datetime.combine(said["day"], at, UTC),
            precision=said["precision"],
            evidence=tuple(self.evidence),
            stage=said["stage"],
            qualifiers=frozenset(said["qualifiers"]),
            reason=said["reason"],
            override_to=said.get("override_to", "") if said["kind"] == Kind.OVERRIDE else "",
            supersedes=said["supersedes"],
            quiet=said["quiet"],
            quiet_reason=said["quiet_reason"] if said["quiet"] else "",
        )


@dataclass
class Companion:
    """Another claim that the same step may decide: named by the same answer, a part, or the whole."""

    claim: Claim
    relation: str  # "answered", "part" or "whole"
    evidence: list[Evidence] = field(default_factory=list)  # of an answered claim; the others get theirs linked
    ticked: bool = False
    entailed: bool = False
    preview: history.Preview | None = None

    def row(self, main: history.NewRow, evidence: Iterable[Evidence]) -> history.NewRow:
        held = frozenset({Qualifier.BY_ENTAILMENT} if self.entailed else ())
        return replace(main, evidence=tuple(evidence), qualifiers=held, supersedes=None)

    def refusal(self, kind: str) -> str | None:
        if self.relation == "part" and kind != Kind.DENIAL:
            return "Only a denial of the whole carries over to its parts."
        if self.relation == "whole" and kind != Kind.CONFIRMATION:
            return "Only a confirmation of a part carries over to the whole."
        return None


@dataclass(frozen=True)
class ShownStep:
    """A line of the history that would result."""

    change: StatusChange | None  # None: the row to be written
    before: str | None
    after: str | None
    moot: bool


def page(request, pk: int):
    """The page and its two buttons. Preview writes nothing; confirm writes what was previewed, in one transaction."""
    if not request.user.has_perm("deals.add_statuschange"):
        raise PermissionDenied
    claim = get_object_or_404(Claim.objects.select_related("deal", "part_of"), pk=pk)
    return Decision(request, claim).respond()


class Decision:
    """One visit of the page: what was picked, what it allows, and what comes of it."""

    def __init__(self, request, claim: Claim):
        self.request, self.claim, self.user = request, claim, request.user
        given = request.POST if request.method == "POST" else request.GET
        self.current = list(claim.evidence.current().with_record().prefetch_related("terms"))
        wanted = set(_numbers(given.getlist("evidence")))
        self.picked = [item for item in self.current if item.pk in wanted]
        self.companions = self._companions(given)
        self.conflict: list[StatusChange] = []

    def respond(self):
        if self.request.method != "POST":
            return self._shown(self._form(initial=self._proposed()))
        form = self._form(data=self.request.POST)
        if not form.is_valid():
            return self._shown(form)
        if self._overtaken(form):
            return self._shown(_looked_again(form, self.claim))
        row = form.row()
        preview = self._preview(form, row)
        refused = preview.refusal or any(item.ticked and item.preview.refusal for item in self.companions)
        if "_confirm" not in self.request.POST or refused or self.request.POST.get("previewed") != self._digest():
            return self._shown(form, preview, row)
        try:
            self._write(row, form.cleaned_data["seen"])
        except history.Conflict:
            self._overtaken(form)
            return self._shown(_looked_again(form, self.claim))
        except (history.HistoryError, linking.LinkError) as error:
            form.add_error(None, str(error))
            return self._shown(form)
        self.claim.refresh_from_db()
        messages.success(self.request, self._written(preview, row))
        return HttpResponseRedirect(reverse("admin:deals_claim_change", args=[self.claim.pk]))

    def _form(self, **given) -> DecisionForm:
        may = self.user.has_perm("deals.override_status")
        return DecisionForm(claim=self.claim, evidence=self.picked, may_override=may, **given)

    def _proposed(self) -> dict:
        """The first kind that the picked evidence allows, strongest first, and when it happened."""
        ways = {way.kind: way for way in history.ways(self.claim, self.picked)} if self.picked else {}
        order = (Kind.CONFIRMATION, Kind.DENIAL, Kind.REOPENING, Kind.REPORT, Kind.BACKGROUND)
        kind = next((kind for kind in order if kind in ways and ways[kind].allowed), "")
        proposed = {"kind": kind, "precision": Precision.DAY, "seen": self.claim.version}
        if self.picked and (found := history.proposed_event(self.picked, kind)):
            at, precision = found[0].astimezone(UTC), found[1]
            proposed |= {"day": at.date(), "precision": precision}
            if precision == Precision.INSTANT:
                proposed["time"] = at.time()
        return proposed

    def _companions(self, given) -> list[Companion]:
        ticked, entailed = set(_numbers(given.getlist("with"))), set(_numbers(given.getlist("entailed")))
        also = (
            Evidence.objects.current()
            .with_record()
            .prefetch_related("terms")
            .select_related("claim")
            .exclude(claim=self.claim)
        )
        found: dict[int, Companion] = {}
        for item in also.filter(pk__in=_numbers(given.getlist("also"))):
            mine = found.setdefault(item.claim_id, Companion(item.claim, "answered", ticked=True))
            mine.entailed = item.claim.part_of_id == self.claim.pk
            mine.evidence.append(item)
        stances = {item.stance for item in self.picked}
        if Stance.DENIES in stances:
            for part in _parts(self.claim):
                found.setdefault(part.pk, Companion(part, "part", entailed=True))
        if Stance.CONFIRMS in stances and self.claim.part_of:
            found.setdefault(self.claim.part_of_id, Companion(self.claim.part_of, "whole", entailed=True))
        if self.request.method == "POST":
            for companion in found.values():
                companion.ticked = companion.claim.pk in ticked
                companion.entailed = companion.claim.pk in entailed
        return list(found.values())

    def _seen(self, companion: Companion) -> int:
        said = _numbers([self.request.POST.get(f"seen_{companion.claim.pk}", "")])
        return said[0] if said else -1

    def _overtaken(self, form) -> bool:
        """Whether somebody wrote on one of these claims since the editor looked; what, is kept for the page."""
        looked_at = {self.claim.pk: form.cleaned_data["seen"]}
        looked_at |= {item.claim.pk: self._seen(item) for item in self.companions if item.ticked}
        rows = StatusChange.objects.filter(claim__in=looked_at).select_related("by", "claim").order_by("position")
        self.conflict = [row for row in rows if row.version > looked_at[row.claim_id]]
        self.claim.refresh_from_db(fields=["version", "status"])
        return bool(self.conflict)

    def _preview(self, form, row: history.NewRow) -> history.Preview:
        preview = history.preview(self.claim, row, by=self.user)
        for companion in self.companions:
            if companion.ticked:
                own = companion.evidence or [_restated(item, companion.claim) for item in self._carried(row.kind)]
                companion.preview = history.preview(companion.claim, companion.row(row, own), by=self.user)
                if refusal := companion.refusal(row.kind):
                    companion.preview = replace(companion.preview, refusal=refusal)
        return preview

    def _carried(self, kind: str) -> list[Evidence]:
        """The picked statements that a step carries over to parts or to the whole."""
        return [item for item in self.picked if item.stance == CARRIED.get(kind)]

    @transaction.atomic
    def _write(self, row: history.NewRow, seen: int) -> None:
        step = uuid.uuid4()
        history.change_status(self.claim, row, seen=seen, by=self.user, step=step)
        for companion in self.companions:
            if not companion.ticked:
                continue
            own = companion.evidence or [
                linking.link(companion.claim, item.report, by=self.user, **_statement(item))
                for item in self._carried(row.kind)
            ]
            try:
                history.change_status(
                    companion.claim, companion.row(row, own), seen=self._seen(companion), by=self.user, step=step
                )
            except history.Conflict:
                raise
            except history.HistoryError as error:
                raise history.HistoryError(f"“{companion.claim}”: {error}") from error

    def _digest(self) -> str:
        """What the form said, in short: only what was previewed can be confirmed."""
        said = sorted((name, sorted(values)) for name, values in self.request.POST.lists() if name not in BUTTONS)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _shown(self, form, preview: history.Preview | None = None, row: history.NewRow | None = None):
        found = {way.kind: way for way in history.ways(self.claim, self.picked)}
        sure = preview is not None and not preview.refusal
        context = {
            **admin.site.each_context(self.request),
            "title": "Decide",
            "claim": self.claim,
            "standing": record.standings([self.claim])[self.claim.pk],
            "opts": Claim._meta,
            "form": form,
            "kinds": [(button, found.get(button.data["value"])) for button in form["kind"]],
            "when_fields": [form[name] for name in form.fields if name in ("day", "time", "precision")],
            "how_fields": [
                form[name] for name in form.fields if name not in ("kind", "day", "time", "precision", "seen")
            ],
            "evidence": self.current,
            "picked": self.picked,
            "companions": self.companions,
            "conflict": self.conflict,
            "preview": preview,
            "row": row,
            "confirmable": sure and not any(item.ticked and item.preview.refusal for item in self.companions),
            "resulting": self._resulting(preview.after) if sure else [],
            "told": self._told(preview, row) if sure else "",
            "previewed": self._digest() if sure else "",
            "edited_after_preview": "_confirm" in self.request.POST and sure,
        }
        return TemplateResponse(self.request, "admin/deals/claim/decide.html", context)

    def _written(self, preview: history.Preview, row: history.NewRow) -> str:
        """What was written and who hears of it, for the page that follows."""
        standing = record.standings([self.claim])[self.claim.pk]
        said = f"Written. The claim is {words.standing(standing.status, standing.qualifiers)}."
        return f"{said} {self._told(preview, row)}".strip()

    def _told(self, preview: history.Preview, row: history.NewRow) -> str:
        """How many people hear of the claims that this step changes."""
        step = [(self.claim, preview), *((item.claim, item.preview) for item in self.companions if item.ticked)]
        changed = [claim for claim, one in step if followers.differ(one.before, one.after)]
        background = row.kind == Kind.BACKGROUND and row.supersedes is None
        return followers.told(changed, bool(changed), row.quiet, background)

    def _resulting(self, after: Standing) -> list[ShownStep]:
        changes = {change.pk: change for change in self.claim.changes.all()}
        return [ShownStep(changes.get(step.row), step.before, step.after, step.moot) for step in after.steps]


def _looked_again(form: DecisionForm, claim: Claim) -> DecisionForm:
    """The form with all that was typed, as of what the claim is now: the next preview is of the new record."""
    data = form.data.copy()
    data["seen"] = claim.version
    form.data = data
    return form


def _parts(claim: Claim) -> list[Claim]:
    """The claims that are part of this one, and their parts, however deep; one query a level."""
    found, level = [], [claim]
    known = {claim.pk}
    while level:
        level = [part for part in Claim.objects.filter(part_of__in=level).order_by("pk") if part.pk not in known]
        known.update(part.pk for part in level)
        found += level
    return found


def _statement(evidence: Evidence) -> dict:
    """What evidence says, as `linking.link` takes it."""
    return {name: getattr(evidence, name) for name in STATEMENT_FIELDS}


def _restated(evidence: Evidence, claim: Claim) -> Evidence:
    """The same statement on another claim, not stored."""
    return Evidence(claim=claim, report=evidence.report, **_statement(evidence))


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
