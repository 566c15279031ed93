"""Addresses of records: made once from their words, never changed after."""

import secrets

from django.utils.text import slugify

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_slug(words: str, length: int = 60) -> str:
    """The words, and six random characters so that the address is free; any script works."""
    stem = slugify(words, allow_unicode=True)[:length].strip("-_")
    tail = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return f"{stem}-{tail}" if stem else tail
