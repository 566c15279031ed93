"""How every row of the record is shown and edited at the desk."""

from django.contrib import admin
from django.db import models
from simple_history.admin import SimpleHistoryAdmin

from deals.forms import Autocomplete, RecordForm, last_edit
from deals.templatetags.desk import moment


class AutocompleteFields:
    """Foreign keys named in `autocomplete_fields` can be filled in without JavaScript too, and no address breaks a form."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Autocomplete(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if hasattr(field, "widget") and hasattr(field.widget, "can_delete_related"):
            field.widget.can_delete_related = False  # a slip beside a field must not cost a company
        return field

    def get_changeform_initial_data(self, request):
        """As the address has it, without moments: the stock widgets of those break on words."""
        given = super().get_changeform_initial_data(request)
        moments = {field.name for field in self.opts.fields if isinstance(field, models.DateTimeField)}
        return {name: value for name, value in given.items() if name not in moments}


class RowAdmin(AutocompleteFields, SimpleHistoryAdmin):
    """A row whose edits are kept. The editor who saves over another's edit is told first."""

    form = RecordForm
    show_full_result_count = False
    list_per_page = 50
    object_history_list_template = "admin/deals/edits.html"

    class Media:
        css = {"all": ["deals/desk.css"]}

    def get_urls(self):
        # Without simple-history's page of an old version: it could be saved over the rules of the record.
        return super(SimpleHistoryAdmin, self).get_urls()

    def revert_disabled(self, request, obj=None):
        return True

    def history_view_title(self, request, obj):
        return f"Edits of {obj}"

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.pk and _cited(obj))

    def get_object(self, request, object_id, from_field=None):
        """The row; while it is saved it is locked, so that neither an edit nor a decision slips in between."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "POST":
            self.model._default_manager.select_for_update().filter(pk=found.pk).first()
            found = super().get_object(request, object_id, from_field)
        return found

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.pk:
            context["seen_edit"] = last_edit(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        """Only what the form holds is written: status and version belong to the history."""
        obj._history_user = request.user
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        if changed := columns.intersection(form.changed_data):
            obj.save(update_fields=changed)

    @admin.display(description="recorded", ordering="recorded_at")
    def recorded(self, obj):
        return moment(obj.recorded_at)


def _cited(row) -> bool:
    """Whether another row names this one and would be left without it; looked up once a request."""
    if not hasattr(row, "_cited"):
        row._cited = any(
            relation.related_model._default_manager.filter(**{relation.field.name: row}).exists()
            for relation in row._meta.related_objects
            if getattr(relation, "on_delete", None) is models.PROTECT
        )
    return row._cited


class AliasInline(admin.TabularInline):
    extra = 1
    verbose_name = "alias"
    verbose_name_plural = "aliases: every name under which the news writes of it, in any script"


class ReadOnlyAdmin(admin.ModelAdmin):
    """A read-only table: nothing is added, changed or deleted here, by anyone."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        css = {"all": ["deals/desk.css"]}

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
