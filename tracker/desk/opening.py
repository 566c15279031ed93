"""Opening a claim from a lead, prefilled: deal, wording, parties, and what the item says on it as its evidence."""

from collections.abc import Iterable

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from deals import record
from deals.choices import Stance
from deals.linking import LinkError
from deals.models import Claim, Company, Deal, Evidence, Party
from ingest import searching, suggestions
from ingest.models import Entry, SearchTemplate, Suggestion, SuggestionState
from ingest.searching import SearchError
from tracker.desk.forms import ClaimForm, OutletForm, PartyFormSet, SearchForm, StatementForm
from tracker.desk.item import TO_OPEN, as_seen, decide_address, decisions, lead_of, leads_of, opened_from
from tracker.desk.marking import Passage, marked, paragraphs
from tracker.desk.proposing import Named, Proposal, propose

TO_SEARCH = "ingest.add_claimsearch"
MOST_SEARCHES = 10
KEYS = [("a", "open the claim"), ("q", "back to the item"), ("?", "these keys"), ("Esc", "leave a field")]


class Opening:
    """The forms that make a claim out of an item: the claim, its parties, and the statements on it."""

    def __init__(self, entry: Entry, lead: list[Suggestion], proposed: Proposal, data=None, *, may_search=False):
        self.lead = lead
        self.searches = _searches(lead, proposed, data) if may_search else []
        self.claim = ClaimForm(data, initial=_claim_as_proposed(proposed, lead))
        parties = [{"company": company, "role": role} for company, role in proposed.parties]
        self.parties = PartyFormSet(data, prefix="parties", initial=parties)
        self.statements = [
            StatementForm(data, suggestion=suggestion, with_claim=False, initial=_tick(suggestion))
            for suggestion in lead
        ]
        self.hand = StatementForm(data, prefix="hand", with_claim=False)
        self.outlet = OutletForm(entry, data) if entry.outlet else None

    @property
    def ticked(self) -> list[StatementForm]:
        return [form for form in [*self.statements, self.hand] if form.ticked]

    def is_valid(self) -> bool:
        asked = [*self.ticked, self.outlet] if self.outlet and self.ticked else self.ticked
        forms = [self.claim, self.parties, *asked, *self.searches]
        return not [form for form in forms if not form.is_valid()]


@permission_required(TO_OPEN, raise_exception=True)
def page(request: HttpRequest, pk: int):
    entry = get_object_or_404(Entry.objects.select_related("source", "report", "decided_by"), pk=pk)
    leads = leads_of(entry, set_aside=True)
    lead = _chosen(leads, request.GET.get("lead", ""))
    sent = request.POST if request.method == "POST" else None
    may_search = request.user.has_perm(TO_SEARCH)
    opening = Opening(entry, lead, _proposal(entry, lead), sent, may_search=may_search)
    if request.method != "POST":
        return _show(request, entry, opening)
    as_seen(entry, request.POST.get("said", ""))
    if not opening.is_valid():
        messages.error(request, "No claim was opened yet: something needs a correction, marked below.")
        return _show(request, entry, opening)
    if answered(entry, lead) and request.POST.get("again") != "1":
        return _show_faster(request, entry, opening)
    try:
        claim, evidence = open_claim(entry, opening, by=request.user)
    except (LinkError, SearchError) as error:
        opening.claim.add_error(None, str(error))
        entry.refresh_from_db()
        return _show(request, entry, opening)
    except suggestions.SuggestionError:
        return _show_faster(request, entry, opening)
    if request.POST.get("action") == "another":
        messages.success(request, _message(entry, claim, lead, decisions(claim, evidence)))
        return HttpResponseRedirect(request.get_full_path())
    messages.success(request, _message(entry, claim, lead))
    support = [item for item in evidence if item.stance == Stance.SUPPORTS]
    return HttpResponseRedirect(decide_address(claim, support or evidence))


def _show_faster(request, entry: Entry, opening: Opening):
    """Somebody answered the lead while the form was open: say so, keep what was entered, offer to go on."""
    entry.refresh_from_db()
    who = entry.decided_by.get_username() if entry.decided_by else "Somebody"
    messages.error(request, f"{who} was faster with this item. Nothing of yours was written; it is kept below.")
    return _show(request, entry, opening, status=409)


def open_claim(entry: Entry, opening: Opening, *, by) -> tuple[Claim, list[Evidence]]:
    """Write the claim with deal, parties and evidence, and take its lead from the queue; all of it or nothing.

    Raises LinkError for a statement that cannot be linked, SearchError for words that cannot be searched for,
    SuggestionError if somebody decided the lead meanwhile.
    """
    said = opening.claim.cleaned_data
    with transaction.atomic():
        claim = opening.claim.save(commit=False)
        claim.deal = said["deal"] or _deal_titled(said["new_deal"].strip())
        claim.save()
        Party.objects.bulk_create(
            Party(claim=claim, company=company, role=role) for company, role in opening.parties.pairs()
        )
        if opening.outlet and opening.ticked:
            opening.outlet.credit(entry, by)
        evidence = suggestions.open_claim(entry, claim, [form.to_link() for form in opening.ticked], by=by)
        for form in opening.searches:
            if form.ticked:
                form.want(claim, by)
        unticked = [suggestion.pk for suggestion in opening.lead]
        entry.suggestions.pending().filter(pk__in=unticked).update(state=SuggestionState.REJECTED)
    return claim, evidence


def _searches(lead: list[Suggestion], proposed: Proposal, data) -> list[SearchForm]:
    """One for each template that is offered, its words made of the parties and the kind of deal."""
    named = {company.pk: company for company in lead[0].companies.all()} if lead else {}
    companies = [named[key] for key, _ in proposed.parties]
    templates = SearchTemplate.objects.filter(active=True).select_related("source")[:MOST_SEARCHES]
    return [
        SearchForm(template, data, words=searching.proposed(companies, proposed.type, template))
        for template in templates
    ]


def _tick(suggestion: Suggestion) -> dict:
    """What carried one claim is not ticked again for the next."""
    return {"pick": suggestion.preselected and suggestion.state == SuggestionState.PENDING}


def _deal_titled(title: str) -> Deal:
    return Deal.objects.filter(title__iexact=title).first() or Deal.objects.create(title=title)


def _chosen(leads: list[Suggestion], key: str) -> list[Suggestion]:
    """The statements of one lead: those on the same companies as the one that the address names, else as the first."""
    if not leads:
        return []
    return lead_of(next((suggestion for suggestion in leads if str(suggestion.pk) == key), leads[0]), leads)


def _proposal(entry: Entry, lead: list[Suggestion]) -> Proposal:
    companies = lead[0].companies.all() if lead else ()
    deal_type = next((suggestion.deal_type for suggestion in lead if suggestion.deal_type), "")
    return propose(
        [named(company) for company in companies],
        deal_type,
        [entry.title, *(suggestion.passage for suggestion in lead)],
    )


def named(company: Company) -> Named:
    """A company with its aliases, as plain values."""
    return Named(company.pk, company.name, tuple(alias.name for alias in company.aliases.all()))


def _claim_as_proposed(proposed: Proposal, lead: list[Suggestion]) -> dict:
    """What the claim's form starts with: the deal of these companies if there is one, else a new one."""
    near = Deal.objects.all()
    for company, _ in proposed.parties:
        near = near.filter(claims__companies=company)
    deals = list(near.distinct()[:2]) if len(proposed.parties) > 1 else []
    deal = deals[0] if len(deals) == 1 else None
    return {
        "deal": deal,
        "new_deal": "" if deal else proposed.deal,
        "wording": proposed.wording,
        "type": proposed.type,
        "published": True,
    }


def _near(lead: list[Suggestion]) -> list[Claim]:
    """Claims on all companies of the lead, each with how it stands: perhaps one of them is meant."""
    found = Claim.objects.all()
    for company in lead[0].companies.all() if lead else ():
        found = found.filter(companies=company)
    claims = list(found.distinct()[:10]) if lead else []
    standings = record.standings(claims) if claims else {}
    for claim in claims:
        claim.standing, claim.desk_address = standings[claim.pk], _desk_address(claim)
    return claims


def _desk_address(claim: Claim) -> str:
    return reverse("admin:deals_claim_change", args=[claim.pk])


def _message(entry: Entry, claim: Claim, lead: list[Suggestion], moves: Iterable[tuple[str, str]] = ()) -> str:
    """That it was opened, what can be decided elsewhere, and the way to another claim from the same item."""
    again = reverse("admin:queue_open", args=[entry.pk]) + (f"?lead={lead[0].pk}" if lead else "")
    links = format_html_join("", ' <a href="{}">Decide: move to {}</a>.', moves)
    return format_html(
        'Opened <a href="{}">{}</a>.{} <a href="{}">Open another claim from this item</a>, or <a href="{}">{}</a>.',
        _desk_address(claim),
        claim,
        links,
        again,
        reverse("admin:queue" if entry.decision else "admin:queue_item", args=[] if entry.decision else [entry.pk]),
        "go on with the queue" if entry.decision else "see what else it says",
    )


def _show(request, entry: Entry, opening: Opening, *, status: int = 200):
    passages = [Passage(s.passage, tuple(map(str, s.triggers)), f"s{s.pk}-said") for s in opening.lead]
    in_title = [passage for passage in passages if passage.words.strip() and passage.words.strip() in entry.title]
    context = {
        **admin.site.each_context(request),
        "title": "Open a claim",
        "entry": entry,
        "claim": opening.claim,
        "parties": opening.parties,
        "statements": opening.statements,
        "hand": opening.hand,
        "outlet": opening.outlet,
        "searches": opening.searches,
        "may_search": request.user.has_perm(TO_SEARCH),
        "may_add_template": request.user.has_perm("ingest.add_searchtemplate"),
        "near": _near(opening.lead),
        "opened": opened_from(entry),
        "again": answered(entry, opening.lead),
        "title_html": marked(entry.title, in_title),
        "text_html": paragraphs(entry.full_text, [passage for passage in passages if passage not in in_title]),
        "media": opening.claim.media + opening.hand.media,
        "keys": KEYS,
    }
    return TemplateResponse(request, "desk/open.html", context, status=status)


def answered(entry: Entry, lead: list[Suggestion]) -> bool:
    """Whether the lead waits no more: a claim was opened from it, or the item was decided."""
    return bool(entry.decision) or any(suggestion.state != SuggestionState.PENDING for suggestion in lead)
