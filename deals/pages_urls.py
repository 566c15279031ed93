from django.urls import path, re_path

from deals import pages

SLUG = r"(?P<slug>[-\w]{1,80})"

urlpatterns = [
    path("", pages.front, name="front"),
    path("claims/", pages.claims, name="claims"),
    re_path(rf"^claims/{SLUG}/$", pages.claim, name="claim"),
    re_path(rf"^deals/{SLUG}/$", pages.deal, name="deal"),
    re_path(rf"^companies/{SLUG}/$", pages.company, name="company"),
    re_path(rf"^sources/{SLUG}/$", pages.source, name="source"),
]
