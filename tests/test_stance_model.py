"""The model that judges sentences beside claims, how it is trained, and what it is worth on real headlines."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from ingest.evaluation import status
from ingest.evaluation.figures import by_class, resampled_macro_f1
from ingest.evaluation.files import labelled_entries
from ingest.evaluation.stance import labelled_pairs
from ingest.lessons import held_out
from ingest.stance_model import LABELS, STATUS_LABELS, ClaimWords, Weights, shipped, shipped_status, status_features
from ingest.stance_model.features import features
from ingest.stance_model.learning import Example, Row, stance_rows, train
from ingest.statements import Statement
from ingest.weighing import doubted, weighed

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
real = pytest.mark.skipif(not DATA.exists(), reason="needs the public sets beside the project")
CLAIM = "Nordwind will buy Halden"


def judge(sentence, claim=CLAIM):
    return shipped().judge(sentence, ClaimWords.of(claim))


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("No, Nordwind is not buying Halden: the story is fake", "against"),
        ("Nordwind denies it will buy Halden", "against"),
        ("Nordwind buys Halden", "for"),
        ("Nordwind in talks to buy Halden, sources say", "observing"),
        ("Is Nordwind buying Halden?", "observing"),
    ],
)
def test_a_headline_is_judged_beside_a_claim(sentence, label):
    assert judge(sentence).label == label


def test_a_cue_that_the_claim_says_itself_does_not_count():
    claim = ClaimWords.of("A woman faked her third breast, a hoax that she denied")

    assert not [name for name in features("Woman denied hoax", claim).values if name.startswith("cue:")]
    assert "cue:fake" in features("Woman denied hoax", ClaimWords.of("A woman got a third breast")).values


@given(
    st.text(max_size=120)
    | st.lists(st.sampled_from(["no", "hoax", "Halden’s", "says:", "“may”", "?", "İ", "isn’t"])).map(" ".join)
)
def test_any_sentence_is_judged_and_its_reasons_are_words_of_it(sentence):
    verdict = judge(sentence)

    assert sum(verdict.probabilities.values()) == pytest.approx(1)
    for reason in verdict.reasons:
        assert all(0 <= start < end <= len(sentence) for start, end in reason.spans)


def test_weights_are_the_same_after_they_were_written_and_read():
    assert Weights.of(shipped().plain()).plain() == shipped().plain()


def example(number, label):
    words = {"for": "Halden bought", "against": "Halden hoax denied", "observing": "Halden rumored"}[label]
    return Example(CLAIM, words, label, f"claim {number}")


def test_training_learns_and_never_tests_on_a_claim_that_it_trained_on():
    rows = stance_rows([example(number % 10, label) for number in range(40) for label in LABELS])

    trained = train(rows, {})
    places = {}
    for row in rows:
        places.setdefault(row.group, set()).add(row.place)

    assert all(len(of_claim) == 1 for of_claim in places.values())
    assert [trained.weights.judge(words, ClaimWords.of(CLAIM)).label for words in ("Halden hoax denied", "Halden rumored")] == ["against", "observing"]  # fmt: skip
    assert held_out(rows, trained.held_out)["macro_f1"] == 1


def test_a_few_decisions_adapt_a_model_and_leave_what_they_do_not_touch():
    rows = [Row({"cue:new": 1.0}, "against", f"claim {number}") for number in range(12)]

    adapted = train(rows, {}, prior=shipped()).weights

    assert adapted.by_feature["cue:new"][LABELS.index("against")] > 0.3
    assert adapted.by_feature["cue:fake"] == shipped().by_feature["cue:fake"]


def statement(passage, stance="supports"):
    return Statement(1, stance, "strong", "outlet", "headline", passage)


def test_what_the_model_surely_doubts_is_disputed_and_never_denied():
    doubted = weighed(statement("Nordwind buying Halden? No, the fake story is a hoax, debunked"), CLAIM, shipped())

    assert (doubted.stance, doubted.strength) == ("disputes", "possible")
    assert doubted.probability >= shipped().sure_from["against"]
    assert "“hoax”" in doubted.reasons[-1]


def test_what_could_be_read_either_way_is_unsure():
    unsure = weighed(statement("Never mind Nordwind and the Halden story"), CLAIM, shipped())

    assert not unsure.sure
    assert unsure.probability < 0.6
    assert unsure.against


@pytest.mark.parametrize("stance", ["confirms", "denies", "no_comment", "background"])
def test_what_a_party_says_is_not_the_models_matter(stance):
    said = statement("The Halden story is a hoax", stance)

    assert weighed(said, CLAIM, shipped()) == said


def test_chinese_is_left_to_the_rules():
    said = statement("北风将收购哈尔登 hoax fake")

    assert weighed(said, CLAIM, shipped()) == said


def pairs_file(tmp_path, rows, name="pairs.csv"):
    path = tmp_path / name
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def evaluated(capsys, *arguments):
    call_command("evaluate", *arguments, "--json")
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_labelled_pairs_run_through_what_the_service_runs(tmp_path, capsys):
    entries = pairs_file(tmp_path, ["claim,claim_id,headline,stance", f"{CLAIM},A,Nordwind buys Halden,for", f"{CLAIM},A,Nordwind Halden hoax,for", f"{CLAIM},B,Nordwind Halden rumor,"])  # fmt: skip
    out = tmp_path / "out.jsonl"

    figures = evaluated(capsys, "stance", "--entries", entries, "--out", str(out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]

    assert (figures["n"], figures["accuracy"], figures["accuracy_n"]) == (2, 0.5, 2)
    assert [row["predicted"] for row in rows] == ["for", "against", "observing"]
    assert "hoax" in rows[1]["words"]


def test_a_claims_wording_may_come_from_a_file_of_claims(tmp_path, capsys):
    claims = pairs_file(tmp_path, ["claim_id,claim", f"A,{CLAIM}"], "claims.csv")
    entries = pairs_file(tmp_path, ["claim_id,headline,stance", "A,Nordwind buys Halden,for"])

    assert evaluated(capsys, "stance", "--claims", claims, "--entries", entries)["accuracy"] == 1


@pytest.mark.parametrize("row", [f"{CLAIM},A,Nordwind buys,maybe", ",A,Nordwind buys,for"])
def test_a_row_that_cannot_be_measured_is_named(row, tmp_path):
    entries = pairs_file(tmp_path, ["claim,claim_id,headline,stance", row])

    with pytest.raises(CommandError, match="one of for, against, observing"):
        call_command("evaluate", "stance", "--entries", entries)


def test_intervals_of_macro_f1_come_from_whole_claims():
    pairs = [("for", "for")] * 30 + [("against", "for")] * 10 + [("against", "against")] * 20

    few = resampled_macro_f1(pairs, ["A"] * 30 + ["B"] * 10 + ["C"] * 20)
    many = resampled_macro_f1(pairs, [str(at) for at in range(60)])

    assert few[0] < many[0] < by_class(pairs).macro_f1 < many[1] <= few[1]


@real
def test_on_real_headlines_of_claims_it_was_not_trained_on_three_in_four_are_right():
    rows = stance_rows(labelled_pairs([], labelled_entries(DATA / "emergent_train.csv")))
    one_fold = [Row(row.values, row.label, row.group, 0 if row.place == 0 else -1) for row in rows]

    trained = train(one_fold, {})
    figures = held_out(rows, trained.held_out)

    assert figures["accuracy"].value >= 0.74
    assert figures["macro_f1"] >= 0.73


@real
def test_the_shipped_weights_say_what_they_were_worth_in_cross_validation():
    figures = shipped().about["cross_validation"]

    assert figures["accuracy"] >= 0.76
    assert figures["macro_f1"] >= 0.75


@real
def test_the_status_of_real_wire_reports_is_read():
    figures, _ = status.evaluate([], list(labelled_entries(DATA / "reuters_acq_report_status_dev.csv")))

    assert figures["macro_f1"] >= 0.80
    assert figures["precision_denied"].value >= 0.90


@pytest.mark.parametrize(
    ("headline", "lead", "does"),
    [
        ("Nordwind in talks with Halden", "Nordwind said it is in talks with Halden.", "confirmed"),
        (
            "Nordwind in talks with Halden",
            "Nordwind is in talks with Halden, people familiar with the matter said.",
            "rumor",
        ),
        ("Nordwind shares climb on bid rumors", "Nordwind rose on rumors of a bid, traders said.", "rumor"),
        ("Halden denies talks", "Halden denied that it is in talks with Nordwind.", "denied"),
        ("Halden has no comment", "Halden declined to comment on the rumors.", "no_comment"),
        ("Court refuses injunction", "Halden said a court denied a motion to block its merger.", "other"),
    ],
)
def test_who_speaks_decides_what_a_report_does(headline, lead, does):
    assert shipped_status().weigh(status_features(headline, lead)).label == does
    assert does in STATUS_LABELS


def test_a_lead_of_an_item_that_is_no_news_of_a_deal_is_unsure():
    lead = Statement(None, "supports", "strong", "outlet", "headline", "x", companies=(1, 2))
    court = "Halden Corp said a federal court denied a motion by Nordwind for an injunction to block the tender offer."

    (unsure,) = doubted([lead], "Court declines to block Halden offer", court)
    (sure,) = doubted(
        [lead], "Nordwind in talks to buy Halden", "Nordwind is in talks to buy Halden, people familiar said."
    )

    assert (unsure.sure, len(unsure.against)) == (False, 1)
    assert sure == lead
