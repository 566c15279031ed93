"""FNC-1 with the features of the stance model: related or not by overlap, then agree, disagree or discuss.

    python bench/fnc.py [folder of the sets]

Trained on FNC-1 itself in five folds, no body on both sides of a split: FNC-1 was made from Emergent, so the weights that
come with the service, which were trained on that, are not measured here. Prints the figures and, as its last line, one
JSON object. Skipped where the sets are not beside the project.
"""

import csv
import gzip
import json
import math
import os
import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STANCES, BODIES = "fnc1_train_stances_clean.csv.gz", "fnc1_train_bodies.csv.gz"
NAMES = {"agree": "for", "disagree": "against", "discuss": "observing"}
# A body is related if it holds this share of the headline's words, weighed by how rare they are; fitted on the set.
RELATED = 0.26
WORD = re.compile(r"[a-z0-9]{3,}")


def words(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))


class Rarity:
    def __init__(self, texts):
        self.held = Counter(word for text in texts for word in words(text))
        self.n = len(texts)

    def of(self, found: set[str]) -> float:
        return sum(max(0.0, math.log(self.n / (1 + self.held[word]))) for word in found)

    def share(self, headline: set[str], held: set[str]) -> float:
        return self.of(headline & held) / self.of(headline) if self.of(headline) else 0.0


def telling(headline: set[str], sentences, rarity) -> str:
    """The first sentence and the two that share most with the headline."""
    nearest = sorted(sentences, key=lambda one: -rarity.of(headline & one[1]))[:2]
    return " ".join(text for text, _ in [*sentences[:1], *nearest])[:900]


def measure(folder: Path) -> dict:
    from ingest.evaluation.figures import as_json, class_figures
    from ingest.stance_model.features import ClaimWords, features
    from ingest.stance_model.learning import Row, train
    from ingest.stance_model.scoring import LABELS
    from ingest.text import passages

    csv.field_size_limit(10**8)
    with gzip.open(folder / BODIES, "rt", encoding="utf-8") as file:
        bodies = {row["Body ID"]: row["articleBody"] for row in csv.DictReader(file)}
    with gzip.open(folder / STANCES, "rt", encoding="utf-8") as file:
        pairs = list(csv.DictReader(file))
    rarity, held = Rarity(list(bodies.values())), {key: words(body) for key, body in bodies.items()}
    sentences = {key: [(p.text, words(p.text)) for p in passages("", body)[:60]] for key, body in bodies.items()}
    rows, places = [], []
    for at, pair in enumerate(pairs):
        if pair["Stance"] == "unrelated":
            continue
        headline = words(pair["Headline"])
        sentence = telling(headline, sentences[pair["Body ID"]], rarity)
        values = features(sentence, ClaimWords.of(pair["Headline"])).values
        general = {name: value for name, value in values.items() if not name.startswith("w:")}
        rows.append(Row(general, NAMES[pair["Stance"]], pair["Body ID"]))
        places.append(at)
    back = {label: stance for stance, label in NAMES.items()}
    judged = ["discuss"] * len(pairs)
    for at, shares in zip(places, train(rows, {}).held_out, strict=True):
        judged[at] = back[LABELS[max(range(3), key=shares.__getitem__)]]
    for at, pair in enumerate(pairs):
        if rarity.share(words(pair["Headline"]), held[pair["Body ID"]]) < RELATED:
            judged[at] = "unrelated"
    gold = [pair["Stance"] for pair in pairs]
    figures = class_figures(list(zip(gold, judged, strict=True)), [pair["Body ID"] for pair in pairs])
    return {"fnc_score": score(gold, judged), **as_json(figures)}


def score(gold, judged) -> float:
    """The challenge's own: a quarter for related or not, the rest for which stance."""
    gained = wanted = 0.0
    for true, said in zip(gold, judged, strict=True):
        related = true != "unrelated"
        wanted += 1.0 if related else 0.25
        gained += 0.25 * (true == said) + (0.5 * (true == said) + 0.25 * (said != "unrelated")) * related
    return round(gained / wanted, 4)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    if not (folder / STANCES).exists():
        print("skipped: bench/fnc.py needs the FNC-1 set")
        return
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    figures = measure(folder)
    for name, figure in figures.items():
        print(f"{name:24} {figure}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
