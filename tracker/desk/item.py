"""One item of the queue: what was published beside what it says, and the editor's decision on it."""

from contextlib import suppress
from dataclasses import dataclass

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import Media
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from deals import history
from deals.choices import Kind, Stance
from deals.linking import LinkError
from deals.models import Claim, Evidence
from ingest import suggestions
from ingest.models import ClaimSearch, Entry, Refusal, Suggestion, SuggestionState
from ingest.revisions import edits_of, since_decided
from tracker.desk.forms import OutletForm, StatementForm
from tracker.desk.marking import Passage, marked, paragraphs
from tracker.desk.queue import Wanted, twins_of
from tracker.desk.reading import CHANGES_NOTHING, About, cards

TO_DECIDE = ("ingest.change_entry", "deals.add_evidence")
TO_OPEN = (*TO_DECIDE, "deals.add_claim")
# Kind of row → the stance of the evidence that it is decided on.
SPEAKS_FOR = {
    Kind.REPORT: Stance.SUPPORTS,
    Kind.REOPENING: Stance.SUPPORTS,
    Kind.DENIAL: Stance.DENIES,
    Kind.CONFIRMATION: Stance.CONFIRMS,
}
KEYS = [
    ("j", "next item"),
    ("k", "previous item"),
    ("a", "accept what is ticked"),
    ("r", "reject"),
    ("s", "skip"),
    ("u", "undo the decision"),
    ("v", "say that you have seen what changed"),
    ("n", "open a new claim"),
    ("q", "back to the queue"),
    ("?", "these keys"),
    ("Esc", "leave a field, so that keys work again"),
]


@dataclass
class Reading:
    """The forms of one item: a statement each, and one to link another claim by hand."""

    statements: list[StatementForm]
    hand: StatementForm
    outlet: OutletForm | None = None  # of an aggregated item whose outlet is no source yet

    @property
    def ticked(self) -> list[StatementForm]:
        return [form for form in [*self.statements, self.hand] if form.ticked]

    def is_valid(self) -> bool:
        asked = [*self.ticked, self.outlet] if self.outlet and self.ticked else self.ticked
        return not [form for form in asked if not form.is_valid()]

    @property
    def media(self) -> Media:
        return self.hand.media


@permission_required("ingest.view_entry", raise_exception=True)
def page(request: HttpRequest, pk: int):
    related = ("source", "report", "decided_by", "article__host", "feed__search")
    entry = get_object_or_404(Entry.objects.select_related(*related), pk=pk)
    wanted = Wanted.read(request.GET)
    if request.method != "POST":
        return _show(request, entry, wanted)
    if not request.user.has_perms(TO_DECIDE):
        raise PermissionDenied
    as_seen(entry, request.POST.get("said", ""))
    acts = {"accept": _accept, "reject": _reject, "undo": _undo, "seen": _seen}
    act = acts.get(request.POST.get("action"), _accept)
    return act(request, entry, wanted)


def as_seen(entry: Entry, said: str) -> None:
    """Let a decision be on what the page showed that was sent back, if it says so; the item may have changed since."""
    if len(said) == 2 * len(entry.content_digest):
        with suppress(ValueError):
            entry.content_digest = bytes.fromhex(said)


def _accept(request, entry: Entry, wanted: Wanted):
    reading = read_statements(entry, request.POST)
    if not reading.is_valid():
        messages.error(request, "Nothing was linked yet: a statement needs a correction, marked below.")
        return _show(request, entry, wanted, reading)
    if not reading.ticked:
        messages.error(request, "Tick what the item says, or reject it.")
        return _show(request, entry, wanted, reading)
    following = wanted.after(entry)
    unopened = entry.suggestions.pending().leads().exists()
    try:
        with transaction.atomic():
            if reading.outlet:
                reading.outlet.credit(entry, request.user)
            evidence = suggestions.accept(entry, [form.to_link() for form in reading.ticked], by=request.user)
    except (suggestions.SuggestionError, LinkError) as error:
        messages.error(request, str(error))
        entry.refresh_from_db()
        return _show(request, entry, wanted, reading)
    messages.success(request, linked_message(entry, evidence))
    if unopened:
        messages.warning(
            request, format_html("A lead in {} was set aside; a claim can still be opened from it.", _to(entry))
        )
    return _onward(following, wanted)


def _reject(request, entry: Entry, wanted: Wanted):
    following = wanted.after(entry)
    try:
        suggestions.reject(entry, by=request.user, reason=request.POST.get("reason", ""))
    except suggestions.SuggestionError as error:
        messages.error(request, str(error))
        entry.refresh_from_db()
        return _show(request, entry, wanted)
    messages.success(request, format_html("Rejected {}.", _to(entry)))
    return _onward(following, wanted)


def _undo(request, entry: Entry, wanted: Wanted):
    undo(request, entry)
    return HttpResponseRedirect(request.get_full_path())


def undo(request, entry: Entry) -> None:
    """Let the item wait again."""
    try:
        suggestions.undo_decision(entry, by=request.user)
    except suggestions.SuggestionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The item waits again.")


def _seen(request, entry: Entry, wanted: Wanted):
    see(request, entry)
    return HttpResponseRedirect(request.get_full_path())


def see(request, entry: Entry) -> None:
    """Note that the editor has seen what changed in a decided item."""
    try:
        suggestions.see_change(entry)
    except suggestions.SuggestionError as error:
        messages.error(request, str(error))
        return
    LogEntry.objects.log_actions(
        request.user.pk, [entry], CHANGE, change_message="Seen what changed since it was decided.", single_object=True
    )
    messages.success(request, format_html("Seen: the decision on {} stands.", _to(entry)))


def _onward(following: Entry | None, wanted: Wanted):
    """To the next item that waits, else to the queue."""
    if following:
        return HttpResponseRedirect(reverse("admin:queue_item", args=[following.pk]) + wanted.address())
    return HttpResponseRedirect(reverse("admin:queue") + wanted.address())


def _show(request, entry: Entry, wanted: Wanted, reading: Reading | None = None):
    """The page; with a reading that was sent it keeps what was entered, and says 409 if someone else was faster."""
    conflict = reading is not None and bool(entry.decision)
    reading = reading or read_statements(entry)
    entry.shown = [form.suggestion for form in reading.statements] + leads_of(entry)
    card = cards([entry])[0]
    also_in = twins_of([entry])[entry.pk]
    covered_by = next((twin for twin in also_in if twin.decision), None)
    plain, folded = _split(card.about, reading.statements)
    passages = [Passage(s.passage, tuple(map(str, s.triggers)), f"s{s.pk}-said") for s in entry.shown]
    in_title = [passage for passage in passages if passage.words.strip() and passage.words.strip() in entry.title]
    context = {
        **admin.site.each_context(request),
        "title": entry.title,
        "entry": entry,
        "wanted": wanted,
        "before": wanted.before(entry),
        "after": (after := wanted.after(entry)),
        "skip_address": _onward(after, wanted).url,
        "title_html": marked(entry.title, in_title),
        "text_html": paragraphs(entry.full_text, [passage for passage in passages if passage not in in_title]),
        "about": plain,
        "folded": folded,
        "folded_count": sum(len(about.forms) for about in folded),
        "folded_ticked": sum(form.ticked for about in folded for form in about.forms),
        "folded_open": any(form.errors for about in folded for form in about.forms),
        "leads": [_with_address(lead, entry) for lead in card.leads],
        "opened": opened_from(entry),
        "hand": reading.hand,
        "outlet": reading.outlet,
        "searches": searches_that_found(entry),
        "media": reading.media,
        "reasons": Refusal.choices,
        "keys": KEYS,
        "also_in": also_in,
        "covered_by": covered_by,
        "history": edits_of(entry),
        "changed": since_decided([entry]).get(entry.pk) if entry.is_changed else None,
        "conflict": conflict,
        "same_text": suggestions.same_text(entry),
        "linked": [_with_desk_address(item) for item in _linked(entry)] if entry.decision else [],
        "may_decide": request.user.has_perms(TO_DECIDE) and (bool(entry.decision) or not covered_by),
        "may_open": request.user.has_perms(TO_OPEN),
    }
    return TemplateResponse(request, "desk/item.html", context, status=409 if conflict else 200)


def read_statements(entry: Entry, data=None) -> Reading:
    """The forms of an item, filled as suggested or as sent."""
    found = entry.suggestions.exclude(claim=None).select_related("claim", "company", "origin")
    if not entry.decision:
        found = found.exclude(state=SuggestionState.REJECTED)
    hand = StatementForm(data, prefix="hand", initial={"stance": "supports", "speaker_kind": "outlet"})
    statements = [StatementForm(data, suggestion=_of(suggestion, entry)) for suggestion in found]
    return Reading(statements, hand, OutletForm(entry, data) if entry.outlet and not entry.decision else None)


def leads_of(entry: Entry, *, set_aside: bool = False) -> list[Suggestion]:
    """The statements of the item's leads; of leads that were rejected as a whole only if `set_aside`."""
    found = entry.suggestions.leads().select_related("company", "origin").prefetch_related("companies__aliases")
    kept = {_companies(s) for s in found if set_aside or s.state != SuggestionState.REJECTED}
    return [_of(suggestion, entry) for suggestion in found if _companies(suggestion) in kept]


def lead_of(suggestion: Suggestion, among: list[Suggestion]) -> list[Suggestion]:
    """All statements of the lead that this one belongs to: those on the same companies."""
    return [other for other in among if _companies(other) == _companies(suggestion)]


def _companies(suggestion: Suggestion) -> frozenset[int]:
    return frozenset(company.pk for company in suggestion.companies.all())


def _of(suggestion: Suggestion, entry: Entry) -> Suggestion:
    suggestion.entry = entry
    return suggestion


def _split(about: list[About], forms: list[StatementForm]) -> tuple[list[About], list[About]]:
    """The claims with their forms: those that may move a status, and those that change nothing."""
    by_suggestion = {form.suggestion.pk: form for form in forms}
    plain, folded = [], []
    for claim in about:
        claim.address = reverse("admin:deals_claim_change", args=[claim.claim.pk])
        for part, quiet in ((plain, False), (folded, True)):
            here = [s for s in claim.suggestions if (s.stance in CHANGES_NOTHING) == quiet]
            if here:
                place = About(claim.claim, claim.standing, here)
                place.address, place.forms = claim.address, [by_suggestion[s.pk] for s in here]
                part.append(place)
    return plain, folded


def _with_address(lead: About, entry: Entry) -> About:
    lead.address = f"{reverse('admin:queue_open', args=[entry.pk])}?lead={lead.suggestions[0].pk}"
    return lead


def _linked(entry: Entry):
    if entry.report_id is None:
        return Evidence.objects.none()
    return Evidence.objects.current().filter(report=entry.report_id).select_related("claim")


def opened_from(entry: Entry) -> list[Claim]:
    """The claims that this item's report speaks of already, each with its address at the desk."""
    claims = list(Claim.objects.filter(pk__in=_linked(entry).values("claim")).order_by("pk"))
    for claim in claims:
        claim.desk_address = reverse("admin:deals_claim_change", args=[claim.pk])
    return claims


def searches_that_found(entry: Entry) -> list[ClaimSearch]:
    """The wishes of claims whose search brought the item; none, without a query, if no search did."""
    if not hasattr(entry.feed, "search"):
        return []
    return list(entry.feed.search.wishes.select_related("claim"))


def _with_desk_address(evidence: Evidence) -> Evidence:
    evidence.desk_address = reverse("admin:deals_claim_change", args=[evidence.claim_id])
    return evidence


def _to(entry: Entry) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:queue_item", args=[entry.pk]), entry.title)


def linked_message(entry: Entry, evidence: list[Evidence]) -> str:
    """What was linked, claim by claim, each with the decisions that its evidence now allows."""
    by_claim: dict[Claim, list[Evidence]] = {}
    for item in evidence:
        by_claim.setdefault(item.claim, []).append(item)
    lines = format_html_join("; ", "{}", ((_claim_line(claim, items),) for claim, items in by_claim.items()))
    return format_html("Linked {} to {}", _to(entry), lines)


def _claim_line(claim: Claim, evidence: list[Evidence]) -> str:
    line = format_html('<a href="{}">{}</a>', reverse("admin:deals_claim_change", args=[claim.pk]), claim.wording)
    if moves := decisions(claim, evidence):
        links = format_html_join(" or ", '<a href="{}">Decide: move to {}</a>', moves)
        line = format_html("{} – {}", line, links)
    if denials := [item for item in evidence if item.stance == Stance.DENIES and not item.answers_id]:
        said = min(denials, key=lambda item: item.rung)
        address = reverse("admin:deals_report_answers", args=[said.report_id], query={"said": said.pk})
        line = format_html('{} – <a href="{}">This report answers …</a>', line, address)
    return line


def decisions(claim: Claim, evidence: list[Evidence]) -> list[tuple[str, str]]:
    """What the evidence allows that would move the claim now: (address of the decision, status after), one a status."""
    found: dict[str, str] = {}
    for way in history.ways(claim, evidence):
        if way.allowed and way.changes and way.kind in SPEAKS_FOR:
            ground = [item for item in evidence if item.stance == SPEAKS_FOR[way.kind]]
            found.setdefault(way.status_after, decide_address(claim, ground))
    return [(address, status) for status, address in found.items()]


def decide_address(claim: Claim, evidence: list[Evidence]) -> str:
    """The page where a status is decided, with the evidence ticked."""
    query = "&".join(f"evidence={item.pk}" for item in evidence)
    return reverse("admin:deals_claim_decide", args=[claim.pk]) + (f"?{query}" if query else "")
