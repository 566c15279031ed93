"""The sample feeds: what came after 14 April 2024, served by this site, polled over HTTP, and decided by a newcomer."""

import io
import json
from datetime import datetime
from pathlib import Path

import feedparser
import pytest
from django.core.management import call_command
from django.utils.feedgenerator import Rss201rev2Feed
from django.utils.html import escape

from alerts import gathering, sending
from deals import clock, history
from deals.models import Claim, Deal, Source
from ingest import suggestions
from ingest.models import Entry, Feed, Suggestion
from tests.publisher import Publisher
from tracker.example import newsroom as data
from tracker.example.loading import load
from tracker.management.commands.load_example import BEFORE_THE_STORY

CASE = Path(__file__).parents[2] / "shared" / "cases" / "ev-deals.json"

UNRELATED = [
    f"urn:hearsay:example:{key}"
    for key in (
        "charging-holiday",
        "deliveries-march",
        "exeed-challenge",
        "lithium-price",
        "port-record",
        "motor-show-stands",
        "picture-library",
        "metro-zh",
        "battery-recycling",
        "leapmotor-cold",
        "stellantis-show",
        "classic-rally",
    )
]


@pytest.fixture
def evening(db):
    """The record of 14 April 2024 with its sample feeds: case → claim."""
    return load(data.read_newsroom(), until=BEFORE_THE_STORY, feeds=data.read_feeds())


@pytest.fixture
def site(live_server, settings):
    """This site served over real HTTP, with leave to fetch feeds from itself."""
    settings.SITE_URL = live_server.url
    settings.LOCAL_FEEDS = frozenset({live_server.url.removeprefix("http://")})
    return live_server


def poll():
    """A round of polling that meets no trouble; what the command printed."""
    out = io.StringIO()
    call_command("poll", stdout=out)
    assert not Feed.objects.in_trouble().exists(), out.getvalue()
    return out.getvalue()


def leads_on(*companies):
    """The statements of leads whose parties are exactly these companies."""
    wanted = sorted(companies)
    leads = Suggestion.objects.leads().select_related("company", "origin", "entry").prefetch_related("companies")
    return [lead for lead in leads if sorted(company.name for company in lead.companies.all()) == wanted]


def spoken(suggestions):
    return {(each.stance, each.speaker_name, str(each.company or ""), str(each.origin or "")) for each in suggestions}


def test_each_sample_feed_is_a_feed_with_true_dates_and_addresses(evening, client):
    entries = {}
    for feed in Feed.objects.all():
        answer = client.get(feed.url.removeprefix("http://127.0.0.1:8000"))
        parsed = feedparser.parse(io.BytesIO(answer.content))
        assert not parsed.bozo
        assert feed.suggest_old
        entries |= {entry.id: entry for entry in parsed.entries}

    letter = entries["urn:hearsay:example:freelander-letter-of-intent"]
    assert letter.link.startswith("https://media.jaguarlandrover.com/news/2024/06/jlr-and-chery")
    assert letter.published_parsed[:5] == (2024, 6, 19, 8, 0)
    assert all(entry.published_parsed and entry.summary and entry.link for entry in entries.values())
    assert len(entries) == sum(len(feed.items) for feed in data.read_feeds().feeds)


def test_the_sample_feeds_come_as_rss_and_as_atom(evening, client):
    versions = {
        feedparser.parse(io.BytesIO(client.get(f"/example/feeds/{feed.name}.xml").content)).version
        for feed in data.read_feeds().feeds
    }

    assert versions == {"rss20", "atom10"}


def test_an_unchanged_sample_feed_is_not_sent_again(evening, client):
    first = client.get("/example/feeds/yicai.xml")

    by_tag = client.get("/example/feeds/yicai.xml", headers={"If-None-Match": first["ETag"]})
    by_date = client.get("/example/feeds/yicai.xml", headers={"If-Modified-Since": first["Last-Modified"]})

    assert first["Last-Modified"] == "Tue, 16 Apr 2024 06:30:00 GMT"
    assert (by_tag.status_code, by_date.status_code) == (304, 304)
    assert by_tag.content == b""


def test_a_sample_item_without_an_address_of_its_own_has_a_page_here(evening, client):
    page = client.get("/example/articles/chery-jlr-denial/")

    assert "told Yicai on April 15" in page.text
    assert client.get("/example/articles/freelander-letter-of-intent/").status_code == 404


def test_a_site_without_the_example_serves_no_sample_feeds(db, client):
    assert client.get("/example/feeds/yicai.xml").status_code == 404
    assert client.get("/example/articles/chery-jlr-denial/").status_code == 404
    assert client.get("/example/feeds/nobody.xml").status_code == 404


def test_the_sample_feeds_polled_over_http_bring_what_came_next(site):
    claims = load(data.read_newsroom(), until=BEFORE_THE_STORY, feeds=data.read_feeds())

    poll()

    assert Entry.objects.count() == sum(len(feed.items) for feed in data.read_feeds().feeds)
    said = spoken(leads_on("JLR", "Chery"))
    assert ("supports", "", "", "36kr") in said
    assert ("denies", "Jin Yibo", "Chery", "") in said
    assert ("confirms", "", "JLR", "") in said
    assert {"Jaguar Land Rover China", "JLR"} & {company for stance, _, company, _ in said if stance == "denies"}
    assert not Suggestion.objects.filter(stance="denies", claim__isnull=False).exists()
    confirmed = Suggestion.objects.filter(stance="confirms", claim__isnull=False).values_list("claim", flat=True)
    assert set(confirmed) == {claims["K1"].pk, claims["K2"].pk, claims["K6"].pk}
    assert Entry.objects.filter(guid__in=UNRELATED).count() == len(UNRELATED)
    assert not Suggestion.objects.leads().filter(entry__guid__in=UNRELATED).exists()
    assert not Entry.objects.waiting().filter(guid__in=UNRELATED).exists()


def test_a_second_poll_of_unchanged_sample_feeds_brings_nothing(site):
    load(data.read_newsroom(), until=BEFORE_THE_STORY, feeds=data.read_feeds())
    poll()
    Feed.objects.update(next_poll_at=clock.now())

    told = poll()

    assert told.count("nothing new") == len(data.read_feeds().feeds)


@pytest.fixture
def articles(transactional_db, settings):
    """The three articles as items of one RSS feed, with their full text, on a publisher's server."""
    if not CASE.exists():
        pytest.skip("the case file is not beside this checkout")
    case = json.loads(CASE.read_text())
    feed = Rss201rev2Feed(title="Articles", link="https://articles.example/", description="The three articles.")
    addresses = {report.key: report.url for report in data.read_newsroom().reports}
    for number, report in enumerate(case["reports"]):
        lines = [line for line in (CASE.parent / "seeds" / report["file"]).read_text().splitlines() if line.strip()]
        feed.add_item(
            title=report["headline"] or lines[0],
            link=addresses[report["id"]],
            description="".join(f"<p>{escape(line)}</p>" for line in lines),
            unique_id=f"article-{number}",
            pubdate=datetime.fromisoformat(f"{report['published']}T12:00:00+00:00"),
        )
    with Publisher() as publisher:
        url = publisher.serve("/feed.xml", feed.writeString("utf-8").encode(), Content_Type="application/rss+xml")
        settings.LOCAL_FEEDS = frozenset({publisher.place})
        yield url


def test_the_three_articles_yield_a_lead_for_jlr_and_chery_where_nobody_knew_of_it(articles):
    claims = load(data.read_newsroom(), until=BEFORE_THE_STORY)
    Feed.objects.create(url=articles, source=Source.objects.get(name="CnEVPost"), suggest_old=True)

    poll()

    said = spoken(leads_on("JLR", "Chery"))
    assert ("supports", "", "", "36kr") in said
    assert ("denies", "Jin Yibo", "Chery", "Yicai") in said
    assert not Suggestion.objects.filter(stance="denies", claim=claims["K1"]).exists()
    assert not Suggestion.objects.filter(stance="denies", claim__isnull=False).exists()


def test_the_three_articles_yield_rumor_and_denial_for_the_claim_and_deny_no_other(articles):
    claims = load(data.read_newsroom())
    Feed.objects.create(url=articles, source=Source.objects.get(name="CnEVPost"), suggest_old=True)

    poll()

    said = spoken(Suggestion.objects.filter(claim=claims["K8"]).select_related("company", "origin"))
    assert ("supports", "", "", "36kr") in said
    assert ("denies", "Jin Yibo", "Chery", "Yicai") in said
    denied = set(Suggestion.objects.filter(stance="denies").values_list("claim", flat=True))
    assert denied <= {claims["K8"].pk, claims["K9"].pk}


def test_a_newcomer_goes_from_the_lead_over_the_denial_to_a_confirmation_in_part(site, settings, editor, mailoutbox):
    settings.GRACE_SECONDS = 0
    load(data.read_newsroom(), until=BEFORE_THE_STORY, feeds=data.read_feeds())
    poll()

    rumor = Entry.objects.waiting().get(guid="urn:hearsay:example:jlr-chery-platform")
    lead = rumor.suggestions.leads().get(strength="strong", speaker_kind="anonymous")
    claim = Claim.objects.create(
        wording="JLR will use Chery's platforms for new models",
        deal=Deal.objects.create(title="JLR – Chery platform"),
        type=lead.deal_type,
        published=True,
    )
    for company in lead.companies.all():
        claim.parties.create(company=company)
    told = suggestions.open_claim(rumor, claim, [(lead, {})], editor)
    decide(claim, "report", told, editor)

    denial = Entry.objects.waiting().get(guid="urn:hearsay:example:chery-jlr-denial")
    said = denial.suggestions.pending().get(claim=claim, speaker_name="Jin Yibo")
    told = suggestions.accept(denial, [(said, {"answers": told[0].report})], editor)
    decide(claim, "denial", told, editor)

    letter = Entry.objects.waiting().get(guid="urn:hearsay:example:freelander-letter-of-intent")
    said = letter.suggestions.pending().get(claim=claim, stance="confirms", company__name="JLR")
    told = suggestions.accept(letter, [(said, {})], editor)
    decide(claim, "confirmation", told, editor, qualifiers=frozenset({"partial_terms_changed"}))

    assert [mail.to for mail in mailoutbox] == [["desk@example.org"]] * 3
    for mail, step in zip(mailoutbox, ("new → rumored", "rumored → denied", "denied → confirmed"), strict=True):
        assert step in mail.subject
    assert all("late" in mail.body for mail in mailoutbox)
    assert "Jin Yibo" in mailoutbox[1].body
    assert "in part: terms changed" in mailoutbox[2].body


def decide(claim, kind, evidence, editor, **fields):
    """Move the claim on this evidence, and let the alerts and mails go out."""
    claim.refresh_from_db()
    at, precision = history.proposed_event(evidence, kind)
    row = history.NewRow(kind, at, precision, evidence=tuple(evidence), **fields)
    history.change_status(claim, row, seen=claim.version, by=editor)
    while gathering.take_up():
        pass
    gathering.close_ripe()
    sending.send_waiting()
