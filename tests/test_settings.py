import json
import logging
import os
import re
import runpy
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tracker.commandline import run
from tracker.logs import JSONLine, without_secrets

HOME = Path(__file__).resolve().parent.parent
SETTINGS = HOME / "tracker" / "settings.py"
PRODUCTION = {
    "DATABASE_URL": "postgres://hearsay@127.0.0.1:1/hearsay",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "no secret, but long enough and odd enough for a test of settings",
    "SITE_URL": "https://hearsay.example.org",
    "EMAIL_URL": "smtp+tls://user:word@mail.example.org:587",
}


@pytest.fixture
def house(tmp_path):
    """Run a command of the house with nothing but the given settings in its environment."""

    def run(*command, **settings):
        return subprocess.run(
            [sys.executable, *command],
            cwd=HOME,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80a"),
        ("PORT", "70000"),
        ("DEBUG", "maybe"),
        ("PRIVATE_SITE", "private"),
        ("GRACE_SECONDS", "-1"),
        ("HEALTHY_SECONDS", "5 minutes"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "x" * 50),
        ("SITE_URL", "hearsay.example.org"),
        ("SITE_URL", "http://[::1"),
        ("DATABASE_URL", "mysql://root:word@127.0.0.1/hearsay"),
        ("DATABASE_URL", "postgres://root:word@127.0.0.1:port/hearsay"),
        ("REDIS_URL", "amqp://127.0.0.1"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "smtp://user:word@mail.example.org:port"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name_in_one_line(monkeypatch, name, value):
    error = refused(monkeypatch, PRODUCTION | {name: value})

    assert error.startswith(f"The setting {name} ")
    assert "\n" not in error
    assert "word@127" not in error
    assert "word@mail" not in error or "user:password@mail" in error


@pytest.mark.parametrize("name", ["SECRET_KEY", "SITE_URL", "EMAIL_URL"])
def test_production_does_not_start_without(monkeypatch, name):
    assert refused(monkeypatch, PRODUCTION | {name: ""}).startswith(f"The setting {name} is missing")


def test_production_does_not_start_with_debug(monkeypatch):
    assert refused(monkeypatch, PRODUCTION | {"DEBUG": "yes"}).startswith("The setting DEBUG must be no")


def refused(monkeypatch, environment):
    """What the settings say when they are read in this environment."""
    for name in ("HOST", "PORT", "DEBUG", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        runpy.run_path(str(SETTINGS))
    return str(refusal.value)


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "poll"],
        ["-m", "gunicorn", "--config", "python:tracker.web", "tracker.wsgi"],
        ["-m", "celery", "-A", "tracker", "worker"],
    ],
    ids=["a command", "the web", "the worker"],
)
def test_nothing_starts_with_a_wrong_setting_and_the_last_line_says_why(house, command):
    outcome = house(*command, GRACE_SECONDS="soon")

    assert outcome.returncode in (1, 2)
    assert outcome.stderr.strip().endswith("The setting GRACE_SECONDS must be a whole number from 0 to 86400.")
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "gunicorn", "--config", "python:tracker.web", "--bind", "127.0.0.1:0", "tracker.wsgi"],
        ["-m", "celery", "-A", "tracker", "worker", "--concurrency", "1"],
    ],
    ids=["the web", "the worker"],
)
def test_nothing_starts_on_a_database_behind_its_migrations(house, command):
    outcome = house(*command)

    assert outcome.returncode != 0
    assert "behind its migrations" in outcome.stderr
    assert "run manage.py migrate." in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_command_on_a_database_behind_its_migrations_says_so(house):
    outcome = house("manage.py", "createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org")

    assert outcome.returncode == 1
    assert "It is behind its migrations: run manage.py migrate." in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("command", ["serve", "poll", "load_example"])
def test_a_wrong_argument_is_told_in_one_line_with_exit_2(capsys, command):
    with pytest.raises(SystemExit) as leaving:
        run(["manage.py", command, "--nonsense"])

    assert leaving.value.code == 2
    assert capsys.readouterr().err == f"manage.py {command}: error: unrecognized arguments: --nonsense\n"


def test_a_production_configuration_has_no_deployment_warnings(house):
    outcome = house("-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert outcome.returncode == 0, outcome.stderr
    assert "no issues (0 silenced)" in outcome.stdout


def test_health_is_asked_for_in_plain_http_on_an_https_site(house):
    ask = "from django.test import Client; print(Client().get('/healthz', headers={'host': '127.0.0.1'}).status_code)"

    outcome = house("manage.py", "shell", "--no-imports", "-c", ask, SITE_URL="https://hearsay.example.org")

    assert outcome.stdout == "503\n"  # not migrated, and said so at once: no redirect


def test_every_setting_is_documented():
    read = re.findall(r'\b(?:text|flag|number|listed|address|service)\("([A-Z_]+)"', SETTINGS.read_text())
    documented = (HOME / "docs" / "operations.md").read_text()

    assert len(read) > 15
    assert [name for name in read if f"`{name}`" not in documented] == []


def test_the_embedded_mode_makes_its_own_key_and_keeps_it_to_itself(house, tmp_path):
    house("-c", "import tracker.settings")
    first = (tmp_path / "secret_key").read_text()
    house("-c", "import tracker.settings")

    assert len(first) >= 32
    assert (tmp_path / "secret_key").read_text() == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_log_line_is_one_json_object_whatever_is_logged():
    record = logging.LogRecord("ingest", logging.WARNING, "", 0, 'a title\n{"level": "forged"} %s', ("“more”",), None)

    line = JSONLine().format(record)

    assert "\n" not in line
    assert json.loads(line)["message"] == 'a title\n{"level": "forged"} “more”'
    assert json.loads(line)["level"] == "warning"


def test_a_failure_is_logged_with_its_traceback_on_the_same_line():
    try:
        raise ValueError("postgres://hearsay:pass-word@db/hearsay is away")
    except ValueError:
        record = logging.LogRecord("ingest", logging.ERROR, "", 0, "It failed.", (), sys.exc_info())

    line = JSONLine().format(record)

    assert "\n" not in line
    assert "ValueError: postgres://…@db/hearsay is away" in json.loads(line)["traceback"]
    assert "pass-word" not in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:s3cret@127.0.0.1:6379/0", "redis://…@127.0.0.1:6379/0"),
        ("refused: ada.lovelace+news@example.org", "refused: …@example.org"),
        ("GET /unsubscribe/Zr8k2LqW0tUxY5vB7nM3pA1sD4fG6hJ9/", "GET /unsubscribe/…/"),
        ("/claims/jlr-will-use-cherys-exeed-platforms-4f9a2c/", "/claims/jlr-will-use-cherys-exeed-platforms-4f9a2c/"),
        ("task 0b1cf4f6-2a53-4a2e-9a55-1d0f6a0a54c1", "task 0b1cf4f6-2a53-4a2e-9a55-1d0f6a0a54c1"),
    ],
)
def test_a_log_line_holds_no_password_no_mail_address_and_no_token(text, shown):
    assert without_secrets(text) == shown
