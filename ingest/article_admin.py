"""Whole articles in the admin: whose are fetched, how it goes, and what their hosts ask for."""

from django.contrib import admin
from django.db.models import Count, Q
from django.utils.html import format_html

from deals import clock
from deals.admin.rows import AutocompleteFields, ReadOnlyAdmin
from deals.templatetags.desk import moment
from ingest.models import Article, Host, SourceArticles


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"
    CONDITIONS = {
        "waiting": ("waiting to be fetched", Q(next_at__isnull=False, fetched_at=None)),
        "read": ("read", Q(fetched_at__isnull=False, trouble="")),
        "trouble": ("in trouble", ~Q(trouble="")),
        "checked": ("read again after a decision", Q(decided_at__isnull=False, next_at__isnull=False)),
    }

    def lookups(self, request, model_admin):
        return [(key, words) for key, (words, _) in self.CONDITIONS.items()]

    def queryset(self, request, queryset):
        return queryset.filter(self.CONDITIONS[self.value()][1]) if self.value() in self.CONDITIONS else queryset

    def get_facet_counts(self, pk_attname, filtered_qs):
        conditions = self.CONDITIONS.values()
        return {f"{place}__c": Count(pk_attname, filter=condition) for place, (_, condition) in enumerate(conditions)}


@admin.register(SourceArticles)
class SourceArticlesAdmin(AutocompleteFields, admin.ModelAdmin):
    list_display = ["source", "fetched"]
    list_filter = ["fetched"]
    list_select_related = ["source"]
    search_fields = ["source__name", "source__aliases__name"]
    autocomplete_fields = ["source"]
    show_full_result_count = False

    class Media:
        css = {"all": ["deals/desk.css"]}


@admin.register(Host)
class HostAdmin(ReadOnlyAdmin):
    list_display = ["place", "asked_next", "holds_until", "pause", "trouble"]
    search_fields = ["place"]
    fields = ["place", "asked_next", "holds_until", "pause", "failures", "trouble", "rules_in_words"]
    readonly_fields = ["asked_next", "holds_until", "rules_in_words"]

    @admin.display(description="next request not before", ordering="next_at")
    def asked_next(self, host):
        return moment(host.next_at)

    @admin.display(description="robots.txt holds until", ordering="robots_until")
    def holds_until(self, host):
        return moment(host.robots_until) or "not read yet"

    @admin.display(description="its robots.txt for us")
    def rules_in_words(self, host):
        return ", ".join(f"{'allows' if allowed else 'forbids'} {pattern}" for allowed, pattern in host.rules)


@admin.register(Article)
class ArticleAdmin(ReadOnlyAdmin):
    list_display = ["name", "state", "last_read", "next_request"]
    list_select_related = ["host"]
    list_filter = [StateFilter]
    search_fields = ["url", "title", "trouble"]
    fields = ["url", "state", "found_at", "title", "last_read", "next_request", "sha256", "report", "decided", "text"]
    readonly_fields = ["state", "last_read", "next_request", "decided"]
    actions = ["fetch_again"]

    def get_queryset(self, request):
        found = super().get_queryset(request)
        return found.defer("text") if request.resolver_match.url_name.endswith("_changelist") else found

    def has_fetch_permission(self, request):
        return request.user.has_perm("ingest.change_article")

    @admin.display(description="article", ordering="pk")
    def name(self, article):
        return format_html('{}<div class="quiet">{}</div>', article.title or "not read yet", article.url)

    @admin.display(description="state")
    def state(self, article):
        said = article.trouble or (article.host.trouble if article.next_at else "")
        if said:
            return said
        if article.fetched_at:
            return "read"
        return "waits for its host's turn" if article.next_at else "not asked for"

    @admin.display(description="last read", ordering="fetched_at")
    def last_read(self, article):
        return moment(article.fetched_at)

    @admin.display(description="next request", ordering="next_at")
    def next_request(self, article):
        return moment(article.next_at) or "none"

    @admin.display(description="decided on", ordering="decided_at")
    def decided(self, article):
        return moment(article.decided_at)

    @admin.action(description="Fetch again now", permissions=["fetch"])
    def fetch_again(self, request, queryset):
        now = clock.now()
        asked = queryset.update(next_at=now, wanted_at=now, tries=0)
        self.message_user(
            request, f"Asked for: {asked}. Each host's turn comes within seconds, and its robots.txt holds."
        )
