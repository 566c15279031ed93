"""Searches for claims at the desk: from opening a claim to an item in the queue, and what the pages show of them."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.urls import reverse

from deals import clock
from deals.choices import DealType, Stance
from deals.models import Claim, Source
from ingest.models import ClaimSearch, Entry, Feed, Search, SearchTemplate, Suggestion
from ingest.polling import poll_due
from ingest.searching import pace_searches, want
from ingest.suggestions import read_unread
from tests.conftest import seated
from tests.test_queue import opening

WORDS = '(JLR OR "Jaguar Land Rover") Chery (platform OR technology OR licence OR deal OR talks OR denies OR confirms)'
CHINESE = "捷豹路虎 奇瑞 (平台 OR 授权 OR 技术 OR 合作 OR 否认 OR 传闻 OR 回应)"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def make_template(publisher, make_source):
    def make(name="News search", path="/rss?q={query}", language="en", **fields):
        source = make_source("Search", domain="search.example", kind="aggregator")
        url = publisher.url(path)
        return SearchTemplate.objects.create(name=name, url=url, language=language, source=source, **fields)

    return make


@pytest.fixture
def lead(make_source, make_company):
    """An item that waits, with the lead that JLR will use Chery's platforms."""
    jlr = make_company("JLR", aliases=["Jaguar Land Rover", "捷豹路虎"])
    chery = make_company("Chery", aliases=["奇瑞"])
    source = make_source("36kr")
    feed = Feed.objects.create(url="https://36kr.example/feed", source=source, active=False)
    entry = Entry.objects.create(
        feed=feed, source=source, guid="1", url="https://36kr.example/1", waiting=True, read_at=clock.now(),
        title="JLR to use Chery's platforms", published_at=clock.now() - timedelta(hours=1),
    )  # fmt: skip
    said = Suggestion.objects.create(
        entry=entry, strength="strong", stance=Stance.SUPPORTS, passage="JLR to use Chery's platforms",
        deal_type=DealType.TECHNOLOGY_LICENCE, preselected=True,
    )  # fmt: skip
    said.companies.set([jlr, chery])
    return entry


def open_page(entry):
    return reverse("admin:queue_open", args=[entry.pk])


def open_with(desk, entry, **changes):
    """Open the claim as proposed, with the searches as the page shows them, corrected."""
    page = desk.get(open_page(entry))
    sent = opening(page)
    for form in page.context["searches"]:
        sent[form["query"].html_name] = form["query"].value()
        if form["pick"].value():
            sent[form["pick"].html_name] = "on"
    sent = {name: value for name, value in {**sent, **changes}.items() if value is not None}
    return desk.post(open_page(entry), sent | {"published": "on", "action": "open"})


def claim_page(claim):
    return reverse("admin:claim_searches", args=[claim.pk])


def rss(title, outlet, host):
    at = f"{clock.now() - timedelta(days=2):%a, %d %b %Y %H:%M:%S} GMT"
    return (
        f"<rss version='2.0'><channel><title>Search</title><item><guid>{title}</guid><title>{title} - {outlet}</title>"
        f"<link>https://search.example/articles/1</link><pubDate>{at}</pubDate>"
        f"<source url='https://{host}'>{outlet}</source></item></channel></rss>"
    ).encode()


def test_a_claim_is_opened_with_a_search_and_what_it_finds_waits_in_the_queue_as_its_outlets(
    desk, lead, make_template, publisher
):
    make_template("English")
    make_template("Chinese", language="zh", path="/zh?q={query}&hl=zh-CN")
    publisher.serve(
        f"/rss?q={quote(WORDS, safe='()')}", rss("Chery denies JLR will use its platforms", "Yicai", "yicai.com")
    )

    shown = desk.get(open_page(lead)).content.decode()
    assert "Searches for what follows" in shown
    assert CHINESE in shown
    open_with(desk, lead)
    poll_due()
    read_unread()

    claim = Claim.objects.get()
    assert set(Search.objects.values_list("query", flat=True)) == {WORDS, CHINESE}
    found = Entry.objects.get(feed__search__query=WORDS)
    assert (found.title, found.publisher) == ("Chery denies JLR will use its platforms", "Yicai (not yet a source)")
    assert (found.waiting, found.is_news) == (True, True)
    assert {suggestion.claim for suggestion in found.suggestions.all()} == {claim}
    assert "Yicai (not yet a source)" in desk.get(reverse("admin:queue")).content.decode()
    page = desk.get(reverse("admin:queue_item", args=[found.pk])).content.decode()
    assert f'Found by the search for <a href="{claim_page(claim)}">{claim}' in page.replace("&#x27;", "'")


def test_only_what_is_ticked_is_searched_for_and_with_the_words_as_edited(desk, lead, make_template):
    kept, dropped = make_template("Kept"), make_template("Dropped", path="/other?q={query}")

    open_with(desk, lead, **{f"search{kept.pk}-query": "JLR Exeed", f"search{dropped.pk}-pick": None})

    assert list(Search.objects.values_list("template", "query")) == [(kept.pk, "JLR Exeed")]


def test_words_that_were_emptied_are_made_from_the_parties_as_entered(desk, lead, make_template):
    template = make_template()

    open_with(desk, lead, **{f"search{template.pk}-query": ""})

    assert Search.objects.get().query == WORDS


def test_words_that_cannot_be_searched_for_open_nothing_and_keep_what_was_entered(desk, lead, make_template):
    template = make_template()

    page = open_with(desk, lead, **{f"search{template.pk}-query": "奇瑞" * 150})

    assert "too long for an address" in page.content.decode()
    assert not Claim.objects.exists()
    assert not Search.objects.exists()


def test_without_a_template_the_page_says_how_to_get_one_and_claims_are_opened_as_before(desk, lead, make_template):
    make_template(active=False)

    page = desk.get(open_page(lead)).content.decode()
    open_with(desk, lead)

    assert reverse("admin:ingest_searchtemplate_add") in page
    assert Claim.objects.count() == 1
    assert not Search.objects.exists()


# The claim's own page


def test_the_claims_page_leads_to_its_searches(desk, make_claim):
    claim = make_claim()

    page = desk.get(reverse("admin:deals_claim_change", args=[claim.pk])).content.decode()

    assert claim_page(claim) in page
    assert "No search is offered yet." in desk.get(claim_page(claim)).content.decode()


def test_a_search_is_added_reworded_paused_resumed_and_removed(desk, make_claim, make_template):
    claim, template = make_claim(type=DealType.TECHNOLOGY_LICENCE), make_template()
    page = claim_page(claim)
    assert "JLR Chery (platform OR" in desk.get(page).content.decode()

    desk.post(page, {"action": f"add-{template.pk}", f"search{template.pk}-query": ""})
    wish = ClaimSearch.objects.get()
    assert wish.search.query.startswith("JLR Chery (platform OR")
    desk.post(page, {"action": f"save-{wish.pk}", f"wish{wish.pk}-query": "JLR Exeed"})
    wish = ClaimSearch.objects.get()
    assert wish.search.query == "JLR Exeed"
    desk.post(page, {"action": f"pause-{wish.pk}"})
    assert "Paused for this claim." in desk.get(page).content.decode()
    desk.post(page, {"action": f"resume-{wish.pk}"})
    assert Feed.objects.get(search__wishes=wish).active
    assert "Asked every 15 minutes: a draft" in desk.get(page).content.decode()
    desk.post(page, {"action": f"remove-{wish.pk}"})

    assert not ClaimSearch.objects.exists()
    assert not Feed.objects.filter(active=True).exists()
    assert Feed.objects.count() == 2  # and what they brought


def test_saving_the_words_of_a_paused_search_leaves_it_paused(desk, make_claim, make_template, editor):
    wish = want(make_claim(), make_template(), "JLR", by=editor)
    desk.post(claim_page(wish.claim), {"action": f"pause-{wish.pk}"})

    for words in ("JLR", "JLR Chery"):
        wish = ClaimSearch.objects.get()
        desk.post(claim_page(wish.claim), {"action": f"save-{wish.pk}", f"wish{wish.pk}-query": words})

    assert ClaimSearch.objects.get().paused
    assert not Feed.objects.filter(active=True).exists()


@pytest.mark.parametrize("stopped", ["", "The server answered 410 Gone."])
def test_an_editor_resumes_a_search_whatever_stopped_it(stopped, desk, make_claim, make_template, editor):
    wish = want(make_claim(), make_template(), "JLR", by=editor)
    Feed.objects.update(active=False, stopped=stopped)
    assert (stopped or "Its feed was paused by hand.") in desk.get(claim_page(wish.claim)).content.decode()

    desk.post(claim_page(wish.claim), {"action": f"resume-{wish.pk}"})

    assert Feed.objects.get().active


def test_refused_words_are_kept_on_the_page_with_the_reason(desk, make_claim, make_template, make_source):
    claim, template = make_claim(), make_template()
    Feed.objects.create(url=template.address("JLR"), source=make_source("CnEVPost"))

    page = desk.post(claim_page(claim), {"action": f"add-{template.pk}", f"search{template.pk}-query": "JLR"})

    assert "polled already, as a feed of CnEVPost" in page.content.decode()
    assert 'value="JLR"' in page.content.decode()


@pytest.mark.parametrize("action", ["pause-0", "remove-99999999999999999999", "add-x", "save-"])
def test_a_search_that_is_gone_is_told(action, desk, make_claim):
    claim = make_claim()

    page = desk.post(claim_page(claim), {"action": action}, follow=True)

    assert "here no more" in page.content.decode()


def test_another_claims_search_is_not_touched_from_here(desk, make_claim, make_template, editor):
    wish = want(make_claim(), make_template(), "JLR", by=editor)
    other = make_claim("JLR and Chery talk")

    desk.post(claim_page(other), {"action": f"remove-{wish.pk}"})

    assert ClaimSearch.objects.get() == wish


def test_a_reader_sees_searches_and_changes_none(client, reader, make_claim, make_template, editor):
    wish = want(make_claim(), make_template(), "JLR", by=editor)
    client.force_login(reader)

    page = client.get(claim_page(wish.claim))

    assert page.status_code == 200
    assert "<button" not in page.content.decode().split('id="content"')[1].split("</main>")[0].replace("desk-keys", "")
    for action in (f"pause-{wish.pk}", f"remove-{wish.pk}", f"add-{wish.search.template_id}", "steal-1"):
        assert client.post(claim_page(wish.claim), {"action": action}).status_code == 403
    assert ClaimSearch.objects.get() == wish


def test_strangers_are_asked_to_log_in(client, make_claim):
    assert client.get(claim_page(make_claim())).status_code == 302


@pytest.mark.parametrize("size", [1, 8])
def test_the_page_takes_the_same_queries_for_any_number_of_searches(
    size, desk, make_claim, make_template, editor, django_assert_max_num_queries
):
    claim = make_claim()
    for number in range(size):
        want(claim, make_template(f"T{number}", path=f"/{number}?q={{query}}"), "JLR", by=editor)
    desk.get(claim_page(claim))

    # session, user, two of rights; the claim, its parties, companies, aliases; wishes, templates
    with django_assert_max_num_queries(11):
        assert desk.get(claim_page(claim)).context["wishes"]


# The feeds' list and the templates


def test_the_list_of_feeds_tells_which_claims_a_search_serves_and_how_often_it_is_asked_and_why(
    desk, make_claim, make_template, editor
):
    template = make_template()
    one = want(make_claim("JLR will use Exeed"), template, "JLR", by=editor)
    want(make_claim("JLR and Chery talk"), template, "JLR", by=editor)

    page = desk.get(reverse("admin:ingest_feed_changelist")).content.decode()
    form = desk.get(reverse("admin:ingest_feed_change", args=[one.search.feed_id])).content.decode()

    for shown in (page, form):
        assert "Search for <a" in shown
        assert "JLR will use Exeed</a>; <a" in shown
        assert "Asked every 15 minutes: a draft, last stirred on " in shown
    assert 'name="interval"' not in form


@pytest.mark.parametrize("size", [1, 20])
def test_the_list_takes_the_same_queries_for_any_number_of_searches(
    size, desk, make_claim, make_template, editor, django_assert_num_queries
):
    template = make_template()
    for number in range(size):
        want(make_claim(f"Claim {number}"), template, f"JLR {number}", by=editor)
    desk.get(reverse("admin:ingest_feed_changelist"))

    # as for any list of feeds (test_feed_pages.py), and the claims
    with django_assert_num_queries(10 + (connection.vendor == "postgresql")):
        desk.get(reverse("admin:ingest_feed_changelist"))


def test_resuming_a_search_in_the_list_of_feeds_makes_it_hot_again(desk, make_claim, make_template, editor):
    wish = want(make_claim(), make_template(), "JLR", by=editor)
    Claim.objects.update(created_at=clock.now() - timedelta(days=40))
    ClaimSearch.objects.update(wanted_at=clock.now() - timedelta(days=40))
    Search.objects.update(look_at=clock.now())
    pace_searches()
    assert not Feed.objects.get().active

    desk.post(reverse("admin:ingest_feed_changelist"), {"action": "resume", "_selected_action": [wish.search.feed_id]})
    pace_searches()

    assert Feed.objects.get().active
    assert Search.objects.get().pace.startswith("Asked every 15 minutes")


def test_an_editor_adds_a_template_and_is_told_what_is_wrong_with_one(desk, make_source):
    aggregator = make_source("Search", kind="aggregator")
    page, sent = reverse("admin:ingest_searchtemplate_add"), {"name": "News", "language": "en", "active": "on"}

    refused = desk.post(page, sent | {"source": aggregator.pk, "url": "https://search.example/rss"})
    desk.post(page, sent | {"source": aggregator.pk, "url": "https://search.example/rss?q={query}"})

    assert "exactly once" in refused.content.decode()
    assert SearchTemplate.objects.get().address("捷豹").endswith("?q=%E6%8D%B7%E8%B1%B9")


def test_a_template_that_searches_were_made_with_is_not_deleted(desk, make_claim, make_template, editor):
    template = make_template()
    want(make_claim(), template, "JLR", by=editor)

    desk.post(reverse("admin:ingest_searchtemplate_delete", args=[template.pk]), {"post": "yes"})

    assert SearchTemplate.objects.get() == template


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_pages_are_silent_under_the_policy_fit_a_phone_and_pass_axe(
    width, scheme, live_server, browser, desk, lead, make_claim, make_template, editor
):
    from axe_playwright_python.sync_playwright import Axe

    template, claim = make_template(), make_claim()
    make_template("Another", path="/another?q={query}", language="zh")
    wish = want(claim, template, WORDS, by=editor)
    source = Source.objects.get(name="Search")
    found = Entry.objects.create(feed=wish.search.feed, source=source, guid="1", title="JLR", outlet="Yicai",
                                 outlet_host="yicai.com", waiting=True)  # fmt: skip
    Suggestion.objects.create(entry=found, claim=claim, strength="strong", stance=Stance.SUPPORTS, passage="JLR")
    paths = [claim_page(claim), open_page(lead), reverse("admin:queue_item", args=[found.pk]),
             reverse("admin:ingest_feed_changelist"), reverse("admin:ingest_searchtemplate_add"),
             reverse("admin:ingest_feed_change", args=[wish.search.feed_id])]  # fmt: skip
    page, said = seated(browser, desk, live_server, viewport={"width": width, "height": 900}, color_scheme=scheme)
    wide, heard, violations = [], [], []
    for path in paths:
        page.goto(live_server.url + path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
        heard += said
        # The stock autocomplete and search bar are Django's to mend.
        ours = {"include": [["#content"]], "exclude": [[".select2-container"], ["#toolbar"]]}
        result = Axe().run(page, context=ours).response["violations"]
        violations += [(path, one["id"]) for one in result if one["impact"] in ("serious", "critical")]
        said.clear()  # axe itself breaks the policy

    assert heard == []
    assert wide == []
    assert violations == []
