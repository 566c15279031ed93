import json

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_list_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from deals import linking
from deals.admin.rows import RowAdmin
from deals.forms import RecordForm
from deals.models import Claim, Evidence, Term
from deals.models.evidence import LOCKED_FIELDS
from deals.templatetags.desk import event, moment

MOST_AT_ONCE = 100
MOST_TERMS = 12


class EvidenceForm(RecordForm):
    class Meta:
        help_texts = {
            "stance": "Good: “declines to comment” for “we do not comment on rumors”. Bad: “denies” for that. A paper that "
            "doubts a story disputes it; only a party or its document denies or confirms.",
            "speaker_kind": "Good: “people who are not named” for “a person familiar with the matter”. Bad: “the company "
            "itself” for that person.",
            "quote": "The words that say it, in their own language. Good: one sentence. Bad: a paragraph.",
            "certainty": "Good: “hedged” for “we do not rule it out”. Bad: “stated” for that.",
            "origin": "Good: 36kr's story, if this report retells it; a placeholder if we do not hold it. Bad: this report.",
            "answers": "Good: the report that it calls untrue. Bad: every report on the matter.",
        }

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk:
            return cleaned
        if not self.errors and (standing := linking.same_statement(Evidence(**cleaned))):
            self.add_error("report", f"This is linked already, as evidence {standing.pk}.")
        return cleaned


class TermForm(forms.ModelForm):
    """A term that is recorded is taken back, not edited."""

    class Meta:
        model = Term
        fields = ["kind", "about", "number", "currency", "name", "day", "precision", "words"]
        widgets = {"day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for field in self.fields.values():
                field.disabled = True


def proposed(request) -> list[dict]:
    """The terms that an address proposes for new evidence, each a JSON object; what is none is passed over."""
    found = []
    for written in request.GET.getlist("term")[:MOST_TERMS] if request.method == "GET" else ():
        try:
            term = json.loads(written[:500])
        except ValueError:
            continue
        if isinstance(term, dict):
            found.append({name: value for name, value in term.items() if name in TermForm.Meta.fields})
    return found


class TermInline(admin.StackedInline):
    model = Term
    form = TermForm
    fields = [("kind", "about"), ("number", "currency", "name"), ("day", "precision"), "words"]
    extra = 1
    verbose_name_plural = "terms: amounts, stakes, dates, platforms, counts; to correct one, delete it and add another"

    def get_queryset(self, request):
        return super().get_queryset(request).current()

    def get_extra(self, request, obj=None, **kwargs):
        return self.extra + len(proposed(request))

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)


@admin.register(Evidence)
class EvidenceAdmin(RowAdmin):
    form = EvidenceForm
    list_display = ["claim", "stance", "who", "said", "report", "withdrawn"]
    formfield_overrides = {models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 3})}}
    list_filter = [
        "stance",
        "speaker_kind",
        "certainty",
        ("withdrawn_at", admin.EmptyFieldListFilter),
        ("origin", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["report__source", "claim", "company", "withdrawn_by"]
    date_hierarchy = "said_at"
    search_fields = [
        "claim__wording",
        "report__title",
        "report__source__name",
        "report__source__aliases__name",
        "speaker_name",
        "company__name",
        "company__aliases__name",
        "quote",
    ]
    autocomplete_fields = ["claim", "report", "company", "origin", "answers"]
    actions = ["withdraw_selected"]
    inlines = [TermInline]
    fieldsets = [
        (None, {"fields": ["claim", "report", "stance"]}),
        ("Who says it", {"fields": ["speaker_kind", "speaker_name", "speaker_role", "company"]}),
        ("What is said", {"fields": ["quote", "translation", ("certainty", "part"), ("said_at", "said_precision")]}),
        ("Where it comes from", {"fields": ["origin", "answers"]}),
        ("In the record", {"fields": ["rung_in_words", "recorded", "recorded_by", "withdrawn"]}),
    ]

    def get_urls(self):
        return [
            path("withdraw/", self.admin_site.admin_view(self.withdraw_page), name="deals_evidence_withdraw"),
            *super().get_urls(),
        ]

    def get_readonly_fields(self, request, obj=None):
        shown = ["rung_in_words", "recorded", "recorded_by", "withdrawn"]
        if obj and obj.pk and (obj.withdrawn_at or obj.grounds.exists()):
            return [*shown, *(name.removesuffix("_id") for name in LOCKED_FIELDS)]
        # Moving evidence to another claim or report is withdrawing it and linking anew.
        return [*shown, "claim", "report"] if obj and obj.pk else shown

    def has_delete_permission(self, request, obj=None):
        return False  # evidence is withdrawn

    def save_model(self, request, obj, form, change):
        if change:
            super().save_model(request, obj, form, change)
            return
        statement = {name: value for name, value in form.cleaned_data.items() if name not in ("claim", "report")}
        linked = linking.link(obj.claim, obj.report, by=request.user, **statement)
        obj.__dict__.update(linked.__dict__)

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        # Of what is sent nothing is initial: a proposal that was left as it was is to be recorded.
        return kwargs | ({"initial": proposed(request)} if isinstance(inline, TermInline) else {})

    def get_changeform_initial_data(self, request):
        return {name: value for name, value in super().get_changeform_initial_data(request).items() if name != "term"}

    def save_formset(self, request, form, formset, change):
        for term in formset.save(commit=False):
            term.recorded_by = request.user
            term.save()
        for term in formset.deleted_objects:
            linking.take_back(term, by=request.user)

    def response_post_save_add(self, request, obj):
        return HttpResponseRedirect(reverse("admin:deals_claim_change", args=[obj.claim_id]))

    @admin.display(description="who speaks")
    def who(self, evidence):
        return format_html('{}<div class="quiet">{}</div>', evidence.speaker, evidence.rung.label)

    @admin.display(description="rung")
    def rung_in_words(self, evidence):
        return evidence.rung.label if evidence.pk else "follows from who speaks, and where"

    @admin.display(description="said", ordering="said_at")
    def said(self, evidence):
        return event(evidence.said_at, evidence.said_precision)

    @admin.display(description="withdrawn", ordering="withdrawn_at")
    def withdrawn(self, evidence):
        if not evidence.withdrawn_at:
            return "no"
        who = f" by {evidence.withdrawn_by}" if evidence.withdrawn_by else ""
        return f"{moment(evidence.withdrawn_at)}{who}: {evidence.withdrawn_reason}"

    @admin.action(description="Withdraw the selected evidence", permissions=["change"])
    def withdraw_selected(self, request, queryset):
        chosen = ",".join(str(pk) for pk in queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        return HttpResponseRedirect(f"{reverse('admin:deals_evidence_withdraw')}?ids={chosen}")

    def withdraw_page(self, request):
        """Asks for the reason, says which decisions rest on it, and withdraws."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        ids = [int(part) for part in request.GET.get("ids", "").split(",") if part.isdecimal() and len(part) < 19]
        evidence = get_list_or_404(
            Evidence.objects.current().with_record().select_related("claim").prefetch_related("changes", "terms"),
            pk__in=ids[:MOST_AT_ONCE],
        )
        form = WithdrawForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    for item in evidence:
                        linking.withdraw(item, by=request.user, reason=form.cleaned_data["reason"])
                        self.log_change(request, item, f"Withdrawn: {form.cleaned_data['reason']}")
            except linking.LinkError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"Withdrawn: {len(evidence)}. It stays in the record, with your reason.")
                claims: set[Claim] = {item.claim for item in evidence}
                return HttpResponseRedirect(
                    reverse("admin:deals_claim_change", args=[claims.pop().pk])
                    if len(claims) == 1
                    else reverse("admin:deals_evidence_changelist")
                )
        context = {
            **self.admin_site.each_context(request),
            "title": "Withdraw evidence",
            "evidence": evidence,
            "form": form,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/deals/evidence/withdraw.html", context)


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Good: “the spokesman spoke of another brand”. Bad: “wrong”.",
    )
