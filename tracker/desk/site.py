from django.contrib import admin
from django.urls import path, reverse


class Desk(admin.AdminSite):
    """The stock admin with the editorial queue as its landing page; the list of tables stays at apps/."""

    site_header = "Hearsay desk"
    site_title = "Hearsay desk"
    index_title = "Queue"

    def get_urls(self):
        from tracker.desk import adding, item, opening, queue, report

        return [
            path("queue/", self.admin_view(queue.page), name="queue"),
            path("queue/<int:pk>/", self.admin_view(item.page), name="queue_item"),
            path("queue/<int:pk>/open/", self.admin_view(opening.page), name="queue_open"),
            path("reports/add-from-address/", self.admin_view(adding.page), name="add_report_from_address"),
            path("reports/<int:pk>/said/", self.admin_view(report.page), name="report_said"),
            path("apps/", self.admin_view(self.apps_page), name="apps"),
            *super().get_urls(),
        ]

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
            ("Add a report", "add_report_from_address", "deals.add_report"),
        ]
        return [
            {"name": name, "object_name": url, "admin_url": reverse(f"admin:{url}"), "view_only": True}
            for name, url, right in pages
            if request.user.has_perm(right)
        ]
