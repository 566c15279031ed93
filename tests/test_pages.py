"""The public pages: what they say, whom they let in, and that they need no script."""

from datetime import UTC, datetime

import pytest

from deals import history
from deals.drawing import BAND, Moment, drawing
from deals.models import Claim, Evidence, Report
from deals.words import standing
from tests.crowd import crowd


@pytest.fixture
def denied(make_claim, link, move):
    def make(wording="JLR will use Chery's platforms", **fields):
        claim = make_claim(wording, **fields)
        move(claim, "report", link(claim, "supports"))
        move(
            claim, "denial", link(claim, "denies", quote="这不是真的", translation="That is not true"), precision="day"
        )
        return claim

    return make


def page(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, response.content
    return response.content.decode()


def test_the_front_page_tells_what_to_do_while_nothing_is_public(client, db):
    text = page(client, "/")

    assert "No claim is public yet" in text
    assert 'href="/admin/"' in text
    assert 'href="/api/docs/"' in text


def test_the_front_page_shows_the_latest_changes_of_public_claims(client, denied):
    denied("A public claim")
    denied("A hidden claim", published=False)

    text = page(client, "/")

    assert "A public claim" in text
    assert "A hidden claim" not in text


def test_a_claim_page_tells_the_story(client, denied):
    claim = denied()

    text = page(client, claim.get_absolute_url())

    assert "<title>denied (recorded late): JLR will use Chery&#x27;s platforms</title>" in text
    assert "Denied by <strong>Jin Yibo, spokesman, for Chery</strong>, as reported by Yicai" in text
    assert "这不是真的" in text
    assert "That is not true" in text
    assert "On 15 April 2024" in text
    assert "2 reports, 2 independent origins" in text
    assert "Licensee" in text


def test_a_status_is_never_shown_without_its_qualifiers(client, make_claim, link, move):
    claim = make_claim("A claim")
    row = {"precision": "by", "qualifiers": frozenset({"partial_terms_changed"})}
    move(claim, "confirmation", link(claim, "confirms"), **row)

    for path in ("/", "/claims/", claim.get_absolute_url()):
        assert "in part: terms changed" in page(client, path)
    assert "confirmed (in part: terms changed, recorded late): A claim" in page(client, claim.get_absolute_url())
    assert "since 15 April 2024 or before" in page(client, claim.get_absolute_url())
    assert standing(None) == "no status"


def test_moot_undone_and_retracted_are_kept_and_shown_as_such(client, make_claim, make_report, link, move, editor):
    claim, story = make_claim(), make_report(title="The first story")
    move(claim, "report", link(claim, "supports", report=story))
    denial = move(claim, "denial", link(claim, "denies"))
    move(claim, "report", link(claim, "supports"))
    history.undo(denial, seen=claim.version, by=editor, reason="Secretreason")
    story.retraction, story.retracted_at = "retracted", datetime(2024, 5, 1, tzinfo=UTC)
    story.save()

    text = page(client, claim.get_absolute_url())

    assert "<s>denial</s>" in text
    assert "Taken back by row 4" in text
    assert "Takes back row 2" in text
    assert "Changes nothing: the claim was rumored already." in text
    assert "The first story</a></s>" in text
    assert "retracted by its outlet" in text
    assert "its origin was retracted" in text
    assert "Secretreason" not in text
    assert editor.username not in text


def test_the_front_page_shows_how_the_status_held_after_an_undo(client, make_claim, link, move, editor):
    claim = make_claim()
    move(claim, "report", link(claim, "supports", certainty="conditional"))
    denial = move(claim, "denial", link(claim, "denies"))
    history.undo(denial, seen=claim.version, by=editor, reason="It was misread.")

    newest = page(client, "/").split("<li class")[1]

    assert "denied →" in newest
    assert "conditional" in newest


def test_a_claim_page_shows_another_day_and_says_so(client, denied):
    claim = denied()

    text = page(client, f"{claim.get_absolute_url()}?as_of=2024-04-14&known_at=")

    assert "As it stood at the end of 14 April 2024, as this record knew it now." in text
    assert "no status" in text
    assert "Nothing had happened by then" in text
    assert "这不是真的" not in text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_an_address_that_is_not_of_the_web_is_never_a_link(url, client, denied):
    claim = denied()
    report = Report.objects.filter(evidence__claim=claim).first()
    Report.objects.filter(pk=report.pk).update(url=url)

    assert url not in page(client, claim.get_absolute_url())


def test_what_others_wrote_is_escaped_and_linked_without_trust(client, denied):
    claim = denied("<script>alert(1)</script> & co")
    Evidence.objects.filter(claim=claim).exclude(quote="").update(quote="<img src=x onerror=alert(1)>")

    text = page(client, claim.get_absolute_url())

    assert "<script" not in text
    assert "<img" not in text
    assert 'rel="noopener nofollow ugc"' in text


def test_the_list_is_searched_filtered_and_paged(client, denied, make_company):
    make_company("JLR", aliases=["捷豹路虎"])
    crowd(35)
    denied("JLR will use Chery's platforms")

    first = page(client, "/claims/")
    older = page(client, "/claims/?" + first.split('rel="next" href="?')[1].split('"')[0].replace("&amp;", "&"))
    found = page(client, "/claims/?search=捷豹路虎&status=denied&utm_source=mail")

    assert first.count('class="claim"') == 30
    assert older.count('class="claim"') == 6
    assert found.count('class="claim"') == 1
    assert "No public claim fits" in page(client, "/claims/?status=confirmed")


def test_deals_companies_and_sources_list_their_public_claims(client, denied, make_company, make_source):
    claim = denied()

    for path in (
        f"/deals/{claim.deal.slug}/",
        f"/companies/{make_company('Chery').slug}/",
        f"/sources/{make_source('Yicai').slug}/",
    ):
        assert "JLR will use Chery&#x27;s platforms" in page(client, path)
    page(client, f"/companies/{make_company('Nobody').slug}/", status=404)


def test_pages_take_the_same_queries_for_1_and_100_claims(client, db, django_assert_max_num_queries):
    (claim,) = crowd(1)
    paths = ["/", "/claims/", f"/deals/{claim.deal.slug}/"]
    few = {}
    for path in paths:
        with django_assert_max_num_queries(12) as queries:
            page(client, path)
        few[path] = len(queries)
    crowd(99, start=1)

    for path in paths:
        with django_assert_max_num_queries(12) as queries:
            page(client, path)
        assert len(queries) == few[path], path


def test_a_claim_page_takes_the_same_queries_for_any_length_of_its_record(
    client, link, move, django_assert_max_num_queries
):
    claim, _ = crowd(2)
    with django_assert_max_num_queries(20) as few:
        page(client, claim.get_absolute_url())
    crowd(20, start=2)
    for _ in range(10):
        move(claim, "report", link(claim, "supports"))

    with django_assert_max_num_queries(20) as many:
        page(client, claim.get_absolute_url())

    assert len(few) == len(many)


@pytest.fixture
def four_claims(denied, make_claim, link, move):
    withdrawn = denied("A withdrawn claim")
    withdrawn.published = False
    withdrawn.save()
    draft = make_claim("A draft", published=False)
    move(draft, "report", link(draft, "supports"))
    return {"public": denied("A public claim"), "withdrawn": withdrawn, "draft": draft}


@pytest.mark.parametrize(
    ("who", "private", "which", "status"),
    [
        ("nobody", False, "public", 200),
        ("nobody", False, "withdrawn", 410),
        ("nobody", False, "draft", 404),
        ("reader", False, "withdrawn", 200),
        ("reader", False, "draft", 200),
        ("customer", False, "draft", 404),
        ("nobody", True, "public", 302),
        ("nobody", True, "withdrawn", 302),
        ("nobody", True, "draft", 302),
        ("customer", True, "public", 200),
        ("reader", True, "draft", 200),
    ],
)
def test_who_sees_which_claim(who, private, which, status, client, four_claims, reader, django_user_model, settings):
    settings.PRIVATE_SITE = private
    if who != "nobody":
        client.force_login(reader if who == "reader" else django_user_model.objects.create_user("customer"))

    response = client.get(four_claims[which].get_absolute_url())

    assert response.status_code == status
    text = response.content.decode()
    if status == 200:
        assert ("only the desk sees this page" in text) == (which != "public")
    if status == 410:
        assert "has been withdrawn" in text
    if status in (302, 404):
        assert str(four_claims[which]) not in text


@pytest.mark.parametrize("path", ["/", "/claims/", "/deals/x/", "/companies/x/", "/sources/x/", "/claims/x/"])
def test_every_page_of_a_private_site_asks_for_a_login(path, client, db, settings):
    settings.PRIVATE_SITE = True

    assert client.get(path).status_code == 302


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/claims/?search=%00", "search"),
        ("/claims/?status=maybe", "status"),
        ("/claims/?cursor=nonsense", "cursor"),
        ("claim?as_of=10000-01-01", "as_of"),
        ("claim?known_at=yesterday", "known_at"),
    ],
)
def test_an_absurd_parameter_is_refused_by_its_name(path, name, client, denied):
    text = page(client, path.replace("claim?", denied().get_absolute_url() + "?"), status=400)

    assert f"{name}:" in text


def test_an_address_that_leads_nowhere_has_a_page_in_the_same_dress(client, db):
    text = page(client, "/nowhere/", status=404)

    assert "There is nothing at this address" in text
    assert "public.css" in text


def test_a_breakdown_has_a_page_that_tells_nothing(client, monkeypatch, db):
    def broken(*args):
        raise RuntimeError("Secretcause")

    monkeypatch.setattr("deals.finding.claims", broken)
    client.raise_request_exception = False

    assert "Secretcause" not in page(client, "/claims/", status=500)
    assert Claim.objects.count() == 0


@pytest.mark.parametrize("path", ["/", "/claims/", "/nowhere/", "/api/docs/", "/api/v1/claims/"])
def test_no_page_allows_script_or_style_of_its_own(path, client, db):
    response = client.get(path)

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert b"style=" not in response.content


def test_dots_at_nearly_one_time_are_stacked_in_the_drawing():
    first, second, third = (datetime(2024, 4, day, tzinfo=UTC) for day in (1, 2, 30))
    moments = [
        Moment(1, first, first, "rumored", "a rumor"),
        Moment(2, second, third, "denied", "a denial"),
        Moment(3, third, third, None, "a moot row"),
        Moment(4, third, third, None, "an undo", happens=False),
    ]

    drawn = drawing(moments)

    assert [mark.height for mark in drawn.marks] == [BAND, BAND - 13, BAND]
    assert [label.words for label in drawn.labels] == ["1–2", "3"]
    assert [mark.late for mark in drawn.marks] == [False, True, False]
    assert [span.status for span in drawn.spans] == ["rumored", "denied"]
    assert len(drawn.ticks) == 4
    assert drawing([]) is None


def test_pages_are_silent_fit_a_phone_and_pass_axe(live_server, browser, denied):
    from axe_playwright_python.sync_playwright import Axe

    claim = denied()
    paths = ["/", "/claims/", claim.get_absolute_url(), f"{claim.get_absolute_url()}?as_of=2024-04-15"]
    said, violations, wide = [], [], []
    for width, scheme in ((390, "dark"), (1280, "light")):
        window = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        window.on("console", lambda message: said.append(message.text))
        window.on("pageerror", lambda error: said.append(str(error)))
        for path in paths:
            window.goto(live_server.url + path, wait_until="networkidle")
            if window.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wide.append((path, width))
            found = Axe().run(window).response["violations"]
            violations += [(path, scheme, one["id"]) for one in found if one["impact"] in ("serious", "critical")]

    assert said == []
    assert wide == []
    assert violations == []


def test_the_api_page_works_under_the_policy(live_server, browser, db):
    said = []
    window = browser.new_page()
    window.on("console", lambda message: said.append(message.text))
    window.on("pageerror", lambda error: said.append(str(error)))

    window.goto(f"{live_server.url}/api/docs/", wait_until="networkidle")
    window.get_by_text("/api/v1/claims/{slug}/").click()
    window.get_by_text("As the record had it then").first.wait_for()

    assert said == []
