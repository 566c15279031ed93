"""The weights and the written examples that come with the service."""

import json
from functools import cache
from importlib import resources

from ingest.stance_model.scoring import Weights

STANCE, STATUS, WRITTEN = "weights.json", "status_weights.json", "written.txt"


@cache
def shipped() -> Weights:
    """The weights of a sentence's stance, read once."""
    return Weights.of(json.loads(_text(STANCE)))


@cache
def shipped_status() -> Weights:
    """The weights of a report's status, read once."""
    return Weights.of(json.loads(_text(STATUS)))


def written() -> list[tuple[str, str, str]]:
    """(status, headline, lead) as written for training the reading of a status."""
    lines = (line for line in _text(WRITTEN).splitlines() if line.strip() and not line.startswith("#"))
    return [
        (label.strip(), headline.strip(), lead.strip()) for label, headline, lead in (line.split("|") for line in lines)
    ]


def _text(name: str) -> str:
    return resources.files("ingest.stance_model").joinpath(name).read_text(encoding="utf-8")
