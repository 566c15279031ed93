"""Picking a row by typing, where many such fields stand on one page."""

from django import forms
from django.contrib import admin

from deals.forms import Autocomplete


class KnownAutocomplete(Autocomplete):
    """The record's autocomplete; showing a row that is `known` (key → words) takes no query."""

    def __init__(self, field):
        super().__init__(field, admin.site)
        self.known: dict[str, str] = {}

    def optgroups(self, name, value, attr=None):
        chosen = [key for key in value if key]
        if not all(key in self.known for key in chosen):
            return super().optgroups(name, value, attr)
        blank = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        options = [
            self.create_option(name, key, self.known[key], True, at) for at, key in enumerate(chosen, len(blank))
        ]
        return [(None, blank + options, 0)]


class FindField(forms.ModelChoiceField):
    """A row picked by typing; `place` is the foreign key whose autocomplete is asked."""

    def __init__(self, place, **options):
        super().__init__(place.remote_field.model.objects.all(), widget=KnownAutocomplete(place), **options)
        self.error_messages["invalid_choice"] = (
            f"No {place.remote_field.model._meta.verbose_name} fits that, or several do."
        )

    def know(self, *rows) -> None:
        """Let the field show these rows without asking for them."""
        self.widget.known |= {str(row.pk): str(row) for row in rows if row is not None}
