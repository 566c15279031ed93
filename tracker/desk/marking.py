"""An item's text as HTML with the passages marked that led to suggestions, and the trigger words in them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True)
class Passage:
    """A passage to mark: its words as published, the trigger words in it, and the name its mark can be linked by."""

    words: str
    triggers: tuple[str, ...] = ()
    name: str = ""


def marked(text: str, passages: Iterable[Passage]) -> SafeString:
    """One line of text with marks. Where passages overlap, the longer one is marked; the triggers of all are."""
    found: dict[tuple[int, int], tuple[set[str], list[str]]] = {}
    for passage in passages:
        if place := _place(passage.words, text):
            triggers, names = found.setdefault(place, (set(), []))
            triggers.update(passage.triggers)
            names.append(passage.name)
    html, at = [], 0
    for (start, end), (_, names) in sorted(found.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start < at:
            html.append(_anchors(names))
            continue
        inside = {trigger for (s, e), (words, _) in found.items() if s < end and start < e for trigger in words}
        html += [escape(text[at:start]), _anchors(names[1:])]
        html.append(format_html('<mark id="{}">{}</mark>', names[0], _with_triggers(text[start:end], inside)))
        at = end
    html.append(escape(text[at:]))
    return mark_safe("".join(html))  # noqa: S308 every piece of it is escaped above


def paragraphs(text: str, passages: Iterable[Passage]) -> SafeString:
    """A plain text as <p> elements with marks; a passage that spans two paragraphs is left unmarked."""
    passages, html = list(passages), []
    named: set[str] = set()
    for line in filter(None, (line.strip() for line in text.splitlines())):
        here = [passage for passage in passages if passage.name not in named and _place(passage.words, line)]
        named |= {passage.name for passage in here}
        html.append(format_html("<p>{}</p>", marked(line, here)))
    return mark_safe("".join(html))  # noqa: S308 every piece of it is escaped above


def _place(words: str, text: str) -> tuple[int, int] | None:
    """Where the words stand in the text, white space aside."""
    pieces = words.split()
    if not pieces:
        return None
    if (at := text.find(words.strip())) >= 0:
        return at, at + len(words.strip())
    if found := re.search(r"\s+".join(map(re.escape, pieces)), text):
        return found.span()
    return None


def _with_triggers(words: str, triggers: set[str]) -> SafeString:
    wanted = sorted((trigger for trigger in triggers if trigger.strip()), key=len, reverse=True)
    if not wanted:
        return escape(words)
    pieces = re.split(f"({'|'.join(map(re.escape, wanted))})", words, flags=re.IGNORECASE)
    return format_html_join("", "{}", ((format_html("<b>{}</b>", p) if i % 2 else p,) for i, p in enumerate(pieces)))


def _anchors(names: Iterable[str]) -> SafeString:
    return format_html_join("", '<a id="{}"></a>', ((name,) for name in names))
