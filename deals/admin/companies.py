from django.contrib import admin

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
