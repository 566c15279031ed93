from django.urls import path

from tracker.example import feeds

urlpatterns = [
    path("example/feeds/<slug:name>.xml", feeds.feed, name="example-feed"),
    path("example/articles/<slug:key>/", feeds.article, name="example-article"),
]
