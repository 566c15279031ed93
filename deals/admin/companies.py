from django.contrib import admin
from django.db.models import Case, Value, When

from deals.admin.rows import AliasInline, AutocompleteFields, RowAdmin
from deals.models import Company, CompanyAlias, Parentage


class CompanyAliasInline(AliasInline):
    model = CompanyAlias


class ParentageInline(AutocompleteFields, admin.TabularInline):
    model = Parentage
    fk_name = "child"
    extra = 1
    autocomplete_fields = ["parent"]
    verbose_name_plural = "belongs to: a joint venture has two parents; whoever stands above may speak for it"


@admin.register(Company)
class CompanyAdmin(RowAdmin):
    list_display = ["name", "placeholder", "ticker", "isin", "lei"]
    list_filter = ["placeholder"]
    search_fields = ["name", "aliases__name", "ticker", "isin"]
    fieldsets = [
        (None, {"fields": ["name", "placeholder"]}),
        ("Where it is listed", {"fields": ["ticker", "isin", "lei"], "classes": ["collapse"]}),
    ]
    inlines = [CompanyAliasInline, ParentageInline]

    def get_search_results(self, request, queryset, search_term):
        """Where one is picked, the company of just that name comes first, not a joint venture that holds it."""
        found, repeated = super().get_search_results(request, queryset, search_term)
        if search_term and request.resolver_match.url_name == "autocomplete":
            meant = Case(When(name__iexact=search_term.strip(), then=Value(0)), default=Value(1))
            found = found.order_by(meant, *self.get_ordering(request), "name")
        return found, repeated
