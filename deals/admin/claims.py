from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.urls import path
from django.utils.html import format_html

from deals import record, words
from deals.admin import decide
from deals.admin.changes import may_undo
from deals.admin.rows import AutocompleteFields, RowAdmin
from deals.models import Claim, Deal, Evidence, Party, StatusChange
from deals.templatetags.desk import event, mark
from deals.terms import term_lines

# The claim is one row of many: reading the whole of a very long record is left to its own tables.
MOST_SHOWN = 500


class ClaimInline(admin.TabularInline):
    """The claims of a deal, to read; a claim has its own page."""

    model = Claim
    fields = readonly_fields = ["wording", "type", "how_it_stands", "published"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="status")
    def how_it_stands(self, claim):
        return mark(claim.status)


@admin.register(Deal)
class DealAdmin(RowAdmin):
    list_display = ["title"]
    search_fields = ["title", "claims__wording", "claims__companies__name", "claims__companies__aliases__name"]
    fields = ["title"]
    inlines = [ClaimInline]


class PartyInline(AutocompleteFields, admin.TabularInline):
    model = Party
    extra = 1
    autocomplete_fields = ["company"]
    verbose_name_plural = "parties: who speaks for one of them, or stands above or below one, speaks as a party"

    def _free(self, request, obj):
        """Decisions rest on who is a party: once there are any, only a senior editor takes one away."""
        return obj is None or not obj.version or request.user.has_perm("deals.override_status")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self._free(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self._free(request, obj)


class WithStandings(ChangeList):
    """Adds to each claim of the page how it stands now, in a constant number of queries."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        found = record.standings(self.result_list)
        deciding = StatusChange.objects.in_bulk([standing.set_by for standing in found.values() if standing.set_by])
        for claim in self.result_list:
            claim.standing = found[claim.pk]
            claim.set_by = deciding.get(claim.standing.set_by)


@admin.register(Claim)
class ClaimAdmin(RowAdmin):
    list_display = ["wording", "how_it_stands", "since", "deal", "published", "check_again"]
    list_filter = ["status", "published", "type", ("owner", admin.RelatedOnlyFieldListFilter), "check_again", "due"]
    list_select_related = ["deal"]
    show_facets = admin.ShowFacets.ALWAYS
    date_hierarchy = "created_at"
    search_fields = ["wording", "slug", "deal__title", "companies__name", "companies__aliases__name"]
    search_help_text = "Words of the claim or its deal, or a company under any of its names."
    autocomplete_fields = ["deal", "part_of", "owner"]
    inlines = [PartyInline]
    view_on_site = False  # the page links to the public one itself, and says when there is none

    def get_urls(self):
        return [
            path("<int:pk>/decide/", self.admin_site.admin_view(decide.page), name="deals_claim_decide"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request, obj=None):
        frozen = obj is not None and obj.version
        about = ["deal", "type", "part_of"]
        desk = ("For the desk", {"fields": ["published", "owner", "due", "check_again"]})
        if not frozen:
            return [(None, {"fields": ["wording", *about]}), desk]
        typing = {
            "fields": ["wording"],
            "classes": ["collapse"],
            "description": "The wording is frozen by the first row of the history. Good: “Cherry” → “Chery”. "
            "Bad: another company, number or verb; that is a new claim.",
        }
        return [(None, {"fields": about}), desk, ("Correct a typing error", typing)]

    def get_changelist(self, request, **kwargs):
        return WithStandings

    def get_actions(self, request):
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.pk:
            context.update(claim_page(obj, request.user))
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="status", ordering="status")
    def how_it_stands(self, claim):
        stage = words.stage_word(claim.standing.stage)
        said = mark(claim.standing.status, claim.standing.qualifiers)
        return format_html('{}<div class="quiet">{}</div>', said, stage) if stage else said

    @admin.display(description="since")
    def since(self, claim):
        row = claim.set_by
        return event(row.event_at, row.precision).removeprefix("on ") if row else ""


def claim_page(claim: Claim, user) -> dict:
    """What the claim's page shows of its record, in a constant number of queries."""
    changes = list(claim.changes.with_record().order_by("position"))
    rows = record.timeline(changes)
    parts = list(claim.parts.all())
    standings = record.standings([claim, *parts])
    standing = standings[claim.pk]
    undoable = {row.change.pk for row in rows if row.replaced_by is None and may_undo(user, row.change)}
    evidence = list(
        Evidence.objects.filter(claim=claim)
        .with_record()
        .select_related("recorded_by", "withdrawn_by")
        .prefetch_related("terms")[:MOST_SHOWN]
    )
    standing_terms = [
        (item.pk, item.stance, term.fact)
        for item in evidence
        if item.withdrawn_at is None and not item.report.retracted
        for term in item.terms.all()
        if term.withdrawn_at is None
    ]
    return {
        "standing": standing,
        "set_by": next((row.change for row in rows if row.change.pk == standing.set_by), None),
        "rows": [(row, row.change.pk in undoable) for row in rows],
        "origins": record.independent_origins(evidence),
        "withdrawn": [item for item in evidence if item.withdrawn_at],
        "terms": term_lines(standing_terms),
        "grounds": {item.pk for change in changes for item in change.evidence.all()},
        "may_decide": user.has_perm("deals.add_statuschange"),
        "may_link": user.has_perm("deals.add_evidence"),
        "may_withdraw": user.has_perm("deals.change_evidence"),
        "parts": [(part, standings[part.pk]) for part in parts],
        "parties": list(claim.parties.select_related("company")),
    }
