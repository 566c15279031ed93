"""The searches for a claim: wanted, reworded, paused, resumed and taken away."""

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from deals.models import Claim
from ingest import searching
from ingest.models import ClaimSearch, SearchTemplate
from ingest.searching import SearchError
from tracker.desk.forms import SearchForm
from tracker.desk.opening import MOST_SEARCHES

RIGHTS = {"add": "add", "save": "change", "pause": "change", "resume": "change", "remove": "delete"}
DONE = {
    "add": "Searched for from now on; a worker asks within seconds.",
    "save": "Searched for with these words from now on.",
    "pause": "Paused. What it brought stays.",
    "resume": "Searched for again; a worker asks within seconds.",
    "remove": "Taken away. What it brought stays.",
}
KEYS = [("q", "back to the claim"), ("?", "these keys")]


@permission_required("ingest.view_claimsearch", raise_exception=True)
def page(request: HttpRequest, pk: int):
    claim = get_object_or_404(Claim.objects.prefetch_related("parties__company__aliases"), pk=pk)
    wishes = ClaimSearch.objects.filter(claim=claim).select_related("claim", "search__feed", "search__template__source")
    if request.method != "POST":
        return _show(request, claim, wishes)
    action, _, key = request.POST.get("action", "").partition("-")
    if action not in RIGHTS or not request.user.has_perm(f"ingest.{RIGHTS[action]}_claimsearch"):
        raise PermissionDenied
    rows = SearchTemplate.objects.filter(active=True) if action == "add" else wishes
    row = rows.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 19 else None
    if row is None:
        messages.error(request, "That search is here no more; somebody else took it away.")
        return HttpResponseRedirect(request.path)
    form = _form(row, claim, request.POST) if action in ("add", "save") else None
    try:
        if form and not form.is_valid():
            return _show(request, claim, wishes, sent=form)
        _act(action, row, claim, form, request.user)
    except SearchError as error:
        messages.error(request, str(error))
        return _show(request, claim, wishes, sent=form)
    messages.success(request, DONE[action])
    return HttpResponseRedirect(request.path)


def _act(action: str, row, claim: Claim, form: SearchForm | None, by) -> None:
    """Do what a button says, to a wish or with a template. Raises SearchError."""
    if action == "add":
        form.want(claim, by)
    elif action == "save":
        words = form.cleaned_data["query"] or searching.proposed_for(claim, row.search.template)
        searching.reword(row, words, by=by)
    elif action == "pause":
        searching.pause(row)
    elif action == "resume":
        searching.go_on(row, by=by)
    else:
        searching.leave(row)


def _form(row: ClaimSearch | SearchTemplate, claim: Claim, data=None) -> SearchForm:
    """The words of a wish, or those that are proposed for a template."""
    if isinstance(row, ClaimSearch):
        form = SearchForm(row.search.template, data, words=row.search.query, prefix=f"wish{row.pk}")
    else:
        form = SearchForm(row, data, words=searching.proposed_for(claim, row))
    form.fields.pop("pick")
    return form


def _show(request, claim: Claim, wishes, *, sent: SearchForm | None = None):
    wishes = list(wishes.annotate(found=Count("search__feed__entries")).order_by("pk"))
    templates = SearchTemplate.objects.filter(active=True).select_related("source")[:MOST_SEARCHES]
    forms = [(wish, _form(wish, claim)) for wish in wishes]
    offers = [_form(template, claim) for template in templates]
    held = {(wish.search.template_id, wish.search.query) for wish in wishes}
    offers = [form for form in offers if (form.template.pk, form["query"].value()) not in held]
    if sent:
        forms = [(wish, sent if sent.prefix == form.prefix else form) for wish, form in forms]
        offers = [sent if sent.prefix == form.prefix else form for form in offers]
    context = {
        **admin.site.each_context(request),
        "title": "Searches for a claim",
        "claim": claim,
        "claim_address": reverse("admin:deals_claim_change", args=[claim.pk]),
        "wishes": forms,
        "offers": offers,
        "no_template": not templates,
        "may_add": request.user.has_perm("ingest.add_claimsearch"),
        "may_change": request.user.has_perm("ingest.change_claimsearch"),
        "may_remove": request.user.has_perm("ingest.delete_claimsearch"),
        "may_add_template": request.user.has_perm("ingest.add_searchtemplate"),
        "keys": KEYS,
    }
    return TemplateResponse(request, "desk/searches.html", context)
