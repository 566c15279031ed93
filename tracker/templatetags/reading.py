from django import template

from deals.choices import SpeakerKind
from ingest.models import Suggestion

register = template.Library()

UNNAMED = {SpeakerKind.OUTLET: "the outlet", SpeakerKind.ANONYMOUS: "unnamed people"}


@register.filter
def speaker(suggestion: Suggestion) -> str:
    """Who is read as saying it, in words: “Jin Yibo, spokesman, for Chery”."""
    who = ", ".join(part for part in (suggestion.speaker_name, suggestion.speaker_role) if part)
    if not suggestion.company_id:
        return who or UNNAMED.get(suggestion.speaker_kind) or suggestion.get_speaker_kind_display()
    return f"{who}, for {suggestion.company}" if who else str(suggestion.company)


@register.filter
def of(by_key: dict, key):
    """What a dictionary holds by that key, or None."""
    return by_key.get(key)
