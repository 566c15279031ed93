"""The pages of operators: lists in and out, finding and trying feeds, the list of feeds as their health."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from deals import clock
from deals.models import Source
from ingest.models import Entry, Feed
from tests.conftest import seated

LIST = reverse("admin:ingest_feed_changelist")
ADD = reverse("admin:ingest_feed_add")
IMPORT = reverse("admin:ingest_feed_import")
EXPORT = reverse("admin:ingest_feed_export")
FIND = reverse("admin:ingest_feed_find")
OPML = (
    "<opml version='2.0'><body><outline text='Cars'>"
    "<outline text='Paper' xmlUrl='https://paper.example/feed' htmlUrl='https://paper.example/'/>"
    "<outline text='Printer' xmlUrl='http://192.168.1.1/feed'/>"
    "<outline text='Script &lt;b&gt;' xmlUrl='javascript:alert(1)'/></outline></body></opml>"
)


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def make_feed(make_source):
    def make(url="https://yicai.example/feed", source=None, **fields):
        return Feed.objects.create(url=url, source=source or make_source(), **fields)

    return make


def make_entries(feed, number, days=1):
    at = clock.now() - timedelta(days=days)
    return [
        Entry.objects.create(feed=feed, source=feed.source, guid=f"{days}-{n}", title=f"Story {n}", published_at=at)
        for n in range(number)
    ]


def rss(*titles, text="Words."):
    items = "".join(
        f"<item><guid>{title}</guid><title>{title}</title><description>{text}</description></item>" for title in titles
    )
    return f"<rss version='2.0'><channel><title>Deals</title>{items}</channel></rss>".encode()


def upload(client, content=OPML):
    return client.post(IMPORT, {"action": "preview", "file": SimpleUploadedFile("list.opml", content.encode())})


def read(answer):
    return answer.content.decode()


def address_of(feed):
    return reverse("admin:ingest_feed_change", args=[feed.pk])


# Rights, and what a GET may do


@pytest.mark.parametrize("address", [IMPORT, FIND, ADD])
def test_a_reader_adds_no_feeds(client, reader, address):
    client.force_login(reader)

    assert client.get(address).status_code == 403
    assert (
        client.post(address, {"action": "add", "list": OPML, "feed": "https://a.example/", "_try": "1"}).status_code
        == 403
    )
    assert not Feed.objects.exists()


def test_a_reader_exports_the_list_and_is_shown_nothing_else_to_do(client, reader, make_feed):
    make_feed()
    client.force_login(reader)

    page = read(client.get(LIST))

    assert client.get(EXPORT).status_code == 200
    assert EXPORT in page
    assert IMPORT not in page
    assert FIND not in page


@pytest.mark.parametrize("address", [IMPORT, EXPORT, FIND])
def test_strangers_are_asked_to_log_in(client, db, address):
    assert client.get(address).url.startswith(reverse("admin:login"))


def test_no_address_changes_or_fetches_anything_by_being_opened(desk, publisher):
    publisher.serve("/feed", rss("One"))

    for address in (IMPORT, FIND, ADD):
        asked = {
            "action": "add",
            "list": OPML,
            "url": publisher.url("/feed"),
            "feed": publisher.url("/feed"),
            "_try": "1",
        }
        assert desk.get(address, asked).status_code == 200

    assert desk.post(EXPORT).status_code == 405
    assert publisher.requests == []
    assert not Feed.objects.exists()


@pytest.mark.parametrize("address", [IMPORT, FIND, ADD])
def test_a_form_of_another_site_is_refused(client, editor, address):
    client.handler.enforce_csrf_checks = True
    client.force_login(editor)

    assert client.post(address, {"action": "add", "list": OPML}).status_code == 403


# Lists


def test_a_list_is_shown_before_anything_of_it_is_stored(desk):
    page = read(upload(desk))

    assert "1 feed would be added, 2 skipped." in page
    assert "https://paper.example/feed" in page
    assert "points inside our network" in page
    assert "Only addresses that begin with http:// or https://" in page
    assert 'href="javascript' not in page
    assert "<b>" not in page.partition("Skipped")[2]
    assert not Feed.objects.exists()
    assert not Source.objects.exists()


def test_the_list_that_was_shown_is_added_and_noted(desk, editor):
    shown = upload(desk)

    answer = desk.post(IMPORT, {"action": "add", "list": shown.context["carried"]}, follow=True)

    feed = Feed.objects.get()
    assert (feed.url, feed.source.name) == ("https://paper.example/feed", "Paper")
    assert "1 feed added." in read(answer)
    assert list(LogEntry.objects.values_list("user", "object_id", "change_message")) == [
        (editor.pk, str(feed.pk), "Added from an OPML list.")
    ]


def test_what_comes_back_from_the_preview_is_judged_anew(desk):
    desk.post(IMPORT, {"action": "add", "list": OPML})
    answer = desk.post(IMPORT, {"action": "add", "list": OPML}, follow=True)

    assert list(Feed.objects.values_list("url", flat=True)) == ["https://paper.example/feed"]
    assert "0 feeds added." in read(answer)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "document type or entities"),
        ("<html/>", "not OPML"),
        ("", "The submitted file is empty|The file is empty|No file was chosen"),
        ("<opml>" + " " * 2_000_001, "larger than 2 MB"),
    ],
)
def test_a_list_that_cannot_be_read_is_answered_in_plain_words(desk, content, words):
    answer = upload(desk, content)

    assert answer.status_code == 200
    assert any(part in read(answer) for part in words.split("|"))


def test_importing_without_a_file_says_so(desk):
    assert "No file was chosen." in read(desk.post(IMPORT, {"action": "preview"}))


def test_an_editor_who_may_not_add_sources_adds_feeds_of_known_ones(client, reader, make_source, grant):
    from django.contrib.auth.models import Permission

    reader.user_permissions.add(Permission.objects.get(codename="add_feed"))
    client.force_login(reader)
    shown = read(upload(client))
    make_source("Paper")

    assert "you may not add sources" in shown
    assert "1 feed would be added" in read(upload(client))


def test_an_export_is_a_file_that_the_import_knows(desk, make_feed):
    make_feed()

    answer = desk.get(EXPORT)

    assert answer["Content-Disposition"] == 'attachment; filename="hearsay-feeds.opml"'
    assert "0 feeds would be added, 1 skipped." in read(upload(desk, read(answer)))


# Finding


def test_a_sites_feed_is_added_in_one_click_and_polled(desk, publisher):
    publisher.serve("/", b'<link rel=alternate type="application/rss+xml" href=/feed>')
    publisher.serve("/feed", rss("One", "Two"))

    page = desk.post(FIND, {"action": "find", "url": publisher.url("/")})
    ((_, line),) = page.context["results"]
    sent = {"action": "add", "feed": line.wanted.url, "title": line.source_name, "site": line.wanted.site}
    answer = desk.post(FIND, sent, follow=True)

    feed = Feed.objects.get()
    assert "2 items" in read(page)
    assert (feed.url, feed.source.name) == (publisher.url("/feed"), "Deals")
    assert list(Feed.objects.due()) == [feed]
    assert "The feed was added under Deals." in read(answer)


def test_a_feed_that_is_polled_already_is_found_and_not_offered(desk, publisher, make_feed):
    publisher.serve("/feed", rss("One"))
    make_feed(publisher.url("/feed"))

    page = read(desk.post(FIND, {"action": "find", "url": publisher.url("/feed")}))

    assert "It is polled already." in page
    assert "Add this feed" not in page


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "javascript:alert(1)", "", "http://[::1/", "x" * 3000, "a\x00b"])
def test_an_address_that_is_not_fetched_is_neither_found_nor_added(desk, url):
    found = desk.post(FIND, {"action": "find", "url": url})
    added = desk.post(FIND, {"action": "add", "feed": url, "title": "T", "site": ""})

    assert (found.status_code, added.status_code) == (200, 200)
    assert 'role="alert"' in read(found)
    assert 'role="alert"' in read(added)
    assert not Feed.objects.exists()


# Trying


def test_a_new_address_is_tried_before_it_is_saved(desk, publisher, make_source):
    publisher.serve("/feed", rss("One <b>", text="A long text. " * 50))
    source = make_source()

    page = desk.post(ADD, {"url": publisher.url("/feed"), "source": source.pk, "interval": 1234, "_try": "1"})

    said = read(page)
    assert "1 item would be stored" in said
    assert "One" in said
    assert "A long text." in said
    assert "stored as history" in said
    assert 'value="1234"' in said
    assert f'<option value="{source.pk}" selected>' in said
    assert not Feed.objects.exists()
    assert not Entry.objects.exists()


def test_trying_the_address_of_a_feed_tells_what_is_stored_already_and_saves_nothing(desk, publisher, make_feed):
    publisher.serve("/new", rss("One", "Two"))
    feed = make_feed(last_success_at=clock.now())
    Entry.objects.create(feed=feed, source=feed.source, guid="One", title="One")

    page = read(desk.post(address_of(feed), {"url": publisher.url("/new"), "source": feed.source_id, "_try": "1"}))

    feed.refresh_from_db()
    assert "1 item would be stored, 1 stored already" in page
    assert publisher.url("/new") in page
    assert feed.url == "https://yicai.example/feed"
    assert feed.entries.count() == 1


def test_trying_what_is_no_feed_says_why_and_where_to_go_on(desk, publisher):
    publisher.serve("/", b"<html><body>News</body></html>")

    page = read(desk.post(ADD, {"url": publisher.url("/"), "_try": "1"}))

    assert "It is a web page, not an RSS or Atom feed." in page
    assert FIND in page


def test_trying_an_address_inside_asks_nothing(desk, publisher, settings):
    settings.LOCAL_FEEDS = frozenset()

    page = read(desk.post(ADD, {"url": publisher.url("/feed"), "_try": "1"}))

    assert "Nothing would be stored" in page
    assert publisher.requests == []


def test_trying_a_feed_that_is_not_there_goes_back_to_the_list(desk):
    assert desk.post(reverse("admin:ingest_feed_change", args=[999]), {"_try": "1"}).status_code == 302


# Health


def test_the_list_tells_how_each_feed_is(desk, make_feed):
    at = clock.now()
    feed = make_feed(last_success_at=at, last_polled_at=at)
    make_entries(feed, 6)
    make_entries(feed, 5, days=60)
    make_feed("https://b.example/", failures=3, trouble="The server answered 404 Not Found.")

    page = read(desk.get(LIST))

    assert "all is well" in page
    assert '<td class="field-a_week">1.5</td>' in page
    assert "in trouble for 3 polls in a row" in page
    assert "The server answered 404 Not Found." in page


@pytest.mark.parametrize("size", [1, 20])
def test_the_list_takes_the_same_queries_for_any_number_of_feeds(size, desk, make_feed, django_assert_num_queries):
    for number in range(size):
        make_entries(make_feed(f"https://a.example/{number}"), 2)
    desk.get(LIST)

    # session, user, two of rights; facets of state and of kind; how many, and the feeds with what they brought;
    # PostgreSQL is asked the time too
    with django_assert_num_queries(9 + (connection.vendor == "postgresql")):
        desk.get(LIST)


def test_feeds_are_sorted_by_what_they_bring(desk, make_feed):
    quiet, busy = make_feed("https://a.example/"), make_feed("https://b.example/")
    make_entries(busy, 3)
    column = list(desk.get(LIST).context["cl"].list_display).index("a_week")

    shown = desk.get(LIST, {"o": f"-{column}"}).context["cl"].result_list

    assert list(shown) == [busy, quiet]


def act(client, action, *feeds):
    return read(client.post(LIST, {"action": action, "_selected_action": [feed.pk for feed in feeds]}, follow=True))


def test_the_list_tells_since_when_a_feed_fails_and_what_an_operator_should_know(desk, make_feed):
    at = clock.now()
    gone = "The publisher says that this feed is gone for good (410). Polling has stopped."
    make_feed(active=False, trouble=gone, stopped=gone, notice=gone, failures=1, failing_since=at)

    page = read(desk.get(LIST, {"state": "notice"}))

    assert page.count("gone for good (410)") == 1
    assert "Failing since" in page


def test_a_notice_is_taken_down_by_one_who_read_it(desk, reader, client, make_feed):
    feed = make_feed(notice="It moved.")

    assert "Notices taken down: 1." in act(desk, "dismiss", feed)

    feed.refresh_from_db()
    assert feed.notice == ""


def test_a_move_is_followed_at_an_editors_word(desk, make_feed):
    feed = make_feed(moved_to="https://new.example/feed", moved_seen=1, moved_since=clock.now())
    still = make_feed("https://still.example/")

    page = act(desk, "follow", feed, still)

    feed.refresh_from_db()
    assert feed.url == "https://new.example/feed"
    assert "is polled there now" in page
    assert "Its publisher names no new address." in page
    assert "https://yicai.example/feed" in read(desk.get(address_of(feed)))


def test_ticking_active_polls_a_stopped_feed_again(desk, make_feed):
    feed = make_feed(active=False, stopped="It is gone.", next_poll_at=clock.now() + timedelta(days=1))
    form = {
        "source": feed.source_id,
        "url": feed.url,
        "interval": feed.interval,
        "slowest": feed.slowest,
        "active": "on",
    }

    desk.post(address_of(feed), form)

    feed.refresh_from_db()
    assert (feed.active, feed.stopped) == (True, "")
    assert list(Feed.objects.due()) == [feed]


# In a browser


def tab_to(page, name):
    """Press Tab until the focus is on the field of that name."""
    for _ in range(100):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.get_attribute("name") == name:
            return focused
    raise AssertionError(f"No key led to {name}.")


@pytest.mark.parametrize(("action", "active"), [("pause", False), ("resume", True), ("poll_now", True)])
def test_feeds_are_paused_resumed_and_polled_with_the_keyboard_alone_and_no_script(
    live_server, browser, desk, make_feed, action, active
):
    later = clock.now() + timedelta(days=1)
    feed = make_feed(active=action != "resume", next_poll_at=later)
    page, _ = seated(browser, desk, live_server, java_script_enabled=False)
    page.goto(live_server.url + LIST)

    tab_to(page, "action").select_option(action)
    tab_to(page, "_selected_action")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    while page.locator(":focus").get_attribute("name") != "index":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.locator(".messagelist").wait_for()

    feed.refresh_from_db()
    assert feed.active == active
    assert (feed.next_poll_at < later) == (action != "pause")


def test_a_list_goes_from_the_file_to_the_feeds_without_script(live_server, browser, desk, tmp_path):
    path = tmp_path / "list.opml"
    path.write_text(OPML)
    page, _ = seated(browser, desk, live_server, java_script_enabled=False)
    page.goto(live_server.url + IMPORT)

    page.set_input_files("#id_file", path)
    page.get_by_role("button", name="See what it would add").press("Enter")
    page.get_by_role("button", name="Add this feed").press("Enter")
    page.get_by_text("1 feed added.").wait_for()

    assert list(Feed.objects.values_list("url", flat=True)) == ["https://paper.example/feed"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_pages_are_silent_under_the_policy_fit_a_phone_and_pass_axe(
    width, scheme, live_server, browser, desk, make_feed, publisher, tmp_path
):
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "list.opml"
    path.write_text(OPML.replace("/feed", "/feed" + "x" * 300))
    at = clock.now()
    make_feed(
        "https://a.example/" + "x" * 300, trouble="The server answered 404 Not Found.", failing_since=at, failures=2
    )
    publisher.serve("/", b'<link rel=alternate type="application/rss+xml" href=/feed>')
    publisher.serve("/feed", rss("One" * 100, "Two"))
    page, said = seated(browser, desk, live_server, viewport={"width": width, "height": 900}, color_scheme=scheme)
    wide, heard, violations = [], [], []

    def look(name):
        heard.extend((name, words) for words in said)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(name)
        # The stock search, filters and autocomplete are Django's to mend.
        stock = [["#toolbar"], ["#changelist-filter"], [".select2-container"]]
        ours = {"include": [["#content"]], "exclude": stock}
        found = Axe().run(page, context=ours).response["violations"]
        violations.extend((name, one["id"]) for one in found if one["impact"] in ("serious", "critical"))
        said.clear()  # the instrument adds styles of its own

    page.goto(live_server.url + LIST)
    look("list")
    page.goto(live_server.url + IMPORT)
    look("import")
    page.set_input_files("#id_file", path)
    page.get_by_role("button", name="See what it would add").click()
    page.get_by_text("Nothing is stored yet").wait_for()
    look("preview")
    page.goto(live_server.url + FIND)
    page.fill("#id_url", publisher.url("/"))
    page.get_by_role("button", name="Find its feeds").click()
    page.get_by_text("1 feed found").wait_for()
    look("found")
    page.goto(live_server.url + ADD)
    page.fill("#id_url", publisher.url("/feed"))
    page.get_by_role("button", name="Try this address").click()
    page.get_by_text("2 items would be stored").wait_for()
    look("tried")

    assert heard == []
    assert wide == []
    assert violations == []
