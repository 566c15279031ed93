"""Adding a report from its address: fetched through the guard, checked by an editor; by hand if it cannot be."""

from contextlib import suppress
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from deals import linking, snapshots
from deals.choices import ReadFrom
from deals.linking import LinkError
from deals.models import Report, Source, SourceDomain
from ingest.article import LARGEST_PAGE, Article, ArticleError, read_article
from outbound import client
from outbound.errors import FetchError
from tracker.desk.forms import AddressForm, ReportForm


@permission_required("deals.add_report", raise_exception=True)
def page(request: HttpRequest):
    if request.method == "POST" and request.POST.get("action") == "save":
        return _save(request)
    if request.method == "POST":
        return _fetch(request)
    return _show(request, address=AddressForm(initial={"url": request.GET.get("url", "")}))


def _show(request, *, address: AddressForm | None = None, report: ReportForm | None = None, trouble: str = ""):
    context = {
        **admin.site.each_context(request),
        "title": "Add a report from its address",
        "address": address,
        "report": report,
        "trouble": trouble,
        "media": (report or address).media,
        "keys": [("a", "fetch or save"), ("q", "back to the queue"), ("?", "these keys")],
    }
    return TemplateResponse(request, "desk/add_report.html", context)


def _fetch(request):
    """Show what stands at the address, to be checked; with an empty form and the cause if that fails."""
    address = AddressForm(request.POST)
    if not address.is_valid():
        return _show(request, address=address)
    url = address.cleaned_data["url"]
    if held := Report.objects.filter(url=url).first():
        return _already_held(request, held)
    try:
        url, article = _read(url)
        trouble = ""
    except (FetchError, ArticleError) as error:
        article, trouble = Article(), str(error)
    if held := Report.objects.filter(url=url).first():
        return _already_held(request, held)
    return _show(request, report=ReportForm(initial=_found(url, article)), trouble=trouble)


def _read(url: str) -> tuple[str, Article]:
    """The address where the page stands in the end, and what it says. Raises FetchError, ArticleError."""
    answer = client.get(url, headers={"Accept": "text/html,application/xhtml+xml"}, limit=LARGEST_PAGE)
    if not 200 <= answer.status < 300:
        raise FetchError(f"The server answered {answer.status_line}.")
    with suppress(LinkError):  # an address that we could not keep: the one that was typed stands for it
        url = linking.canonical_url(answer.url)
    return url, read_article(answer.body, url, answer.headers.get("Content-Type", ""))


def _found(url: str, article: Article) -> dict:
    """What the form is filled with."""
    source = source_of(url, article.outlet)
    return {
        "url": url,
        "title": article.title,
        "source": source,
        "new_source": "" if source else article.outlet or urlsplit(url).hostname.removeprefix("www."),
        "published_at": article.published_at,
        "published_precision": article.precision,
        "language": article.language,
        "text": article.text,
    }


def source_of(url: str, outlet: str = "") -> Source | None:
    """Who publishes at this address: by its host, else by the name that the page gives."""
    at_host = list(Source.objects.at_host(urlsplit(url).hostname or "")[:2])
    if len(at_host) == 1:
        return at_host[0]
    named = list(Source.objects.named(outlet)[:2]) if outlet else []
    return named[0] if len(named) == 1 else None


def _save(request):
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _show(request, report=form)
    said = form.cleaned_data
    if held := Report.objects.filter(url=said["url"]).first():
        return _already_held(request, held)
    try:
        with transaction.atomic():
            report = linking.report_at(
                said["url"],
                source=said["source"] or _new_source(request, said),
                title=said["title"],
                published_at=form.last_instant,
                published_precision=said["published_precision"],
                language=said["language"],
            )
            snapshots.keep(report, text=said["text"], read=ReadFrom.TYPED)
    except LinkError as error:
        form.add_error(None, str(error))
        return _show(request, report=form)
    messages.success(request, format_html("“{}” is in the record. Say what it says on which claim.", report))
    return HttpResponseRedirect(reverse("admin:report_said", args=[report.pk]))


def _new_source(request, said: dict) -> Source:
    """The outlet named in the form, with the host of the address as its domain."""
    if not request.user.has_perm("deals.add_source"):
        raise PermissionDenied
    source = Source.objects.create(
        name=said["new_source"].strip(), kind=said["new_source_kind"], language=said["language"] or "en"
    )
    host = (urlsplit(said["url"]).hostname or "").lower().removeprefix("www.")
    domain = SourceDomain(source=source, domain=host)
    with suppress(ValidationError):  # another outlet's, or no name of a host: this outlet has none for now
        domain.full_clean()
        domain.save()
    return source


def _already_held(request, report: Report):
    messages.warning(request, format_html("“{}” is in the record already; this is it.", report))
    return HttpResponseRedirect(reverse("admin:report_said", args=[report.pk]))
