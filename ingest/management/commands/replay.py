"""`manage.py replay FILE`: dated stories through the pipeline as if they had been polled."""

import json
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.db import transaction

from deals.models import Claim, Company
from ingest import replaying
from ingest.evaluation.figures import Share, as_json, share
from ingest.evaluation.files import LabelledEntry, UnreadableFile, labelled_claims, labelled_entries


class Command(BaseCommand):
    help = "Store the dated stories of a JSON Lines file as if a feed had brought them, and look them through."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="a story a line: title, published, and text, body or summary")
        parser.add_argument("--source", default="Replay", help="the outlet that the stories come from")
        parser.add_argument("--claims", metavar="FILE", help="track these claims too, as drafts")
        parser.add_argument("--parties-alone", action="store_true", help="of --claims track the parties, and no claim")
        parser.add_argument("--labels", metavar="FILE", help="what the stories are about, by id")
        parser.add_argument("--discard", action="store_true", help="keep nothing of it: tell what would be caught")
        parser.add_argument("--out", metavar="FILE", help="write what each story was found to say, as JSON Lines")
        parser.add_argument("--json", action="store_true", help="end with one line that is a JSON object")

    def handle(self, *, file, discard, out, **options):
        try:
            with transaction.atomic():
                figures, told = self.replayed(file, options)
                if discard:
                    transaction.set_rollback(True)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=2) from None
        for name, figure in figures.items():
            self.stdout.write(f"{name:32} {figure if isinstance(figure, Share | int) else f'{figure:.2f}'}")
        if out:
            with Path(out).open("w", encoding="utf-8") as target:
                target.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in told)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(figures)))

    def replayed(self, file, options):
        opened = {}
        if options["claims"]:
            opened = replaying.open_claims(labelled_claims(options["claims"]), parties_alone=options["parties_alone"])
        labels = {}
        if options["labels"]:
            labels = {entry.id: entry for entry in labelled_entries(options["labels"])}
        done = replaying.replay(replaying.feed_for(options["source"]), replaying.stories(file))
        claims, leads = replaying.caught(done.keys)
        names = dict(Company.objects.values_list("pk", "name"))
        wordings = dict(Claim.objects.values_list("pk", "wording"))
        told = [
            {
                "id": done.keys[entry],
                "claims": [
                    {"claim": opened.get(claim, wordings[claim]), "strength": strength}
                    for claim, strength in claims.get(entry, {}).items()
                ],
                "leads": sorted(sorted(names[key] for key in lead) for lead in leads.get(entry, ())),
            }
            for entry in sorted(done.keys)
        ]
        return figures_of(done, told, labels), told


def figures_of(done: replaying.Replayed, told: list[dict], labels: dict[str, LabelledEntry]) -> dict:
    """What was stored and caught; with labels, how much of it rightly. Stories without a label count for nothing."""
    strong = [one for one in told if any(found["strength"] == "strong" for found in one["claims"])]
    led = [one for one in told if one["leads"]]
    figures = {
        "stories": done.read,
        "stored": done.stored,
        "on_a_claim": sum(bool(one["claims"]) for one in told),
        "on_a_claim_strong": len(strong),
        "with_a_lead": len(led),
        "with_a_lead_per_1000": 1000 * len(led) / max(1, len(told)),
        "leads_grouped": len({tuple(lead) for one in led for lead in one["leads"]}),
    }
    if not labels:
        return figures
    right, hits = [], []
    for one in told:
        label = labels.get(one["id"])
        if label is None:
            continue
        found = {row["claim"] for row in one["claims"] if row["strength"] == "strong"}
        right += [claim in (*(label.claims or ()), *label.related) for claim in found]
        hits += [claim in found for claim in label.claims or ()]
    figures |= {"strong_precision": share(right), "strong_recall": share(hits)}
    figures["strong_not_labelled"] = sum(one["id"] not in labels for one in strong)
    return figures
