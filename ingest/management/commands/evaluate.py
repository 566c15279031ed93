"""`manage.py evaluate matching|leads|stance|status`: a labelled file through the code that the service runs."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from ingest.evaluation.figures import Share, as_json
from ingest.evaluation.files import LabelledEntry, UnreadableFile, labelled_claims, labelled_entries

# What is measured; each module of `ingest.evaluation` has an `evaluate(claims, entries)` that gives the figures by name
# and a prediction for each entry.
MATTERS = ("matching", "leads", "stance", "status")
NEEDS_CLAIMS = ("matching", "leads")


class Command(BaseCommand):
    help = "Measure matching, leads, stance or status on a labelled file, with n and 95 % intervals."

    def add_arguments(self, parser):
        parser.add_argument("matter", choices=MATTERS)
        parser.add_argument("--claims", metavar="FILE", help="the claims: CSV or JSON Lines, plain or gzipped")
        parser.add_argument("--entries", metavar="FILE", required=True, help="the entries, labelled or not")
        parser.add_argument("--labels", metavar="FILE", help="labels of the entries by id, where they stand apart")
        parser.add_argument("--out", metavar="FILE", help="write the predictions there, as JSON Lines")
        parser.add_argument("--json", action="store_true", help="end with one line that is a JSON object")

    def handle(self, *, matter, claims, entries, labels, out, **options):
        if matter in NEEDS_CLAIMS and not claims:
            raise CommandError(f"Give the claims too: evaluate {matter} --claims FILE --entries FILE.", returncode=2)
        try:
            tracked = labelled_claims(claims) if claims else []
            rows = list(labelled_entries(entries))
            if labels:
                rows = labelled_by(rows, labelled_entries(labels))
            figures, predictions = measuring(matter)(tracked, rows)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=2) from None
        for name, figure in figures.items():
            told = str(figure) if isinstance(figure, Share) else f"{figure:.3f}".rstrip("0").rstrip(".")
            self.stdout.write(f"{name:44} {told}")
        if out:
            with Path(out).open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in predictions)
        if options["json"]:
            self.stdout.write(json.dumps({"matter": matter, **as_json(figures)}))


def measuring(matter: str) -> Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]:
    """What measures this matter."""
    return import_module(f"ingest.evaluation.{matter}").evaluate


def labelled_by(entries: Iterable[LabelledEntry], labels: Iterable[LabelledEntry]) -> list[LabelledEntry]:
    """The entries with the labels of those of the same id; the others have none."""
    known = {label.id: label for label in labels}
    return [
        replace(entry, claims=label.claims, related=label.related) if (label := known.get(entry.id)) else entry
        for entry in entries
    ]
