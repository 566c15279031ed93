"""The history as a table, and taking a row of it back."""

import uuid

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from deals import clock, followers, history
from deals.admin.rows import ReadOnlyAdmin
from deals.choices import Kind, Precision
from deals.models import StatusChange
from deals.templatetags.desk import event, mark, moment


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnlyAdmin):
    list_display = ["position", "wording", "kind", "before", "after", "happened", "recorded", "by", "quiet"]
    list_display_links = ["wording"]
    list_filter = ["kind", "status_after", "quiet", "precision"]
    list_select_related = ["claim", "by"]
    date_hierarchy = "recorded_at"
    search_fields = [
        "wording",
        "claim__wording",
        "claim__deal__title",
        "claim__companies__name",
        "claim__companies__aliases__name",
        "reason",
    ]
    ordering = ["-position"]
    fields = [
        "claim",
        "wording",
        "kind",
        ("before", "after"),
        "happened",
        "recorded",
        "by",
        "reason",
        "rests_on",
        "qualifiers",
        "stage",
        "supersedes",
        ("quiet", "quiet_reason"),
        "position",
        "step",
    ]

    def get_urls(self):
        return [
            path("<int:pk>/undo/", self.admin_site.admin_view(undo_page), name="deals_statuschange_undo"),
            *super().get_urls(),
        ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("claim", "by", "supersedes")

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["may_undo"] = obj is not None and may_undo(request.user, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description="before", ordering="status_before")
    def before(self, change):
        return mark(change.status_before)

    @admin.display(description="after", ordering="status_after")
    def after(self, change):
        return mark(change.status_after)

    @admin.display(description="rests on")
    def rests_on(self, change):
        evidence = change.evidence.with_record()
        return format_html_join(mark_safe("<br>"), "{}: {}", ((item.report, item.speaker) for item in evidence)) or "-"

    @admin.display(description="happened", ordering="event_at")
    def happened(self, change):
        return event(change.event_at, change.precision)

    @admin.display(description="recorded", ordering="recorded_at")
    def recorded(self, change):
        return moment(change.recorded_at)


def may_undo(user, change: StatusChange) -> bool:
    """Whether this person may take this row back; undos are not undone."""
    if change.kind == Kind.UNDO or not user.has_perm("deals.add_statuschange"):
        return False
    return change.by_id == user.pk or user.has_perm("deals.undo_others")


class UndoForm(forms.Form):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Good: “misread: Jin Yibo spoke of Exeed alone”. Bad: “oops”. A deal that failed later is no undo: "
        "it is a stage (terminated).",
    )
    quiet = forms.BooleanField(
        required=False, label="tell nobody", help_text="Those who were told are not told of this."
    )
    quiet_reason = forms.CharField(required=False, max_length=300, label="why nobody is told")
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)


def undo_page(request, pk: int):
    """What the status becomes without the row; POST takes it back by a new row."""
    change = get_object_or_404(StatusChange.objects.with_record(), pk=pk)
    if not may_undo(request.user, change):
        raise PermissionDenied
    claim = change.claim
    form = UndoForm(request.POST or None, initial={"seen": claim.version})
    back = reverse("admin:deals_claim_change", args=[claim.pk])
    conflict = ""
    if request.method == "POST" and form.is_valid():
        try:
            history.undo(change, by=request.user, step=uuid.uuid4(), **form.cleaned_data)
        except history.Conflict as error:
            conflict = str(error)
        except history.HistoryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The row is taken back; it stays in the history, marked as undone.")
            return HttpResponseRedirect(back)
    if form.is_bound:
        claim.refresh_from_db()
        form.data = {**form.data.dict(), "seen": claim.version}
    row = history.NewRow(Kind.UNDO, clock.now(), Precision.INSTANT, reason="preview", supersedes=change)
    preview = history.preview(claim, row, by=request.user)
    context = {
        **admin.site.each_context(request),
        "title": "Undo a row of the history",
        "claim": claim,
        "change": change,
        "form": form,
        "preview": preview,
        "conflict": conflict,
        "same_step": StatusChange.objects.filter(step=change.step).exclude(pk=change.pk).select_related("claim"),
        "told": followers.told([claim], followers.differ(preview.before, preview.after)),
        "opts": StatusChange._meta,
    }
    return TemplateResponse(request, "admin/deals/statuschange/undo.html", context)
