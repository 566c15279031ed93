"""What a process holds of companies, claims and outlets follows the record, and only what changed."""

import pytest

from deals.choices import Stance
from deals.linking import withdraw
from deals.models import Company, CompanyAlias, Parentage
from ingest.suggestions import tracked, tracking

pytestmark = pytest.mark.django_db


def names(text):
    with tracked() as profiles:
        return {mention.id for mention in profiles.names.find(text)}


def found(text):
    with tracked() as profiles:
        return [one.claim for one in profiles.index.search(text)]


def test_a_name_is_known_as_soon_as_it_is_in_the_record_and_no_longer(make_company):
    jlr = make_company("JLR")
    assert names("Jaguar Land Rover and JLR") == {jlr.pk}

    alias = CompanyAlias.objects.create(company=jlr, name="Jaguar Land Rover")
    assert names("Jaguar Land Rover") == {jlr.pk}

    alias.delete()
    assert names("Jaguar Land Rover") == set()
    Company.objects.filter(pk=jlr.pk).delete()
    assert names("JLR") == set()


def test_a_claim_is_found_by_its_wording_as_it_is_now(make_claim):
    claim = make_claim("JLR will use Chery's platforms")
    assert found("a platform of Chery") == [claim.pk]

    claim.wording = "JLR will build a plant with Chery"
    claim.save()

    assert found("a platform") == []
    assert found("a plant") == [claim.pk]


def test_a_claim_s_profile_grows_by_what_is_linked_and_shrinks_by_what_is_withdrawn(
    make_claim, make_report, link, editor
):
    claim = make_claim("JLR will use Chery's platforms")
    assert found("Exeed architecture for Jaguar") == []

    evidence = link(claim, Stance.SUPPORTS, report=make_report(title="Jaguar to get Exeed architecture"))
    link(claim, Stance.MENTIONS, report=make_report(title="Weather in Hull"))
    assert found("Exeed architecture for Jaguar") == [claim.pk]
    assert found("Weather") == []

    withdraw(evidence, by=editor, reason="Another deal.")
    assert found("Exeed architecture for Jaguar") == []


def test_a_parent_is_known_as_kin(make_company):
    jlr, tata = make_company("JLR"), make_company("Tata")
    with tracked() as profiles:
        assert not profiles.kin(jlr.pk, tata.pk)

    Parentage.objects.create(child=jlr, parent=tata)

    with tracked() as profiles:
        assert profiles.kin(jlr.pk, tata.pk)


def test_where_nothing_changed_one_query_says_so_and_one_asks_for_the_weights(make_claim, django_assert_num_queries):
    make_claim()
    names("JLR")

    with django_assert_num_queries(2):
        names("JLR")


def test_only_what_changed_is_put_in_again(make_claim, make_company, monkeypatch):
    make_claim("JLR will use Chery's platforms")
    names("JLR")
    put = []
    monkeypatch.setattr(tracking._held.profiles, "put_company", lambda company: put.append(company.name))
    monkeypatch.setattr(tracking._held.profiles, "put_claim", lambda claim: put.append(claim.wording))

    make_company("Xpeng")
    names("JLR")

    assert put == ["Xpeng"]


def test_an_alias_that_was_rewritten_in_place_is_known_within_a_minute(make_company, monkeypatch):
    jlr = make_company("JLR")
    CompanyAlias.objects.create(company=jlr, name="Jaguar")
    assert names("Jaguar") == {jlr.pk}
    CompanyAlias.objects.update(name="Rovers")

    monkeypatch.setattr(tracking, "COMPARED_EVERY", 0.0)

    assert names("Jaguar") == set()
    assert names("Rovers") == {jlr.pk}
