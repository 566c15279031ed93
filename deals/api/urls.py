from django.urls import path, re_path

from deals.api.views import ChangesView, ClaimsView, ClaimView, DocsView, RootView, SchemaView

urlpatterns = [
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="api-docs"),
    path("api/v1/", RootView.as_view(), name="api-root"),
    path("api/v1", RootView.as_view(schema=None)),
    path("api/v1/claims/", ClaimsView.as_view(), name="claim-list"),
    re_path(r"^api/v1/claims/(?P<slug>[-\w]{1,80})/$", ClaimView.as_view(), name="claim-detail"),
    path("api/v1/changes/", ChangesView.as_view(), name="change-list"),
]
