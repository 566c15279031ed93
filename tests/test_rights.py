"""Who may do what at the desk: every page of the record × everybody; what is not allowed by name is refused."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from deals.choices import Kind, Stance
from deals.models import Claim, StatusChange
from tracker.rights import APPS, EDITOR, READER, SENIOR_EDITOR, write_groups

SAID = datetime(2024, 4, 15, 8, tzinfo=UTC)
NOBODY, READERS, EDITORS, SENIORS, SUPERUSERS = range(5)

SHOWN = ("company", "source", "deal", "claim", "report", "evidence", "snapshot")
# page → the least of (nobody, reader, editor, senior, superuser) who may see it
PAGES = {
    **{f"{model}_changelist": READERS for model in SHOWN},
    **{f"{model}_change": READERS for model in SHOWN},
    **{f"{model}_history": READERS for model in SHOWN},
    **{f"{model}_add": EDITORS for model in ("company", "source", "deal", "claim", "report", "evidence")},
    "statuschange_changelist": READERS,
    "statuschange_change": READERS,
    "statuschange_add": None,
    "statuschange_delete": None,
    "evidence_delete": None,
    "snapshot_add": None,
    "snapshot_delete": None,
    "claim_delete": None,
    "claim_decide": EDITORS,
    "report_answers": EDITORS,
    "report_answers_start": EDITORS,
    "evidence_withdraw": EDITORS,
    "statuschange_undo": SENIORS,  # of another's row; one's own: see below
}
WITHOUT_ROW = ("changelist", "add", "answers_start", "withdraw")


@pytest.fixture
def people(reader, editor, senior, admin_user):
    return [None, reader, editor, senior, admin_user]


@pytest.fixture
def another(db):
    return User.objects.create_user("another", is_staff=True)


@pytest.fixture
def claim(make_claim, make_report, link, move, another):
    claim = make_claim()
    report = make_report(published_at=SAID, text="What it said.")
    move(claim, Kind.REPORT, link(claim, Stance.SUPPORTS, report), by=another)
    return claim


def address(page, claim):
    model, _, action = page.partition("_")
    evidence = claim.evidence.get()
    rows = {
        "company": claim.companies.first(),
        "source": evidence.report.source,
        "deal": claim.deal,
        "claim": claim,
        "report": evidence.report,
        "evidence": evidence,
        "snapshot": evidence.snapshot,
        "statuschange": claim.changes.get(),
    }
    query = {"ids": evidence.pk} if action == "withdraw" else {}
    return reverse(f"admin:deals_{page}", args=[] if action in WITHOUT_ROW else [rows[model].pk], query=query)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_for_those_who_have_the_right_and_for_nobody_else(page, client, people, claim):
    url, least = address(page, claim), PAGES[page]

    for rank, person in enumerate(people):
        client.logout()
        if person:
            client.force_login(person)
        answer = client.get(url)

        if person is None:
            assert answer.status_code == 302
            assert answer.url.startswith(reverse("admin:login"))
        else:
            assert answer.status_code == (403 if least is None or rank < least else 200), person


def test_every_page_of_the_record_stands_in_the_matrix():
    from django.contrib import admin

    models = [model for model in admin.site._registry if model._meta.app_label == "deals"]
    names = {url.name for model in models for url in admin.site._registry[model].urls if url.name}
    ordinary = {f"deals_{model._meta.model_name}_delete" for model in models}

    assert names - ordinary <= {f"deals_{page}" for page in PAGES} | {"deals_statuschange_history"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("ingest/feed/?source=9223372036854775808", 400),
        ("deals/report/?source__in=1,99999999999999999999", 400),
        ("deals/claim/?q=99999999999999999999", 200),
        ("deals/claim/x/history/", 404),
        ("deals/report/9223372036854775808/change/", 404),
        ("ingest/feed/add/?source=x", 200),
        ("deals/claim/add/?deal=%00", 200),
        ("deals/report/add/?published_at=yesterday", 200),
    ],
)
def test_no_address_of_the_desk_breaks_it(path, status, admin_client):
    assert admin_client.get(f"/admin/{path}").status_code == status


@pytest.mark.parametrize("page", ["claim_decide", "report_answers", "evidence_withdraw", "statuschange_undo"])
def test_a_reader_cannot_post_what_a_reader_cannot_see(page, client, reader, claim):
    client.force_login(reader)

    answer = client.post(address(page, claim), {"reason": "Why not", "seen": claim.version})

    assert answer.status_code == 403
    assert StatusChange.objects.count() == 1
    assert not claim.evidence.exclude(withdrawn_at=None).exists()


def test_a_reader_sees_no_button_that_acts(client, reader, claim):
    client.force_login(reader)

    page = client.get(address("claim_change", claim)).content.decode()

    for action in ("decide/", "undo/", "withdraw/", "answers/", 'name="_save"'):
        assert action not in page


def test_an_editor_takes_back_an_own_row_and_a_senior_editor_anybodys(client, editor, senior, claim, link, move):
    own = move(claim, Kind.DENIAL, link(claim, Stance.DENIES, published_at=SAID), by=editor)
    others = claim.changes.get(kind=Kind.REPORT)

    def undo(person, row):
        client.force_login(person)
        seen = Claim.objects.get(pk=claim.pk).version
        url = reverse("admin:deals_statuschange_undo", args=[row.pk])
        return client.post(url, {"seen": seen, "reason": "Misread"}).status_code

    assert undo(editor, others) == 403
    assert undo(editor, own) == 302
    assert undo(senior, others) == 302
    assert Claim.objects.get(pk=claim.pk).status is None


def test_only_a_senior_editor_overrides_and_gives_a_reason(client, editor, senior, claim):
    url = reverse("admin:deals_claim_decide", args=[claim.pk])
    data = {
        "kind": "override",
        "override_to": "confirmed",
        "day": "2024-04-15",
        "precision": "day",
        "seen": claim.version,
        "_preview": "Preview",
    }

    client.force_login(editor)
    by_editor = client.post(url, {**data, "reason": "I know it"})
    client.force_login(senior)
    without_reason = client.post(url, data)
    by_senior = client.post(url, {**data, "reason": "The court's list names it"})
    shown = {**data, "reason": "The court's list names it", "previewed": by_senior.context["previewed"]}
    del shown["_preview"]
    written = client.post(url, {**shown, "_confirm": "Confirm"})

    assert by_editor.context["form"].errors["kind"]
    assert without_reason.context["preview"].refusal == "An override needs a written reason."
    assert written.status_code == 302
    assert claim.changes.get(kind=Kind.OVERRIDE).by == senior


def test_a_party_of_a_decided_claim_is_taken_away_by_a_senior_editor_alone(client, editor, senior, claim):
    party = claim.parties.first()
    data = {
        "wording": claim.wording,
        "deal": claim.deal_id,
        "type": claim.type,
        "parties-TOTAL_FORMS": 1,
        "parties-INITIAL_FORMS": 1,
        "parties-0-id": party.pk,
        "parties-0-claim": claim.pk,
        "parties-0-company": party.company_id,
        "parties-0-role": party.role,
        "parties-0-DELETE": "on",
    }
    url = address("claim_change", claim)

    for person, left in ((editor, 2), (senior, 1)):
        client.force_login(person)
        seen = client.get(url).context["seen_edit"]
        client.post(url, {**data, "seen_edit": seen})
        assert claim.parties.count() == left


def test_the_desk_sees_names_and_superusers_alone_look_after_accounts(client, senior, admin_user):
    senior.email = "senior@desk.example"
    senior.save()
    url = reverse("admin:auth_user_change", args=[senior.pk])

    client.force_login(senior)
    seen = client.get(url)
    assert "senior@desk.example" not in seen.content.decode()
    assert client.post(url, {"username": "root"}).status_code == 403
    assert client.get(reverse("admin:auth_user_changelist"), {"email__startswith": "s"}).status_code == 400
    assert client.get(reverse("admin:auth_group_changelist")).status_code == 403

    client.force_login(admin_user)
    assert "senior@desk.example" in client.get(url).content.decode()
    assert client.post(reverse("admin:auth_user_delete", args=[senior.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("group", "held", "not_held"),
    [
        (READER, {"deals.view_claim", "ingest.view_entry", "alerts.view_subscriber"}, {"deals.change_claim"}),
        (
            EDITOR,
            {"deals.change_claim", "deals.add_statuschange", "ingest.change_feed"},
            {"deals.override_status", "deals.undo_others", "deals.delete_evidence", "deals.change_statuschange"},
        ),
        (
            SENIOR_EDITOR,
            {"deals.override_status", "deals.undo_others"},
            {"deals.delete_statuschange", "deals.change_statuschange", "auth.change_user", "auth.add_user"},
        ),
    ],
)
@pytest.mark.django_db
def test_migrate_makes_the_groups_with_their_rights(group, held, not_held):
    member = User.objects.create_user("member", is_staff=True)
    member.groups.add(Group.objects.get(name=group))

    assert {right for right in held | not_held if member.has_perm(right)} == held


def test_a_reader_may_see_every_table_of_the_record_of_ingest_and_of_alerts(reader):
    from django.apps import apps

    models = [model for label in APPS for model in apps.get_app_config(label).get_models()]

    assert [
        model for model in models if not reader.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    ] == []


@pytest.mark.django_db
def test_writing_the_groups_again_changes_nothing():
    from django.apps import apps

    def rights():
        return {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}

    before = rights()
    write_groups(apps)

    assert rights() == before
