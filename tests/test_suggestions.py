"""From unread entries to suggestions and leads, and an editor's decision on an item."""

import itertools
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from deals.choices import Stance
from deals.linking import LinkError
from deals.models import Claim, Evidence, Report
from ingest import suggestions
from ingest.matching import Profiles
from ingest.models import Entry, Feed, Suggestion, digest
from ingest.suggestions import AlreadyDecided, Pick, SuggestionError, accept, open_claim, read_unread, reading, reject

APRIL_15 = datetime(2024, 4, 15, 6, tzinfo=UTC)
RUMOR = "JLR is close to using Chery's platforms, 36kr said, citing people familiar with the matter."
DENIAL = "Chery's spokesman Jin Yibo said the report on JLR using Chery's platforms was untrue."


@pytest.fixture
def make_entry(make_source):
    numbers = itertools.count(1)

    def make(text="", title="News from the car makers", source=None, **fields):
        number = next(numbers)
        source = source or make_source("CnEVPost")
        feed, _ = Feed.objects.get_or_create(url=f"https://{source.slug}.example/feed", defaults={"source": source})
        values = {"guid": f"item-{number}", "url": f"https://cars.example/{number}", "published_at": APRIL_15}
        return Entry.objects.create(feed=feed, source=source, title=title, text=text, **values | fields)

    return make


@pytest.fixture
def claim(make_claim, make_source):
    make_source("36kr")
    return make_claim(type="technology_licence")


@pytest.fixture
def companies(make_company, make_source):
    make_source("36kr")
    return [make_company("JLR", aliases=["Jaguar Land Rover"]), make_company("Chery")]


def ticked(entry):
    return [Pick(suggestion) for suggestion in entry.suggestions.filter(preselected=True)]


def test_an_entry_is_read_once_and_waits_with_what_it_says(claim, make_entry, make_company):
    entry = make_entry(f"{RUMOR}\n{DENIAL}")

    assert read_unread() == 1
    assert read_unread() == 0

    entry.refresh_from_db()
    assert entry.waiting
    assert entry.read_at
    rumor, denial = entry.suggestions.all()
    assert (rumor.claim, rumor.stance, rumor.origin.name, rumor.passage) == (claim, "supports", "36kr", RUMOR)
    assert (denial.stance, denial.speaker_name, denial.company) == ("denies", "Jin Yibo", make_company("Chery"))
    assert rumor.preselected
    assert denial.preselected
    assert denial.strength == "strong"
    assert "untrue" in denial.triggers
    assert denial.reasons


def test_an_entry_that_says_nothing_on_a_claim_does_not_wait(claim, make_entry):
    entry = make_entry("Chery sold more cars in March. JLR sold fewer.")

    read_unread()

    entry.refresh_from_db()
    assert (entry.waiting, entry.suggestions.count()) == (False, 0)


def test_a_bare_mention_is_kept_and_put_before_nobody(claim, make_entry):
    entry = make_entry("If the reports about JLR and Chery's platforms are true, prices will fall.")

    read_unread()

    entry.refresh_from_db()
    assert [suggestion.stance for suggestion in entry.suggestions.all()] == ["mentions"]
    assert not entry.waiting


def test_the_end_of_a_deal_is_put_before_an_editor_and_is_no_denial(claim, make_entry):
    entry = make_entry("JLR said it has called off its licence for Chery's platforms.")

    read_unread()

    entry.refresh_from_db()
    assert entry.waiting
    assert [(s.stance, s.strength, s.preselected) for s in entry.suggestions.all()] == [("mentions", "strong", False)]


def test_what_stood_in_a_feed_at_its_first_poll_is_marked_read_without_suggestions(claim, make_entry):
    entry = make_entry(RUMOR, is_news=False)

    read_unread()

    entry.refresh_from_db()
    assert entry.read_at
    assert not entry.suggestions.exists()


def test_a_batch_ends_at_its_limit(claim, make_entry):
    for _ in range(3):
        make_entry(RUMOR)

    assert read_unread(limit=2) == 2
    assert Entry.objects.unread().count() == 1


def test_a_batch_that_takes_too_long_ends_with_what_was_read(claim, make_entry):
    for _ in range(3):
        make_entry(RUMOR)

    assert read_unread(seconds=0) == 1
    assert Entry.objects.unread().count() == 2
    assert Suggestion.objects.count() == 1


@pytest.fixture
def poison(monkeypatch):
    """Reading a text that holds the word “poison” fails."""
    honest = Profiles.read

    def read(profiles, title, text, published_at):
        if "poison" in text:
            raise RecursionError
        return honest(profiles, title, text, published_at)

    monkeypatch.setattr(Profiles, "read", read)


def test_an_entry_that_cannot_be_looked_through_is_set_aside_and_stops_no_other(claim, make_entry, poison, caplog):
    broken, sound = make_entry("poison"), make_entry(RUMOR)

    assert read_unread() == 2
    assert read_unread() == 0

    assert list(Entry.objects.set_aside()) == [broken]
    assert list(Entry.objects.waiting()) == [sound]
    assert f"Item {broken.pk} could not be looked through" in caplog.text


def test_an_entry_whose_reading_cannot_be_stored_is_set_aside_and_stops_no_other(claim, make_entry, monkeypatch):
    broken, sound = make_entry(DENIAL), make_entry(RUMOR)
    honest = reading._row

    def row(entry, *rest):
        made = honest(entry, *rest)
        if entry == broken:
            made.triggers = float("nan")  # JSON has no such number
        return made

    monkeypatch.setattr(reading, "_row", row)

    assert read_unread() == 2

    assert list(Entry.objects.set_aside()) == [broken]
    assert list(Entry.objects.waiting()) == [sound]


def test_a_waiting_entry_that_cannot_be_read_again_goes_on_waiting_and_stops_no_other(
    companies, make_claim, make_entry, request
):
    lead = make_entry(RUMOR)
    other = make_entry(RUMOR)
    read_unread()
    Entry.objects.filter(pk=lead.pk).update(text="poison")
    request.getfixturevalue("poison")
    make_claim(type="technology_licence")

    assert suggestions.read_overtaken() == 1
    assert suggestions.read_overtaken() == 0

    assert set(Entry.objects.waiting()) == {lead, other}
    assert list(Entry.objects.set_aside()) == [lead]


def test_an_entry_that_is_read_twice_gains_nothing_twice(claim, make_entry):
    entry = make_entry(RUMOR)
    read_unread()
    Entry.objects.update(read_at=None)

    read_unread()

    assert entry.suggestions.count() == 1


def test_a_crash_before_the_end_leaves_the_entry_unread_and_without_suggestions(claim, make_entry):
    entry = make_entry(RUMOR)

    def crash():
        with transaction.atomic():
            read_unread()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()

    assert Entry.objects.unread().get() == entry
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize("size", [1, 20])
def test_reading_takes_the_same_queries_for_any_number(size, claim, make_entry, django_assert_num_queries):
    for number in range(size):
        make_entry(f"{RUMOR}\n{DENIAL}\nBYD is in talks with Chery.", title=f"Item {number}")
    Entry.objects.update(read_at=None)

    # Entries; what changed; companies, their aliases and parents; claims, their parties and linked headlines; sources
    # and their aliases; the weights; a savepoint around: stories, entries held with their twins, suggestions that stand,
    # statuses, sketches (3), new suggestions with their companies, what is worth a look, who waits, read. PostgreSQL is asked for its
    # time twice.
    with django_assert_num_queries(26 if connection.vendor == "postgresql" else 24):
        read_unread()

    assert Suggestion.objects.count() == 2 * size


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (None, RUMOR, True),
        ("rumored", RUMOR, False),
        ("denied", RUMOR, True),
        ("confirmed", RUMOR, False),
        ("rumored", DENIAL, True),
        ("denied", DENIAL, False),
        ("confirmed", DENIAL, False),
        ("rumored", "Chery announced that JLR will use its platforms, and JLR signed a licence with Chery.", True),
        ("confirmed", "Chery announced that JLR will use its platforms, and JLR signed a licence with Chery.", False),
    ],
)
def test_what_could_still_move_the_claim_is_ticked(status, text, expected, claim, make_entry):
    Claim.objects.update(status=status, published=False)
    entry = make_entry(text)

    read_unread()

    assert entry.suggestions.exists()
    assert entry.suggestions.filter(preselected=True).exists() == expected


def test_of_several_sentences_with_one_stance_the_best_attributed_is_ticked(claim, make_entry):
    entry = make_entry(f"JLR will reportedly use Chery's platforms.\n{RUMOR}")

    read_unread()

    assert [pick.suggestion.passage for pick in ticked(entry)] == [RUMOR]


def test_two_tracked_companies_with_a_rumor_and_no_claim_are_a_lead(companies, make_entry):
    entry = make_entry(f"{RUMOR}\n{DENIAL}")

    read_unread()

    rumor, denial = entry.suggestions.leads()
    assert [set(lead.companies.all()) for lead in (rumor, denial)] == [set(companies)] * 2
    assert (rumor.stance, rumor.deal_type, denial.stance) == ("supports", "technology_licence", "denies")
    entry.refresh_from_db()
    assert entry.waiting


def test_an_item_is_never_its_own_origin(claim, make_entry, make_source):
    entry = make_entry(RUMOR, source=make_source("36kr"))

    read_unread()

    assert entry.suggestions.get().origin is None


def test_accepting_links_what_is_ticked_and_decides_the_item(claim, make_entry, editor):
    entry = make_entry(f"{RUMOR}\n{DENIAL}")
    read_unread()

    evidence = accept(entry, ticked(entry), by=editor)

    support, denial = evidence
    assert (support.claim, support.quote, support.recorded_by) == (claim, RUMOR, editor)
    assert (support.origin.source.name, support.origin.placeholder) == ("36kr", True)
    assert denial.speaker == "Jin Yibo, spokesman, for Chery"
    assert support.report == denial.report == Report.objects.get(url=entry.url)
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting, entry.decided_by, entry.report) == ("linked", False, editor, support.report)
    assert claim.changes.count() == 0


def test_what_is_not_picked_is_rejected(claim, make_entry, editor):
    entry = make_entry(f"{RUMOR}\n{DENIAL}")
    read_unread()

    accept(entry, [Pick(entry.suggestions.get(stance=Stance.DENIES))], by=editor)

    states = dict(entry.suggestions.values_list("stance", "state"))
    assert states == {"supports": "rejected", "denies": "accepted"}


def test_corrections_go_before_what_was_suggested(claim, make_claim, make_company, make_entry, editor):
    other = make_claim("JLR and Chery will build cars together")
    entry = make_entry(DENIAL)
    read_unread()

    corrections = {"claim": other, "speaker_kind": "team", "speaker_name": "", "company": make_company("JLR")}
    accept(entry, [(entry.suggestions.get(), corrections)], by=editor)

    evidence = Evidence.objects.get()
    assert (evidence.claim, evidence.speaker_kind, evidence.company.name) == (other, "team", "JLR")


def test_a_statement_can_be_added_by_hand(claim, make_entry, editor):
    entry = make_entry("Nothing was suggested.")

    accept(entry, [Pick(None, {"claim": claim, "stance": Stance.SUPPORTS, "quote": "Nothing"})], by=editor)

    assert Evidence.objects.get().quote == "Nothing"


def test_copies_of_one_story_share_its_origin(claim, make_entry, make_source, editor):
    for outlet in ("CnEVPost", "Pandaily"):
        entry = make_entry(RUMOR, source=make_source(outlet))
        read_unread()
        accept(entry, [Pick(entry.suggestions.get())], by=editor)

    assert len({evidence.origin_id for evidence in Evidence.objects.all()}) == 1


def test_the_second_of_two_editors_is_told_who_was_faster(claim, make_entry, editor, senior):
    entry = make_entry(DENIAL)
    read_unread()
    as_the_second_saw_it = Entry.objects.get(pk=entry.pk)
    reject(entry, by=editor)

    with pytest.raises(AlreadyDecided, match="editor was faster"):
        accept(as_the_second_saw_it, ticked(entry), by=senior)

    assert not Evidence.objects.exists()


def test_a_statement_that_cannot_be_linked_takes_the_decision_back(claim, make_entry, editor):
    entry = make_entry(DENIAL)
    read_unread()

    with pytest.raises(LinkError, match="for which company"):
        accept(entry, [(entry.suggestions.get(), {"company": None})], by=editor)

    entry.refresh_from_db()
    assert (entry.decision, entry.waiting) == ("", True)
    assert not Report.objects.filter(url=entry.url).exists()


def test_a_lead_is_not_linked_without_a_claim(companies, make_entry, editor):
    entry = make_entry(RUMOR)
    read_unread()

    with pytest.raises(SuggestionError, match="Open a claim from this lead first"):
        accept(entry, [Pick(entry.suggestions.get())], by=editor)


def test_accepting_nothing_is_refused(claim, make_entry, editor):
    with pytest.raises(SuggestionError, match="Tick what the item says"):
        accept(make_entry(DENIAL), [], by=editor)


def test_a_rejected_item_says_why(claim, make_entry, editor):
    entry = make_entry(DENIAL)
    read_unread()

    reject(entry, by=editor, reason="retold")

    entry.refresh_from_db()
    assert (entry.decision, entry.refusal, entry.waiting) == ("rejected", "retold", False)
    assert entry.suggestions.get().state == "rejected"
    with pytest.raises(SuggestionError, match="one of the reasons"):
        reject(make_entry(DENIAL), by=editor, reason="a reason of my own")


def test_a_claim_opened_from_a_lead_takes_its_statements(companies, make_claim, make_entry, editor):
    entry = make_entry(f"{RUMOR}\n{DENIAL}")
    read_unread()
    claim = make_claim(type="technology_licence")

    evidence = open_claim(entry, claim, ticked(entry), by=editor)

    assert {(e.claim, e.stance) for e in evidence} == {(claim, "supports"), (claim, "denies")}
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting) == ("opened", False)


def test_an_item_with_other_business_waits_on_after_a_claim_was_opened(
    companies, make_claim, make_company, make_entry, editor
):
    vw, xpeng = make_company("Volkswagen"), make_company("Xpeng")
    make_claim(
        "Volkswagen will take a stake in Xpeng", parties=[(vw, "investor"), (xpeng, "target")], type="equity_stake"
    )
    entry = make_entry(f"{RUMOR}\nVolkswagen denied that it will take a stake in Xpeng.")
    read_unread()

    open_claim(entry, make_claim(), [Pick(entry.suggestions.leads().get())], by=editor)

    entry.refresh_from_db()
    assert (entry.decision, entry.waiting) == ("", True)
    assert [suggestion.stance for suggestion in entry.suggestions.pending()] == ["denies"]


def test_other_items_that_wait_with_the_same_lead_turn_to_the_new_claim(companies, make_claim, make_entry, editor):
    entry, other = make_entry(RUMOR), make_entry(DENIAL, title="Another paper")
    read_unread()
    assert other.suggestions.leads().count() == 1
    claim = make_claim(type="technology_licence")

    open_claim(entry, claim, ticked(entry), by=editor)

    assert [(s.claim, s.stance, s.preselected) for s in other.suggestions.all()] == [(claim, "denies", True)]
    other.refresh_from_db()
    assert other.waiting


def test_who_opens_a_claim_waits_for_few_of_many_items_and_the_next_round_reads_the_rest(
    companies, make_claim, make_entry, editor, monkeypatch
):
    first, *others = [make_entry(RUMOR) for _ in range(4)]
    read_unread()
    monkeypatch.setattr(reading, "LONGEST_REREAD", 0)

    claim = make_claim(type="technology_licence")
    open_claim(first, claim, [Pick(suggestion) for suggestion in first.suggestions.all()], editor)

    on_claim = Suggestion.objects.filter(claim=claim, entry__in=others).values("entry").distinct()
    assert on_claim.count() == 1
    suggestions.read_overtaken()
    assert on_claim.count() == 3


def test_a_claim_opened_elsewhere_is_matched_to_what_waits_with_its_lead(companies, make_claim, make_entry):
    entry = make_entry(DENIAL)
    read_unread()
    claim = make_claim(type="technology_licence")

    assert suggestions.reread(companies) == 1

    assert [(s.claim, s.stance) for s in entry.suggestions.all()] == [(claim, "denies")]
    assert suggestions.reread(companies) == 0


def test_the_next_round_notices_a_claim_that_was_opened_by_hand_and_looks_only_once(companies, make_claim, make_entry):
    entry = make_entry(text="JLR is in talks to use Chery's platforms, people familiar with the matter said.")
    suggestions.read_unread()
    assert suggestions.read_overtaken() == 0
    claim = make_claim("JLR will use Chery's platforms")

    assert suggestions.read_overtaken() == 1

    assert entry.suggestions.filter(claim=claim, stance="supports").exists()
    assert not entry.suggestions.pending().leads().exists()
    assert suggestions.read_overtaken() == 0


def test_reading_again_leaves_decided_items_and_rejected_pairs_alone(claim, make_entry, editor):
    decided, waiting = make_entry(RUMOR), make_entry(DENIAL)
    read_unread()
    reject(decided, by=editor)
    waiting.suggestions.update(
        state="rejected", passage="Another sentence.", passage_digest=digest("Another sentence.")
    )

    suggestions.read_again(Entry.objects.all())

    assert [s.state for s in decided.suggestions.all()] == ["rejected"]
    assert [s.state for s in waiting.suggestions.all()] == ["rejected"]


def test_two_who_answer_one_lead_do_not_both_open_a_claim(companies, make_claim, make_entry, editor, senior):
    entry = make_entry(RUMOR)
    read_unread()
    as_the_second_saw_it = Entry.objects.get(pk=entry.pk), ticked(entry)
    open_claim(entry, make_claim("First"), ticked(entry), by=editor)

    with pytest.raises(AlreadyDecided):
        open_claim(as_the_second_saw_it[0], make_claim("Second"), as_the_second_saw_it[1], by=senior)

    assert Evidence.objects.count() == 1


def test_a_decided_item_may_open_another_claim(companies, make_claim, make_entry, editor):
    entry = make_entry(RUMOR)
    read_unread()
    open_claim(entry, make_claim("First"), ticked(entry), by=editor)

    open_claim(entry, make_claim("Second"), [Pick(suggestion) for suggestion in entry.suggestions.all()], by=editor)

    first, second = Evidence.objects.order_by("pk")
    assert (first.claim.wording, second.claim.wording) == ("First", "Second")
    assert first.origin == second.origin


def test_an_undone_decision_waits_again_and_withdraws_its_evidence(claim, make_entry, editor):
    entry = make_entry(DENIAL)
    read_unread()
    accept(entry, ticked(entry), by=editor)

    suggestions.undo_decision(entry, by=editor)

    assert not Evidence.objects.current().exists()
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting) == ("", True)
    assert entry.suggestions.pending().count() == 1
    accept(entry, ticked(entry), by=editor)
    assert Evidence.objects.current().count() == 1


def test_undoing_withdraws_nothing_that_was_linked_before(claim, make_entry, make_source, link, editor):
    entry = make_entry(DENIAL)
    read_unread()
    held = Report.objects.create(source=entry.source, title=entry.title, url=entry.url, published_at=APRIL_15)
    before = link(claim, Stance.SUPPORTS, report=held)
    accept(entry, ticked(entry), by=editor)

    suggestions.undo_decision(entry, by=editor)

    assert Evidence.objects.current().get() == before


def test_a_decision_that_a_status_rests_on_is_not_undone(claim, make_entry, editor, move):
    entry = make_entry(DENIAL)
    read_unread()
    (denial,) = accept(entry, ticked(entry), by=editor)
    move(claim, "denial", denial)

    with pytest.raises(SuggestionError, match="Undo that change of status first"):
        suggestions.undo_decision(entry, by=editor)

    assert Evidence.objects.current().get() == denial
    entry.refresh_from_db()
    assert entry.decision == "linked"


def test_an_item_that_was_not_decided_cannot_be_undone(make_entry, editor):
    with pytest.raises(SuggestionError, match="not been decided"):
        suggestions.undo_decision(make_entry(DENIAL), by=editor)


def test_an_item_without_a_date_counts_as_published_by_the_time_we_saw_it(claim, make_entry, editor):
    entry = make_entry(DENIAL, published_at=None)
    read_unread()

    (evidence,) = accept(entry, ticked(entry), by=editor)

    assert (evidence.report.published_at, evidence.report.published_precision) == (entry.first_seen_at, "by")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_two_workers_side_by_side_store_each_suggestion_once(claim, make_entry):
    from threading import Thread

    for number in range(30):
        make_entry(RUMOR, title=f"Item {number}")

    def work():
        try:
            while read_unread(limit=10):
                pass
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert Suggestion.objects.count() == 30
    assert not Entry.objects.unread().exists()
