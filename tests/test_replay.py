"""Dated stories of the past through the pipeline as if they had been polled."""

import json

import pytest
from django.core.management import CommandError, call_command

from deals.models import Claim, Company
from ingest.models import Entry, Feed, Suggestion

pytestmark = pytest.mark.django_db

STORIES = [
    {"id": 2, "published": "1987-03-02T10:00:00", "title": "CHERY DENIES PLATFORM DEAL WITH JLR",
     "body": "Chery denied that JLR will use its platforms."},
    {"id": 1, "published": "1987-03-01", "title": "JLR may use Chery's platforms, sources say"},
    {"id": 3, "published": "1987-03-05T08:00:00Z", "title": "Rain on Sunday", "summary": "And sun on Monday."},
]  # fmt: skip


@pytest.fixture
def stream(tmp_path):
    def write(rows=STORIES, name="stream.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return write


def replayed(capsys, *arguments):
    call_command("replay", *arguments, "--json")
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_stories_are_stored_at_their_own_time_looked_through_and_wait_at_the_desk(make_claim, stream, capsys, tmp_path):
    claim = make_claim(type="technology_licence")
    out = tmp_path / "out.jsonl"

    figures = replayed(capsys, stream(), "--out", str(out))

    assert (figures["stories"], figures["stored"], figures["on_a_claim"]) == (3, 3, 2)
    rumor, denial = Entry.objects.waiting().order_by("said_at")
    assert (rumor.title, rumor.published_at.year, rumor.first_seen_at.year) == (STORIES[1]["title"], 1987, 1987)
    assert denial.suggestions.filter(claim=claim, stance="denies").exists()
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in told] == ["1", "2", "3"]
    assert told[0]["claims"] == [{"claim": "JLR will use Chery's platforms", "strength": "strong"}]
    assert not Feed.objects.due().exists()


def test_replaying_twice_stores_nothing_twice(make_claim, stream, capsys):
    make_claim(type="technology_licence")
    replayed(capsys, stream())

    figures = replayed(capsys, stream())

    assert figures["stored"] == 0
    assert Entry.objects.count() == 3


def test_what_is_discarded_leaves_nothing_behind(stream, capsys):
    claims = stream(
        [{"id": "J-C", "claim": "JLR will use Chery's platforms", "side_a": ["JLR"], "side_b": ["Chery"]}], "c.jsonl"
    )
    labels = stream([{"id": 1, "title": "x", "claims": ["J-C"]}, {"id": 2, "title": "x", "claims": ["J-C"]}], "l.jsonl")

    figures = replayed(capsys, stream(), "--claims", claims, "--labels", labels, "--discard")

    assert (figures["strong_precision"], figures["strong_recall"], figures["strong_recall_n"]) == (1.0, 1.0, 2)
    assert not any(model.objects.exists() for model in (Entry, Claim, Company, Suggestion, Feed))


def test_with_the_parties_tracked_and_no_claim_the_first_story_is_a_lead(stream, capsys):
    claims = stream(
        [{"id": "J-C", "claim": "JLR will use Chery's platforms", "side_a": ["JLR"], "side_b": ["Chery"]}], "c.jsonl"
    )

    figures = replayed(capsys, stream(), "--claims", claims, "--parties-alone")

    assert (figures["with_a_lead"], figures["leads_grouped"]) == (2, 1)
    assert not Claim.objects.exists()


def test_a_story_without_a_date_came_with_the_one_before_it_and_the_first_needs_one(make_claim, stream, capsys):
    figures = replayed(capsys, stream([*STORIES, {"title": "More rain", "published": ""}]))
    assert figures["stored"] == 4

    with pytest.raises(CommandError, match="Story 1 of .* needs a date"):
        call_command("replay", stream([{"title": "Rain"}]))
