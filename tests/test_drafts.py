"""Check my draft: each sentence that touches a tracked claim, with how it stands; nothing is stored."""

import pytest
from django.urls import reverse

from deals.choices import Kind, Stance
from ingest.models import Entry, Suggestion

pytestmark = pytest.mark.django_db

DRAFT = "Prices fell in March.\nJLR will use Chery's platforms, people familiar with the matter said. They <b>declined</b> to say more."


@pytest.fixture
def seated_editor(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def denied(make_claim, link, move):
    claim = make_claim(type="technology_licence")
    move(claim, Kind.DENIAL, link(claim, Stance.DENIES))
    return claim


def test_the_desk_marks_the_sentences_that_touch_a_claim_and_keeps_nothing(seated_editor, denied):
    page = seated_editor.post(reverse("admin:check_draft"), {"text": DRAFT})

    first, touching, last = page.context["sentences"]
    assert [bool(sentence.touched) for sentence in (first, touching)] == [False, True]
    assert touching.touched[0].claim == denied
    shown = page.content.decode()
    assert "denied" in shown
    assert "&lt;b&gt;declined&lt;/b&gt;" in shown
    assert last.text.startswith("They")
    assert not Entry.objects.exists()
    assert not Suggestion.objects.exists()


def test_an_empty_draft_asks_for_a_text(seated_editor):
    for page in (seated_editor.get(reverse("admin:check_draft")), seated_editor.post(reverse("admin:check_draft"), {})):
        assert page.status_code == 200
        assert page.context["sentences"] == []


def test_the_api_tells_editors_the_same(seated_editor, denied):
    found = seated_editor.post("/api/v1/drafts/check/", {"text": DRAFT}, content_type="application/json").json()

    claims = [sentence["claims"] for sentence in found["sentences"]]
    assert claims[0] == []
    assert (claims[1][0]["slug"], claims[1][0]["status"]) == (denied.slug, "denied")
    assert claims[1][0]["since"] is not None


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 20_001}, {"text": "a\0b"}])
def test_the_api_refuses_what_is_no_draft(body, seated_editor):
    answer = seated_editor.post("/api/v1/drafts/check/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_only_editors_check_drafts(client, reader):
    assert client.post("/api/v1/drafts/check/", {"text": DRAFT}, content_type="application/json").status_code == 401
    client.force_login(reader)
    assert client.post("/api/v1/drafts/check/", {"text": DRAFT}, content_type="application/json").status_code == 403
    assert client.get(reverse("admin:check_draft")).status_code == 403


@pytest.mark.parametrize("sentences", [1, 40])
def test_checking_takes_the_same_queries_for_any_length(
    sentences, seated_editor, denied, django_assert_max_num_queries
):
    text = "\n".join(f"JLR will use Chery's platforms for model {n}, sources said." for n in range(sentences))
    seated_editor.post(reverse("admin:check_draft"), {"text": text})

    with django_assert_max_num_queries(14):
        seated_editor.post(reverse("admin:check_draft"), {"text": text})
