"""How many ask one host at a time, counted by the server, over several processes."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.publisher import Publisher, answer

HOME = Path(__file__).resolve().parent.parent
FETCH = """
import sys, django
django.setup()
from outbound.client import Request, fetch_all
print("ready", flush=True)
sys.stdin.readline()
found = [response.status for _, response in fetch_all([Request(url) for url in sys.argv[1:]])]
print(*found)
"""


@pytest.fixture
def publisher():
    with Publisher() as server:
        yield server


@pytest.fixture
def start(publisher, tmp_path):
    """Start a process that fetches addresses when it is told to."""
    started = []

    def begin(*urls):
        here = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        settings = {"DATA_DIR": str(tmp_path), "LOCAL_FEEDS": publisher.place}
        settings["DJANGO_SETTINGS_MODULE"] = "tracker.settings"
        process = subprocess.Popen(
            [sys.executable, "-c", FETCH, *urls],
            cwd=HOME,
            env=here | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_processes_side_by_side_open_two_connections_to_a_host_between_them(publisher, start):
    in_flight, peaks, turn = [0], [], threading.Lock()

    def counted(connection, request):
        with turn:
            in_flight[0] += 1
            peaks.append(in_flight[0])
        time.sleep(0.05)
        with turn:
            in_flight[0] -= 1
        connection.sendall(answer(b"<rss/>"))

    urls = [publisher.url(f"/{number}") for number in range(6)]
    publisher.answers = {f"/{number}": counted for number in range(6)}

    processes = [start(*urls) for _ in range(3)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].split() for process in processes]

    assert said == [["200"] * 6] * 3
    assert len(peaks) == 18
    assert max(peaks) == 2


def test_a_process_that_dies_gives_its_turns_back(publisher, start):
    asked = threading.Semaphore(0)

    def silent(connection, request):
        asked.release()
        connection.recv(1)

    publisher.answers = {"/silent": silent}
    publisher.serve("/feed", b"<rss/>")
    dying, living = start(*[publisher.url("/silent")] * 2), start(publisher.url("/feed"))
    dying.stdin.write("go\n")
    dying.stdin.flush()
    assert asked.acquire(timeout=20)
    assert asked.acquire(timeout=20)

    dying.kill()

    assert living.communicate("go\n", timeout=20)[0].split() == ["200"]
