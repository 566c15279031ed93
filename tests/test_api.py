"""The read API: what it gives, what it hides, and how it refuses."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deals import clock, history, linking, snapshots
from deals.models import Claim, StatusChange
from deals.terms import Fact
from tests.crowd import crowd

LONG_AGO = datetime(2023, 8, 1, 12, tzinfo=UTC)
CLAIMS, CHANGES = "/api/v1/claims/", "/api/v1/changes/"


@pytest.fixture
def rumored(make_claim, link, move):
    """A public claim that a report has made a rumor: `rumored("wording")`."""

    def make(wording="JLR will use Chery's platforms", **fields):
        claim = make_claim(wording, **fields)
        move(claim, "report", link(claim, "supports"))
        return claim

    return make


@pytest.fixture
def denied(rumored, link, move):
    def make(wording="JLR will use Chery's platforms", **fields):
        claim = rumored(wording, **fields)
        move(claim, "denial", link(claim, "denies", quote="这不是真的", translation="That is not true"))
        return claim

    return make


def get(client, path, **parameters):
    response = client.get(f"{path}?{urlencode(parameters, doseq=True)}" if parameters else path)
    assert response.status_code == 200, response.content
    return response.json()


def read_schema(client):
    return client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()


def faults(client, path, query):
    """The names of the parameters that a 400 blames."""
    response = client.get(f"{path}?{query}")
    assert response.status_code == 400, (query, response.status_code)
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == 400
    assert all(error["detail"] for error in body["errors"])
    return {error["parameter"] for error in body["errors"]}


def test_a_claim_comes_with_its_parties_evidence_and_history(client, denied):
    claim = denied()

    body = get(client, f"{CLAIMS}{claim.slug}/")

    assert body["status"] == "denied"
    assert [(party["company"]["name"], party["role"]) for party in body["parties"]] == [
        ("JLR", "licensee"),
        ("Chery", "licensor"),
    ]
    denial = next(item for item in body["evidence"] if item["stance"] == "denies")
    assert denial["speaker"] == {"kind": "named", "name": "Jin Yibo", "role": "spokesman"}
    assert denial["company"]["name"] == "Chery"
    assert denial["rung"]["number"] == 3
    assert denial["first_hand"] is False
    assert denial["translation"] == "That is not true"
    assert [(row["status_before"], row["status_after"]) for row in body["history"]] == [
        (None, "rumored"),
        ("rumored", "denied"),
    ]
    assert body["history"][1]["evidence"] == [denial["id"]]
    assert body["reports"] == 2
    assert body["independent_origins"] == 2


def test_copies_of_one_origin_are_counted_once(client, make_claim, make_report, link, move):
    claim, origin = make_claim(), make_report(title="The first to say so")
    first = link(claim, "supports", report=origin)
    for _ in range(3):
        link(claim, "supports", origin=origin)
    move(claim, "report", first)

    body = get(client, f"{CLAIMS}{claim.slug}/")

    assert (body["reports"], body["independent_origins"]) == (4, 1)


def test_a_moot_row_and_a_replaced_one_say_so(client, rumored, link, move, editor):
    claim = rumored()
    denial = move(claim, "denial", link(claim, "denies"))
    moot = move(claim, "report", link(claim, "supports"))
    history.undo(denial, seen=claim.version, by=editor, reason="It was misread.")

    rows = {row["position"]: row for row in get(client, f"{CLAIMS}{claim.slug}/")["history"]}
    undo = next(row for row in rows.values() if row["kind"] == "undo")

    assert rows[denial.position]["replaced_by"] == undo["position"]
    assert undo["supersedes"] == denial.position
    assert rows[moot.position]["moot"] is True


def test_a_claim_is_not_found_by_a_source_that_the_record_did_not_know_then(client, rumored, link, make_source):
    claim = rumored()
    before = clock.now().isoformat()
    link(claim, "supports", source=make_source("36kr"))
    slug = make_source("36kr").slug

    assert len(client.get(CLAIMS, {"source": slug}).json()["results"]) == 1
    assert client.get(CLAIMS, {"source": slug, "known_at": before}).json()["results"] == []


def test_withdrawn_evidence_is_given_only_while_a_row_rests_on_it(client, rumored, link, editor):
    claim = rumored()
    resting, loose = claim.evidence.get(), link(claim, "mentions")
    for item in (resting, loose):
        linking.withdraw(item, by=editor, reason="Not what it says.")

    evidence = get(client, f"{CLAIMS}{claim.slug}/")["evidence"]

    assert [item["id"] for item in evidence] == [resting.pk]
    assert evidence[0]["withdrawn_at"]


def test_a_claim_is_given_as_it_stood_and_as_it_was_known(client, make_claim, link):
    claim = make_claim()
    for kind, stance, said, recorded in [
        ("report", "supports", LONG_AGO, LONG_AGO + timedelta(days=1)),
        ("confirmation", "confirms", LONG_AGO + timedelta(days=30), LONG_AGO + timedelta(days=90)),
    ]:
        evidence = link(claim, stance, published_at=said, recorded_at=recorded)
        row = history.NewRow(kind, said, evidence=(evidence,))
        history.change_status(claim, row, seen=claim.version, by=None, recorded_at=recorded)
    address = f"{CLAIMS}{claim.slug}/"

    before_all = get(client, address, as_of="2023-07-01")
    early = get(client, address, as_of="2023-08-15")
    unaware = get(client, address, as_of="2023-09-15", known_at="2023-09-15")
    aware = get(client, address, as_of="2023-09-15")

    assert (before_all["status"], before_all["since"], before_all["history"]) == (None, None, [])
    assert (early["status"], len(early["evidence"])) == ("rumored", 1)
    assert (unaware["status"], len(unaware["evidence"]), len(unaware["history"])) == ("rumored", 1, 1)
    assert (aware["status"], aware["qualifiers"]) == ("confirmed", ["late"])


def test_the_list_is_filtered_by_the_status_of_the_moment_asked_for(client, make_claim, rumored, link, move):
    later_denied = make_claim("Denied in the end")
    move(later_denied, "report", link(later_denied, "supports", published_at=LONG_AGO))
    move(later_denied, "denial", link(later_denied, "denies"))
    newer = rumored("Came later")

    def slugs(**asked):
        return {claim["slug"] for claim in get(client, CLAIMS, **asked)["results"]}

    assert slugs(status="rumored") == {newer.slug}
    assert slugs(status=["rumored", "denied"]) == {newer.slug, later_denied.slug}
    assert slugs(status="rumored", as_of="2023-09-01") == {later_denied.slug}
    assert slugs(status="none", as_of="2023-09-01") == {newer.slug}
    assert slugs(status="none") == set()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"search": "platforms"}, {"platform"}),
        ({"search": "捷豹路虎 platforms"}, {"platform"}),
        ({"search": "leapmotor"}, {"stake"}),
        ({"search": "100%"}, set()),
        ({"company": "leapmotor"}, {"stake"}),
        ({"company": ["leapmotor", "jlr"]}, {"stake", "platform"}),
        ({"deal": "stake"}, {"stake"}),
        ({"type": "equity_stake"}, {"stake"}),
        ({"source": "yicai"}, {"platform"}),
        ({"updated_since": "2000-01-01"}, {"stake", "platform"}),
        ({"updated_since": "2150-01-01"}, set()),
    ],
)
def test_claims_are_found_by(asked, expected, client, rumored, make_company, make_source, make_claim, link, move):
    make_company("JLR", aliases=["捷豹路虎"])
    found = {rumored("JLR will use Chery's platforms").slug: "platform"}
    stake = make_claim("Stellantis takes a stake", [(make_company("Leapmotor"), "target")], type="equity_stake")
    move(stake, "report", link(stake, "supports", source=make_source("Bloomberg")))
    found[stake.slug] = "stake"
    slug_of = {
        "leapmotor": make_company("Leapmotor").slug,
        "jlr": make_company("JLR").slug,
        "stake": stake.deal.slug,
        "yicai": make_source("Yicai").slug,
    }
    if not asked.keys() & {"search", "type", "updated_since"}:
        asked = {
            name: [slug_of[value] for value in ([values] if isinstance(values, str) else values)]
            for name, values in asked.items()
        }

    results = get(client, CLAIMS, **asked)["results"]

    assert {found[claim["slug"]] for claim in results} == expected


def test_paging_gives_each_claim_once_while_others_are_added(client, rumored):
    there = {rumored(f"Claim {number}").slug for number in range(7)}

    seen, address = [], f"{CLAIMS}?page_size=2"
    while address:
        body = get(client, address)
        seen += [claim["slug"] for claim in body["results"]]
        rumored(f"Added after {len(seen)}")
        address = body["next"]

    assert len(seen) == len(set(seen)) == 7
    assert set(seen) == there


@pytest.mark.parametrize("ordering", ["created", "-created"])
@pytest.mark.parametrize("status", [{}, {"status": "rumored", "as_of": "2100-01-01"}])
def test_previous_leads_back_over_the_same_pages(ordering, status, client, rumored):
    for number in range(5):
        rumored(f"Claim {number}")

    onward, address = [], f"{CLAIMS}?{urlencode({'page_size': 2, 'ordering': ordering, **status})}"
    while address:
        body = get(client, address)
        onward.append(body["results"])
        last, address = body, body["next"]
    back, body = [last["results"]], last
    while body["previous"]:
        body = get(client, body["previous"])
        back.append(body["results"])

    assert back == onward[::-1]
    assert [len(page) for page in onward] == [2, 2, 1]


def test_a_reader_of_changes_by_position_misses_none(client, denied, rumored):
    denied("First")
    seen, last = [], 0
    for number in range(4):
        for change in get(client, CHANGES, after=last, page_size=1)["results"]:
            seen.append(change["position"])
            last = change["position"]
        rumored(f"Added {number}")
    while results := get(client, CHANGES, after=last)["results"]:
        seen += [change["position"] for change in results]
        last = seen[-1]

    assert seen == list(StatusChange.objects.order_by("position").values_list("position", flat=True))


def test_a_change_tells_what_it_did_and_on_what_ground(client, denied):
    claim = denied()

    change = get(client, CHANGES, claim=claim.slug)["results"][-1]

    assert (change["status_before"], change["status_after"], change["kind"]) == ("rumored", "denied", "denial")
    assert change["claim"] == {"slug": claim.slug, "wording": claim.wording}
    assert change["evidence"][0]["speaker"] == "Jin Yibo, spokesman, for Chery"


def test_a_change_never_gives_a_status_apart_from_its_qualifiers(client, make_claim, link, move, editor):
    claim = make_claim()
    move(claim, "report", link(claim, "supports", certainty="conditional"))
    denial = move(claim, "denial", link(claim, "denies"))
    history.undo(denial, seen=claim.version, by=editor, reason="It was misread.")

    undo = get(client, CHANGES)["results"][-1]

    assert (undo["status_before"], undo["status_after"]) == ("denied", "rumored")
    assert undo["qualifiers"] == ["conditional", "late"]


def test_changes_of_claims_that_are_not_public_are_not_shown_and_quiet_ones_are(
    client, rumored, make_claim, link, move
):
    hidden = make_claim("A draft", published=False)
    move(hidden, "report", link(hidden, "supports"))
    claim = rumored("A public claim")
    move(claim, "denial", link(claim, "denies"), quiet=True, quiet_reason="An old matter.")

    changes = get(client, CHANGES)["results"]

    assert [(change["claim"]["slug"], change["kind"]) for change in changes] == [
        (claim.slug, "report"),
        (claim.slug, "denial"),
    ]


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        (f"{CLAIMS}?page_size=200", 100),
        (f"{CLAIMS}?page_size=200&status=denied&as_of=2100-01-01", 100),
        (f"{CLAIMS}?page_size=200&search=chery&updated_since=2000-01-01", 100),
        (f"{CHANGES}?page_size=200", 200),
    ],
)
def test_lists_take_the_same_queries_for_1_and_100_claims(path, rows, client, db, django_assert_max_num_queries):
    crowd(1)
    with django_assert_max_num_queries(14) as few:
        get(client, path)
    crowd(99, start=1)

    with django_assert_max_num_queries(14) as many:
        results = get(client, path)["results"]

    assert len(results) == rows
    assert len(few) == len(many)


def test_one_claim_takes_the_same_queries_for_any_length_of_its_record(
    client, denied, link, move, django_assert_max_num_queries
):
    claim = denied()
    with django_assert_max_num_queries(14) as few:
        get(client, f"{CLAIMS}{claim.slug}/")
    for _ in range(20):
        move(claim, "report", link(claim, "supports"))

    with django_assert_max_num_queries(14) as many:
        body = get(client, f"{CLAIMS}{claim.slug}/")

    assert len(body["history"]) == 22
    assert len(few) == len(many)


def test_a_claim_that_was_public_is_gone_and_a_draft_was_never_there(client, rumored, make_claim):
    withdrawn, draft, statusless = (
        rumored("Withdrawn"),
        make_claim("A draft", published=False),
        make_claim("No row yet"),
    )
    withdrawn.published = False
    withdrawn.save()

    answers = {claim: client.get(f"{CLAIMS}{claim.slug}/") for claim in (withdrawn, draft, statusless)}

    assert [answer.status_code for answer in answers.values()] == [410, 404, 404]
    assert answers[withdrawn].json()["title"] == "Gone"
    assert get(client, CLAIMS)["results"] == []


@pytest.mark.parametrize("path", ["/api/v1/", CLAIMS, CHANGES, "/api/schema/", "claim"])
@pytest.mark.parametrize("who", ["nobody", "reader"])
def test_a_private_site_answers_only_those_who_are_signed_in(path, who, client, rumored, reader, settings):
    settings.PRIVATE_SITE = True
    path = f"{CLAIMS}{rumored().slug}/" if path == "claim" else path
    if who == "reader":
        client.force_login(reader)

    response = client.get(path)

    assert response.status_code == (200 if who == "reader" else 401)
    if who == "nobody":
        assert response.headers["WWW-Authenticate"] == "Session"
        assert response.json()["status"] == 401


def test_the_docs_of_a_private_site_lead_to_the_login(client, db, settings):
    settings.PRIVATE_SITE = True

    response = client.get("/api/docs/")

    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/api/docs/"


def test_no_name_reason_or_note_of_the_desk_leaks(client, rumored, link, move, editor):
    editor.first_name, editor.email = "Secretname", "secret@desk.example"
    editor.save()
    claim = rumored()
    change = move(claim, "denial", link(claim, "denies"), reason="Secretreason", quiet=True, quiet_reason="Secretquiet")
    history.undo(change, seen=claim.version, by=editor, reason="Secretundo")
    claim.refresh_from_db()
    claim.owner = editor
    claim.save()
    claim.evidence.first().report.save()

    texts = [json.dumps(get(client, path)) for path in (CLAIMS, CHANGES, f"{CLAIMS}{claim.slug}/")]

    for text in texts:
        assert "secret" not in text.lower()
        assert editor.username not in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("colour=red", {"colour"}),
        ("status=maybe", {"status"}),
        ("status=denied&status=rumored&status=none&status=denied&status=denied", {"status"}),
        ("as_of=2024-13-01", {"as_of"}),
        ("as_of=10000-01-01", {"as_of"}),
        ("as_of=0000-01-01", {"as_of"}),
        ("as_of=2024-04-15T05:00:00", {"as_of"}),
        ("known_at=9223372036854775808", {"known_at"}),
        ("known_at=%00", {"known_at"}),
        ("known_at=", {"known_at"}),
        ("as_of=2024-01-01&as_of=2024-01-02", {"as_of"}),
        ("updated_since=%ED%A0%80", {"updated_since"}),
        ("search=%00", {"search"}),
        ("search=%ED%A0%80", {"search"}),
        ("search=" + "x" * 201, {"search"}),
        ("company=%00", {"company"}),
        ("company=a%20b", {"company"}),
        ("deal=" + "x" * 81, {"deal"}),
        ("type=gift", {"type"}),
        ("source=%ED%A0%80", {"source"}),
        ("ordering=wording", {"ordering"}),
        ("page_size=0", {"page_size"}),
        ("page_size=201", {"page_size"}),
        ("page_size=9223372036854775808", {"page_size"}),
        ("cursor=nonsense", {"cursor"}),
        ("cursor=" + "A" * 100_000, {"cursor"}),
        ("cursor=bjk5OTk5OTk5OTk5OTk5OTk5OTk5", {"cursor"}),  # n99999999999999999999
        ("cursor=bu-8kQ", {"cursor"}),
        ("status[0]=denied", {"status[0]"}),
        ("%00=1", {"\0"}),
        ("as_of=x&page_size=y&colour", {"colour"}),
        ("as_of=x&page_size=y", {"as_of", "page_size"}),
    ],
)
def test_an_absurd_parameter_of_the_claims_is_refused_by_its_name(query, names, client, db):
    assert faults(client, CLAIMS, query) == names


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("after=-1", "after"),
        ("after=9223372036854775808", "after"),
        ("after=%00", "after"),
        ("after=1e3", "after"),
        ("after=1&after=2", "after"),
        ("claim=%00", "claim"),
        ("as_of=2024-01-01", "as_of"),
        ("format=xml", "format"),
    ],
)
def test_an_absurd_parameter_of_the_changes_is_refused_by_its_name(query, name, client, db):
    assert faults(client, CHANGES, query) == {name}


def test_one_claim_refuses_parameters_that_are_not_its_own(client, rumored):
    assert faults(client, f"{CLAIMS}{rumored().slug}/", "status=denied") == {"status"}
    assert faults(client, "/api/v1/", "a=b") == {"a"}


texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["2024-04-15", "2024-04-15T05:00:00+14:00", "0001-01-01T00:00:00+14:00", "9999-12-31", "n1", "cDE"]
    ),
    st.integers(-(2**70), 2**70).map(str),
    st.binary(max_size=12),
)
names = st.sampled_from(
    [
        "as_of",
        "known_at",
        "status",
        "company",
        "deal",
        "type",
        "source",
        "updated_since",
        "search",
        "ordering",
        "cursor",
        "page_size",
        "after",
        "claim",
        "x",
    ]
)


@pytest.mark.django_db
@given(query=st.lists(st.tuples(names, texts), max_size=4), path=st.sampled_from([CLAIMS, CHANGES, "slug", "/claims/"]))
@example(query=[("search", "\ud800".encode("utf-8", "surrogatepass"))], path=CLAIMS)
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_the_answer_is_no_error_of_ours(query, path, client, db):
    claim = Claim.objects.public().first()
    path = f"{CLAIMS}{claim.slug if claim else 'none'}/" if path == "slug" else path

    response = client.get(f"{path}?{urlencode(query)}")

    assert response.status_code in (200, 400, 404)


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing/", "/api/v1/claims/%00/", "/api/v1/claims/a b/"])
def test_an_address_that_leads_nowhere_is_a_problem_too(path, client, db):
    response = client.get(path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["title"] == "Not Found"


def test_writing_is_refused_as_a_problem(client, db):
    response = client.post(CLAIMS, {"wording": "x"}, content_type="application/json")

    assert response.status_code in (401, 403, 405)
    assert response["Content-Type"] == "application/problem+json"


def test_who_accepts_no_json_is_told_so_in_json(client, db):
    response = client.get(CLAIMS, headers={"Accept": "text/html"})

    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("path", "content_type"), [("/", "text/html"), (CLAIMS, "application/problem+json")])
def test_a_request_for_another_host_is_refused(path, content_type, client, db):
    response = client.get(path, headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert response["Content-Type"].startswith(content_type)


@pytest.mark.parametrize(("private", "expected"), [(False, "no-cache"), (True, "no-cache, private")])
def test_an_answer_is_asked_for_anew_each_time(private, expected, client, reader, settings):
    settings.PRIVATE_SITE = private
    client.force_login(reader)

    assert client.get(CLAIMS)["Cache-Control"] == expected


def test_a_breakdown_under_api_is_a_problem_and_tells_nothing(client, monkeypatch, db):
    def broken(*args):
        raise RuntimeError("Secretcause")

    monkeypatch.setattr("deals.finding.claims", broken)
    client.raise_request_exception = False

    response = client.get(CLAIMS)

    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert b"Secretcause" not in response.content


def test_an_unchanged_answer_is_not_sent_twice(client, rumored):
    claim = rumored()
    first = client.get(f"{CLAIMS}{claim.slug}/")

    again = client.get(f"{CLAIMS}{claim.slug}/", headers={"If-None-Match": first["ETag"]})
    company = claim.companies.get(name="JLR")
    company.name = "Jaguar Land Rover"
    company.save()
    renamed = client.get(f"{CLAIMS}{claim.slug}/", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert renamed.status_code == 200


def test_the_root_explains_itself_with_and_without_its_slash(client, db):
    body = get(client, "/api/v1/")

    assert body == get(client, "/api/v1")
    assert body["about"]
    for name in ("claims", "changes", "schema", "docs"):
        assert client.get(body[name]).status_code == 200


def test_the_schema_is_valid_and_each_endpoint_has_an_example_and_a_stable_name(client, db):
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())
    schema = read_schema(client)

    operations = {asked["operationId"]: asked for way in schema["paths"].values() for asked in way.values()}

    assert schema["openapi"] == "3.1.0"
    assert operations.keys() == {"root", "claims_list", "claims_retrieve", "changes_list", "drafts_check"}
    for operation in operations.values():
        assert operation["responses"]["200"]["content"]["application/json"]["examples"]


def test_examples_have_the_fields_that_are_given(client, denied, link):
    claim = denied()
    link(claim, "confirms", terms=[(Fact("stake", True, Decimal(20)), "etwa 20 Prozent")])
    for item in claim.evidence.all():
        claim.evidence.filter(pk=item.pk).update(snapshot=snapshots.keep(item.report, text="Words.", read="page"))
    schema = read_schema(client)
    given_now = {
        "/api/v1/claims/": get(client, CLAIMS),
        "/api/v1/claims/{slug}/": get(client, f"{CLAIMS}{claim.slug}/"),
        "/api/v1/changes/": get(client, CHANGES),
    }

    for path, body in given_now.items():
        content = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        (shown,) = (one["value"] for one in content["examples"].values())
        assert _names(shown) == _names(body), path


def _names(value):
    """The names in a body, however deep; of a list those of its last."""
    if isinstance(value, dict):
        return {name: _names(inner) for name, inner in sorted(value.items()) if name not in ("origin", "answers")}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _names(value[-1])
    return None
