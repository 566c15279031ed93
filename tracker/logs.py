"""Log records as one JSON object a line, with what must stay secret struck out."""

import json
import logging
import re
from datetime import UTC, datetime

_SECRETS = (
    # The password of an address, and the local part of a mail address.
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"), "…"),
    (re.compile(r"[\w.+-]+(?=@[\w-]+\.[\w.-]+)"), "…"),
    # Tokens are 32 characters and more, of every kind; slugs and ids have no capital letters, class names no digits.
    (re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{30,}"), "…"),
)


def without_secrets(text: str) -> str:
    """The text with passwords in addresses, mail addresses and long random tokens replaced by "…"."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class JSONLine(logging.Formatter):
    """{"time": RFC 3339 UTC, "level", "logger", "message", "process"} and, after a failure, "traceback"."""

    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            "process": record.process,
        }
        if record.exc_info:
            line["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
