"""The sample feeds and articles, served by a site that has loaded the example, so that it can poll itself."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.html import format_html_join
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from ingest.models import Feed
from tracker.example.newsroom import Item, SampleFeed, read_feeds

FORMATS = {"rss": Rss201rev2Feed, "atom": Atom1Feed}


@require_safe
def feed(request: HttpRequest, name: str) -> HttpResponse:
    """A sample feed as a publisher would serve it, with validators; 404 where the example is not loaded."""
    sample = next((sample for sample in read_feeds().feeds if sample.name == name), None)
    if sample is None or not _loaded(name):
        raise Http404
    written = _write(sample, request)
    body = written.writeString("utf-8").encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    newest = max(item.published for item in sample.items)
    response = HttpResponse(body, written.content_type)
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(newest.timestamp())
    return get_conditional_response(request, etag, int(newest.timestamp()), response) or response


@require_safe
def article(request: HttpRequest, key: str) -> HttpResponse:
    """The page of a sample item that has no address of its own."""
    for sample in read_feeds().feeds:
        for item in sample.items:
            if item.key == key and item.link is None and _loaded(sample.name):
                return render(request, "example/article.html", {"feed": sample, "item": item})
    raise Http404


def _loaded(name: str) -> bool:
    return Feed.objects.filter(url__endswith=reverse("example-feed", args=[name])).exists()


def _write(sample: SampleFeed, request: HttpRequest):
    written = FORMATS[sample.format](
        title=sample.title,
        link=request.build_absolute_uri("/"),
        description="A sample feed of the example newsroom, in our own words.",
        language=sample.language,
        feed_url=request.build_absolute_uri(request.path),
    )
    for item in sorted(sample.items, key=lambda item: item.published, reverse=True):
        written.add_item(
            title=item.title,
            link=_address(item, request),
            description=format_html_join("\n", "<p>{}</p>", ((paragraph,) for paragraph in item.text)),
            unique_id=f"urn:hearsay:example:{item.key}",
            unique_id_is_permalink=False,
            pubdate=item.published,
            updateddate=item.published,
        )
    return written


def _address(item: Item, request: HttpRequest) -> str:
    return item.link or request.build_absolute_uri(reverse("example-article", args=[item.key]))
