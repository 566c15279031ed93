"""Decided items that say something else now: what changed, and whether the decision stands."""

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from ingest.models import Entry
from ingest.revisions import since_decided
from tracker.desk.item import TO_DECIDE, as_seen, see, undo

PER_PAGE = 25
KEYS = [
    ("j", "next item"),
    ("k", "previous item"),
    ("Enter", "open the item"),
    ("q", "back to the queue"),
    ("?", "these keys"),
]


@permission_required("ingest.view_entry", raise_exception=True)
def page(request: HttpRequest):
    if request.method == "POST":
        return _answer(request)
    found = list(Entry.objects.to_look_at_again().select_related("source", "decided_by")[: PER_PAGE + 1])
    edits = since_decided(found[:PER_PAGE])
    context = {
        **admin.site.each_context(request),
        "title": "Changed since they were decided",
        "cards": [(entry, edits.get(entry.pk)) for entry in found[:PER_PAGE]],
        "more": len(found) > PER_PAGE,
        "may_decide": request.user.has_perms(TO_DECIDE),
        "keys": KEYS,
    }
    return TemplateResponse(request, "desk/changed.html", context)


def _answer(request):
    if not request.user.has_perms(TO_DECIDE):
        raise PermissionDenied
    number = request.POST.get("entry", "")
    entry = get_object_or_404(
        Entry, pk=int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    )
    if request.POST.get("action") == "undo":
        undo(request, entry)
        return HttpResponseRedirect(reverse("admin:queue_item", args=[entry.pk]))
    as_seen(entry, request.POST.get("said", ""))
    see(request, entry)
    return HttpResponseRedirect(reverse("admin:queue_changed"))
