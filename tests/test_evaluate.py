"""Labelled files through the code that the service runs: what the figures count, and what real text gives."""

import csv
import gzip
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ingest.evaluation import leads, matching
from ingest.evaluation.figures import Share, by_class
from ingest.evaluation.files import UnreadableFile, labelled_claims, labelled_entries

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
real_text = pytest.mark.skipif(not DATA.exists(), reason="needs the labelled sets beside the project")

CLAIMS = [
    {"id": "N-H", "claim": "Nordwind will buy Halden", "side_a": ["Nordwind"], "side_b": ["Halden", "Halden Motors"]},
    {"id": "B-H", "claim": "Brightcell will buy Halden", "side_a": ["Brightcell"], "side_b": ["Halden", "Halden Motors"]},
]  # fmt: skip
ENTRIES = [
    {"id": 1, "title": "Nordwind bids for Halden", "lead": "", "claims": ["N-H"], "also_related": []},
    {"id": 2, "title": "Halden Motors rejects bid", "lead": "Brightcell had offered to buy it.", "claims": ["B-H"]},
    {"id": 3, "title": "Rain on Sunday", "lead": "And sun on Monday.", "claims": [], "also_related": []},
]


@pytest.fixture
def files(tmp_path):
    """Writes rows as CSV or JSON Lines, as the file's name says, and gives the path."""

    def write(name, rows):
        path = tmp_path / name
        with gzip.open(path, "wt") if name.endswith(".gz") else path.open("w", newline="") as file:
            if ".csv" in name:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row) + "\n" for row in rows)
        return str(path)

    return write


def evaluated(capsys, *arguments):
    """The lines that the command prints, and the JSON object of its last."""
    call_command("evaluate", *arguments, "--json")
    lines = capsys.readouterr().out.splitlines()
    return lines, json.loads(lines[-1])


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_deals_are_ranked_and_shown_and_each_prediction_is_written(ending, files, capsys, tmp_path):
    out = tmp_path / "out.jsonl"

    lines, figures = evaluated(
        capsys, "matching", "--claims", files(f"claims.{ending}", CLAIMS), "--entries", files(f"e.{ending}", ENTRIES),
        "--out", str(out),
    )  # fmt: skip

    assert (figures["r_at_1"], figures["r_at_1_n"], figures["strong_precision"]) == (1.0, 2, 1.0)
    assert figures["r_at_3_95"][0] < figures["r_at_3"]
    assert any(line.startswith("r_at_1 ") and line.endswith("2/2") for line in lines)
    predictions = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in predictions] == ["1", "2", "3"]
    assert predictions[0]["ranked"][0]["claim"] == "N-H"
    assert predictions[0]["shown"] == [{"claim": "N-H", "strength": "strong"}]
    assert predictions[0]["shown_without_own"] == predictions[2]["shown"] == []


def test_pairs_in_a_table_are_ranked_by_words_alone(files, capsys):
    claims = [{"claim_id": "a", "claim": "A crab of 50 feet was seen"}, {"claim_id": "b", "claim": "A nun had a baby"}]
    pairs = [{"row": 0, "claim_id": "b", "claim": "A nun had a baby", "headline": "Nun gives birth to baby"}]

    _, figures = evaluated(
        capsys, "matching", "--claims", files("claims.csv", claims), "--entries", files("e.csv", pairs)
    )

    assert (figures["r_at_1"], figures["labelled"]) == (1.0, 1)


def test_labels_that_stand_apart_are_joined_by_id_and_the_rest_is_not_labelled(files, capsys):
    stream = [
        {"id": row["id"], "title": row["title"], "body": row["lead"], "published": "1987-02-26"} for row in ENTRIES
    ]

    _, figures = evaluated(
        capsys, "matching", "--claims", files("claims.jsonl", CLAIMS), "--entries", files("s.jsonl.gz", stream),
        "--labels", files("labels.jsonl", ENTRIES[1:2]),
    )  # fmt: skip

    assert (figures["entries"], figures["labelled"], figures["r_at_1_n"]) == (3, 1, 1)
    assert figures["unlabelled_shown_strong"] == 1


def test_a_first_story_is_caught_as_a_lead_if_its_parties_are_tracked_and_no_claim_is_open(files, capsys):
    _, figures = evaluated(
        capsys, "leads", "--claims", files("claims.jsonl", CLAIMS), "--entries", files("e.jsonl", ENTRIES)
    )

    assert (figures["first_stories_caught"], figures["first_stories_caught_n"]) == (1.0, 2)
    assert figures["stories_with_a_lead"] == figures["leads_grouped"] == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.txt", b"x", "neither .csv nor .jsonl"),
        ("e.jsonl", b"{", "Line 1 of"),
        ("e.jsonl", b"[1]", "no JSON object"),
        ("e.jsonl", b'{"id": 1}', "neither a headline nor a text"),
        ("e.jsonl", b"\xff", "cannot be read"),
        ("e.jsonl.gz", b"no gzip", "cannot be read"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(name, content, said, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UnreadableFile, match=said):
        list(labelled_entries(path))
    with pytest.raises(CommandError):
        call_command("evaluate", "leads", "--claims", str(path), "--entries", str(path))


def test_claims_are_asked_for_where_they_are_needed(files):
    with pytest.raises(CommandError, match="Give the claims too"):
        call_command("evaluate", "matching", "--entries", files("e.jsonl", ENTRIES))


def test_figures_know_their_number_and_their_interval():
    assert str(Share(9, 10)) == "0.900  [0.596, 0.982]  9/10"
    assert Share(0, 0).interval == (0.0, 1.0)
    found = by_class([("a", "a"), ("a", "b"), ("b", "b")])
    assert (found.accuracy.hits, round(found.macro_f1, 3)) == (2, 0.667)


@real_text
def test_headlines_find_their_claim_among_the_first_three():
    claims = labelled_claims(DATA / "emergent_claims.csv")
    entries = list(labelled_entries(DATA / "emergent_train.csv"))[::3]

    figures, _ = matching.evaluate(claims, entries)

    assert figures["r_at_3"].value >= 0.93
    assert figures["r_at_3_grown"].value >= 0.96
    assert figures["shown_precision_open"].value >= 0.9
    assert figures["shown_recall"].value >= 0.45


@real_text
def test_the_wire_s_stories_find_their_deal_and_first_stories_are_leads():
    claims = labelled_claims(DATA / "reuters_deal_claims_dev.jsonl")
    entries = list(labelled_entries(DATA / "reuters_deal_entries_dev.jsonl"))

    figures, _ = matching.evaluate(claims, entries)
    led, _ = leads.evaluate(claims, entries)

    assert figures["r_at_1"].value >= 0.97
    assert figures["strong_precision"].value >= 0.97
    assert led["first_stories_caught"].value >= 0.75  # from headline and first paragraph alone
