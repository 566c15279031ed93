"""The import rules: ingest → deals ← alerts, both over outbound, the project on top; and pure modules stay pure."""

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
APPS = {"deals", "ingest", "alerts", "outbound", "tracker"}
MAY_IMPORT = {
    "outbound": set(),
    "deals": set(),
    "ingest": {"deals", "outbound"},
    "alerts": {"deals", "outbound"},
    "tracker": {"deals", "ingest", "alerts", "outbound"},
}
PURE = [
    "deals/choices.py",
    "deals/fold.py",
    "deals/hierarchy.py",
    "deals/kinds.py",
    "deals/rungs.py",
    "deals/terms.py",
    "ingest/heat.py",
    "ingest/courtesy.py",
    "ingest/differences.py",
    "ingest/attribution.py",
    "ingest/matching.py",
    "ingest/names.py",
    "ingest/opml.py",
    "ingest/pace.py",
    "ingest/parsed.py",
    "ingest/parsing.py",
    "ingest/profiles.py",
    "ingest/queries.py",
    "ingest/retrieval.py",
    "ingest/rewriting.py",
    "ingest/robots.py",
    "ingest/schedule.py",
    "ingest/stance.py",
    "ingest/stance_model/features.py",
    "ingest/stance_model/learning.py",
    "ingest/stance_model/scoring.py",
    "ingest/stance_model/status.py",
    "ingest/synonyms.py",
    "ingest/syndication.py",
    "ingest/terms.py",
    "ingest/text.py",
    "ingest/topic.py",
    "ingest/trimming.py",
    "ingest/upkeep.py",
    "ingest/weighing.py",
    "ingest/wording.py",
]
IMPURE = {"aiohttp", "celery", "http", "os", "pathlib", "requests", "socket", "sqlite3", "subprocess", "urllib3"}
CLOCKS = {"datetime.now", "datetime.utcnow", "date.today", "timezone.now", "time.time", "time.monotonic", "time.sleep"}


def modules(*folders):
    return sorted(
        path for folder in folders for path in (HOME / folder).rglob("*.py") if "migrations" not in path.parts
    )


def imports(path):
    """Every module that a file imports, wherever in it; relative ones spelt out."""
    package = path.relative_to(HOME).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) + "." if node.level else ""
            yield from (f"{start}{node.module or ''}.{name.name}".strip(".") for name in node.names)


def calls(path):
    """Every dotted call in a file, such as "datetime.now"."""
    return [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("app", sorted(APPS))
def test_each_app_imports_only_what_lies_below_it(app):
    allowed = MAY_IMPORT[app] | {app}

    trespasses = [
        f"{path.relative_to(HOME)} imports {name}"
        for path in modules(app)
        for name in imports(path)
        if name.split(".")[0] in APPS - allowed
    ]

    assert trespasses == []


@pytest.mark.parametrize("app", ["deals", "outbound"])
def test_the_record_and_the_client_know_no_celery_and_no_mail(app):
    trespasses = [
        f"{path.relative_to(HOME)} imports {name}"
        for path in modules(app)
        for name in imports(path)
        if name.startswith(("celery", "django.core.mail", "smtplib"))
    ]

    assert trespasses == []


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_knows_no_rows_no_clock_and_no_network(module):
    path = HOME / module
    names = list(imports(path))

    trespasses = [name for name in names if name.split(".")[0] in IMPURE]
    # Django's enumerations of choices touch no table.
    names = [name for name in names if not name.startswith("django.db.models.") or not name.endswith("Choices")]
    trespasses += [name for name in names if name.startswith("django")]
    trespasses += [name for name in names if name.endswith((".models", ".clock")) or ".models." in name]
    trespasses += [call for call in calls(path) if call in CLOCKS or call == "open"]

    assert trespasses == []


def test_nothing_happens_by_signal():
    trespasses = [
        f"{path.relative_to(HOME)} imports {name}"
        for path in modules(*APPS)
        for name in imports(path)
        if "signals" in name.split(".") and not name.startswith("celery.") or name.startswith("django.dispatch")
    ]

    assert trespasses == []


def test_no_module_goes_to_the_network_but_the_guarded_client():
    clients = ("aiohttp", "requests", "urllib3", "urllib.request", "http.client", "httpx", "socket")
    # The address guard, the feeds' child that gives its network up, and the two that look at this machine's own port.
    exempt = {"tracker/serve.py", "tracker/management/commands/serve.py"}

    trespasses = [
        f"{path.relative_to(HOME)} imports {name}"
        for path in modules("deals", "ingest", "alerts", "tracker")
        for name in imports(path)
        if name.startswith(clients) and str(path.relative_to(HOME)) not in exempt
    ]

    assert trespasses == []


def test_the_rules_see_the_code():
    assert "deals.models.Claim" in set(imports(HOME / "ingest/models.py"))
    assert len(modules(*APPS)) > 40
