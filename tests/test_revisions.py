"""Items that their feeds edit, rename or bring again: what is stored once, what is kept, what is read again."""

import itertools
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals import clock
from deals.linking import CANONICAL, normalized, report_at
from ingest import differences, storing
from ingest.fetch import Answer
from ingest.models import Entry, EntryRevision, Feed, History
from ingest.parsed import ParsedEntry, ParsedFeed
from ingest.parsing import parse
from ingest.polling import settle, take
from ingest.revisions import KEPT_A_DAY
from ingest.storing import Brought
from ingest.suggestions import accept, read_unread, reject, see_change, undo_decision

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUMOR = "JLR is close to using Chery's platforms, 36kr said, citing people familiar with the matter."
DENIAL = "Chery's spokesman Jin Yibo said the report on JLR using Chery's platforms was untrue."


@pytest.fixture
def make_feed(make_source):
    numbers = itertools.count(1)

    def make(**fields):
        values = {"url": f"https://news.example/feed/{next(numbers)}", "suggest_old": True, **fields}
        return Feed.objects.create(source=make_source("CnEVPost"), **values)

    return make


@pytest.fixture
def feed(make_feed):
    return make_feed()


@pytest.fixture
def claim(make_claim, make_source):
    make_source("36kr")
    return make_claim(type="technology_licence")


def item(guid, title="", text="Words.", link=None, date="Fri, 20 Nov 2026 08:00:00 GMT"):
    guid = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    link = "https://news.example/story" if link is None else link
    date = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item>{guid}<title>{title or 'Story'}</title><link>{link}</link>{date}<description>{text}</description></item>"


class Clock:
    """The time of the next poll: a quarter of an hour after the last."""

    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        self.at += timedelta(minutes=15)
        return self.at


@pytest.fixture
def bring():
    """Settle an answer of a feed that holds these items, as a poll a quarter of an hour after the last would."""
    times = Clock()

    def settled(feed, *items, at=None):
        body = f"<rss version='2.0'><channel><title>Deals</title>{''.join(items)}</channel></rss>".encode()
        feed.refresh_from_db()
        feed.__dict__.pop("has_entries", None)
        at = at or times()
        parsed = parse(body, base=feed.url, now=at, known=bytes(feed.items))
        (polled,) = settle([Brought(feed, Answer("200 OK", url=feed.url), parsed=parsed)], at)
        return polled

    return settled


def only():
    return Entry.objects.get()


def kept():
    return list(EntryRevision.objects.order_by("pk").values_list("title", "text"))


# Edits


def test_an_edited_item_holds_what_it_says_now_and_what_it_said_is_kept_with_both_times(feed, bring):
    bring(feed, item(1, "A rumor", "They talk."), at=NOON)
    edited = bring(feed, item(1, "A denial", "They do not."), at=NOON + timedelta(hours=1))

    entry, revision = only(), EntryRevision.objects.get()
    assert (edited.new, edited.edited) == (0, 1)
    assert (entry.title, entry.text, entry.edits) == ("A denial", "They do not.", 1)
    assert (entry.first_seen_at, entry.revised_at) == (NOON, NOON + timedelta(hours=1))
    assert (revision.entry, revision.title, revision.text) == (entry, "A rumor", "They talk.")
    assert (revision.seen_at, revision.replaced_at) == (NOON, NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    "again",
    [
        item(1, " A   rumor", "They talk.\n\n  A lot."),
        item(1, "A rumor", "They talk. A lot.", link="https://news.example/story?utm_source=rss#top"),
        item(1, "A rumor", "They talk. A lot.", date=""),
    ],
    ids=["white space", "trackers", "a date that was dropped"],
)
def test_what_makes_no_difference_to_a_reader_is_no_edit(feed, bring, again):
    bring(feed, item(1, "A rumor", "They talk. A lot."))
    polled = bring(feed, again)

    assert (polled.new, polled.edited, EntryRevision.objects.count()) == (0, 0, 0)
    assert only().published_at


@pytest.mark.parametrize(
    "again",
    [
        item(1, "Story", "Words.", link="https://news.example/elsewhere"),
        item(1, "Story", "Words.", date="Fri, 20 Nov 2026 09:00:00 GMT"),
        item(1, "Another title"),
        item(1, text="Other words."),
    ],
    ids=["address", "date", "title", "text"],
)
def test_another_title_text_address_or_date_is_an_edit(feed, bring, again):
    bring(feed, item(1))

    assert bring(feed, again).edited == 1
    assert EntryRevision.objects.count() == 1


def test_an_edit_does_not_make_an_item_younger(feed, bring):
    bring(feed, item(1, date="Fri, 20 Nov 2026 08:00:00 GMT"))
    bring(feed, item(1, date="Fri, 20 Nov 2026 11:00:00 GMT"))

    entry = only()
    assert (entry.published_at.hour, entry.said_at.hour) == (11, 8)


def test_an_edit_that_was_taken_back_is_two_edits(feed, bring):
    for title in ("One", "Two", "One"):
        bring(feed, item(1, title))

    assert (only().title, only().edits) == ("One", 2)
    assert [title for title, _ in kept()] == ["One", "Two"]


def test_a_feed_that_touches_its_text_at_every_poll_fills_no_table(feed, bring):
    for number in range(30):
        bring(feed, item(1, text=f"Read {number} times."))

    entry = only()
    assert (entry.text, entry.edits) == ("Read 29 times.", 29)
    assert len(kept()) == KEPT_A_DAY
    bring(feed, item(1, text="Read for a day."), at=NOON + timedelta(days=3))
    assert kept()[-1] == ("Story", "Read 29 times.")


def test_what_was_decided_on_is_kept_however_often_the_feed_touches_it(feed, bring, editor):
    for number in range(10):
        bring(feed, item(1, text=f"Read {number} times."))
    reject(only(), by=editor)
    for number in range(10, 13):
        bring(feed, item(1, text=f"Read {number} times."))

    assert ("Story", "Read 9 times.") in kept()
    assert len(kept()) == KEPT_A_DAY + 1


def test_an_entry_whose_content_is_not_known_is_filled_and_not_edited(feed, bring):
    bring(feed, item(1))
    Entry.objects.update(content_digest=b"", story=b"")
    Feed.objects.update(items=b"")

    assert bring(feed, item(1), item(2, "Another", link="https://news.example/2")).edited == 0

    first = Entry.objects.earliest("pk")
    assert first.content_digest
    assert (first.edits, EntryRevision.objects.count()) == (0, 0)


def test_revisions_are_neither_changed_nor_deleted(feed, bring):
    bring(feed, item(1))
    bring(feed, item(1, "Another"))
    revision = EntryRevision.objects.get()

    with pytest.raises(TypeError):
        revision.save()
    with pytest.raises(TypeError):
        revision.delete()


def test_migrating_what_was_stored_before_makes_nothing_look_edited_and_lets_stories_be_found(feed, bring, editor):
    bring(feed, item("decided", "One", link="https://news.example/1"), item(2, "Two", link="https://news.example/2"))
    reject(Entry.objects.get(guid="decided"), by=editor)
    Entry.objects.update(content_digest=b"", story=b"", decided_on=b"")
    Feed.objects.update(items=b"")

    migration = import_module("ingest.migrations.0009_what_stored_entries_say")
    migration.fill(apps, SimpleNamespace(connection=connection))
    polled = bring(feed, item("new", "One", link="https://news.example/1"), item(2, "Two", "Edited."))

    assert (polled.new, polled.edited) == (0, 1)
    assert not Entry.objects.changed().exists()
    bring(feed, item("new", "One", "Edited.", link="https://news.example/1"))
    assert [entry.guid for entry in Entry.objects.changed()] == ["decided"]


# Workers side by side


def brought(feed, title, text="Words."):
    found = ParsedEntry("1", "https://news.example/story", title, text, "", "en", None)
    return Brought(feed, Answer("200 OK", url=feed.url), "", ParsedFeed("Deals", (found,)))


def test_a_worker_whose_lease_ran_out_does_not_overwrite_what_the_other_brought(make_feed):
    feed = make_feed()
    (first,) = take(Feed.objects.due())
    storing.note([brought(first, "Old")], clock.now())
    Feed.objects.update(next_poll_at=clock.now())
    (late,) = take(Feed.objects.due())
    Feed.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    (ours,) = take(Feed.objects.due())

    storing.note([brought(ours, "New")], clock.now())
    (polled,) = storing.note([brought(late, "Older still")], clock.now())

    assert polled.taken_over
    assert (only().title, [title for title, _ in kept()]) == ("New", ["Old"])
    assert feed.entries.count() == 1


# What is read again


def test_an_edited_item_is_read_again_and_what_it_no_longer_says_goes(feed, bring, claim):
    bring(feed, item(1, text=RUMOR))
    read_unread()
    before = {suggestion.stance for suggestion in only().suggestions.all()}
    bring(feed, item(1, text=DENIAL))

    assert read_unread() == 1

    assert before == {"supports"}
    assert {suggestion.stance for suggestion in only().suggestions.all()} == {"denies"}
    assert only().waiting


def test_a_text_that_was_edited_while_it_was_read_is_read_again(feed, bring, claim, monkeypatch):
    from ingest.suggestions import reading

    bring(feed, item(1, text=RUMOR))
    honest = reading.read

    def meanwhile(*arguments):
        found = honest(*arguments)
        monkeypatch.undo()
        bring(feed, item(1, text=DENIAL))
        return found

    monkeypatch.setattr(reading, "read", meanwhile)
    read_unread()
    assert only().read_at is None

    read_unread()

    assert {suggestion.stance for suggestion in only().suggestions.all()} == {"denies"}


def test_history_is_not_read_because_it_was_edited(make_feed, bring):
    feed = make_feed(suggest_old=False)
    bring(feed, item(1))
    bring(feed, item(1, "Another title"))

    assert (only().is_news, only().history, bool(only().read_at)) == (False, History.FIRST_POLL, True)


# What was decided


def test_a_decided_item_that_changes_keeps_its_decision_and_the_desk_is_told(feed, bring, claim, editor):
    bring(feed, item(1, text=RUMOR))
    read_unread()
    entry = only()
    accept(entry, [(entry.suggestions.get(), {})], by=editor)
    assert not Entry.objects.changed().exists()

    bring(feed, item(1, text=DENIAL))

    entry = only()
    assert (entry.decision, entry.waiting, entry.is_changed) == ("linked", False, True)
    assert list(Entry.objects.to_look_at_again()) == [entry]
    assert not Entry.objects.unread().exists()
    assert {suggestion.state for suggestion in entry.suggestions.all()} == {"accepted"}


def test_a_change_that_was_seen_is_told_again_only_if_more_changes_and_a_day_later(feed, bring, editor):
    bring(feed, item(1))
    reject(only(), by=editor)
    bring(feed, item(1, "Edited"))
    see_change(only())
    assert not only().is_changed

    bring(feed, item(1, "Edited again"))

    assert list(Entry.objects.changed()) == [only()]
    assert not Entry.objects.to_look_at_again().exists()
    Entry.objects.update(seen_at=clock.now() - timedelta(days=1, minutes=1))
    assert list(Entry.objects.to_look_at_again()) == [only()]


def test_an_edit_that_was_taken_back_leaves_nothing_to_look_at(feed, bring, editor):
    bring(feed, item(1))
    reject(only(), by=editor)
    bring(feed, item(1, "Edited"))
    bring(feed, item(1))

    assert not Entry.objects.changed().exists()


def test_a_decision_is_on_what_the_editor_saw_even_if_the_item_changed_meanwhile(feed, bring, editor):
    bring(feed, item(1))
    seen = only()
    bring(feed, item(1, "Edited"))

    reject(seen, by=editor)

    assert list(Entry.objects.to_look_at_again()) == [only()]


def test_reconsidering_a_changed_item_reads_it_anew(feed, bring, claim, editor):
    bring(feed, item(1, text=RUMOR))
    read_unread()
    reject(only(), by=editor)
    bring(feed, item(1, text=DENIAL))

    undo_decision(only(), by=editor)
    read_unread()

    assert (only().decided_on, only().waiting) == (b"", True)
    assert {suggestion.stance for suggestion in only().suggestions.all()} == {"denies"}


# Which item it is


def test_a_feed_that_gives_all_its_items_new_guids_brings_none_of_them_again(feed, bring):
    stories = [("One", "https://news.example/1"), ("Two", "https://news.example/2?utm_medium=rss"), ("Three", "")]
    bring(feed, *(item(f"old-{title}", title, link=link) for title, link in stories))

    polled = bring(feed, *(item(f"new-{title}", title, link=link.partition("?")[0]) for title, link in stories))

    assert (polled.new, polled.edited, Entry.objects.count()) == (0, 0, 3)


def test_a_feed_without_guids_and_links_whose_dates_move_brings_nothing_twice(feed, bring):
    for minute in range(3):
        bring(feed, item("", "One", link="", date=f"Fri, 20 Nov 2026 08:0{minute}:00 GMT"))

    assert (only().published_at.minute, only().said_at.minute) == (2, 0)


def test_an_item_with_a_new_guid_and_new_words_at_the_same_address_is_edited(feed, bring):
    bring(feed, item("old", "A rumor"))

    assert bring(feed, item("new", "A denial")).edited == 1
    assert (only().title, only().guid) == ("A denial", "old")


@pytest.mark.parametrize("link", ["https://news.example/live", "https://news.example/"])
def test_items_of_one_feed_that_share_an_address_are_items_of_their_own(feed, bring, link):
    items = [item(number, f"Story {number}", link=link) for number in range(6)]
    bring(feed, *items[:3])
    for first in range(1, 4):
        bring(feed, *items[first : first + 3])

    assert Entry.objects.count() == 6
    assert not EntryRevision.objects.exists()


def test_new_items_that_share_the_address_of_one_that_has_gone_are_all_new(feed, bring):
    bring(feed, item("gone", "Story"))

    assert bring(feed, item(1, "Story 1"), item(2, "Story 2")).new == 2


def test_a_guid_that_is_given_to_another_story_makes_a_new_item(feed, bring):
    bring(feed, item("top", "One", link="https://news.example/1"))
    polled = bring(feed, item("top", "Two", link="https://news.example/2"))

    assert (polled.new, polled.edited) == (1, 0)
    bring(feed, item("top", "Two", "More words.", link="https://news.example/2"))
    bring(feed, item("top", "One", link="https://news.example/1"))
    assert list(Entry.objects.order_by("pk").values_list("title", "edits")) == [("One", 0), ("Two", 1)]


@pytest.mark.parametrize(
    "again", [item("1", "Another title"), item("1", "Story", link="https://news.example/moved")], ids=["title", "link"]
)
def test_an_item_of_which_only_the_title_or_the_address_changed_is_the_same(feed, bring, again):
    bring(feed, item("1"))

    assert bring(feed, again).new == 0


def test_guids_of_different_feeds_are_different_items(make_feed, bring):
    for number in (1, 2):
        bring(make_feed(), item("1", f"Story {number}", link=f"https://news.example/{number}"))

    assert Entry.objects.count() == 2


# What is history


@pytest.mark.parametrize(("days", "news"), [(29, True), (31, False)])
@pytest.mark.parametrize("polls", [0, 1])
def test_what_is_older_than_the_horizon_is_history_at_the_first_poll_and_later(
    make_feed, bring, settings, days, news, polls
):
    settings.NEWS_DAYS = 30
    feed = make_feed()
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    for _ in range(polls):
        bring(feed, item("first", "First", link="https://news.example/first"), at=now - timedelta(hours=1))
    date = f"{now - timedelta(days=days):%a, %d %b %Y %H:%M:%S} GMT"

    bring(feed, item("old", "Old", link="https://news.example/old", date=date), at=now)

    entry = Entry.objects.get(guid="old")
    assert (entry.is_news, entry.history) == (news, "" if news else History.OLD)
    assert (entry.published_at, entry.first_seen_at) == (now - timedelta(days=days), now)
    assert (entry in Entry.objects.unread()) == news


def test_a_feed_may_count_other_days_as_news_than_the_site(make_feed, bring, settings):
    settings.NEWS_DAYS = 30
    bring(make_feed(news_days=36_500), item(1, date="Mon, 15 Apr 2024 08:00:00 GMT"))

    assert only().is_news


# Any sequence of edits, in any batching

WORDINGS = st.lists(st.sampled_from(["One", "Two", "Three", "Four"]), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories=st.lists(WORDINGS, min_size=1, max_size=4), cuts=st.lists(st.booleans(), min_size=8, max_size=8))
def test_any_edits_polled_in_any_batching_give_the_newest_text_and_the_history_that_was_seen(
    make_feed, bring, monkeypatch, stories, cuts
):
    """A step is one state of the feed; where `cuts` say so it is polled, so what stood between two polls is not seen."""
    monkeypatch.setattr("ingest.revisions.KEPT_A_DAY", 100)
    feed = make_feed()
    seen = [[] for _ in stories]
    steps = max(map(len, stories))
    for step in range(steps):
        now = [wordings[min(step, len(wordings) - 1)] for wordings in stories]
        if not cuts[step] and step < steps - 1:
            continue
        for history, words in zip(seen, now, strict=True):
            if history[-1:] != [words]:
                history.append(words)
        items = [item(f"{at}", f"Story {at}", words, f"https://news.example/{at}") for at, words in enumerate(now)]
        for _ in range(2):
            bring(feed, *items)

    for at, history in enumerate(seen):
        entry = Entry.objects.get(feed=feed, guid=str(at))
        kept = list(entry.revisions.order_by("seen_at").values_list("text", "seen_at", "replaced_at"))
        assert entry.text == history[-1]
        assert [text for text, _, _ in kept] == history[:-1]
        times = [entry.first_seen_at, *(replaced for _, _, replaced in kept)]
        assert times == [*(since for _, since, _ in kept), entry.revised_at or entry.first_seen_at]
    assert feed.entries.count() == len(stories)


def test_a_report_made_of_an_edited_item_bears_the_earliest_date(feed, bring, claim, editor):
    bring(feed, item(1, text=RUMOR, date="Fri, 20 Nov 2026 08:00:00 GMT"))
    bring(feed, item(1, text=DENIAL, date="Fri, 20 Nov 2026 11:00:00 GMT"))
    read_unread()
    entry = only()

    accept(entry, [(suggestion, {}) for suggestion in entry.suggestions.all()], by=editor)

    assert report_at(entry.url, source=entry.source, title="x").published_at.hour == 8


# What differs


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("JLR denies it.", "JLR confirms it.", ["JLR ", "−denies", "+confirms", " it."]),
        ("JLR denies it.", "JLR denies it. Again.", ["JLR denies it.", "+ Again."]),
        ("奇瑞否认合作", "奇瑞确认合作", ["奇瑞", "−否", "+确", "认合作"]),
        ("", "New", ["+New"]),
        ("Same", "Same", ["Same"]),
    ],
)
def test_two_wordings_are_compared_word_by_word(old, new, pieces):
    signs = {differences.REMOVED: "−", differences.ADDED: "+"}

    assert [signs.get(piece.kind, "") + piece.words for piece in differences.compare(old, new)] == pieces


def test_long_stretches_that_stayed_are_cut():
    stayed = "word " * 1000
    pieces = differences.compare(f"{stayed}old {stayed}", f"{stayed}new {stayed}")

    assert len("".join(piece.words for piece in pieces)) < 4 * differences.AROUND
    assert [piece.words for piece in pieces if piece.kind != differences.SAME] == ["old", "new"]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_comparison_holds_all_that_was_removed_and_all_that_was_added(old, new):
    pieces = differences.compare(old, new)

    assert "".join(piece.words for piece in pieces if piece.kind != differences.ADDED) == old
    assert "".join(piece.words for piece in pieces if piece.kind != differences.REMOVED) == new


def test_texts_that_differ_all_over_are_shown_as_a_whole(monkeypatch):
    monkeypatch.setattr(differences, "MOST_WORDS", 3)

    assert differences.compare("a b c d", "e f g h") == [("removed", "a b c d"), ("added", "e f g h")]


# The desk and the admin


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def changed(feed, bring, editor):
    """A rejected item that its feed edited since."""
    bring(feed, item(1, "JLR denies it", "It is &lt;b&gt;not&lt;/b&gt; true."), at=NOON)
    reject(only(), by=editor)
    bring(feed, item(1, "JLR confirms it", "It is true."), at=NOON + timedelta(hours=1))
    return only()


def page_of(client, name, *arguments):
    return client.get(reverse(f"admin:{name}", args=arguments)).content.decode()


@pytest.mark.parametrize("page", ["queue_changed", "queue_item"])
def test_what_changed_since_the_decision_is_marked_in_words_signs_and_lines(desk, changed, page):
    shown = page_of(desk, page, *([changed.pk] if page == "queue_item" else []))

    assert (
        '<del class="changed"><span aria-hidden="true">−</span><span class="visually-hidden">removed: </span>denies</del>'
        in shown
    )
    assert "added: </span>confirms</ins>" in shown
    assert "says nothing we track" in shown.lower()
    assert "by editor on" in shown
    assert "20 Nov 2026, 13:00 UTC" in shown


def test_the_queue_tells_of_changed_items_until_they_were_seen(desk, changed, editor):
    assert "Changed since they were decided" in page_of(desk, "queue")

    desk.post(reverse("admin:queue_changed"), {"entry": changed.pk, "said": changed.said, "action": "seen"})

    assert "Changed since they were decided" not in page_of(desk, "queue")
    assert "Nothing that was decided has changed" in page_of(desk, "queue_changed")
    assert only().decision == "rejected"
    assert LogEntry.objects.get().user == editor


@pytest.mark.parametrize("page", ["queue_changed", "queue_item"])
def test_an_item_that_changed_again_while_the_editor_looked_is_not_seen(desk, changed, feed, bring, page):
    bring(feed, item(1, "JLR denies all of it"), at=NOON + timedelta(hours=2))
    address = reverse(f"admin:{page}", args=[changed.pk] if page == "queue_item" else [])

    desk.post(address, {"entry": changed.pk, "said": changed.said, "action": "seen"})

    assert list(Entry.objects.changed()) == [only()]


def test_a_changed_item_is_reconsidered_with_one_button(desk, changed):
    answer = desk.post(reverse("admin:queue_changed"), {"entry": changed.pk, "action": "undo"})

    assert answer.url == reverse("admin:queue_item", args=[changed.pk])
    assert (only().decision, only().read_at) == ("", None)


@pytest.mark.parametrize("entry", ["", "x", "0", "9" * 30, "²"])
def test_answers_on_no_item_are_refused(desk, entry):
    assert desk.post(reverse("admin:queue_changed"), {"entry": entry, "action": "seen"}).status_code == 404


def test_a_reader_sees_what_changed_and_answers_nothing(client, reader, changed):
    client.force_login(reader)

    assert "confirms" in page_of(client, "queue_changed")
    assert client.post(reverse("admin:queue_changed"), {"entry": changed.pk, "action": "seen"}).status_code == 403


@pytest.mark.parametrize("size", [1, 20])
def test_the_changed_items_take_the_same_queries_for_any_number(
    desk, feed, bring, editor, size, django_assert_max_num_queries
):
    links = [f"https://news.example/{number}" for number in range(size)]
    bring(feed, *(item(link, "Before", link=link) for link in links))
    for entry in Entry.objects.all():
        reject(entry, by=editor)
    bring(feed, *(item(link, "After", link=link) for link in links))

    # session, user, rights of user and groups, items, wordings; the database's clock
    with django_assert_max_num_queries(8):
        page = desk.get(reverse("admin:queue_changed"))

    assert len(page.context["cards"]) == size


@pytest.mark.parametrize("page", ["ingest_entry_change", "queue_item"])
def test_an_items_page_shows_what_it_said_before_both_its_times_and_why_it_is_history(desk, make_feed, bring, page):
    feed = make_feed(suggest_old=False)
    for number in range(7):
        bring(feed, item(1, "Title", f"Read {number} &lt;script&gt; times.", date="Fri, 20 Nov 2026 08:00:00 GMT"))

    shown = page_of(desk, page, only().pk)

    assert "20 Nov 2026, 08:00 UTC" in shown
    assert "20 Nov 2026, 12:15 UTC" in shown
    assert "It stood in its feed when that was first polled." in shown
    assert "Edited 6 times" in shown
    assert "5 earlier wordings of 6 are kept" in shown
    assert "added: </span>5</ins>" not in shown  # its wording was not kept
    assert "added: </span>3</ins>" in shown
    assert "<script> times" not in shown


@given(st.from_regex(CANONICAL, fullmatch=True))
def test_an_address_that_looks_canonical_is(url):
    assert normalized(url) == url
