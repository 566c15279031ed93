"""Writers that overlap: readers by position miss nothing, and the second editor is told."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from deals import clock
from deals.choices import Stance
from deals.history import Conflict, NewRow, change_status
from deals.models import StatusChange
from tests.locks import until_somebody_waits_for_a_lock

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one transaction write at a time"),
]


def in_thread(work):
    try:
        return work()
    finally:
        connection.close()


def stage(claim):
    return NewRow("stage", clock.now(), stage="signed", reason="x")


def test_a_position_is_not_given_out_while_an_earlier_one_is_uncommitted(make_claim):
    first, second = make_claim("One"), make_claim("Two")
    inside, finish = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            change = change_status(first, stage(first), seen=0, by=None)
            inside.set()
            assert finish.wait(20)
            return change

    with ThreadPoolExecutor(2) as pool:
        slow_one = pool.submit(in_thread, slow)
        assert inside.wait(20)
        quick_one = pool.submit(in_thread, lambda: change_status(second, stage(second), seen=0, by=None))
        assert not quick_one.done()
        seen_meanwhile = list(StatusChange.objects.after(0))
        finish.set()
        earlier, later = slow_one.result(20), quick_one.result(20)

    assert seen_meanwhile == []
    assert earlier.position + 1 == later.position


def test_a_reader_that_follows_the_positions_misses_no_row(make_claim):
    claims = [make_claim(f"Claim {number}") for number in range(40)]
    done, read = threading.Event(), []

    def follow():
        cursor = 0
        while True:
            last_round = done.is_set()
            for change in StatusChange.objects.after(cursor):
                read.append(change.position)
                cursor = change.position
            if last_round:
                return

    def write(claim):
        with transaction.atomic():
            change_status(claim, stage(claim), seen=0, by=None)
            StatusChange.objects.count()

    with ThreadPoolExecutor(7) as pool:
        reader = pool.submit(in_thread, follow)
        writers = [pool.submit(in_thread, lambda claim=claim: write(claim)) for claim in claims]
        for writer in writers:
            writer.result(30)
        done.set()
        reader.result(30)

    assert read == sorted(StatusChange.objects.values_list("position", flat=True))
    assert len(read) == 40


def test_of_many_editors_at_once_exactly_one_writes_and_the_others_are_told(make_claim, link):
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS)
    row = NewRow("report", evidence.said_at, "instant", (evidence,))

    def decide():
        try:
            return change_status(claim, row, seen=0, by=None)
        except Conflict as conflict:
            return str(conflict)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda _: in_thread(decide), range(6)))

    told = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(told) == 5
    assert all("while you were looking" in sentence for sentence in told)
    claim.refresh_from_db()
    assert (claim.version, claim.changes.count(), claim.status) == (1, 1, "rumored")


def test_a_decision_on_a_claim_that_is_being_published_goes_through_and_makes_it_public(make_claim, link):
    claim = make_claim(published=False)
    evidence = link(claim, Stance.SUPPORTS)
    row = NewRow("report", evidence.said_at, "instant", (evidence,))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            publishing = type(claim).objects.get(pk=claim.pk)
            publishing.published = True
            publishing.save(update_fields=["published"])
            decision = pool.submit(in_thread, lambda: change_status(claim, row, seen=0, by=None))
            until_somebody_waits_for_a_lock()
        decision.result(20)

    claim.refresh_from_db()
    assert claim.is_public
    assert claim.public_since is not None
