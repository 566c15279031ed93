from django import template

from ingest.models import Suggestion

register = template.Library()


@register.filter
def speaker(suggestion: Suggestion) -> str:
    """Who is read as saying it, in words: “Jin Yibo, spokesman, for Chery”."""
    who = ", ".join(part for part in (suggestion.speaker_name, suggestion.speaker_role) if part)
    if not suggestion.company_id:
        return who or suggestion.get_speaker_kind_display()
    return f"{who}, for {suggestion.company}" if who else str(suggestion.company)
