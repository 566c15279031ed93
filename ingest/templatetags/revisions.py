"""Differences between two wordings as HTML that needs no colour to be read."""

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from ingest.differences import ADDED, REMOVED, Piece

register = template.Library()

MARKS = {REMOVED: ("del", "−", "removed: "), ADDED: ("ins", "+", "added: ")}


@register.filter
def marked_up(pieces: list[Piece]) -> SafeString:
    """Removals and additions with a sign, a line and a word for those who hear the page; what stayed as it is."""
    return format_html_join("", "{}", ((mark(piece),) for piece in pieces))


def mark(piece: Piece) -> SafeString:
    if piece.kind not in MARKS:
        return escape(piece.words)
    tag, sign, said = MARKS[piece.kind]
    return format_html(
        '<{0} class="changed"><span aria-hidden="true">{1}</span><span class="visually-hidden">{2}</span>{3}</{0}>',
        tag,
        sign,
        said,
        piece.words,
    )
