"""What a decision rests on is read again for a month; rewrites and removals raise one notice, and move no status."""

from datetime import timedelta

import pytest

from deals import clock, history, linking, snapshots
from deals.models import Claim, Report, StatusChange
from ingest import fetching
from ingest.checking import see
from ingest.courtesy import CHECKED_AFTER
from ingest.models import Article, DecisionsSeen, Entry, Feed, Host, ReportNotice, SourceArticles
from ingest.wanting import owe_checks
from tests.conftest import APRIL_15
from tests.publisher import answer, header
from tests.test_articles import SAID, SECOND, asked, page

TEXT = f"{SAID}\n{SECOND}"


@pytest.fixture
def decide(publisher, make_claim, make_report, link, move):
    """A claim decided on a report at the publisher's."""

    def make(path="/1", claim=None, **fields):
        report = make_report(url=publisher.url(path), **fields)
        claim = claim or make_claim(f"Claim at {path}")
        move(claim, "report", link(claim, "supports", report))
        return report

    return make


@pytest.fixture
def story(publisher):
    """Serves the story; called with other words, those."""

    def serve(*paragraphs, path="/1", **how):
        publisher.serve(path, page(*(paragraphs or (SAID, SECOND)), **how), Content_Type="text/html", ETag='"1"')

    serve()
    return serve


def check(rounds=1):
    """The owed checks, now: whatever the schedule says, and however recently the host was asked."""
    owe_checks()
    for _ in range(rounds):
        Article.objects.exclude(decided_at=None).update(next_at=clock.now())
        Host.objects.update(next_at=clock.now())
        fetching.fetch_due()


def notices():
    return [(row.report, row.what) for row in ReportNotice.objects.unseen()]


def test_what_decided_is_read_at_once_and_then_after_an_hour_a_day_a_week_and_a_month(decide, story, publisher):
    report = decide()
    owe_checks()
    article = Article.objects.get()
    assert (article.report, article.next_at <= clock.now()) == (report, True)

    owed = []
    for after in (timedelta(), *CHECKED_AFTER):
        decided = clock.now() - after - timedelta(minutes=1)
        Article.objects.update(decided_at=decided, next_at=clock.now())
        Host.objects.update(next_at=clock.now(), robots_until=clock.now() + timedelta(hours=1))
        fetching.fetch_due()
        article.refresh_from_db()
        owed.append(article.next_at and article.next_at - decided)

    assert owed == [*CHECKED_AFTER, None]
    assert report.snapshots.get().text == TEXT
    assert notices() == []


def test_a_page_that_was_read_for_the_decision_waits_an_hour(decide, publisher, make_report, make_claim, link, move):
    report = make_report(url=publisher.url("/1"))
    snapshots.keep(report, text=TEXT, read="page")
    claim = make_claim()
    change = move(claim, "report", link(claim, "supports", report))

    owe_checks()

    assert Article.objects.get().next_at == change.recorded_at + CHECKED_AFTER[0]


def test_a_rewrite_is_kept_beside_and_raises_one_notice_and_moves_no_status(decide, story):
    report = decide()
    check(rounds=2)
    story(SAID.replace("not true", "true"), SECOND)

    check(rounds=3)

    notice = ReportNotice.objects.get()
    assert (notice.report, notice.what) == (report, "changed")
    assert (notice.before.text, notice.after.text) == (TEXT, TEXT.replace("not true", "true"))
    assert report.snapshots.count() == 2
    assert Claim.objects.get().status == "rumored"
    assert StatusChange.objects.count() == 1


def test_a_further_rewrite_tells_in_the_same_notice_until_it_was_seen(decide, story, editor):
    decide()
    check(rounds=2)
    for words in ("twice", "three times"):
        story(f"{SAID} He said so {words} on that day.", SECOND)
        check()

    notice = ReportNotice.objects.get()
    assert "three times" in notice.after.text
    assert notice.before.text == TEXT
    assert see(notice, editor)
    assert not see(notice, editor)
    check()
    assert notices() == []


@pytest.mark.parametrize(
    "more", ["12 comments", "Share this story", "Read more: Another story of these companies is here."]
)
def test_what_changes_around_the_story_raises_no_notice(more, decide, story):
    report = decide()
    check(rounds=2)
    story(SAID, SECOND, more)

    check()

    assert notices() == []
    assert report.snapshots.count() == 1


def test_a_new_headline_is_a_change(decide, story):
    decide()
    check(rounds=2)
    story(title="Chery confirms it")

    check()

    assert [what for _, what in notices()] == ["changed"]


@pytest.mark.parametrize(
    "found",
    [
        answer(b"", "404 Not Found"),
        answer(b"", "410 Gone"),
        answer(page("This article has been removed."), Content_Type="text/html"),
        answer(b"", "302 Found", Location="/"),
    ],
)
def test_an_article_that_is_gone_raises_a_notice(found, decide, story, publisher):
    report = decide()
    check(rounds=2)
    publisher.answers["/1"] = found
    publisher.serve("/", page("The front page of the paper with all of its stories."), Content_Type="text/html")

    check(rounds=3)

    assert notices() == [(report, "gone")]
    notice = ReportNotice.objects.get()
    assert notice.said
    assert notice.before.text == TEXT
    assert Claim.objects.get().status == "rumored"


def test_a_server_that_fails_for_now_raises_none(decide, story, publisher):
    decide()
    check(rounds=2)
    publisher.answers["/1"] = answer(b"", "503 Service Unavailable")

    check()

    assert notices() == []
    assert "503" in Article.objects.get().trouble


def test_a_check_is_conditional_and_a_304_is_no_change(decide, story, publisher):
    decide()
    check(rounds=2)
    publisher.serve("/1", b"", "304 Not Modified")

    check()

    assert header(publisher.requests[-1], "If-None-Match") == '"1"'
    assert notices() == []


def test_robots_txt_holds_for_what_decided_too(decide, story, publisher):
    publisher.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /")
    decide()

    check(rounds=3)

    assert asked(publisher) == ["/robots.txt"]
    assert Article.objects.get().trouble == fetching.DISALLOWED


def test_nothing_is_read_again_of_a_source_or_feed_that_says_no(decide, publisher, make_source):
    SourceArticles.objects.create(source=make_source("Silent"), fetched=False)
    decide("/1", source=make_source("Silent"))
    report = decide("/2")
    feed = Feed.objects.create(url=publisher.url("/feed"), source=report.source, whole_articles=False)
    Entry.objects.create(feed=feed, source=report.source, guid="1", title="T", url=report.url, report=report)

    owe_checks()

    assert not Article.objects.exists()


def test_a_placeholder_is_not_read(make_claim, make_source, link, move):
    told = Report.objects.create(source=make_source(), title="A story", placeholder=True, published_at=APRIL_15)
    claim = make_claim()
    move(claim, "report", link(claim, "supports", told))

    owe_checks()

    assert not Article.objects.exists()


def test_what_was_decided_long_ago_and_imported_now_is_not_read(make_claim, make_report, editor):
    ago = clock.now() - timedelta(days=31)
    claim = make_claim()
    evidence = linking.link(claim, make_report(), stance="supports", by=editor, recorded_at=ago)
    row = history.NewRow("report", evidence.said_at, "instant", evidence=(evidence,))
    history.change_status(claim, row, seen=0, by=editor, recorded_at=ago)

    owe_checks()

    assert not Article.objects.exclude(next_at=None).exists()


def test_no_feed_from_outside_has_us_read_inside(decide, publisher, make_source):
    report = decide()
    outside = Feed.objects.create(url="https://outside.example/feed", source=make_source())
    Entry.objects.create(feed=outside, source=make_source(), guid="1", title="T", url=report.url, report=report)

    owe_checks()

    assert not Article.objects.exists()


def test_a_row_of_the_history_is_taken_up_once(decide, story):
    decide()
    owe_checks()
    Article.objects.update(next_at=None)

    assert owe_checks() == 0
    assert Article.objects.get().next_at is None
    assert DecisionsSeen.objects.get().position == StatusChange.objects.get().position


def test_when_the_decision_was_undone_nobody_is_told(decide, story, editor):
    decide()
    check(rounds=2)
    row = StatusChange.objects.get()
    history.undo(row, seen=1, by=editor, reason="Misread")
    story(SAID.replace("not true", "true"), SECOND)

    check()

    assert notices() == []


def test_a_crash_after_the_answer_repeats_the_check_and_loses_nothing(decide, story, publisher, monkeypatch):
    decide()
    check(rounds=2)
    story(SAID.replace("not true", "true"), SECOND)
    with monkeypatch.context() as broken:
        broken.setattr("ingest.checking.notice", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            check()
    assert Report.objects.get().snapshots.count() == 1
    Article.objects.update(lease_until=clock.now())

    check()

    assert [what for _, what in notices()] == ["changed"]
    assert Report.objects.get().snapshots.count() == 2


def test_a_new_decision_on_the_same_report_begins_its_month_anew(decide, story, publisher, make_claim, link, move):
    report = decide()
    check(rounds=2)
    Article.objects.update(decided_at=clock.now() - timedelta(days=40), next_at=None)
    claim = make_claim("Another claim")
    change = move(claim, "report", link(claim, "supports", report))

    owe_checks()

    article = Article.objects.get()
    assert (article.decided_at, article.next_at) == (change.recorded_at, change.recorded_at + CHECKED_AFTER[0])
