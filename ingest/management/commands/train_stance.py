"""`manage.py train_stance`: train the reading of stances anew, and take it only if it is no worse."""

import json
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from ingest import lessons
from ingest.evaluation import stance, status
from ingest.evaluation.figures import Share
from ingest.evaluation.files import UnreadableFile, labelled_entries
from ingest.stance_model import STATUS_LABELS
from ingest.stance_model.learning import status_rows, train
from ingest.stance_model.shipped import written

# Of the status the rows are few: they are drawn less to nothing.
STATUS_PENALTY = 1.0


class Command(BaseCommand):
    help = (
        "Train the reading of stances from editors' decisions, or from a labelled file as well, with cross-validation "
        "grouped by claim. The new weights are taken into service unless they are worse than those in service."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", help="labelled pairs, CSV or JSON Lines; docs/stance.md has the format")
        parser.add_argument("--status", action="store_true", help="train the reading of a report's status instead")
        parser.add_argument("--out", metavar="FILE", help="write the weights there and leave the service as it is")
        parser.add_argument("--dry-run", action="store_true", help="print the figures and change nothing")

    def handle(self, *, file, status, out, dry_run, **options):
        try:
            entries = list(labelled_entries(file)) if file else []
            if status:
                self._train_status(entries, file, out)
            else:
                self._train_stance(entries, file, out, dry_run)
        except (UnreadableFile, lessons.NothingToLearn) as error:
            raise CommandError(str(error), returncode=2) from None

    def _train_stance(self, entries, file, out, dry_run):
        trial = lessons.tried(stance.labelled_pairs([], entries), Path(file).name if file else "")
        self._print("Cross-validation, no claim on both sides of a split:", trial.measured)
        if trial.before:
            self._print("The weights in service, on the decisions:", trial.before)
        if trial.worse and not out:
            raise CommandError(f"Refused: {trial.worse} The weights in service stay.", returncode=1)
        if out:
            write(out, trial.weights)
        elif not dry_run:
            lessons.take(trial)
            self.stdout.write(f"In service from the next reading on: {trial.weights.version}.")

    def _train_status(self, entries, file, out):
        own = written()
        reports = status.labelled_reports(entries)
        if reports:
            rows = [*status_rows(reports), *status_rows(own, "written", fold=-1)]
            title = f"Cross-validation on {Path(file).name}, trained on the rest of it and what is written:"
            self._print("The weights that come with the service, on it:", status.evaluate([], entries)[0])
        else:
            rows, title = status_rows(own), "Cross-validation on what is written:"
        trained = train(
            rows,
            {"trained_on": f"{len(own)} reports written for it", "rows": len(rows)},
            labels=STATUS_LABELS,
            penalty=STATUS_PENALTY,
        )
        self._print(title, lessons.held_out(rows, trained.held_out, STATUS_LABELS))
        if out:
            write(out, trained.weights)

    def _print(self, title, figures):
        told = [
            f"  {name:24} {figure if isinstance(figure, Share | int) else f'{figure:.3f}'}"
            for name, figure in figures.items()
        ]
        self.stdout.write("\n".join([title, *told, ""]))


def write(out, weights):
    """A line for each feature, so that two trainings can be compared."""
    plain = weights.plain()
    lines = [
        f" {json.dumps(name, ensure_ascii=False)}: {json.dumps(row)}" for name, row in plain.pop("weights").items()
    ]
    head = json.dumps(plain, ensure_ascii=False, indent=1).removesuffix("\n}")
    Path(out).write_text(head + ',\n "weights": {\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
