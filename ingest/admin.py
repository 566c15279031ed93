"""Feeds, items and suggestions in the admin. Items and suggestions are decided in the desk's queue, not here."""

from datetime import timedelta

from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import ngettext

from deals import clock
from deals.admin.rows import AutocompleteFields
from deals.templatetags.desk import moment
from ingest import article_admin, feed_pages, searching
from ingest.delay import delay
from ingest.models import ClaimSearch, Entry, Feed, LookBack, SearchTemplate, Suggestion
from ingest.moves import MoveError, adopt_move, dismiss_notices
from ingest.revisions import edits_of

__all__ = ["EntryAdmin", "FeedAdmin", "SuggestionAdmin", "article_admin"]

WEEKS = 4  # over which the items of a week are averaged


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"
    CONDITIONS = {
        "well": ("all is well", Q(active=True, trouble="")),
        "trouble": ("in trouble", Q(active=True) & ~Q(trouble="")),
        "notice": ("with a notice", ~Q(notice="")),
        "paused": ("not polled", Q(active=False)),
    }

    def lookups(self, request, model_admin):
        return [(key, words) for key, (words, _) in self.CONDITIONS.items()]

    def queryset(self, request, queryset):
        return queryset.filter(self.CONDITIONS[self.value()][1]) if self.value() in self.CONDITIONS else queryset

    def get_facet_counts(self, pk_attname, filtered_qs):
        return {
            f"{place}__c": Count(pk_attname, filter=condition)
            for place, (_, condition) in enumerate(self.CONDITIONS.values())
        }


@admin.register(Feed)
class FeedAdmin(feed_pages.TryAddress, AutocompleteFields, admin.ModelAdmin):
    list_display = ["name", "health", "last_success", "next_poll", "a_week"]
    list_select_related = ["source", "search"]
    list_filter = [StateFilter, "source__kind"]
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ["url", "source__name", "trouble", "search__query"]
    autocomplete_fields = ["source"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    readonly_fields = [
        "state",
        "trouble",
        "failing",
        "notice",
        "moving",
        "formerly",
        "last_polled",
        "last_success",
        "next_poll",
    ]
    fields = [
        "source",
        "url",
        "active",
        "interval",
        "slowest",
        "suggest_old",
        "news_days",
        "whole_articles",
        *readonly_fields,
    ]
    actions = ["poll_now", "pause", "resume", "dismiss", "follow", "whole", "short", "as_source"]
    ordering = ["source__name", "pk"]
    show_full_result_count = False

    class Media:
        css = {"all": ["deals/desk.css", "ingest/feeds.css"]}

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"subtitle": delay(), **(extra_context or {})})

    def get_urls(self):
        pages = {"import": feed_pages.import_page, "export": feed_pages.export_page, "find": feed_pages.find_page}
        own = [
            path(f"{name}/", self.admin_site.admin_view(page), name=f"ingest_feed_{name}")
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "whole_articles":
            field.widget.choices = [("unknown", "As its source says"), ("true", "Yes"), ("false", "No")]
        return field

    def get_fields(self, request, obj=None):
        if obj is None:
            return [name for name in self.fields if name not in self.readonly_fields]
        return [*self.fields, "searching"] if hasattr(obj, "search") else self.fields

    def get_readonly_fields(self, request, obj=None):
        """The pace of a search is its claims' to set."""
        if obj is None or not hasattr(obj, "search"):
            return self.readonly_fields
        return [*self.readonly_fields, "searching", "interval", "slowest", "suggest_old", "news_days"]

    def get_queryset(self, request):
        """With what each feed has brought lately; one query for all of them."""
        lately = Entry.objects.filter(feed=OuterRef("pk"), said_at__gte=clock.now() - WEEKS * timedelta(weeks=1))
        counted = lately.order_by().values("feed").annotate(number=Count("pk")).values("number")
        feeds = super().get_queryset(request).annotate(lately=Coalesce(Subquery(counted), 0))
        return feeds.prefetch_related(Prefetch("search__wishes", ClaimSearch.objects.select_related("claim")))

    @admin.display(description="items a week", ordering="lately")
    def a_week(self, feed):
        """By the dates that the items bear, so that it tells from the first poll on."""
        return f"{feed.lately / WEEKS:.1f}".removesuffix(".0")

    @admin.display(description="feed", ordering="source__name")
    def name(self, feed):
        words = feed.search.query if hasattr(feed, "search") else feed.url
        return format_html('{}<span class="under">{}</span>', feed.source, words)

    @admin.display(description="search")
    def searching(self, feed):
        """Which claims it serves, how often and why."""
        wishes = feed.search.wishes.all()
        claims = format_html_join(
            "; ",
            '<a href="{}">{}</a>{}',
            (
                (reverse("admin:claim_searches", args=[wish.claim_id]), wish.claim, " (paused)" if wish.paused else "")
                for wish in wishes
            ),
        )
        return format_html("Search for {}. {}", claims or "no claim", feed.search.pace)

    @admin.display(description="state", ordering="failures")
    def health(self, feed):
        """How it is; if it is not well, since when and why; and what an operator has not yet read of it."""
        state = format_html('<span class="state state-{}">{}</span>', self.grade(feed), self.state(feed))
        since = f"Failing since {moment(feed.failing_since)}." if feed.failing_since else ""
        wanted = self.searching(feed) if hasattr(feed, "search") else ""
        said = [feed.notice, "" if feed.trouble in feed.notice else feed.trouble, since, wanted]
        under = format_html_join("", '<span class="under">{}</span>', ([words] for words in said if words))
        return format_html("{}{}", state, under)

    @staticmethod
    def grade(feed) -> str:
        return "paused" if not feed.active else "trouble" if feed.trouble else "well"

    @admin.display(description="state", ordering="failures")
    def state(self, feed):
        if not feed.active:
            return "not polled"
        if feed.trouble:
            return f"in trouble for {feed.failures} {ngettext('poll', 'polls', feed.failures)} in a row"
        return "all is well" if feed.last_success_at else "not polled yet"

    @admin.display(description="failing since", ordering="failing_since")
    def failing(self, feed):
        return moment(feed.failing_since)

    @admin.display(description="move")
    def moving(self, feed):
        """What the publisher says of a new address, as long as it is not adopted."""
        if not feed.moved_to:
            return ""
        times = f"{feed.moved_seen} {ngettext('poll', 'polls', feed.moved_seen)}"
        return f"The publisher says that it lives at {feed.moved_to}, for {times} since {moment(feed.moved_since)}."

    @admin.display(description="former addresses")
    def formerly(self, feed):
        return ", ".join(map(str, feed.former_addresses.all())) if feed.pk else ""

    @admin.display(description="last polled", ordering="last_polled_at")
    def last_polled(self, feed):
        return moment(feed.last_polled_at)

    @admin.display(description="last success", ordering="last_success_at")
    def last_success(self, feed):
        return moment(feed.last_success_at)

    @admin.display(description="next poll", ordering="next_poll_at")
    def next_poll(self, feed):
        return moment(feed.next_poll_at) if feed.active else ""

    def save_model(self, request, obj, form, change):
        """Only what the form holds is written: a worker may be polling the feed."""
        if not change:
            obj.save()
            return
        changed = set(form.changed_data)
        if "url" in changed:  # another server's validators mean nothing to this one, nor what a poll under way says
            obj.etag = obj.last_modified = obj.moved_to = ""
            obj.moved_seen, obj.moved_since = 0, None
            obj.lease = obj.lease_until = None
            obj.next_poll_at = clock.now()
            changed |= {"etag", "last_modified", "lease", "lease_until", "next_poll_at"}
            changed |= {"moved_to", "moved_seen", "moved_since"}
        if "active" in changed and obj.active:
            obj.next_poll_at = clock.now()
            changed |= {"stopped", "next_poll_at"}
        obj.save(update_fields=changed)
        if "active" in changed and obj.active:
            searching.asked_again([obj])

    @admin.action(description="Poll now", permissions=["change"])
    def poll_now(self, request, queryset):
        asked = queryset.filter(active=True).update(next_poll_at=clock.now())
        self.message_user(request, f"Asked for a poll now: {asked}. A worker takes it up within seconds.")
        if paused := queryset.filter(active=False).count():
            self.message_user(request, f"Not polled because they are paused: {paused}.", messages.WARNING)

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request, queryset):
        self.message_user(request, f"Paused: {queryset.filter(active=True).update(active=False)}.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request, queryset):
        feeds = list(queryset.filter(active=False).values_list("pk", flat=True))
        resumed = queryset.resume()
        searching.asked_again(feeds)
        self.message_user(request, f"Resumed: {resumed}.")

    @admin.action(description="Whole articles: fetch them", permissions=["change"])
    def whole(self, request, queryset):
        self.message_user(request, f"Fetched from now on, for short items: {queryset.update(whole_articles=True)}.")

    @admin.action(description="Whole articles: do not fetch them", permissions=["change"])
    def short(self, request, queryset):
        self.message_user(request, f"No longer fetched: {queryset.update(whole_articles=False)}.")

    @admin.action(description="Whole articles: as their sources say", permissions=["change"])
    def as_source(self, request, queryset):
        self.message_user(request, f"As their sources say: {queryset.update(whole_articles=None)}.")

    @admin.action(description="Take the notice down", permissions=["change"])
    def dismiss(self, request, queryset):
        self.message_user(request, f"Notices taken down: {dismiss_notices(queryset)}.")

    @admin.action(description="Poll where its publisher says it moved", permissions=["change"])
    def follow(self, request, queryset):
        for feed in queryset.select_related("source"):
            try:
                self.message_user(request, adopt_move(feed))
            except MoveError as refusal:
                self.message_user(request, f"{feed}: {refusal}", messages.WARNING)


@admin.register(SearchTemplate)
class SearchTemplateAdmin(AutocompleteFields, admin.ModelAdmin):
    list_display = ["name", "url", "language", "source", "active"]
    list_select_related = ["source"]
    search_fields = ["name", "url"]
    autocomplete_fields = ["source"]
    fields = ["name", "url", "language", "source", "active"]
    show_full_result_count = False

    class Media:
        css = {"all": ["deals/desk.css", "ingest/feeds.css"]}


class ReadOnly:
    """What ingest wrote; people look at it."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class SuggestionInline(ReadOnly, admin.TabularInline):
    model = Suggestion
    fk_name = "entry"
    fields = ["stance", "claim", "company", "strength", "passage", "state"]
    show_change_link = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("claim", "company")


@admin.register(Entry)
class EntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["title", "publisher", "published", "decision", "waiting"]
    list_select_related = ["source"]
    list_filter = ["waiting", "unreadable", "is_news", "decision", ("source", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["title"]
    ordering = ["-said_at", "-pk"]
    show_full_result_count = False
    fields = [
        "title",
        "link",
        "publisher",
        "feed",
        "author",
        "language",
        "published",
        "first_seen",
        "text",
        "edited",
        "is_news",
        "history",
        "unreadable",
        "twin_of",
        "report",
        "decision",
        "decided_by",
    ]
    readonly_fields = ["publisher", "link", "published", "first_seen"]
    inlines = [SuggestionInline]

    class Media:
        css = {"all": ["ingest/edits.css"]}

    def get_queryset(self, request):
        entries = super().get_queryset(request)
        return entries.select_related("source", "feed__source", "report__source", "decided_by", "twin_of")

    @admin.display(description="source", ordering="source__name")
    def publisher(self, entry):
        return entry.publisher

    @admin.display(description="address")
    def link(self, entry):
        return format_html('<a href="{0}" rel="noreferrer">{0}</a>', entry.url) if entry.url else "–"

    @admin.display(description="published", ordering="published_at")
    def published(self, entry):
        return moment(entry.published_at)

    @admin.display(description="what it said before")
    def edited(self, entry):
        return render_to_string("ingest/edits.html", edits_of(entry)) if entry.edits else "It was not edited."

    @admin.display(description="first seen", ordering="first_seen_at")
    def first_seen(self, entry):
        return moment(entry.first_seen_at)


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["entry", "stance", "about", "strength", "state", "created"]
    list_select_related = ["entry", "claim"]
    list_filter = ["state", "strength", "stance"]
    search_fields = ["entry__title", "passage"]
    show_full_result_count = False
    ordering = ["-pk"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("entry", "claim", "company", "origin")

    @admin.display(description="claim", ordering="claim")
    def about(self, suggestion):
        return suggestion.claim or "a new claim"

    @admin.display(description="made", ordering="created_at")
    def created(self, suggestion):
        return moment(suggestion.created_at)


@admin.register(LookBack)
class LookBackAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["claim", "looked_at", "found", "done"]
    list_select_related = ["claim"]
    search_fields = ["claim__wording"]
    show_full_result_count = False

    @admin.display(description="done", ordering="done_at", empty_value="not yet")
    def done(self, look):
        return look.done_at and moment(look.done_at)
