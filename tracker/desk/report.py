"""What a report that was added by hand seems to say, read on the spot: each statement with the form that links it."""

import json
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from deals import record
from deals.fold import NOTHING, Standing
from deals.models import Claim, Company, Report, Source
from deals.terms import STATING
from ingest import suggestions
from ingest.matching import Statement
from ingest.models import Suggestion
from ingest.terms import Proposal, proposed_terms, turns_on
from tracker.desk.opening import named
from tracker.desk.proposing import propose

# Of a statement, what the form of evidence is filled with.
COPIED = ("stance", "speaker_kind", "speaker_name", "speaker_role", "company", "certainty", "part")


@dataclass(frozen=True)
class Offer:
    """A statement read in a report, on a claim or between companies without one; `address` is the form to use."""

    said: Suggestion
    claim: Claim | None
    standing: Standing
    companies: tuple[Company, ...]
    address: str


@permission_required("deals.view_report", raise_exception=True)
def page(request: HttpRequest, pk: int):
    report = get_object_or_404(Report.objects.select_related("source"), pk=pk)
    linked = list(report.evidence.current().select_related("claim", "company"))
    context = {
        **admin.site.each_context(request),
        "title": report.title,
        "report": report,
        "linked": [(item, reverse("admin:deals_claim_change", args=[item.claim_id])) for item in linked],
        "offers": offers(report),
        "may_link": request.user.has_perm("deals.add_evidence"),
        "may_open": request.user.has_perm("deals.add_claim"),
        "by_hand": f"{reverse('admin:deals_evidence_add')}?report={report.pk}",
        "keys": [("q", "back to the queue"), ("n", "add another report"), ("?", "these keys")],
    }
    return TemplateResponse(request, "desk/report.html", context)


def offers(report: Report) -> list[Offer]:
    """What the report seems to say, claims first. The same number of queries however much it says."""
    with suggestions.tracked() as profiles:
        reading = profiles.read(report.title, report.text, report.published_at)
    statements = [*reading.candidates, *reading.leads]
    claims = Claim.objects.in_bulk({s.claim for s in statements if s.claim})
    keys = {s.company for s in statements if s.company} | {key for s in statements for key in s.companies}
    companies = Company.objects.prefetch_related("aliases").in_bulk(keys)
    sources = Source.objects.in_bulk({s.origin for s in statements if s.origin})
    standings = record.standings(list(claims.values())) if claims else {}
    found = []
    for statement in statements:
        claim = claims.get(statement.claim)
        parties = tuple(companies[key] for key in statement.companies)
        address = _evidence_form(report, statement, claim) if claim else _claim_form(report, statement, parties)
        said = _as_suggestion(statement, companies.get(statement.company), sources.get(statement.origin))
        found.append(Offer(said, claim, standings.get(statement.claim, NOTHING), parties, address))
    return found


def _as_suggestion(statement: Statement, company: Company | None, origin: Source | None) -> Suggestion:
    copied = ["stance", "strength", "speaker_kind", "speaker_name", "speaker_role", "certainty", "passage", "cites"]
    values = {name: getattr(statement, name) for name in copied}
    values |= {"probability": statement.probability, "sure": statement.sure}
    values["marks"] = [[mark.kind, mark.start, mark.end] for mark in statement.marks]
    reasons = {"reasons": list(statement.reasons), "against": list(statement.against)}
    return Suggestion(company=company, origin=origin, **values, **reasons)


def _evidence_form(report: Report, statement: Statement, claim: Claim) -> str:
    values = {name: value for name in COPIED if (value := getattr(statement, name))}
    values |= {"claim": statement.claim, "report": report.pk, "quote": statement.passage[:1000]}
    if statement.stance in STATING:
        terms = proposed_terms(statement.passage, _day_of(report))
        values["term"] = [_as_asked(term) for term in terms if turns_on(claim.type, term.fact.kind)]
    return f"{reverse('admin:deals_evidence_add')}?{urlencode(values, doseq=True)}"


def _day_of(report: Report) -> date | None:
    return report.published_at.date() if report.published_at else None


def _as_asked(term: Proposal) -> str:
    """A term as the form of evidence takes it from an address."""
    values = {name: str(value) for name, value in vars(term.fact).items() if value and name != "about"}
    return json.dumps(values | {"about": term.fact.about, "words": term.words}, ensure_ascii=False)


def _claim_form(report: Report, statement: Statement, parties: tuple[Company, ...]) -> str:
    proposed = propose([named(company) for company in parties], statement.deal_type, [report.title, statement.passage])
    return f"{reverse('admin:deals_claim_add')}?{urlencode({'wording': proposed.wording, 'type': proposed.type})}"
