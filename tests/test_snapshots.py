"""What was read of a report: kept word for word with its digest, pointed to by evidence, and never public as text."""

import hashlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from deals import snapshots
from deals.models import Evidence, Snapshot
from deals.models.evidence import EvidenceLocked
from deals.models.sources import SnapshotKept
from ingest import suggestions
from ingest.models import Entry, Feed

WORDS = "The spokesman called the story untrue."


@pytest.fixture
def kept(make_report):
    return make_report(text=WORDS).snapshots.get()


@pytest.fixture
def entry(make_source):
    feed = Feed.objects.create(url="https://yicai.example/rss", source=make_source())
    return Entry.objects.create(feed=feed, source=feed.source, title="Chery denies", guid="1", text=WORDS,
                                url="https://yicai.example/1")  # fmt: skip


def test_a_snapshot_has_the_digest_of_its_text(kept):
    assert kept.sha256 == hashlib.sha256(WORDS.encode()).hexdigest()


def test_the_same_text_is_kept_once_and_another_beside_it(kept):
    again = snapshots.keep(kept.report, text=f" {WORDS}\n", read="typed")
    other = snapshots.keep(kept.report, text="Something else.", read="typed")
    back = snapshots.keep(kept.report, text=WORDS, read="typed")

    assert again == kept
    assert len({kept.pk, other.pk, back.pk}) == 3
    assert kept.report.text == WORDS
    assert snapshots.keep(kept.report, text=" ", read="typed") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.save(),
        lambda kept: kept.delete(),
        lambda kept: Snapshot.objects.update(text="Other words."),
        lambda kept: Snapshot.objects.all().delete(),
    ],
)
def test_what_was_read_is_not_changed(change, kept):
    with pytest.raises(SnapshotKept):
        change(kept)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the trigger is PostgreSQL's")
@pytest.mark.parametrize("statement", ["UPDATE deals_snapshot SET text = 'x'", "DELETE FROM deals_snapshot"])
def test_the_database_itself_keeps_what_was_read(statement, kept):
    with pytest.raises(DatabaseError, match="stays as it was read"), transaction.atomic():
        connection.cursor().execute(statement)
    connection.cursor().execute("UPDATE deals_snapshot SET archive_url = 'https://archive.example/1'")


def test_every_decision_on_an_item_keeps_the_text_that_it_rests_on(entry, make_claim, editor):
    pick = suggestions.Pick(None, {"claim": make_claim(), "stance": "supports"})
    (evidence,) = suggestions.accept(entry, [pick], by=editor)
    snapshots.keep(evidence.report, text="The publisher wrote it anew.", read="page")

    kept = Evidence.objects.get().snapshot
    assert (kept.text, kept.read, kept.taken_at, kept.title) == (WORDS, "item", entry.first_seen_at, "Chery denies")


def test_evidence_points_to_what_was_read_last_unless_told(make_report, make_claim, link):
    report = make_report(text=WORDS)
    newest = snapshots.keep(report, text="Written anew.", read="page")

    assert link(make_claim(), "supports", report).snapshot == newest
    assert link(make_claim("Another claim"), "supports").snapshot is None


def test_once_a_decision_rests_on_evidence_what_was_read_is_locked(make_report, make_claim, link, move):
    report, claim = make_report(text=WORDS), make_claim()
    evidence = link(claim, "supports", report)
    move(claim, "report", evidence)

    evidence.snapshot = snapshots.keep(report, text="Written anew.", read="page")

    with pytest.raises(EvidenceLocked, match="snapshot"):
        evidence.save()


def test_an_editor_adds_where_it_is_archived_and_nothing_else(client, editor, kept):
    client.force_login(editor)
    page = reverse("admin:deals_snapshot_change", args=[kept.pk])
    archived = "https://archive.example/2024/https://news.example/1"

    said = {"seen_edit": client.get(page).context["seen_edit"], "archive_url": archived, "text": "Other words."}
    client.post(page, said)

    after = Snapshot.objects.get()
    assert (after.archive_url, after.text) == (archived, WORDS)
    assert after.history.first().history_user == editor


@pytest.mark.parametrize("address", ["ftp://archive.example/1", "javascript:alert(1)", "archive", "file:///etc/passwd"])
def test_an_archive_has_a_web_address(address, client, editor, kept):
    client.force_login(editor)
    page = reverse("admin:deals_snapshot_change", args=[kept.pk])

    said = client.post(page, {"seen_edit": client.get(page).context["seen_edit"], "archive_url": address})

    assert said.context["adminform"].form.errors["archive_url"]
    assert Snapshot.objects.get().archive_url == ""


def test_a_text_that_an_editor_corrects_is_kept_beside_the_old_one(client, editor, kept):
    client.force_login(editor)
    page = reverse("admin:deals_report_change", args=[kept.report.pk])
    form = client.get(page)

    sent = {name: value for name, value in form.context["adminform"].form.initial.items() if value is not None}
    sent |= {"seen_edit": form.context["seen_edit"], "text": "In better words.", "published_at_0": "2024-04-15",
             "published_at_1": "02:00:00"}  # fmt: skip
    sent |= {f"{rows}-{count}_FORMS": 0 for rows in ("evidence", "snapshots") for count in ("TOTAL", "INITIAL")}
    assert client.post(page, sent).status_code == 302

    assert [row.text for row in kept.report.snapshots.all()] == ["In better words.", WORDS]


def test_the_public_sees_when_it_was_read_its_digest_and_its_archive_but_never_the_text(
    client, kept, make_claim, link, move
):
    claim = make_claim()
    move(claim, "report", link(claim, "supports", kept.report))
    kept.archive_url = "https://archive.example/1"
    kept.save(update_fields=["archive_url"])

    page = client.get(claim.get_absolute_url()).content.decode()
    (evidence,) = client.get(f"/api/v1/claims/{claim.slug}/").json()["evidence"]

    assert kept.sha256 in page
    assert "https://archive.example/1" in page
    assert WORDS not in page
    assert evidence["snapshot"] == {
        "read": "typed",
        "taken_at": kept.taken_at.isoformat().replace("+00:00", "Z"),
        "sha256": kept.sha256,
        "archive_url": "https://archive.example/1",
    }
