from functools import wraps

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import BadRequest
from django.http import Http404
from django.urls import path, reverse

LARGEST_KEY = 2**63 - 1


class Desk(admin.AdminSite):
    """The stock admin with the editorial queue as its landing page; the list of tables stays at apps/."""

    site_header = "Hearsay desk"
    site_title = "Hearsay desk"
    index_title = "Queue"

    def get_urls(self):
        from tracker.desk import adding, changed, drafts, item, notices, opening, queue, report, searches

        return [
            path("queue/", self.admin_view(queue.page), name="queue"),
            path("queue/changed/", self.admin_view(changed.page), name="queue_changed"),
            path("queue/<int:pk>/", self.admin_view(item.page), name="queue_item"),
            path("queue/<int:pk>/open/", self.admin_view(opening.page), name="queue_open"),
            path("claims/<int:pk>/searches/", self.admin_view(searches.page), name="claim_searches"),
            path("reports/add-from-address/", self.admin_view(adding.page), name="add_report_from_address"),
            path("reports/changed/", self.admin_view(notices.page), name="report_notices"),
            path("reports/<int:pk>/said/", self.admin_view(report.page), name="report_said"),
            path("drafts/check/", self.admin_view(drafts.page), name="check_draft"),
            path("apps/", self.admin_view(self.apps_page), name="apps"),
            *super().get_urls(),
        ]

    def admin_view(self, view, cacheable=False):
        """As the stock one; what no row can hold, and the pages of tables break on, ends here: NUL, giant numbers."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request, *args, **kwargs):
            if hasattr(request.resolver_match.func, "model_admin"):
                if "object_id" in kwargs and not _may_be_key(unquote(kwargs["object_id"])):
                    raise Http404
                asked = [value for name, values in request.GET.lists() if name != SEARCH_VAR for value in values]
                if any(part.isdecimal() and not _may_be_key(part) for value in asked for part in value.split(",")):
                    raise BadRequest
                listed = request.resolver_match.url_name.endswith("_changelist")  # a form drops what it cannot prefill
                if listed and any("\0" in value for value in asked):
                    raise BadRequest
            return inner(request, *args, **kwargs)

        return checked

    def autocomplete_view(self, request):
        if "\0" in request.GET.get("term", ""):
            raise BadRequest
        return super().autocomplete_view(request)

    def index(self, request, extra_context=None):
        from tracker.desk import queue

        return queue.page(request)

    def apps_page(self, request):
        return super().index(request, {"title": "All tables"})

    def get_app_list(self, request, app_label=None):
        """The stock list, with the desk's own pages above it, so that every page of the admin leads to them."""
        stock = super().get_app_list(request, app_label)
        pages = self.desk_pages(request)
        if app_label or not pages:
            return stock
        desk = {
            "name": "Desk",
            "app_label": "desk",
            "app_url": reverse("admin:queue"),
            "has_module_perms": True,
            "models": pages,
        }
        return [desk, *stock]

    def desk_pages(self, request) -> list[dict]:
        pages = [
            ("Queue", "queue", "ingest.view_entry"),
            ("Changed since decided", "queue_changed", "ingest.view_entry"),
            ("Articles that changed", "report_notices", "ingest.view_reportnotice"),
            ("Add a report", "add_report_from_address", "deals.add_report"),
            ("Check my draft", "check_draft", "deals.add_evidence"),
        ]
        return [
            {"name": name, "object_name": url, "admin_url": reverse(f"admin:{url}"), "view_only": True}
            for name, url, right in pages
            if request.user.has_perm(right)
        ]


def _may_be_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_KEY
