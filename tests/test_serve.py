"""`manage.py serve` as a person meets it, and the program it becomes with parts that do as they are told."""

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from tracker import serve

HOME = Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds=90):
    """The first true value of `condition`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return value


def as_a_background_job():
    """A script's background jobs start with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def left_of(processes):
    """Those that still run; a process that has ended and waits for its parent to notice does not."""
    _, alive = psutil.wait_procs(processes, timeout=0.1)
    return [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


class Running:
    """A program started by a test, what it printed, and the processes below it."""

    def __init__(self, command, output, environment=None, **options):
        self.output = output
        with output.open("w") as file:
            self.process = subprocess.Popen(
                command,
                cwd=HOME,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=as_a_background_job,
                **options,
            )

    def printed(self, text):
        assert self.process.poll() is None or text in self.output.read_text(), self.output.read_text()
        return text in self.output.read_text()

    def below(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def ends(self, seconds=60):
        return self.process.wait(seconds)


@pytest.fixture
def started():
    """Remembers what a test starts, and ends what is left of it."""
    running, below = [], []

    def remember(*arguments, **options):
        running.append(Running(*arguments, **options))
        return running[-1]

    yield remember
    for each in running:
        if each.process.poll() is None:
            below += each.below()
            each.process.kill()
            each.process.wait()
    for process in below:
        if process.is_running():
            process.kill()


@pytest.mark.xdist_group("processes")
def test_the_site_starts_with_one_command_stops_with_ctrl_c_and_starts_again_with_all_it_had(tmp_path, started):
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "var"), "PORT": str(port)}
    command = [sys.executable, "manage.py", "serve"]
    address = f"http://127.0.0.1:{port}"

    first = started(command, tmp_path / "first.txt", environment)
    wait_for(lambda: first.printed("Ctrl-C stops all of it."))
    password = password_in(first.output.read_text())
    entries = wait_for(lambda: count(tmp_path, "ingest_entry"))
    claims = count(tmp_path, "deals_claim")

    health = requests.get(f"{address}/healthz", timeout=10).json()
    assert (health["status"], health["failing"]) == ("ok", [])
    assert can_log_in(address, "editor", password)
    assert f"{address}/admin/" in first.output.read_text()
    assert entries > 0
    assert claims > 0
    assert stat.S_IMODE((tmp_path / "var" / "example-login.json").stat().st_mode) == 0o600
    assert password not in "".join(path.read_text() for path in (tmp_path / "var" / "logs").iterdir())
    below = first.below()
    assert sum(process.memory_full_info().pss for process in below) < 400_000_000

    second = started(command, tmp_path / "taken.txt", environment)
    assert second.ends() == 2
    assert second.output.read_text() == (
        f"CommandError: Cannot serve on 127.0.0.1 port {port}: Address already in use. "
        "Choose another with PORT, such as PORT=8001.\n"
    )

    first.process.send_signal(signal.SIGINT)
    assert first.ends() == 0
    assert left_of(below) == []

    elsewhere = free_port()
    again = started(command, tmp_path / "again.txt", environment | {"PORT": str(elsewhere)})
    wait_for(lambda: again.printed("Ctrl-C stops all of it."))
    assert password_in(again.output.read_text()) == password
    assert count(tmp_path, "deals_claim") == claims
    assert count(tmp_path, "ingest_entry") >= entries
    assert {urlsplit(url).port for url in column(tmp_path, "ingest_feed", "url")} == {elsewhere}

    below = again.below()
    worker = next(process for process in psutil.Process(again.process.pid).children() if "celery" in process.cmdline())
    worker.kill()
    assert again.ends() == 1
    assert "The worker ended by itself (exit -9), so all is stopped." in again.output.read_text()
    assert left_of(below) == []


def password_in(output):
    return output.partition("Log in as editor with the password ")[2].split()[0]


def count(tmp_path, table):
    return len(column(tmp_path, table, "id"))


def column(tmp_path, table, name):
    connection = sqlite3.connect(tmp_path / "var" / "hearsay.sqlite3")
    try:
        return [value for (value,) in connection.execute(f"SELECT {name} FROM {table}")]  # noqa: S608
    finally:
        connection.close()


def can_log_in(address, username, password):
    with requests.Session() as session:
        page = f"{address}/admin/login/?next=/admin/password_change/"
        session.get(page, timeout=10)
        form = {"username": username, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        return session.post(page, form, timeout=10).url == f"{address}/admin/password_change/"


HEALTHY = """
import http.server, sys
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
print("up", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""
IDLE = "import time; print('up', flush=True); time.sleep(600)"
FAILING = "import sys, time; print('up', flush=True); time.sleep(1); sys.exit('out of paper')"


@pytest.fixture
def serving(tmp_path, started):
    """Start the program with a web that is healthy and a worker that runs the given Python."""

    def start(worker):
        port = free_port()
        web = [sys.executable, "-c", HEALTHY, str(port)]
        plan = {
            "parts": [
                {"name": "web", "command": web, "log": str(tmp_path / "web.log"), "ready": "up"},
                {
                    "name": "worker",
                    "command": [sys.executable, "-c", worker],
                    "log": str(tmp_path / "worker.log"),
                    "ready": "up",
                },
            ],
            "host": "127.0.0.1",
            "port": port,
            "welcome": "Welcome.",
        }
        reading, writing = os.pipe()
        with open(writing, "w") as given:
            json.dump(plan, given)
        command = [sys.executable, "-I", "-u", serve.__file__, str(reading)]
        running = started(command, tmp_path / "output.txt", pass_fds=[reading])
        os.close(reading)
        wait_for(lambda: running.printed("Welcome."))
        return running

    return start


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda name: name.name)
def test_each_way_of_asking_stops_all_parts(serving, name):
    running = serving(worker=IDLE)
    below = running.below()

    running.process.send_signal(name)

    assert running.ends() == 0
    assert len(below) == 2
    assert left_of(below) == []


def test_a_part_that_ends_by_itself_stops_all_and_its_last_words_are_shown(serving):
    running = serving(worker=FAILING)
    below = running.below()

    assert running.ends() == 1
    assert "The worker ended by itself (exit 1), so all is stopped." in running.output.read_text()
    assert "out of paper" in running.output.read_text()
    assert left_of(below) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_no_part_outlives_a_program_that_was_killed(serving):
    running = serving(worker=IDLE)
    below = running.below()

    running.process.kill()

    wait_for(lambda: not left_of(below), seconds=20)
    assert len(below) == 2
