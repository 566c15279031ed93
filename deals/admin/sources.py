from django import forms
from django.contrib import admin
from django.db import models
from django.urls import path

from deals import linking, snapshots
from deals.admin import answers
from deals.admin.rows import AliasInline, RowAdmin
from deals.choices import ReadFrom
from deals.forms import RecordForm
from deals.models import Evidence, Report, Snapshot, Source, SourceAlias, SourceDomain
from deals.templatetags.desk import event, moment


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
    text = forms.CharField(
        required=False,
        max_length=snapshots.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 80}),
        help_text="As plain text. Never public. What was kept before stays; a change here is kept as a new snapshot.",
    )

    class Meta:
        help_texts = {
            "title": "As published. Good: “奇瑞：不属实”. Bad: “Chery denial”. Of a placeholder: the story, in your words.",
            "url": "Good: the article's own address. Bad: a search result or a home page.",
            "published_precision": "Good: “day” if the page shows no time. Bad: “to the minute” for a guess.",
            "retraction_note": "Good: “headline corrected on 16 April: one brand, not two”. Bad: “fixed”.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "text" in self.fields:  # a reader's form holds none
            self.initial["text"] = self.instance.text

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


class SnapshotInline(admin.TabularInline):
    """What was read of it and when; each has its own page, with its text and archive address."""

    model = Snapshot
    fields = readonly_fields = ["taken", "read", "archive_url", "sha256"]
    extra = 0
    can_delete = False
    show_change_link = True
    verbose_name_plural = "what we read of it: snapshots"

    def get_queryset(self, request):
        return super().get_queryset(request).defer("text")

    @admin.display(description="read on")
    def taken(self, snapshot):
        return moment(snapshot.taken_at)

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
    inlines = [SaidInline, SnapshotInline]
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

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if "text" in form.changed_data:
            snapshots.keep(obj, text=form.cleaned_data["text"], read=ReadFrom.TYPED)

    @admin.display(description="published", ordering="published_at")
    def published(self, report):
        return event(report.published_at, report.published_precision)

    def get_readonly_fields(self, request, obj=None):
        # Its address is what the report is; a decision may rest on it.
        return ["url", "placeholder"] if obj and obj.pk and obj.evidence.exists() else []


@admin.register(Snapshot)
class SnapshotAdmin(RowAdmin):
    """What was read stays as it was read; the archive address alone is an editor's."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["title", "source", "read", "taken", "archived"]
    list_filter = ["read", ("archive_url", admin.EmptyFieldListFilter)]
    list_select_related = ["report__source"]
    search_fields = ["title", "report__source__name", "sha256"]
    fields = ["report", "title", "url", "read", "taken", "sha256", "archive_url", "text"]
    readonly_fields = ["report", "title", "url", "read", "taken", "sha256", "text"]

    def get_queryset(self, request):
        found = super().get_queryset(request).select_related("report__source")
        return found.defer("text") if request.resolver_match.url_name.endswith("_changelist") else found

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="source", ordering="report__source__name")
    def source(self, snapshot):
        return snapshot.report.source

    @admin.display(description="read on", ordering="taken_at")
    def taken(self, snapshot):
        return moment(snapshot.taken_at)

    @admin.display(description="archived", boolean=True)
    def archived(self, snapshot):
        return bool(snapshot.archive_url)
