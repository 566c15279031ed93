"""What the forms of the desk have in common: picking a row of the record, and noticing who was faster."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.utils.html import format_html

LONGEST_NUMBER = 18  # digits; beyond lies what no key can be
NOTHING = "0"  # a key that no row has: the field then says that the choice is not valid


class Autocomplete(AutocompleteSelect):
    """The admin's autocomplete. Without JavaScript it is a field for a number, a name or an address."""

    def value_from_datadict(self, data, files, name):
        if typed := data.get(f"{name}_typed", "").strip():
            return self._typed(typed)
        value = super().value_from_datadict(data, files, name)
        return value if not value or _is_key(value) else NOTHING

    def optgroups(self, name, value, attr=None):
        """Without what cannot be a key: an address may prefill the field with anything."""
        return super().optgroups(name, [key for key in value if _is_key(key)], attr)

    def _typed(self, words):
        if _is_key(words):
            return words
        if "\x00" in words:
            return NOTHING
        model = self.field.remote_field.model
        if hasattr(model._default_manager, "named"):
            found = model._default_manager.named(words)
        else:
            exact = Q(pk__in=[])
            for name in ("url", "title", "wording", "username"):
                try:
                    model._meta.get_field(name)
                except FieldDoesNotExist:
                    continue
                exact |= Q(**{f"{name}__iexact": words})
            found = model._default_manager.filter(exact)
        keys = list(found.values_list("pk", flat=True)[:2])
        return str(keys[0]) if len(keys) == 1 else NOTHING

    def render(self, name, value, attrs=None, renderer=None):
        return format_html(
            '{}<noscript><input type="text" name="{}_typed" aria-label="{} by number or full name" '
            'placeholder="number or full name"></noscript>',
            super().render(name, value, attrs, renderer),
            name,
            name.replace("_", " "),
        )


def _is_key(value) -> bool:
    return str(value).isascii() and str(value).isdigit() and len(str(value)) <= LONGEST_NUMBER


class RecordForm(forms.ModelForm):
    """A row of the record, saved only if nobody else has edited it since the page was opened."""

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk and (said := edited_since(self.instance, self.data.get("seen_edit", ""))):
            raise forms.ValidationError(said)
        return cleaned


def last_edit(row) -> int:
    """The number of the newest edit of a row, 0 if none is kept."""
    newest = _edits(row).values_list("history_id", flat=True).first()
    return newest or 0


def edited_since(row, seen: str) -> str | None:
    """The sentence that names who edited a row after edit `seen`, and what; None if nobody did."""
    if not _is_key(seen):
        return "This page is not complete. Open it again."
    later = list(_edits(row).filter(history_id__gt=int(seen)).select_related("history_user"))
    if not later:
        return None
    newest, before = later[0], _edits(row).filter(history_id__lte=int(seen)).first()
    who = newest.history_user.get_username() if newest.history_user else "Somebody"
    changed = before and newest.diff_against(before).changed_fields
    what = ", ".join(row._meta.get_field(name).verbose_name for name in changed) if changed else "this row"
    return (
        f"{who} changed {what} at {newest.history_date:%H:%M} UTC on {newest.history_date:%-d %B %Y}, while you were "
        "looking. Your input is kept below; save again to write it over theirs."
    )


def _edits(row):
    name = type(row)._meta.simple_history_manager_attribute
    return getattr(type(row), name).filter(id=row.pk).order_by("-history_id")
