"""Every address of the site; each room keeps its own list."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from ingest.api import DraftsView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("deals.api.urls")),
    path("api/v1/drafts/check/", DraftsView.as_view(), name="draft-check"),
    path("", include("deals.pages_urls")),
    path("", include("alerts.urls")),
    path("", include("tracker.example.urls")),
    path("", include("tracker.health")),
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("deals/icon.svg"))),
]

handler400 = "tracker.problems.bad_request"
handler403 = "tracker.problems.forbidden"
handler404 = "tracker.problems.not_found"
handler500 = "tracker.problems.server_error"
