"""What editors decide is kept, and the model learns from it, unless it would get worse."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from deals.choices import Stance
from ingest import lessons
from ingest.models import Entry, Feed, Lesson, StanceModel, Suggestion
from ingest.stance_model import Weights, shipped
from ingest.suggestions import Pick, accept, read_again, read_unread, reject, undo_decision

APRIL_15 = datetime(2024, 4, 15, 6, tzinfo=UTC)
RUMOR = "JLR is close to using Chery's platforms, sources said."


@pytest.fixture
def make_entry(make_source):
    numbers = itertools.count(1)

    def make(text=RUMOR, title="News from the car makers"):
        source, number = make_source("CnEVPost"), next(numbers)
        feed, _ = Feed.objects.get_or_create(url="https://cars.example/feed", defaults={"source": source})
        return Entry.objects.create(
            feed=feed, source=source, title=title, text=text, guid=f"{number}", url=f"https://cars.example/{number}",
            published_at=APRIL_15,
        )  # fmt: skip

    return make


@pytest.fixture
def claim(make_claim):
    return make_claim(type="technology_licence")


@pytest.fixture
def read_entry(claim, make_entry):
    def make(**fields):
        entry = make_entry(**fields)
        read_unread()
        entry.refresh_from_db()
        return entry

    return make


def test_what_was_linked_is_kept_with_its_features_and_the_models_version(read_entry, claim, editor):
    entry = read_entry()

    accept(entry, [Pick(entry.suggestions.get(), {"stance": Stance.DISPUTES})], by=editor)

    lesson = Lesson.objects.get()
    assert (lesson.claim, lesson.suggested, lesson.stance, lesson.label) == (claim, "supports", "disputes", "against")
    assert (lesson.model, lesson.decided_by, lesson.passage) == (shipped().version, editor, RUMOR)
    assert lesson.features["cue:hedge"] >= 1


def test_what_was_turned_down_is_kept_too_and_an_undone_decision_teaches_nothing(read_entry, editor):
    entry = read_entry()

    reject(entry, by=editor)
    kept = list(Lesson.objects.values_list("stance", "label"))
    undo_decision(entry, by=editor)

    assert kept == [("", "")]
    assert not Lesson.objects.exists()


def test_a_rejected_pair_stays_rejected_until_the_claim_changes(read_entry, claim, editor):
    entry = read_entry()
    reject(entry, by=editor)
    Entry.objects.update(decision="", decided_at=None, decided_by=None)
    entry.refresh_from_db()

    read_again([entry])
    still = entry.suggestions.get().state
    type(claim).objects.update(wording="JLR will use Chery's hybrid platforms")
    read_again([entry])

    assert (still, entry.suggestions.get().state) == ("rejected", "pending")


def test_what_the_model_is_not_sure_of_is_not_ticked(read_entry, claim):
    doubtful = StanceModel.objects.create(version="doubtful", weights=_against(0.3).plain())
    unsure = read_entry().suggestions.get()
    doubtful.delete()
    sure = read_entry().suggestions.get()

    assert (unsure.sure, unsure.preselected, unsure.stance) == (False, False, "supports")
    assert unsure.probability == pytest.approx(0.5, abs=0.1)
    assert (sure.sure, sure.preselected) == (True, True)


def _against(bias):
    """Weights that find everything about as likely against as not."""
    return replace(
        shipped(), version="doubtful", by_feature={}, bias=(0.0, bias + 0.5, 0.0), sure_from={"against": 0.9}
    )


def decide_many(claims, editor, read_entry, stance):
    for number in range(40):
        Lesson.objects.create(
            entry=read_entry.entry, claim=claims[number % len(claims)], wording="JLR will use Chery's platforms",
            passage=f"Zork zork: JLR and Chery {number}", suggested="supports", stance=stance,
            label=lessons.label_of(stance, "stated"), model="x", decided_by=editor,
        )  # fmt: skip


@pytest.fixture
def decisions(make_claim, make_entry, editor):
    """Forty decisions on ten claims of an outlet whose “zork” means that it is against them."""
    read_entry = type("Read", (), {"entry": make_entry()})
    claims = [make_claim(f"JLR will use platform {number}") for number in range(10)]
    decide_many(claims, editor, read_entry, "disputes")


def test_training_on_decisions_takes_the_new_weights_into_service(decisions, capsys):
    before = lessons.in_service()

    call_command("train_stance")

    after = lessons.in_service()
    assert after.version != before.version
    assert after.by_feature["w:zork"][1] > 0.1
    assert after.about["decisions"] == 40
    assert "Cross-validation, no claim on both sides of a split:" in capsys.readouterr().out


def test_a_dry_run_takes_nothing_into_service(decisions):
    call_command("train_stance", "--dry-run")

    assert not StanceModel.objects.exists()


def test_weights_that_are_worse_on_the_decisions_are_refused(decisions, tmp_path):
    knowing = dict(shipped().by_feature) | {"w:zork": (0.0, 50.0, 0.0)}
    StanceModel.objects.create(version="k", weights=replace(shipped(), version="k", by_feature=knowing).plain())
    misleading = tmp_path / "pairs.csv"
    rows = [f"C{n},JLR will use Chery's platforms,Zork zork: JLR and Chery {n},for" for n in range(90)]
    misleading.write_text("\n".join(["claim_id,claim,headline,stance", *rows]))

    with pytest.raises(CommandError, match="Refused: On the decisions macro-F1 would fall"):
        call_command("train_stance", str(misleading))

    assert lessons.in_service().version == "k"


def test_without_decisions_and_without_a_file_there_is_nothing_to_learn(db):
    with pytest.raises(CommandError, match="wait for 30"):
        call_command("train_stance")


def test_weights_can_be_written_to_a_file_and_the_service_stays(decisions, tmp_path):
    out = tmp_path / "weights.json"

    call_command("train_stance", "--out", str(out))

    assert Weights.of(json.loads(out.read_text())).about["decisions"] == 40
    assert not StanceModel.objects.exists()


def test_the_status_reading_is_trained_from_what_is_written_for_it(tmp_path, db, capsys):
    out = tmp_path / "status.json"

    call_command("train_stance", "--status", "--out", str(out))

    assert Weights.of(json.loads(out.read_text())).labels == ("confirmed", "denied", "rumor", "no_comment", "other")
    assert "macro_f1" in capsys.readouterr().out


def test_the_desk_shows_the_words_by_their_kind_and_what_is_unsure(read_entry, claim, admin_client):
    entry = read_entry()
    Suggestion.objects.update(sure=False)

    page = admin_client.get(f"/admin/queue/{entry.pk}/").content.decode()

    assert "names “JLR”, “Chery”" in page
    assert "rumor “close to using”" in page or "rumor “close to " in page
    assert "<small>unsure</small>" in page
