"""Whole articles where a feed's text is short: fetched as the publisher's robots.txt allows, read in a limited child."""

import time
from datetime import timedelta

import pytest
from django.db import connection, connections

from deals import clock
from deals.choices import ReadFrom
from deals.models import Snapshot
from ingest import fetching, suggestions
from ingest.courtesy import GIVEN_UP_AFTER, TRIED_AGAIN
from ingest.models import TOO_SHORT, Article, Entry, Feed, Host, SourceArticles
from ingest.polling import poll, take
from ingest.tasks import fetch_articles
from ingest.wanting import want_articles
from tests.forks import holds_in_a_fork
from tests.publisher import Publisher, answer, header

SAID = "Chery's spokesman Jin Yibo said on Monday that the report about JLR using Chery's platforms is not true."
SECOND = "The carmaker has no plan to share its platforms with another maker, he told reporters in Wuhu after the show."


def page(*paragraphs, title="Chery denies it"):
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body><nav>Home</nav>'
        f"<article><h1>{title}</h1>{body}</article><footer>All rights reserved</footer></body></html>"
    ).encode()


STORY = page(SAID, SECOND)


def rss(*items):
    each = "".join(
        f"<item><title>{title}</title><link>{url}</link><guid>{url}</guid><description>{text}</description></item>"
        for url, title, text in items
    )
    return f'<rss version="2.0"><channel><title>Yicai</title>{each}</channel></rss>'.encode()


@pytest.fixture
def feed(publisher, make_source):
    return Feed.objects.create(url=publisher.url("/feed"), source=make_source(), suggest_old=True, whole_articles=True)


@pytest.fixture
def make_entry(publisher, feed):
    """An item of a short text that wants the article at a path."""

    def make(path="/1", text="In short.", **fields):
        url = fields.pop("url", "") or publisher.url(path)
        values = {"feed": feed, "source": feed.source, "guid": url, "title": "Chery denies it", "wants_article": True}
        return Entry.objects.create(**{**values, "url": url, "text": text, **fields})

    return make


def fetch(rounds=2):
    """Rounds of fetching; all hosts have rested before each. The first round asks a new host for its robots.txt."""
    want_articles()
    for _ in range(rounds):
        Host.objects.update(next_at=clock.now())
        fetching.fetch_due()


def asked(publisher):
    return [request.split()[1] for request in publisher.requests]


def test_an_item_with_a_short_text_is_read_again_with_its_article(publisher, make_entry, make_claim):
    claim = make_claim()
    publisher.serve("/1", STORY, Content_Type="text/html; charset=utf-8")
    entry = make_entry()
    suggestions.read_unread()
    assert not entry.suggestions.exists()

    fetch()
    suggestions.read_unread()

    entry.refresh_from_db()
    assert entry.full_text == f"{SAID}\n{SECOND}"
    assert entry.text == "In short."
    assert {row.claim for row in entry.suggestions.filter(stance="denies")} == {claim}
    assert asked(publisher) == ["/robots.txt", "/1"]
    assert header(publisher.requests[1], "User-Agent").startswith("Hearsay/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("feed_says", "source_says", "text", "wanted"),
    [
        (True, None, "In short.", True),
        (None, True, "In short.", True),
        (None, None, "In short.", False),
        (None, False, "In short.", False),
        (False, True, "In short.", False),
        (True, False, "In short.", True),
        (True, None, "Words. " * TOO_SHORT, False),
    ],
)
def test_articles_are_wanted_where_a_feed_or_its_source_says_so_and_the_text_is_short(
    feed_says, source_says, text, wanted, publisher, feed
):
    Feed.objects.update(whole_articles=feed_says)
    if source_says is not None:
        SourceArticles.objects.create(source=feed.source, fetched=source_says)
    publisher.serve("/feed", rss((publisher.url("/1"), "One", text)))

    assert list(poll(take(Feed.objects.all())))
    want_articles()

    assert Article.objects.exists() is wanted


def test_the_same_article_in_two_feeds_is_fetched_once_and_serves_both(publisher, make_entry, make_source):
    other = Feed.objects.create(url=publisher.url("/other"), source=make_source("Copyist"))
    publisher.serve("/1", STORY, Content_Type="text/html")
    first, second = make_entry("/1"), make_entry("/1?utm_source=rss#top", feed=other)

    fetch()
    third = make_entry("/1?utm_medium=mail", guid="3")
    fetch()

    assert asked(publisher).count("/1") == 1
    for entry in (first, second, third):
        entry.refresh_from_db()
        assert entry.full_text.startswith(SAID)
        assert entry.read_at is None


def test_an_article_that_says_less_than_the_feed_does_not_take_its_place(publisher, make_entry):
    publisher.serve("/1", page(SAID), Content_Type="text/html")
    entry = make_entry(text="A summary that is longer. " * 20)

    fetch()

    entry.refresh_from_db()
    assert entry.article_at
    assert entry.full_text == entry.text


def test_a_decision_keeps_what_was_read_on_the_page(publisher, make_entry, make_claim, editor):
    publisher.serve("/1", STORY, Content_Type="text/html")
    make_entry()
    fetch()
    entry = Entry.objects.get()

    pick = suggestions.Pick(None, {"claim": make_claim(), "stance": "supports"})
    (evidence,) = suggestions.accept(entry, [pick], by=editor)

    kept = evidence.snapshot
    assert (kept.text, kept.read, kept.url) == (f"{SAID}\n{SECOND}", ReadFrom.PAGE, publisher.url("/1"))
    assert (kept.taken_at, kept.sha256) == (entry.article.fetched_at, entry.article.sha256)


@pytest.mark.parametrize(
    ("robots", "fetched", "said"),
    [
        (answer(b"User-agent: *\nDisallow: /1", Content_Type="text/plain"), False, "robots.txt asks us not to"),
        (answer(b"User-agent: *\nDisallow: /\nUser-agent: hearsay\nAllow: /"), True, ""),
        (answer(b"", "404 Not Found"), True, ""),
        (answer(b"", "403 Forbidden"), True, ""),
        (answer(b"", "500 Internal Server Error"), False, ""),
        (answer(b"", "429 Too Many Requests"), False, ""),
        (b"nonsense\r\n\r\n", False, ""),
    ],
)
def test_the_sites_robots_txt_is_asked_first_and_holds(robots, fetched, said, publisher, make_entry):
    publisher.answers["/robots.txt"] = robots
    publisher.serve("/1", STORY, Content_Type="text/html")
    make_entry()

    fetch(rounds=3)

    assert ("/1" in asked(publisher)) is fetched
    assert said in Article.objects.get().trouble
    host = Host.objects.get()
    assert bool(host.trouble) is (not fetched and not said)


def test_a_robots_txt_is_asked_for_once_a_day(publisher, make_entry):
    for path in "abc":
        publisher.serve(f"/{path}", STORY, Content_Type="text/html")
        make_entry(f"/{path}")

    fetch(rounds=4)
    Host.objects.update(robots_until=clock.now())
    publisher.serve("/d", STORY, Content_Type="text/html")
    make_entry("/d")
    fetch()

    assert [path for path in asked(publisher) if path == "/robots.txt"] == ["/robots.txt"] * 2
    assert clock.now() < Host.objects.get().robots_until <= clock.now() + timedelta(days=1)


def test_a_host_rests_between_two_requests_for_as_long_as_it_asks(publisher, make_entry, monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 20.0)
    publisher.answers["/robots.txt"] = answer(b"User-agent: *\nCrawl-delay: 30\nDisallow:")
    for path in "ab":
        publisher.serve(f"/{path}", STORY, Content_Type="text/html")
        make_entry(f"/{path}")
    want_articles()

    began = clock.now()
    taken = [fetching.fetch_due() for _ in range(3)]
    rests_until = Host.objects.get().next_at
    begun_again = clock.now()
    fetch(rounds=1)

    assert taken == [1, 0, 0]
    assert rests_until >= began + timedelta(seconds=20)
    assert Host.objects.get().next_at >= begun_again + timedelta(seconds=30)
    assert asked(publisher) == ["/robots.txt", "/a"]


def test_what_a_robots_txt_forbids_costs_no_request_and_holds_no_other_up(publisher, make_entry):
    publisher.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /no")
    publisher.serve("/yes", STORY, Content_Type="text/html")
    for number in range(3):
        make_entry(f"/no/{number}")
    make_entry("/yes")

    fetch()

    assert asked(publisher) == ["/robots.txt", "/yes"]


@pytest.mark.parametrize(
    ("found", "trouble", "tries"),
    [
        (answer(b"", "404 Not Found"), "404 Not Found", 0),
        (answer(b"", "402 Payment Required"), "402 Payment Required", 0),
        (answer(b"", "503 Service Unavailable"), "503 Service Unavailable", 1),
        (answer(b"%PDF", Content_Type="application/pdf"), "leads to no web page", 0),
        (answer(b"", Content_Type="text/html"), "No article was found", 0),
        (answer(page("This article has been removed."), Content_Type="text/html"), "taken down", 0),
        (answer(b"", Content_Length=3_000_000), "larger than 2 MB", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "broke off", 1),
    ],
)
def test_what_cannot_be_had_says_why_and_is_tried_again_only_if_it_may_pass(
    found, trouble, tries, publisher, make_entry
):
    publisher.answers["/1"] = found
    entry = make_entry()

    fetch()

    article = Article.objects.get()
    assert trouble in article.trouble
    assert (article.tries, article.next_at is None) == (tries, tries == 0)
    entry.refresh_from_db()
    assert entry.full_text == entry.text


def test_nothing_is_tried_for_ever(publisher, make_entry):
    publisher.answers["/1"] = answer(b"", "500 Internal Server Error")
    make_entry()
    fetch(rounds=1)

    for _ in range(len(TRIED_AGAIN) + 3):
        Article.objects.exclude(next_at=None).update(next_at=clock.now())
        fetch(rounds=1)

    assert asked(publisher).count("/1") == len(TRIED_AGAIN) + 1
    assert Article.objects.get().trouble.startswith("Given up after 5 tries. The server answered 500")


def test_a_site_whose_robots_txt_is_never_had_is_given_up(publisher, make_entry):
    publisher.answers["/robots.txt"] = answer(b"", "500 Internal Server Error")
    make_entry()
    want_articles()
    Article.objects.update(wanted_at=clock.now() - GIVEN_UP_AFTER - timedelta(minutes=1))

    fetch(rounds=3)

    assert Article.objects.get().next_at is None
    assert "Given up after three days" in Article.objects.get().trouble
    assert asked(publisher) == ["/robots.txt"]


def test_a_publisher_who_asks_us_to_wait_is_left_alone_with_all_pages(publisher, make_entry):
    publisher.answers["/a"] = answer(b"", "429 Too Many Requests", Retry_After=7200)
    publisher.serve("/b", STORY, Content_Type="text/html")
    make_entry("/a")
    fetch(rounds=2)
    make_entry("/b")
    want_articles()

    assert fetching.fetch_due() == 0
    assert Host.objects.get().next_at > clock.now() + timedelta(minutes=119)


def test_a_slow_publisher_is_given_up_in_time(publisher, make_entry, monkeypatch):
    monkeypatch.setattr(fetching, "DEADLINE", 0.3)
    publisher.answers["/1"] = lambda connection, _: publisher.stopped.wait(5)
    make_entry()

    fetch()

    assert "took longer than" in Article.objects.get().trouble


def test_a_page_that_hangs_its_reader_costs_little_once(publisher, make_entry):
    publisher.serve("/1", b"<html><body>" + b"<a href='x'>hello</a> " * 90_000, Content_Type="text/html")
    make_entry()
    began = time.process_time()

    fetch()

    assert "takes too long" in Article.objects.get().trouble
    assert Article.objects.get().next_at is None
    assert time.process_time() - began < 2


def test_a_page_is_kept_as_plain_text(publisher, make_entry):
    publisher.serve("/1", page(SAID, "It\u202e is \x07<b>bold</b> &lt;script&gt;."), Content_Type="text/html")
    make_entry()

    fetch()

    assert Article.objects.get().text == f"{SAID}\nIt is bold <script>."


def test_a_redirect_is_followed_in_its_turn_as_the_other_hosts_robots_txt_allows(publisher, make_entry, settings):
    with Publisher() as other:
        settings.LOCAL_FEEDS = frozenset({publisher.place, other.place})
        publisher.serve("/1", b"", "302 Found", Location=other.url("/2"))
        publisher.serve("/no", b"", "302 Found", Location=other.url("/private"))
        other.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /private")
        other.serve("/2", STORY, Content_Type="text/html")
        make_entry("/1")
        make_entry("/no")

        fetch(rounds=6)

        assert asked(other) == ["/robots.txt", "/2"]
        read, refused = Article.objects.order_by("url")
        assert read.found_at == other.url("/2")
        assert refused.trouble == fetching.DISALLOWED


def test_a_circle_of_redirects_ends(publisher, make_entry):
    publisher.serve("/1", b"", "302 Found", Location="/2")
    publisher.serve("/2", b"", "302 Found", Location="/1")
    make_entry()

    fetch(rounds=10)

    assert len(asked(publisher)) == 1 + fetching.MOST_HOPS + 1
    assert "redirects more than 5 times" in Article.objects.get().trouble


def test_nobody_outside_leads_inside(publisher, feed, make_entry, make_source, settings):
    outside = Feed.objects.create(url="https://outside.example/feed", source=make_source("Outside"))
    make_entry("/admin", feed=outside)
    make_entry("/1", url="http://127.0.0.1:22/")
    publisher.serve("/2", b"", "302 Found", Location="http://127.0.0.1:22/secret")
    publisher.serve("/3", b"", "302 Found", Location="http://10.0.0.1/secret")
    make_entry("/2")
    make_entry("/3")

    fetch(rounds=6)

    assert asked(publisher) == ["/robots.txt", "/2", "/3"]
    inside = Host.objects.exclude(place=f"http://{publisher.place}")
    assert {host.place for host in inside} <= {"http://10.0.0.1"}
    troubles = [article.trouble + article.host.trouble for article in Article.objects.all()]
    assert len(troubles) == 2
    assert all("inside our network" in trouble or "Port 22" in trouble for trouble in troubles)


def test_an_article_is_asked_for_again_by_its_validators(publisher, make_entry):
    publisher.serve("/1", STORY, Content_Type="text/html", ETag='"v1"', Last_Modified="yesterday")
    make_entry()
    fetch()
    publisher.serve("/1", b"", "304 Not Modified")
    Article.objects.update(next_at=clock.now())

    fetch(rounds=1)

    assert header(publisher.requests[-1], "If-None-Match") == '"v1"'
    assert header(publisher.requests[-1], "If-Modified-Since") == "yesterday"
    article = Article.objects.get()
    assert (article.trouble, article.next_at) == ("", None)
    assert article.text.startswith(SAID)


def test_an_article_that_comes_while_its_item_is_being_read_is_read_too(publisher, make_entry, monkeypatch):
    publisher.serve("/1", STORY, Content_Type="text/html")
    entry = make_entry()
    real = suggestions.reading.read

    def meanwhile(*args):
        found = real(*args)
        fetch()
        return found

    monkeypatch.setattr(suggestions.reading, "read", meanwhile)
    suggestions.read_unread()

    entry.refresh_from_db()
    assert entry.read_at is None
    assert entry.full_text.startswith(SAID)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_loses_nothing(publisher, make_entry):
    publisher.serve("/1", STORY, Content_Type="text/html")
    make_entry()
    fetch(rounds=1)
    Host.objects.update(next_at=clock.now())
    (turn,), _ = fetching.take_turns(10)  # and then it dies

    fetch(rounds=1)
    assert asked(publisher) == ["/robots.txt"]
    Article.objects.update(lease_until=clock.now())
    fetch(rounds=1)
    fetching.conclude(turn.article, fetching.Outcome(trouble="Late."), clock.now())  # or was only slow

    article = Article.objects.get()
    assert (article.trouble, article.lease, article.text.startswith(SAID)) == ("", None, True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite in memory has one connection: run on PostgreSQL")
def test_two_workers_at_once_ask_once(publisher, make_entry):
    publisher.serve("/1", STORY, Content_Type="text/html")
    make_entry()
    fetch(rounds=1)
    Host.objects.update(next_at=clock.now())
    connections.close_all()

    assert holds_in_a_fork(lambda: fetching.take_turns(10)[0])
    assert fetching.fetch_due() == 0
    assert asked(publisher) == ["/robots.txt"]


def test_a_round_takes_the_same_number_of_queries_however_much_waits(
    publisher, make_entry, django_assert_max_num_queries
):
    for number in range(30):
        publisher.serve(f"/{number}", STORY, Content_Type="text/html")
        make_entry(f"/{number}")
    fetch(rounds=1)
    Host.objects.update(next_at=clock.now())

    with django_assert_max_num_queries(20):
        assert fetching.fetch_due() == 1
    assert Snapshot.objects.count() == 0


def test_an_editor_switches_whole_articles_for_many_feeds_and_asks_for_one_again(client, editor, publisher, make_entry):
    client.force_login(editor)
    publisher.answers["/1"] = answer(b"", "404 Not Found")
    make_entry()
    fetch()
    feeds, articles = "/admin/ingest/feed/", "/admin/ingest/article/"

    said = []
    for action in ("short", "as_source", "whole"):
        client.post(feeds, {"action": action, "_selected_action": [feed.pk for feed in Feed.objects.all()]})
        said.append(Feed.objects.get().whole_articles)
    listed = client.get(f"{articles}?state=trouble").content.decode()
    publisher.serve("/1", STORY, Content_Type="text/html")
    client.post(articles, {"action": "fetch_again", "_selected_action": [Article.objects.get().pk]})
    fetch(rounds=1)

    assert said == [False, None, True]
    assert "404 Not Found" in listed
    assert Article.objects.get().text.startswith(SAID)


def test_a_reader_asks_for_nothing(client, reader, publisher, make_entry):
    make_entry()
    want_articles()
    Article.objects.update(next_at=None)
    client.force_login(reader)

    page = client.get("/admin/ingest/article/")
    client.post("/admin/ingest/article/", {"action": "fetch_again", "_selected_action": [Article.objects.get().pk]})

    assert "fetch_again" not in page.content.decode()
    assert Article.objects.get().next_at is None


def test_an_item_says_at_the_desk_where_its_text_was_read_or_why_not(client, editor, publisher, make_entry):
    client.force_login(editor)
    publisher.serve("/1", STORY, Content_Type="text/html")
    read, failed = make_entry("/1"), make_entry("/missing")
    fetch(rounds=3)

    pages = [client.get(f"/admin/queue/{entry.pk}/").content.decode() for entry in (read, failed)]

    assert "Read on its page" in pages[0]
    assert SAID.replace("'", "&#x27;") in pages[0]
    assert "its page could not be read: The server answered 404 Not Found." in pages[1]


def test_the_periodic_task_takes_up_fetches_and_stores(publisher, make_entry, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    publisher.serve("/1", STORY, Content_Type="text/html")
    make_entry()

    fetch_articles()
    Host.objects.update(next_at=clock.now())
    fetch_articles()

    assert Entry.objects.get().full_text.startswith(SAID)
