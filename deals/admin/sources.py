from django import forms
from django.contrib import admin
from django.db import models
from django.urls import path

from deals import linking
from deals.admin import answers
from deals.admin.rows import AliasInline, RowAdmin
from deals.forms import RecordForm
from deals.models import Evidence, Report, Source, SourceAlias, SourceDomain
from deals.templatetags.desk import event


class SourceAliasInline(AliasInline):
    model = SourceAlias
    verbose_name_plural = "aliases: every name under which others cite it, in any script"


class SourceDomainInline(admin.TabularInline):
    model = SourceDomain
    extra = 1


class SourceForm(RecordForm):
    class Meta:
        help_texts = {
            "name": "Good: “Yicai”. Bad: “yicai.com”; its domains have a table of their own.",
            "kind": "It tells how strong evidence is: a document of an exchange or regulator is the strongest.",
            "language": "Good: “zh”. Bad: “Chinese”.",
            "own": "Good: our own newspaper. Bad: a paper that we merely like.",
        }


@admin.register(Source)
class SourceAdmin(RowAdmin):
    form = SourceForm
    list_display = ["name", "kind", "language", "own"]
    list_filter = ["kind", "own", "language"]
    search_fields = ["name", "aliases__name", "domains__domain"]
    autocomplete_fields = ["official_for"]
    fields = ["name", "kind", "language", "official_for", "own"]
    inlines = [SourceAliasInline, SourceDomainInline]


class ReportForm(RecordForm):
    class Meta:
        help_texts = {
            "title": "As published. Good: “奇瑞：不属实”. Bad: “Chery denial”. Of a placeholder: the story, in your words.",
            "url": "Good: the article's own address. Bad: a search result or a home page.",
            "published_precision": "Good: “day” if the page shows no time. Bad: “to the minute” for a guess.",
            "retraction_note": "Good: “headline corrected on 16 April: one brand, not two”. Bad: “fixed”.",
        }

    def clean_url(self):
        if not (url := self.cleaned_data["url"]):
            return None
        try:
            return linking.canonical_url(url)
        except linking.LinkError as error:
            raise forms.ValidationError(str(error)) from error


class SaidInline(admin.TabularInline):
    """What the report says on claims, to read; evidence has its own page."""

    model = Evidence
    fk_name = "report"
    fields = readonly_fields = ["claim", "stance", "speaker", "withdrawn_at"]
    extra = 0
    can_delete = False
    show_change_link = True
    verbose_name_plural = "what it says on claims"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("claim", "company", "report__source")

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Report)
class ReportAdmin(RowAdmin):
    form = ReportForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["title", "source", "published", "placeholder", "retraction", "recorded"]
    list_filter = ["placeholder", "retraction", "source__kind", "language"]
    list_select_related = ["source"]
    date_hierarchy = "published_at"
    search_fields = ["title", "url", "source__name", "source__aliases__name"]
    autocomplete_fields = ["source"]
    inlines = [SaidInline]
    fieldsets = [
        (None, {"fields": ["source", "title", "url", "placeholder", "language"]}),
        ("Published", {"fields": [("published_at", "published_precision")]}),
        (
            "Corrected or retracted by its outlet",
            {"fields": ["retraction", "retracted_at", "retraction_note"], "classes": ["collapse"]},
        ),
        ("What we read", {"fields": ["text"], "classes": ["collapse"]}),
    ]

    def get_urls(self):
        return [
            path("answers/", self.admin_site.admin_view(answers.start), name="deals_report_answers_start"),
            path("<int:pk>/answers/", self.admin_site.admin_view(answers.page), name="deals_report_answers"),
            *super().get_urls(),
        ]

    @admin.display(description="published", ordering="published_at")
    def published(self, report):
        return event(report.published_at, report.published_precision)

    def get_readonly_fields(self, request, obj=None):
        # Its address is what the report is; a decision may rest on it.
        return ["url", "placeholder"] if obj and obj.pk and obj.evidence.exists() else []
