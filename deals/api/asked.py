"""What a reader may ask for: the parameters of each list. An unknown, repeated or absurd one is refused by its name."""

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from deals.api.paging import read_cursor
from deals.choices import DealType, Status
from deals.record import parse_moment

LARGEST_ID = 2**63 - 1
NO_STATUS = "none"
PAGE_SIZE, LARGEST_PAGE = 50, 200


@extend_schema_field({"type": "string", "examples": ["2024-04-15", "2024-04-15T05:00:00Z"]})
class MomentField(serializers.Field):
    """A date, meaning its end in UTC, or a time with its zone."""

    def to_internal_value(self, text):
        try:
            return parse_moment(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class Asked(serializers.Serializer):
    """The parameters of a request. `Asked.of(request)` gives their values or raises ValidationError naming each fault."""

    @classmethod
    def of(cls, request: Request) -> dict:
        return cls.of_values(request.query_params)

    @classmethod
    def of_values(cls, given: QueryDict) -> dict:
        asked = cls(data=given)
        if errors := asked.unreadable(given):
            raise serializers.ValidationError(errors)
        asked.is_valid(raise_exception=True)
        return asked.validated_data

    def unreadable(self, given: QueryDict) -> dict[str, list[str]]:
        """The parameters that are unknown, empty, given too often, or hold what is no text, each with its sentence."""
        errors = {}
        for name, values in given.lists():
            field = self.fields.get(name)
            if field is None:
                known = ", ".join(self.fields) or "none"
                errors[name] = [f"There is no such parameter here. There are: {known}."]
            elif len(values) > 1 and not isinstance(field, serializers.ListField):
                errors[name] = ["Give it once."]
            elif "" in values:
                errors[name] = ["Give it a value, or leave it out."]
            # Django reads bytes that are not UTF-8 as U+FFFD; no name or wording holds one.
            elif any("\0" in value or "\ufffd" in value for value in values):
                errors[name] = ["This is not text: it holds a NUL or bytes that are not UTF-8."]
        return errors


@extend_schema_field({"type": "string"})
class CursorField(serializers.Field):
    """The end of a page, as `paging` writes it."""

    def to_internal_value(self, text):
        try:
            return read_cursor(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


def _cursor() -> CursorField:
    return CursorField(required=False, help_text="Where the page begins: taken from `next` or `previous`.")


def _search() -> serializers.CharField:
    return serializers.CharField(
        required=False, max_length=200, help_text="Words, each in the wording or in a party's name or alias."
    )


class Paged(Asked):
    cursor = _cursor()
    page_size = serializers.IntegerField(
        required=False, default=PAGE_SIZE, min_value=1, max_value=LARGEST_PAGE, help_text="Rows on a page."
    )


class Moments(Asked):
    as_of = MomentField(
        required=False, help_text="How it stood then: what had happened by this moment. A bare date is its end in UTC."
    )
    known_at = MomentField(
        required=False, help_text="As the record had it then: what was recorded by this moment. A bare date is its end."
    )


def _slugs(words: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.SlugField(allow_unicode=True, max_length=80), required=False, max_length=50, help_text=words
    )


class ClaimsAsked(Paged, Moments):
    status = serializers.ListField(
        child=serializers.ChoiceField([*Status.values, NO_STATUS]),
        required=False,
        max_length=4,
        help_text="The status at the moment asked for; `none` for claims that had no status then.",
    )
    company = _slugs("Claims to which one of these companies is party, by slug.")
    deal = _slugs("Claims of one of these deals, by slug.")
    type = serializers.ListField(
        child=serializers.ChoiceField(DealType.values), required=False, max_length=50, help_text="Types of deal."
    )
    source = _slugs("Claims on which one of these sources reported, itself or as the origin of others, by slug.")
    updated_since = MomentField(
        required=False, help_text="Claims that were published, changed, edited, or given evidence since then."
    )
    search = _search()
    ordering = serializers.ChoiceField(["-created", "created"], required=False, default="-created")


class ChangesAsked(Paged):
    after = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST_ID, help_text="Only changes of a greater position than this."
    )
    claim = _slugs("Changes of one of these claims, by slug.")


class SearchAsked(Asked):
    """What the list of claims for people takes."""

    search = _search()
    status = serializers.ChoiceField(Status.choices, required=False)
    cursor = _cursor()
