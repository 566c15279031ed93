"""The compose file: valid, without secrets, and its very commands run."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
import requests
import yaml

HOME = Path(__file__).resolve().parent.parent
TEXT = (HOME / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
OURS = ["migrate", "web", "worker", "beat"]


def test_the_compose_file_is_valid():
    outcome = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD", "SITE_URL", "EMAIL_URL"])
def test_what_each_site_must_choose_has_no_default(name):
    uses = re.findall(rf"\$\{{{name}(.{{2}})", TEXT)

    assert set(uses) == {":?"}


def test_every_service_that_goes_on_is_restarted_and_says_how_it_is():
    lasting = {name: service for name, service in SERVICES.items() if name != "migrate"}

    assert {name for name, service in lasting.items() if service["restart"] != "unless-stopped"} == set()
    assert {name for name, service in lasting.items() if "test" not in service["healthcheck"]} == set()


def test_what_runs_the_code_waits_for_the_migrations_the_database_and_the_broker():
    waits = {name: SERVICES[name]["depends_on"] for name in ("web", "worker", "beat")}

    assert [waits[name]["migrate"]["condition"] for name in waits] == ["service_completed_successfully"] * 3
    assert {waits[name][below]["condition"] for name in waits for below in ("db", "broker")} == {"service_healthy"}


def test_every_setting_it_names_is_one_that_the_site_reads():
    settings = (HOME / "tracker" / "settings.py").read_text()

    assert [name for name in SERVICES["web"]["environment"] if f'"{name}"' not in settings] == []


@pytest.fixture
def database():
    """The address of a new database on the server that DATABASE_URL names."""
    server, name = urlsplit(os.environ["DATABASE_URL"]), f"test_compose_{secrets.token_hex(4)}"
    with psycopg.connect(server._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def broker():
    """The address of an empty numbered database on the server that REDIS_URL names."""
    server = urlsplit(os.environ["REDIS_URL"])
    for number in range(15, 5, -1):
        address = server._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(address) as client:
            if client.dbsize() == 0:
                yield address
                client.flushdb()
                return
    pytest.fail("No numbered database of the Redis server is empty.")


@pytest.mark.xdist_group("processes")
@pytest.mark.skipif(
    not (os.environ.get("DATABASE_URL", "").startswith("postgres") and os.environ.get("REDIS_URL")),
    reason="needs DATABASE_URL and REDIS_URL: a PostgreSQL and a Redis server",
)
def test_the_commands_of_the_services_serve_schedule_and_work(database, broker, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "EMAIL_URL": f"filemail:///{tmp_path}/mail",
        "LOCAL_FEEDS": f"127.0.0.1:{port}",
        "HEALTHY_SECONDS": "60",
    }

    def start(service, running):
        """The service's command as it stands in the file, but for the port."""
        words = [word.replace(":8000", f":{port}") for word in SERVICES[service]["command"]]
        with (tmp_path / f"{service}.log").open("w") as log:
            process = subprocess.Popen(
                [shutil.which(words[0], path=environment["PATH"]), *words[1:]],
                cwd=HOME,
                env=environment | {"DATA_DIR": str(tmp_path / service)},
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        running.callback(end, process)
        return process

    with ExitStack() as running:
        assert start("migrate", running).wait(60) == 0
        example = [sys.executable, "manage.py", "load_example"]
        subprocess.run(
            example, cwd=HOME, env=environment | {"DATA_DIR": str(tmp_path)}, check=True, stdout=subprocess.DEVNULL
        )
        processes = {service: start(service, running) for service in ("web", "worker", "beat")}

        wait_for(lambda: count(database, "ingest_entry"), processes)
        wait_for(lambda: healthy(f"http://127.0.0.1:{port}/healthz"), processes)

        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        assert [process.wait(40) for process in processes.values()] == [0, 0, 0]
        logs = [line for service in processes for line in (tmp_path / f"{service}.log").read_text().splitlines()]
        assert [line for line in logs if '"level": "error"' in line or "Traceback" in line] == []


def end(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition, processes, seconds=90):
    deadline = time.monotonic() + seconds
    while not condition():
        assert {name: process.poll() for name, process in processes.items()} == dict.fromkeys(processes)
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.3)


def count(database, table):
    with psycopg.connect(database) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608


def healthy(address):
    try:
        return requests.get(address, timeout=10).status_code == 200
    except requests.ConnectionError:
        return False
