"""The record's words in templates."""

from datetime import time

from django import template

from deals import words
from deals.models import Report
from deals.record import date_in_words

register = template.Library()


@register.filter
def when(moment, precision="instant"):
    """“on 15 April 2024”: a date as well as it is known."""
    return date_in_words(moment, precision) if moment else "at a time not known"


@register.filter
def since(at, precision="instant"):
    """“since 19 June 2024”; where the beginning is not known exactly, “since 24 August 2023 or before”."""
    known = date_in_words(at, precision).split(" ", 1)[1]
    return f"since {known} or before" if precision == "by" else f"since {known}"


@register.filter
def moment(at, otherwise=""):
    """A moment asked for: “at the end of 15 April 2024”, or with its time."""
    if not at:
        return otherwise
    if at.time() == time.max:
        return f"at the end of {date_in_words(at, 'day').removeprefix('on ')}"
    return date_in_words(at, "instant")


@register.filter
def linkable(report: Report) -> bool:
    """Whether the report's address may become a link: http and https alone."""
    return bool(report.url) and report.url.startswith(("http://", "https://"))


register.filter("standing", words.standing)
register.filter("status_word", words.status_word)
register.filter("qualifier_words", words.qualifier_words)
register.filter("stage_word", words.stage_word)
