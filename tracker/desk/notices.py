"""Articles that decisions rest on and that were changed or are gone: what changed, and what the desk says to it."""

from collections import defaultdict
from collections.abc import Iterable

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from deals import linking, record
from deals.choices import Retraction
from deals.fold import Standing
from deals.linking import LinkError
from deals.models import Claim, Ground
from ingest.checking import see
from ingest.differences import Piece, compare
from ingest.models import ReportNotice

PER_PAGE = 15
TO_SEE = "ingest.change_reportnotice"
TO_MARK = (TO_SEE, "deals.change_report")
KEYS = [
    ("j", "next article"),
    ("k", "previous article"),
    ("q", "back to the queue"),
    ("?", "these keys"),
]


@permission_required("ingest.view_reportnotice", raise_exception=True)
def page(request: HttpRequest):
    if request.method == "POST":
        return _answer(request)
    found = list(
        ReportNotice.objects.unseen().select_related("report__source", "before", "after").order_by("pk")[: PER_PAGE + 1]
    )
    shown = found[:PER_PAGE]
    resting = _resting(notice.report_id for notice in shown)
    context = {
        **admin.site.each_context(request),
        "title": "Articles that changed under a decision",
        "cards": [(notice, _changes(notice), resting[notice.report_id]) for notice in shown],
        "more": len(found) > PER_PAGE,
        "may_see": request.user.has_perm(TO_SEE),
        "may_mark": request.user.has_perms(TO_MARK),
        "keys": KEYS,
    }
    return TemplateResponse(request, "desk/notices.html", context)


def _changes(notice: ReportNotice) -> tuple[list[Piece], list[Piece]]:
    """What changed in the headline and in the text; nothing of an article that is gone."""
    before, after = notice.before, notice.after
    if not (before and after):
        return [], []
    headline = compare(before.title, after.title) if before.title != after.title else []
    return headline, compare(before.text, after.text) if before.text != after.text else []


def _resting(reports: Iterable[int]) -> dict[int, list[tuple[Claim, Standing, str]]]:
    """By report, the claims whose histories rest on it: each as it stands, and its address at the desk."""
    grounds = Ground.objects.filter(evidence__report__in=list(reports), change__superseded_by=None)
    pairs = dict.fromkeys(grounds.order_by("pk").values_list("evidence__report", "change__claim"))
    claims = Claim.objects.in_bulk({claim for _, claim in pairs})
    standings = record.standings(list(claims.values())) if claims else {}
    found = defaultdict(list)
    for report, claim in pairs:
        address = reverse("admin:deals_claim_change", args=[claim])
        found[report].append((claims[claim], standings[claim], address))
    return found


def _answer(request):
    if not request.user.has_perm(TO_SEE):
        raise PermissionDenied
    number = request.POST.get("notice", "")
    key = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    notice = get_object_or_404(ReportNotice.objects.select_related("report__source"), pk=key)
    how = request.POST.get("action")
    try:
        with transaction.atomic():
            if how in Retraction.values:
                if not request.user.has_perms(TO_MARK):
                    raise PermissionDenied
                linking.mark(notice.report, how, by=request.user, note=request.POST.get("note", ""))
            if not see(notice, request.user, after=request.POST.get("after", "")):
                raise LinkError("Somebody was faster with this article, or it was changed again: look once more.")
    except LinkError as error:
        messages.error(request, str(error))
    else:
        said = f"Recorded as {how} by its outlet" if how in Retraction.values else "Seen"
        address = reverse("admin:deals_report_change", args=[notice.report_id])
        messages.success(
            request, format_html('{}: <a href="{}">{}</a>. No status moved.', said, address, notice.report)
        )
    return HttpResponseRedirect(reverse("admin:report_notices"))
