"""The pages beside the list of feeds: lists in and out, the feeds of a site, and an address tried before it is saved."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from ingest import opml, subscribing
from ingest.discovery import Tried, discover, try_address
from ingest.models import Feed, digest
from ingest.opml import NotOPML, Outline

SHOWN_LINES = 500
SHOWN_ENTRIES = 10
# What a form of ours may carry through the preview, under Django's limit for a form.
MOST_CARRIED = 2_300_000  # bytes
TOO_MUCH_TO_CARRY = "That list is too long for a page; “manage.py import_opml” takes it."
MEANWHILE = "Somebody has just added one of these sources. Look again."


def show(request: HttpRequest, name: str, title: str, **context) -> TemplateResponse:
    context |= {**admin.site.each_context(request), "opts": Feed._meta, "title": title}
    return TemplateResponse(request, f"admin/ingest/feed/{name}.html", context)


# Lists


@permission_required("ingest.view_feed", raise_exception=True)
@require_GET
def export_page(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(subscribing.exported(Feed.objects.all()), content_type="text/x-opml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="hearsay-feeds.opml"'
    return answer


@permission_required("ingest.add_feed", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """A list is uploaded, what it would do is shown, and then it is done; the list travels in the form meanwhile."""
    if request.method != "POST":
        return show_import(request)
    try:
        document = submitted(request)
        lines = subscribing.plan(opml.read(document), may_make_sources=request.user.has_perm("deals.add_source"))
    except NotOPML as error:
        return show_import(request, trouble=str(error))
    carried = opml.write(subscribing.kept(lines), title="Feeds to add")
    if len(carried.encode()) > MOST_CARRIED:
        return show_import(request, trouble=TOO_MUCH_TO_CARRY)
    if request.POST.get("action") != "add":
        return show_import(request, lines=lines, carried=carried)
    try:
        added = subscribing.add(lines)
    except IntegrityError:
        return show_import(request, lines=lines, carried=carried, trouble=MEANWHILE)
    note_added(request, added, "Added from an OPML list.")
    messages.success(request, f"{count(len(added), 'feed')} added. A worker polls them within seconds.")
    return HttpResponseRedirect(reverse("admin:ingest_feed_changelist"))


def submitted(request: HttpRequest) -> bytes:
    """The list that is uploaded, or that a preview carried. Raises NotOPML."""
    if request.POST.get("action") == "add":
        return request.POST.get("list", "").encode("utf-8", "replace")
    if not (upload := request.FILES.get("file")):
        raise NotOPML("No file was chosen.")
    return upload.read(opml.LARGEST + 1)


def show_import(request, *, lines=None, carried="", trouble=""):
    context = {"trouble": trouble, "limits": {"feeds": opml.MOST_FEEDS, "megabytes": opml.LARGEST // 1_000_000}}
    if lines is not None:
        wanted = [line for line in lines if not line.skipped]
        skipped = [line for line in lines if line.skipped]
        context |= {
            "previewed": True,
            "carried": carried,
            "wanted": wanted[:SHOWN_LINES],
            "more_wanted": max(len(wanted) - SHOWN_LINES, 0),
            "skipped": skipped[:SHOWN_LINES],
            "more_skipped": max(len(skipped) - SHOWN_LINES, 0),
            "said": f"{count(len(wanted), 'feed')} would be added, {len(skipped)} skipped.",
            "button": f"Add {ngettext('this feed', f'these {len(wanted)} feeds', len(wanted))}",
        }
    return show(request, "import", "Import feeds from a list (OPML)", **context)


# The feeds of a site


@permission_required("ingest.add_feed", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def find_page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return show_found(request, url=request.GET.get("url", ""))
    if request.POST.get("action") == "add":
        return add_found(request)
    site = discover(request.POST.get("url", ""))
    outlines = [Outline(one.best_url, opml.tidy(one.title), site=site.site) for one in site.found]
    lines = subscribing.plan(outlines, may_make_sources=request.user.has_perm("deals.add_source"))
    return show_found(
        request, url=request.POST.get("url", ""), site=site, results=list(zip(site.found, lines, strict=True))
    )


def add_found(request):
    said = request.POST
    outline = Outline(said.get("feed", "").strip(), opml.tidy(said.get("title", "")), site=said.get("site", ""))
    (line,) = subscribing.plan([outline], may_make_sources=request.user.has_perm("deals.add_source"))
    if line.skipped:
        return show_found(request, url=outline.url, trouble=line.skipped)
    try:
        (feed,) = subscribing.add([line])
    except IntegrityError:
        return show_found(request, url=outline.url, trouble=MEANWHILE)
    note_added(request, [feed], "Added from the feeds of a site.")
    messages.success(request, f"The feed was added under {feed.source}. A worker polls it within seconds.")
    page = "change" if request.user.has_perm("ingest.change_feed") else "changelist"
    return HttpResponseRedirect(reverse(f"admin:ingest_feed_{page}", args=[feed.pk] if page == "change" else []))


def show_found(request, *, url, site=None, results=(), trouble=""):
    context = {
        "url": url[:2048],
        "site": site,
        "results": results,
        "trouble": trouble or (site.trouble if site else ""),
    }
    return show(request, "find", "Find the feeds of a site", **context)


def note_added(request, feeds: list[Feed], words: str):
    """In the admin's log, as the stock form notes it."""
    if feeds:
        LogEntry.objects.log_actions(request.user.pk, feeds, ADDITION, change_message=words)


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# An address tried


class TryAddress:
    """On the form of a feed, a button that shows what would be stored from the address as typed, and stores nothing."""

    change_form_template = "admin/ingest/feed/change_form.html"

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method == "POST" and "_try" in request.POST:
            return self.try_page(request, object_id, form_url)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def try_page(self, request, object_id, form_url):
        feed = self.get_object(request, unquote(object_id)) if object_id else None
        if object_id and feed is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not (self.has_change_permission(request, feed) if feed else self.has_add_permission(request)):
            raise PermissionDenied
        form_class = self.get_form(request, feed, change=feed is not None)
        typed = {
            name: field.widget.value_from_datadict(request.POST, request.FILES, name)
            for name, field in form_class.base_fields.items()
        }
        form = form_class(instance=feed, initial=typed)
        form.fields[
            "url"
        ].widget.template_name = "django/forms/widgets/url.html"  # the stock one calls it the current one
        shown = AdminForm(
            form, list(self.get_fieldsets(request, feed)), {}, self.get_readonly_fields(request, feed), model_admin=self
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"{'Change' if feed else 'Add'} {self.opts.verbose_name}",
            "subtitle": str(feed) if feed else None,
            "adminform": shown,
            "object_id": object_id,
            "original": feed,
            "is_popup": False,
            "to_field": None,
            "media": self.media + shown.media,
            "inline_admin_formsets": [],
            "errors": AdminErrorList(form, []),
            "preserved_filters": self.get_preserved_filters(request),
            "tried": told(try_address(str(typed.get("url") or "")), feed, news=bool(typed.get("suggest_old"))),
        }
        return self.render_change_form(
            request, context, add=feed is None, change=feed is not None, obj=feed, form_url=form_url
        )


def told(found: Tried, feed: Feed | None, *, news: bool) -> dict:
    """What an address gave, for the template: its newest items first as the feed has them, and what is known."""
    keys = [digest(entry.guid) for entry in found.entries]
    known = (
        set(map(bytes, feed.entries.filter(guid_digest__in=keys).values_list("guid_digest", flat=True)))
        if feed and keys
        else set()
    )
    fresh = sum(key not in known for key in keys)
    first = feed is None or (feed.last_success_at is None and not known)
    return {
        "found": found,
        "entries": [(entry, key in known) for entry, key in zip(found.entries, keys, strict=True)][:SHOWN_ENTRIES],
        "more": max(len(keys) - SHOWN_ENTRIES, 0),
        "said": f"{count(fresh, 'item')} would be stored" + (f", {len(keys) - fresh} stored already" if feed else ""),
        "history": first and not news and bool(keys),
    }
