"""The pages that anyone may read: the front page, the claims, one claim with all that was said on it."""

from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import serializers

from deals import clock, finding, reading, record
from deals.api.asked import Asked, Moments, SearchAsked
from deals.api.paging import in_queryset, page
from deals.choices import Status
from deals.drawing import drawing
from deals.models import Claim, Company, Deal, Source, StatusChange

ON_A_PAGE = 30
LATEST = 12


def public(view):
    """A page for anyone; if the site is private, for those who are signed in."""

    @wraps(view)
    def page_view(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if settings.PRIVATE_SITE and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            return view(request, *args, **kwargs)
        except serializers.ValidationError as error:
            faults = "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in _flat(error.detail))
            return _problem(request, 400, "Bad request", faults)

    return page_view


@public
def front(request):
    changes = StatusChange.objects.filter(claim__in=Claim.objects.public()).with_record().order_by("-position")
    return render(request, "public/front.html", {"changes": finding.as_recorded(changes[:LATEST]), "statuses": Status})


@public
def claims(request):
    return _claims_page(request, Claim.objects.public(), title="Claims")


@public
def deal(request, slug):
    return _of(request, Deal, {"deal": [slug]}, lambda found: "Deal")


@public
def company(request, slug):
    return _of(request, Company, {"company": [slug]}, lambda found: "Company")


@public
def source(request, slug):
    return _of(request, Source, {"source": [slug]}, lambda found: found.get_kind_display())


def _of(request, model, asked, kicker) -> HttpResponse:
    """The public claims of one deal, company or source; one without any is not shown at all."""
    ((slug,),) = asked.values()
    found, theirs = model.objects.filter(slug=slug).first(), finding.claims(asked)
    if found is None or not theirs.exists():
        raise Http404
    aliases = ", ".join(alias.name for alias in found.aliases.all()) if hasattr(found, "aliases") else ""
    return _claims_page(request, theirs, title=str(found), of=kicker(found), also=aliases)


@public
def claim(request, slug):
    found = finding.with_parties(Claim.objects.filter(slug=slug)).first()
    if found is None or not (found.is_public or _at_the_desk(request)):
        if found is None or found.public_since is None:
            raise Http404
        return _problem(request, 410, "Withdrawn", "This claim was public and has been withdrawn.")
    asked = _read(Moments, request)
    as_of, known_at = asked.get("as_of"), asked.get("known_at")
    finding.stand([found], as_of, known_at)
    rows = reading.rows(record.timeline(found.changes.with_record(), as_of, known_at), found.said)
    related = finding.with_parties(Claim.objects.public().filter(deal=found.deal).exclude(pk=found.pk))
    context = {
        "claim": found,
        "rows": rows,
        "drawing": drawing([row.moment for row in rows], until=min(as_of, clock.now()) if as_of else None),
        "related": finding.stand(related.order_by("pk")[:ON_A_PAGE], as_of, known_at),
        "withdrawn": [item for item in found.said if item.withdrawn_at],
        "desk": _at_the_desk(request),
        "as_of": as_of,
        "known_at": known_at,
    }
    return render(request, "public/claim.html", context)


def _claims_page(request, among, **words_on_it) -> HttpResponse:
    asked = _read(SearchAsked, request)
    matching = finding.claims({"search": asked.get("search", "")}, among)
    if asked.get("status"):
        matching = matching.filter(status=asked["status"])
    found = page(in_queryset(matching, "pk"), asked.get("cursor"), ON_A_PAGE, descending=True)
    shown = finding.stand(finding.with_parties(Claim.objects.filter(pk__in=found.keys)).order_by("-pk"))
    neighbours = {"newer": _link(asked, found.previous), "older": _link(asked, found.next)}
    context = {"claims": shown, "asked": asked, "statuses": Status, **neighbours, **words_on_it}
    return render(request, "public/claims.html", context)


def _link(asked: dict, cursor: str | None) -> str:
    """The query of a neighbouring page, with the same search; empty without one."""
    return urlencode({**asked, "cursor": cursor}) if cursor else ""


def _read(asked: type[Asked], request) -> dict:
    """The parameters that this page knows; empty ones, as forms send them, count as not given."""
    known = request.GET.copy()
    for name in [name for name in known if name not in asked().fields or not known[name].strip()]:
        del known[name]
    return asked.of_values(known)


def _at_the_desk(request) -> bool:
    return request.user.is_staff and request.user.has_perm("deals.view_claim")


def _problem(request, status: int, title: str, detail: str) -> HttpResponse:
    context = {"status": status, "title": title, "detail": detail}
    return render(request, "public/problem.html", context, status=status)


def _flat(detail):
    for name, said in detail.items():
        yield name, said.values() if isinstance(said, dict) else said
