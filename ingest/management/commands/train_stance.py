"""`manage.py train_stance`: train the reading of stances anew, and take it only if it is no worse."""

import json
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from ingest import judging, lessons
from ingest.stance_model import STATUS_LABELS, shipped_status
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
        rows = _rows(file) if file else []
        try:
            if status:
                self._train_status(rows, file, out)
            else:
                self._train_stance(judging.stance_examples(rows), file, out, dry_run)
        except (judging.UnreadableRows, lessons.NothingToLearn) as error:
            raise CommandError(str(error), returncode=2) from None

    def _train_stance(self, examples, file, out, dry_run):
        trial = lessons.tried(examples, Path(file).name if file else "")
        self._print("Cross-validation, no claim on both sides of a split:", trial.measured)
        if trial.before:
            self._print("The weights in service, on the same decisions:", trial.before)
        if trial.worse and not out:
            raise CommandError(f"Refused: {trial.worse} The weights in service stay.", returncode=1)
        if out:
            _write(out, trial.weights)
        elif not dry_run:
            lessons.take(trial)
            self.stdout.write(f"In service from the next reading on: {trial.weights.version}.")

    def _train_status(self, rows, file, out):
        own = written()
        reports = judging.status_reports(rows)
        about = {"trained_on": f"{len(own)} reports written for it"}
        if reports:
            training = [*status_rows(reports), *status_rows(own, "written", fold=-1)]
            trained = train(training, about, labels=STATUS_LABELS, penalty=STATUS_PENALTY)
            gold, groups = [row.label for row in training], [row.group for row in training]
            measured = judging.held_out(gold, trained.held_out, groups, STATUS_LABELS)
            self._print(f"Cross-validation on {Path(file).name} with what is written:", measured)
            before = judging.evaluate_status(reports, shipped_status()).measured
            self._print("The weights in service, which have not seen it:", before)
        else:
            trained = train(status_rows(own), about, labels=STATUS_LABELS, penalty=STATUS_PENALTY)
            training = status_rows(own)
            measured = judging.held_out(
                [row.label for row in training], trained.held_out, [row.group for row in training], STATUS_LABELS
            )
            self._print("Cross-validation on what is written:", measured)
        if out:
            _write(out, trained.weights)

    def _print(self, title, measured):
        self.stdout.write("\n".join([title, *measured.lines(), ""]))


def _rows(file):
    try:
        return judging.rows_of(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from None
    except ValueError as error:
        raise CommandError(f"{file} is neither CSV nor JSON Lines: {error}.", returncode=2) from None


def _write(out, weights):
    """A line for each feature, so that two trainings can be compared."""
    plain = weights.plain()
    lines = [
        f" {json.dumps(name, ensure_ascii=False)}: {json.dumps(row)}" for name, row in plain.pop("weights").items()
    ]
    written = json.dumps(plain, ensure_ascii=False, indent=1).removesuffix("\n}")
    Path(out).write_text(written + ',\n "weights": {\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
