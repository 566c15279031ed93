"""Adding a report from its address: fetched from a real server on loopback, checked by an editor, or typed by hand."""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.urls import reverse

from deals.models import Report, Source
from ingest.article import ArticleError, read_article

ARTICLE = """<!DOCTYPE html><html lang="en-GB"><head><title>JLR denies it | Example Daily</title>
<meta property="article:published_time" content="2024-04-15T14:00:00+08:00">
<meta property="og:site_name" content="Example Daily"><meta property="og:title" content="JLR denies it"></head><body>
<nav>Home News Cars</nav><article><h1>JLR denies it</h1>
<p>The carmaker has no plan to use the platforms of another maker, it said on Monday in answer to last week's report.</p>
<p>Its spokesman in China called the story untrue and would not speak of further talks between the two firms.</p>
<script>alert(1)</script></article><footer>All rights reserved</footer></body></html>"""
ADDRESS = "/admin/reports/add-from-address/"


@pytest.fixture
def publisher(settings):
    """A web server on loopback; `publisher.pages` maps a path to (status, content type, body)."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            status, kind, body = self.server.pages.get(self.path, (404, "text/html", b""))
            self.send_response(status)
            if status == 301:
                self.send_header("Location", kind)
            else:
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.pages = {}
    server.at = f"http://127.0.0.1:{server.server_port}"
    settings.LOCAL_FEEDS = frozenset({f"127.0.0.1:{server.server_port}"})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def fetch(client, url):
    return client.post(ADDRESS, {"action": "fetch", "url": url})


def save(client, page, **changes):
    sent = {name: field.value() for name, field in ((f.html_name, f) for f in page.context["report"])}
    sent = {name: getattr(value, "pk", value) for name, value in sent.items() if value is not None}
    if isinstance(sent.get("published_at"), datetime):
        sent["published_at"] = sent["published_at"].strftime("%Y-%m-%d %H:%M")
    return client.post(ADDRESS, sent | changes | {"action": "save"})


def test_a_page_is_fetched_read_and_shown_to_be_checked(desk, publisher, make_source):
    source = make_source("Example Daily", domain="127.0.0.1")
    publisher.pages["/a?id=1"] = (200, "text/html; charset=utf-8", ARTICLE.encode())

    page = fetch(desk, f"{publisher.at}/a?id=1&utm_source=mail#top")

    found = page.context["report"].initial
    assert found["url"] == f"{publisher.at}/a?id=1"
    assert found["title"] == "JLR denies it"
    assert found["source"] == source
    assert (found["published_at"], found["published_precision"]) == (datetime(2024, 4, 15, 6, tzinfo=UTC), "instant")
    assert found["language"] == "en"
    assert found["text"].startswith("The carmaker has no plan")
    assert "rights reserved" not in found["text"]
    assert Report.objects.count() == 0


def test_what_the_editor_saves_is_the_report(desk, publisher, make_source):
    source = make_source("Example Daily", domain="127.0.0.1")
    publisher.pages["/a"] = (200, "text/html", ARTICLE.encode())

    answer = save(desk, fetch(desk, f"{publisher.at}/a"), title="JLR denies it (corrected)")

    report = Report.objects.get()
    assert answer.url == reverse("admin:report_said", args=[report.pk])
    assert (report.source, report.title, report.language) == (source, "JLR denies it (corrected)", "en")
    assert report.published_at == datetime(2024, 4, 15, 6, tzinfo=UTC)


def test_a_new_outlet_is_made_with_its_host(desk, publisher):
    publisher.pages["/a"] = (200, "text/html", ARTICLE.encode())

    save(desk, fetch(desk, f"{publisher.at}/a"), new_source_kind="newspaper")

    source = Source.objects.get()
    assert (source.name, source.kind, source.language) == ("Example Daily", "newspaper", "en")
    assert [domain.domain for domain in source.domains.all()] == ["127.0.0.1"]


def test_an_outlet_known_by_the_typed_name_is_not_made_twice(desk, make_source):
    source = make_source("Yicai")
    source.aliases.create(name="第一财经")

    desk.post(ADDRESS, {"action": "save", "url": "https://yicai.example/1", "title": "T", "new_source": "第一财经",
                        "published_precision": "day", "published_at": "2024-04-15"})  # fmt: skip

    assert Report.objects.get().source == source
    assert f"{Report.objects.get().published_at:%Y-%m-%d %H:%M}" == "2024-04-15 23:59"


@pytest.mark.parametrize("host", ["[2606:4700::1111]", "a_b.example", "intranet"])
def test_a_new_outlet_at_a_host_that_can_be_nobodys_domain_is_made_without_one(host, desk):
    desk.post(ADDRESS, {"action": "save", "url": f"https://{host}/1", "title": "T", "new_source": "The Sheet",
                        "published_precision": "instant"})  # fmt: skip

    assert list(Report.objects.get().source.domains.all()) == []


def test_the_page_is_kept_under_the_address_where_it_stands_in_the_end(desk, publisher):
    publisher.pages |= {"/short": (301, "/long", b""), "/long": (200, "text/html", ARTICLE.encode())}

    assert fetch(desk, f"{publisher.at}/short").context["report"].initial["url"] == f"{publisher.at}/long"


@pytest.mark.parametrize(
    ("path", "answer", "sentence"),
    [
        ("/gone", (410, "text/html", b""), "The server answered 410 Gone."),
        ("/paper", (200, "application/pdf", b"%PDF-1.7"), "leads to no web page but to application/pdf"),
        ("/nothing", (200, "text/html", b""), "No article was found on that page."),
        ("/huge", (200, "text/html", b"x" * 2_000_001), "2 MB"),
    ],
)
def test_what_cannot_be_fetched_says_why_and_is_typed_by_hand(path, answer, sentence, desk, publisher, make_source):
    publisher.pages[path] = answer
    source = make_source()

    page = fetch(desk, publisher.at + path)
    save(desk, page, title="Typed by hand", source=source.pk, text="What I read.")

    assert sentence in page.content.decode()
    report = Report.objects.get()
    assert (report.url, report.title, report.text) == (publisher.at + path, "Typed by hand", "What I read.")


def test_an_address_inside_the_house_is_not_fetched(desk, settings):
    settings.LOCAL_FEEDS = frozenset()

    page = fetch(desk, "http://127.0.0.1:8080/secret").content.decode()

    assert "points inside our network" in page
    assert "http://127.0.0.1:8080/secret" in page


@pytest.mark.parametrize("url", ["", "ftp://x.example/a", "javascript:alert(1)", "http://", "not an address"])
def test_what_is_no_address_is_refused_and_kept(url, desk):
    page = fetch(desk, url)

    assert page.context["address"].errors["url"]
    assert page.context["address"]["url"].value() == url


def test_a_report_that_is_held_is_opened_instead(desk, make_report):
    report = make_report(url="https://news.example/1")

    fetched = fetch(desk, "https://news.example/1?utm_source=x#comments")
    typed = desk.post(ADDRESS, {"action": "save", "url": "https://news.example/1", "title": "Another title",
                                "source": report.source.pk, "published_precision": "instant"})  # fmt: skip

    assert fetched.url == typed.url == reverse("admin:report_said", args=[report.pk])
    assert Report.objects.get().title == report.title


def test_a_form_with_a_gap_keeps_what_was_entered(desk):
    page = desk.post(ADDRESS, {"action": "save", "url": "https://news.example/1", "title": "", "text": "My own words",
                               "published_at": "yesterday", "published_precision": "day"})  # fmt: skip

    assert set(page.context["report"].errors) == {"title", "published_at", "source"}
    assert "My own words" in page.content.decode()
    assert Report.objects.count() == 0


def test_what_a_page_holds_is_shown_as_text(desk, publisher):
    attack = '"><script>alert("x")</script>'
    body = ARTICLE.replace("JLR denies it", attack.replace('"', "&quot;").replace("<", "&lt;"))
    publisher.pages["/a"] = (200, "text/html", body.encode())

    assert attack not in fetch(desk, f"{publisher.at}/a").content.decode()


def test_a_page_that_costs_too_much_is_given_up():
    body = b"<html><body>" + b"<a href='x'>hello</a> " * 90_000

    with pytest.raises(ArticleError, match="takes too long"):
        read_article(body, "https://news.example/1", "text/html")


def test_the_charset_that_the_server_names_is_used():
    body = ARTICLE.replace("The carmaker", "捷豹路虎").encode("gb18030")

    assert read_article(body, "https://news.example/1", "text/html; charset=gb18030").text.startswith("捷豹路虎 has no")


def test_a_report_is_read_on_the_spot_and_each_statement_offers_the_form_that_links_it(
    desk, make_report, make_claim, make_company
):
    claim = make_claim("JLR will use Chery's platforms")
    make_company("Stellantis")
    make_company("Leapmotor")
    text = "Chery spokesman Jin Yibo denied that JLR will use Chery's platforms.\nStellantis is in talks to buy a stake in Leapmotor."
    report = make_report(title="Chery denies JLR platform report", text=text)

    page = desk.get(reverse("admin:report_said", args=[report.pk]))

    denial = next(offer for offer in page.context["offers"] if offer.said.stance == "denies")
    assert denial.claim == claim
    form = desk.get(denial.address).context["adminform"].form
    assert {form.get_initial_for_field(form.fields[name], name) for name in ("claim", "report")} == {
        str(claim.pk), str(report.pk)
    }  # fmt: skip
    lead = next(offer for offer in page.context["offers"] if offer.claim is None)
    assert "Stellantis+will+take+a+stake+in+Leapmotor" in lead.address


def test_a_reader_adds_nothing(client, reader):
    client.force_login(reader)

    assert client.get(ADDRESS).status_code == 403
    assert fetch(client, "https://news.example/1").status_code == 403
