"""One item's whole walk: from a publisher's feed over real HTTP to an e-mail that a real SMTP server received.

Twice: on SQLite with the broker as files, and on PostgreSQL with Redis; each with a real Celery worker and beat.
"""

import os
import socket
import uuid
from email import message_from_bytes
from email.policy import default as mail_policy
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from aiosmtpd.controller import Controller

from tests.house import House

REDIS_DATABASE = 13  # so that no other worker on that server takes our tasks

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Yicai</title><link>https://www.yicai.example/</link><description>News</description>
<item>
  <title>Chery denies it will share its platforms with JLR</title>
  <link>https://www.yicai.example/news/1001.html</link>
  <guid>yicai-1001</guid>
  <pubDate>Mon, 15 Apr 2024 08:00:00 GMT</pubDate>
  <description>Chery's spokesman Jin Yibo told Yicai that the report about JLR using Chery's platforms is untrue.</description>
</item></channel></rss>"""

NEWSROOM = """
from datetime import datetime, UTC
from django.contrib.auth.models import User
from alerts.models import Subscriber
from deals import clock, history, linking
from deals.models import Claim, Company, Deal, Source
from ingest.models import Feed
editor = User.objects.create_user("editor")
jlr, chery = Company.objects.create(name="JLR"), Company.objects.create(name="Chery")
claim = Claim.objects.create(
    wording="JLR will use Chery's platforms", deal=Deal.objects.create(title="JLR – Chery"), published=True,
    type="technology_licence",
)
claim.parties.create(company=jlr, role="licensee")
claim.parties.create(company=chery, role="licensor")
kr, yicai = Source.objects.create(name="36kr"), Source.objects.create(name="Yicai")
told = datetime(2024, 4, 15, 2, tzinfo=UTC)
story = linking.placeholder(kr, "JLR to use Chery's platforms", told, "instant")
rumor = linking.link(claim, story, stance="supports", speaker_kind="anonymous", by=editor)
history.change_status(
    claim, history.NewRow("report", told, "instant", (rumor,), quiet=True, quiet_reason="Set up."), seen=0, by=editor
)
subscriber = Subscriber.objects.create(email="reader@example.org", confirmed_at=clock.now())
subscriber.subscriptions.create(claim=claim)
Feed.objects.create(url=argument, source=yicai, suggest_old=True)
answer = claim.slug
"""

WAITING = """
from ingest.models import Suggestion
found = Suggestion.objects.pending().filter(claim__isnull=False, part="body").first()
answer = found and [found.stance, found.speaker_name, found.company.name, found.passage, found.triggers]
"""

DECIDE = """
from django.contrib.auth.models import User
from deals import history
from deals.models import Claim
from ingest.models import Entry
from ingest.suggestions import accept
editor, entry, claim = User.objects.get(), Entry.objects.get(), Claim.objects.get()
linked = accept(entry, [(suggestion, {}) for suggestion in entry.suggestions.filter(preselected=True)], editor)
denials = tuple(claim.evidence.filter(stance="denies"))
row = history.NewRow("denial", denials[0].said_at, denials[0].said_precision, denials)
answer = history.change_status(claim, row, seen=claim.version, by=editor).status_after
"""

OWED = """
from alerts.models import Delivery
answer = list(Delivery.objects.values_list("state", flat=True))
"""


class Mailbox:
    """A handler of aiosmtpd that keeps what it accepts."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=mail_policy)))
        return "250 taken"


@pytest.fixture
def mailbox():
    handler = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def database():
    """A PostgreSQL database of its own beside the suite's; gone afterwards."""
    address = os.environ.get("DATABASE_URL", "")
    if not address.startswith("postgres"):
        pytest.skip("needs DATABASE_URL of a PostgreSQL server")
    name = f"walk_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(urlsplit(address)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield urlsplit(address)._replace(path=f"/{name}").geturl()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["embedded", "production"])
def house(request, tmp_path, httpserver, mailbox):
    settings = {
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "a key for the walk that is long enough to be taken",
        "LOCAL_FEEDS": f"{httpserver.host}:{httpserver.port}",
        "EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}",
        "GRACE_SECONDS": "1",
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    if request.param == "production":
        settings["DJANGO_SETTINGS_MODULE"] = "tests.brisk"
        settings["DATABASE_URL"] = request.getfixturevalue("database")
        if not os.environ.get("REDIS_URL"):
            pytest.skip("needs REDIS_URL of a Redis server")
        settings["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{REDIS_DATABASE}").geturl()
        redis.Redis.from_url(settings["REDIS_URL"]).flushdb()
    house = House(**settings)
    house.manage("migrate", "-v0")
    if request.param == "production":
        house.start("celery", "-A", "tracker", "worker", "--concurrency", "1")
        house.start("celery", "-A", "tracker", "beat")
    else:
        house.start("celery", "-A", "tracker", "worker", "-B", "--concurrency", "1")
    yield house
    house.stop()


@pytest.mark.xdist_group("processes")
def test_an_item_walks_from_a_feed_to_a_mail_about_the_changed_status(house, httpserver, mailbox):
    httpserver.expect_request("/feed.xml").respond_with_data(FEED, content_type="application/rss+xml")

    slug = house.run(NEWSROOM, httpserver.url_for("/feed.xml"))
    stance, speaker, company, passage, triggers = house.wait_for(WAITING)
    assert (stance, speaker, company) == ("denies", "Jin Yibo", "Chery")
    assert all(trigger in passage for trigger in triggers)
    assert house.run(DECIDE) == "denied"
    house.wait_for(OWED, lambda states: states == ["sent"])

    [(recipients, mail)] = mailbox.mails
    assert recipients == ["reader@example.org"]
    assert "rumored → denied" in mail["Subject"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content()
    for words in ("JLR will use Chery's platforms", "Jin Yibo", "Yicai", "15 April 2024", f"/claims/{slug}/"):
        assert words in text
    assert mail.get_body(("html",)) is not None
