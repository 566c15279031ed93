"""Dates, standings and rungs in the words that the desk reads."""

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html

from deals import record, words

register = template.Library()


@register.filter
def moment(at: datetime | None) -> str:
    """“15 Apr 2024, 08:00 UTC”, or “” for no time."""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC" if at else ""


@register.filter
def event(at: datetime | None, precision: str) -> str:
    """A date as exact as it is known: “on 15 April 2024”, “by 24 August 2023”, or “date not known”."""
    return record.date_in_words(at, precision) if at else "date not known"


@register.filter
def standing(found) -> str:
    """A status as a coloured word with its qualifiers behind it, never without them."""
    return mark(found.status, found.qualifiers)


@register.filter
def status(value: str | None) -> str:
    return mark(value)


@register.filter
def stage(value: str) -> str:
    return words.stage_word(value)


@register.filter
def qualifiers(values) -> str:
    return ", ".join(words.qualifier_words(values or ()))


def mark(value: str | None, held: frozenset[str] = frozenset()) -> str:
    """HTML of a status and how it holds."""
    said = ", ".join(words.qualifier_words(held))
    return format_html(
        '<span class="status status-{}">{}</span>{}',
        value or "none",
        words.status_word(value),
        format_html(' <span class="held">{}</span>', said) if said else "",
    )
