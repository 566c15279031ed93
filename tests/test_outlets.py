"""An aggregator's item is its outlet's: read from `<source>`, credited by the desk, never to the aggregator."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from deals.choices import Stance
from deals.models import Claim, Report, Source
from ingest.models import Entry, Feed, Suggestion
from ingest.parsing import parse
from ingest.polling import poll_due
from ingest.suggestions import SuggestionError, accept
from tests.test_queue import form_of, opening

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)
FOUND = "https://search.example/articles/1"  # leads to the aggregator


def item(title="JLR denies it - Yicai", source='<source url="https://www.yicai.com">Yicai</source>', link=FOUND):
    return f"<item><guid>{title}{link}</guid><title>{title}</title><link>{link}</link>{source}</item>"


def rss(*items):
    return f"<rss version='2.0'><channel><title>Search</title>{''.join(items)}</channel></rss>".encode()


def atom(source):
    entry = f"<entry><id>1</id><title>JLR denies it</title><link href='{FOUND}'/>{source}</entry>"
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Search</title>{entry}</feed>".encode()


@pytest.mark.parametrize(
    ("document", "outlet", "host"),
    [
        (rss(item()), "Yicai", "yicai.com"),
        (rss(item(source="<source url='https://www.d1ev.com/'>第一电动网</source>")), "第一电动网", "d1ev.com"),
        (rss(item(source="<source url='https://例子.cn/'>例子</source>")), "例子", "xn--fsqu00a.cn"),
        (rss(item(source="<source>Yicai</source>")), "Yicai", ""),
        (rss(item(source="<source url='javascript:alert(1)'>Yicai</source>")), "Yicai", ""),
        (rss(item(source="<source url='https://127.1/'>Yicai</source>")), "Yicai", "127.1"),
        (rss(item(source="<source url='https://[::1]/'>Yicai</source>")), "Yicai", ""),
        (rss(item(source=f"<source url='https://{'a' * 300}.com/'>{'Y' * 300}</source>")), "Y" * 200, ""),
        (rss(item(source="")), "", ""),
        (atom("<source><title>Yicai</title><link href='https://yicai.com/'/></source>"), "Yicai", "yicai.com"),
        (atom("<source><id>urn:x</id></source>"), "", ""),
    ],
)
def test_the_outlet_is_read_from_source(document, outlet, host):
    (entry,) = parse(document, now=NOW, base="https://search.example/feed").entries

    assert (entry.outlet, entry.outlet_host) == (outlet, host)


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("JLR denies it - Yicai", "JLR denies it"),
        ("JLR denies it - Reuters", "JLR denies it - Reuters"),
        ("JLR - Yicai - Yicai", "JLR - Yicai"),
        (" - Yicai", "- Yicai"),
    ],
)
def test_the_headline_is_read_without_the_outlet_that_the_aggregator_adds(title, read):
    (entry,) = parse(rss(item(title)), now=NOW, base="https://search.example/feed").entries

    assert entry.title == read


@pytest.fixture
def poll(publisher, make_source):
    """The entries of a feed with these items, of an aggregator unless told."""

    def stored(*items, kind="aggregator"):
        source = make_source("Search", domain="search.example", kind=kind)
        url = publisher.serve("/search", rss(*items))
        Feed.objects.update_or_create(url=url, defaults={"source": source, "suggest_old": True, "active": True})
        Feed.objects.update(next_poll_at=NOW)
        poll_due()
        return list(Entry.objects.order_by("pk"))

    return stored


@pytest.mark.parametrize(
    ("known", "source", "publisher_shown"),
    [
        ({"name": "一财", "domain": "yicai.com"}, "一财", "一财"),
        ({"name": "YICAI"}, "YICAI", "YICAI"),
        ({"name": "Yicai Global", "alias": "yicai"}, "Yicai Global", "Yicai Global"),
        ({"name": "Reuters", "domain": "reuters.com"}, "Search", "Yicai (not yet a source)"),
    ],
)
def test_an_item_of_an_aggregator_is_the_source_that_it_names(known, source, publisher_shown, poll, make_source):
    alias = known.pop("alias", "")
    made = make_source(**known)
    if alias:
        made.aliases.create(name=alias)

    (entry,) = poll(item())

    assert (entry.source.name, entry.publisher) == (source, publisher_shown)


def test_where_a_link_leads_to_a_source_it_is_that_sources_whatever_the_aggregator_says(poll, make_source):
    make_source("Reuters", domain="reuters.com")
    make_source("Yicai", domain="yicai.com")

    (entry,) = poll(item(link="https://www.reuters.com/1"))

    assert entry.publisher == "Reuters"


def test_only_an_aggregator_is_believed_whose_its_items_are(poll, make_source):
    make_source("Yicai", domain="yicai.com")

    (entry,) = poll(item(), kind="trade_press")

    assert (entry.publisher, entry.outlet) == ("Search", "")


@pytest.mark.parametrize("size", [1, 30])
def test_crediting_takes_the_same_queries_for_any_number_of_outlets(
    poll, publisher, size, django_assert_max_num_queries
):
    poll(item())
    items = [
        item(f"Story {n}", f"<source url='https://o{n}.com'>Outlet {n}</source>", FOUND + str(n)) for n in range(size)
    ]
    publisher.serve("/search", rss(*items))
    Feed.objects.update(next_poll_at=NOW)

    # those of any batch with something new (test_polling.py), and one that asks for names
    with django_assert_max_num_queries(11):
        assert poll_due().new == size


# The desk decides


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def found(poll, make_claim, make_company):
    """An aggregated item of an outlet that is no source yet, with a denial suggested on a claim; another of that outlet."""
    entry, other = poll(item(), item("Chery speaks", link=FOUND + "2"))
    claim = make_claim()
    spoken = {"speaker_kind": "named", "speaker_name": "Jin Yibo", "company": make_company("Chery")}
    suggestion = Suggestion.objects.create(
        entry=entry, claim=claim, strength="strong", stance=Stance.DENIES, passage="No.", preselected=True, **spoken
    )
    Entry.objects.filter(pk=entry.pk).update(waiting=True)
    return entry, other, suggestion


def item_page(entry):
    return reverse("admin:queue_item", args=[entry.pk])


def test_accepting_makes_the_outlet_a_source_and_credits_the_report_to_it(desk, found, poll):
    entry, other, _ = found
    page = desk.get(item_page(entry))
    assert "Yicai (not yet a source)" in page.content.decode()

    desk.post(item_page(entry), form_of(page) | {"outlet-make": "on", "outlet-kind": "newspaper", "action": "accept"})

    yicai = Source.objects.get(name="Yicai")
    assert (yicai.kind, [str(domain) for domain in yicai.domains.all()]) == ("newspaper", ["yicai.com"])
    assert Report.objects.get().source == yicai
    other.refresh_from_db()
    assert other.publisher == "Yicai"
    *_, later = poll(item("Later", link=FOUND + "3"))
    assert later.source == yicai


def test_an_outlet_that_we_know_by_another_name_is_that_source_from_then_on(desk, found, make_source, poll):
    entry, *_ = found
    global_ = make_source("Yicai Global", domain="yicaiglobal.com")
    sent = form_of(desk.get(item_page(entry))) | {"outlet-kind": "wire", "outlet-source": global_.pk}

    desk.post(item_page(entry), sent | {"action": "accept"})

    assert Report.objects.get().source == global_
    assert not Source.objects.filter(name="Yicai").exists()
    *_, later = poll(item("Later", "<source url='https://news.yicai.com'>第一财经</source>", link=FOUND + "3"))
    assert later.source == global_


def test_an_outlet_that_became_a_source_meanwhile_is_proposed(desk, found, make_source):
    entry, *_ = found
    yicai = make_source("第一财经", domain="yicai.com")

    form = desk.get(item_page(entry)).context["outlet"]

    assert (form["source"].value(), form["make"].value()) == (yicai.pk, False)


def test_without_an_outlet_nothing_is_linked_and_the_page_says_what_to_do(desk, found):
    entry, *_ = found

    page = desk.post(
        item_page(entry), form_of(desk.get(item_page(entry))) | {"action": "accept", "outlet-kind": "wire"}
    )

    assert "Make “Yicai” a source, or say which of ours it is." in page.content.decode()
    assert not Report.objects.exists()


def test_no_way_leads_to_a_report_that_is_credited_to_the_aggregator(found, editor):
    entry, _, suggestion = found

    with pytest.raises(SuggestionError, match="not yet a source"):
        accept(entry, [(suggestion, {})], by=editor)

    assert not Report.objects.exists()
    assert Entry.objects.get(pk=entry.pk).decision == ""


def test_a_refused_link_leaves_no_source_behind(desk, found):
    entry, _, suggestion = found
    sent = form_of(desk.get(item_page(entry))) | {"outlet-make": "on", "outlet-kind": "wire", "action": "accept"}
    Entry.objects.filter(pk=entry.pk).update(url="")  # a report needs an address

    desk.post(item_page(entry), sent)

    assert not Source.objects.filter(name="Yicai").exists()
    assert Entry.objects.get(pk=entry.pk).outlet == "Yicai"


def test_opening_a_claim_credits_the_outlet_too(desk, found, make_company):
    entry, _, suggestion = found
    suggestion.claim = None
    suggestion.save()
    suggestion.companies.set([make_company("JLR"), make_company("Chery")])
    address = reverse("admin:queue_open", args=[entry.pk])
    sent = opening(desk.get(address)) | {"outlet-make": "on", "outlet-kind": "wire", "action": "open"}

    desk.post(address, sent)

    assert Report.objects.get().source.name == "Yicai"
    assert Claim.objects.count() == 2


def test_rejecting_an_item_asks_for_no_outlet(desk, found):
    entry, *_ = found

    desk.post(item_page(entry), {"action": "reject", "reason": "no_news"})

    assert Entry.objects.get(pk=entry.pk).decision == "rejected"
