"""What every test may use: the house's own rows by `make_*`, its people, and no way out to the network."""

import ipaddress
import itertools
import os
import shutil
import socket
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import connections

from deals import history, linking, snapshots
from deals.choices import Role, Stance
from deals.models import Claim, Company, Deal, Report, Source
from ingest.suggestions import tracking
from tests.publisher import Publisher
from tracker.rights import write_groups

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
APRIL_15 = datetime(2024, 4, 15, 2, tzinfo=UTC)


def _peers() -> set[str]:
    """The addresses beside loopback that tests may connect to: the broker's, where one is set."""
    host = urlsplit(settings.CELERY_BROKER_URL).hostname
    return {found[4][0] for found in socket.getaddrinfo(host, None)} if host else set()


def pytest_configure():
    peers = _peers()

    def stay_inside(event, arguments):
        if event != "socket.connect" or arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
            return
        host = arguments[1][0]
        if host not in peers and host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"A test tried to connect to {host}: tests reach no other machine.")

    sys.addaudithook(stay_inside)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of an xdist_group on one worker: pytest-xdist 3.8 says so where pytest 9.2 does not look."""
    for item in items:
        if marked := getattr(item, "_nodeid", ""):
            item._id = type(item.id).parse(marked)


@pytest.fixture(autouse=True)
def nothing_held():
    """What a process holds of the record does not outlive a test's rows."""
    tracking.forget()


@pytest.fixture
def make_company(db):
    def make(name="Chery", aliases=(), parents=(), **fields):
        company, _ = Company.objects.get_or_create(name=name, defaults=fields)
        for alias in aliases:
            company.aliases.get_or_create(name=alias)
        for parent in parents:
            company.parentages.get_or_create(parent=parent)
        return company

    return make


@pytest.fixture
def make_source(db):
    def make(name="Yicai", domain="", **fields):
        source, _ = Source.objects.get_or_create(name=name, defaults=fields)
        if domain:
            source.domains.get_or_create(domain=domain)
        return source

    return make


@pytest.fixture
def make_claim(make_company):
    """A published claim; its parties are JLR (licensee) and Chery (licensor) unless told."""

    def make(wording="JLR will use Chery's platforms", parties=None, deal=None, published=True, **fields):
        if parties is None:
            parties = [(make_company("JLR"), Role.LICENSEE), (make_company("Chery"), Role.LICENSOR)]
        if deal is None:
            title = " – ".join(str(company) for company, _ in parties) or wording
            deal, _ = Deal.objects.get_or_create(title=title)
        claim = Claim.objects.create(wording=wording, deal=deal, published=published, **fields)
        for company, role in parties:
            claim.parties.create(company=company, role=role)
        return claim

    return make


@pytest.fixture
def make_report(make_source):
    numbers = itertools.count(1)

    def make(source=None, title="", published_at=None, url="", text="", **fields):
        number = next(numbers)
        report = Report.objects.create(
            source=source or make_source(),
            title=title or f"Report {number}",
            url=url or f"https://news.example/{number}",
            published_at=published_at or APRIL_15,
            **fields,
        )
        snapshots.keep(report, text=text, read="typed")
        return report

    return make


@pytest.fixture
def link(make_report, make_company):
    """Link a new report to a claim with a stance; denials and confirmations are spoken by Chery's spokesman."""

    def make(claim, stance, report=None, published_at=None, source=None, **statement):
        if stance in (Stance.DENIES, Stance.CONFIRMS):
            spoken = {"speaker_kind": "named", "speaker_name": "Jin Yibo", "speaker_role": "spokesman"}
            statement = {**spoken, "company": make_company("Chery"), **statement}
        report = report or make_report(source=source, published_at=published_at)
        return linking.link(claim, report, stance=stance, by=None, **statement)

    return make


@pytest.fixture
def move(editor):
    """Write a row on a claim as it stands: `move(claim, "denial", evidence, at=…)`."""

    def write(claim, kind, *evidence, at=None, precision="instant", by=editor, **fields):
        at = at or min(item.said_at for item in evidence)
        row = history.NewRow(kind, at, precision, evidence=evidence, **fields)
        return history.change_status(claim, row, seen=claim.version, by=by)

    return write


def user_of(group):
    if not Group.objects.filter(name=group).exists():
        write_groups(apps)  # a test with a live server has emptied the tables that migrations fill
    user = User.objects.create_user(group.lower().replace(" ", "_"), password="a long password", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def reader(db):
    return user_of("Reader")


@pytest.fixture
def editor(db):
    return user_of("Editor")


@pytest.fixture
def senior(db):
    return user_of("Senior editor")


@pytest.fixture
def grant():
    """Give a user single rights of `deals`, fresh from the database."""

    def give(user, *codenames):
        for codename in codenames:
            user.user_permissions.add(Permission.objects.get(content_type__app_label="deals", codename=codename))
        for cached in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
            user.__dict__.pop(cached, None)

    return give


@pytest.fixture
def publisher(settings):
    with Publisher() as server:
        settings.LOCAL_FEEDS = frozenset({server.place})
        yield server


@pytest.fixture
def browser(monkeypatch, transactional_db):
    if not CHROMIUM:
        pytest.skip("No chromium on this machine: the pages were not looked at.")
    from playwright.sync_api import sync_playwright

    # The browser's own loop runs in this thread; the test's queries are not asynchronous for that.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
        connections.close_all()  # beside a running loop Django opens connections of their own


def seated(browser, client, live_server, **window):
    """A page of a browser that is logged in as the client is, and the list of what its console says."""
    context = browser.new_context(**window)
    cookie = client.cookies["sessionid"]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said
