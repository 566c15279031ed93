"""The publisher, Redis, PostgreSQL or a process of ours goes away in the middle of a round: nothing lost, nothing doubled.

With a PostgreSQL, a Redis and a worker of the tests' own, which they stop, kill and start again.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest
import redis

from ingest.polling import LEASE
from tests.house import House
from tests.publisher import Publisher, answer

pytestmark = pytest.mark.xdist_group("outages")

# Of each scene one feed is answered at once and one when the test says so.
SCENES = ["publisher", "redis", "after", "postgres", "worker"]
SITE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from deals.models import Source
from ingest.models import Feed
source = Source.objects.create(name="Yicai")
for path in argument.split():
    Feed.objects.create(url=path, source=source, suggest_old=True, active=False)
answer = True
"""


def rss(path):
    items = "".join(f"<item><title>{path} {number}</title><guid>{number}</guid></item>" for number in range(3))
    return f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode()


def stored(path):
    return [f"{path} {number}" for number in range(3)]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Postgres:
    """A cluster of our own, without fsync: it is thrown away."""

    def __init__(self, programs, home):
        self.programs, self.home, self.port = programs, home, free_port()
        self.owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if self.owner:
            shutil.chown(home, "postgres", "postgres")
        self.run("initdb", "-U", "postgres", "-A", "trust", "-N")
        self.address = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments):
        subprocess.run(
            [self.programs / program, "-D", self.home / "data", *arguments],
            cwd=self.home,
            stdout=subprocess.DEVNULL,
            check=True,
            **self.owner,
        )

    def start(self):
        options = f"-h 127.0.0.1 -p {self.port} -k {self.home} -c fsync=off"
        self.run("pg_ctl", "-w", "-l", self.home / "log", "-o", options, "start")

    def crash(self):
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")

    def query(self, statement, *values):
        with psycopg.connect(self.address, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


class Redis:
    def __init__(self, program, home):
        self.command = [program, "--port", str(free_port()), "--bind", "127.0.0.1", "--save", "", "--dir", home]
        self.address = f"redis://127.0.0.1:{self.command[2]}/0"

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        with redis.Redis.from_url(self.address) as client:
            for _ in range(100):
                with contextlib.suppress(redis.ConnectionError):
                    return client.ping()
                time.sleep(0.05)
        raise AssertionError("Redis does not start.")

    def crash(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def home():
    """A directory that the owner of PostgreSQL may enter too."""
    path = tempfile.mkdtemp(prefix="hearsay-outages-")
    Path(path).chmod(0o711)
    yield Path(path)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def postgres(home):
    found = shutil.which("pg_ctl") or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")))), "")
    if not found:
        pytest.skip("No PostgreSQL server on this machine: its outage was not tried.")
    (home / "postgres").mkdir()
    server = Postgres(Path(found).parent, home / "postgres")
    server.start()
    yield server
    server.crash()


@pytest.fixture(scope="module")
def broker(home):
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if not program:
        pytest.skip("No Redis server on this machine: its outage was not tried.")
    (home / "redis").mkdir()
    server = Redis(program, home / "redis")
    server.start()
    yield server
    server.crash()


class Site:
    """A house with two feeds for each scene, and a look at what it stored and asked."""

    def __init__(self, house, postgres, publisher):
        self.house, self.postgres, self.publisher = house, postgres, publisher

    def work(self):
        self.worker = self.house.start(
            "celery", "-A", "tracker", "worker", "-B", "--concurrency", "1", start_new_session=True
        )

    def begin_round(self, scene):
        """Make the feeds of a scene due, and wait until one is stored and the other's publisher holds its answer."""
        self.quick, self.held = f"/{scene}/quick", f"/{scene}/held"
        self.publisher.answers[self.quick] = answer(rss(self.quick))
        self.publisher.answers[self.held] = self.hold
        self.released, self.whole = threading.Event(), True
        self.make_due(f"/{scene}/%")
        self.wait_until_stored(self.quick)
        self.house.wait_until(lambda: self.asked()[self.held])

    def make_due(self, path):
        self.postgres.query("UPDATE ingest_feed SET active = true, next_poll_at = now() WHERE url LIKE %s", f"%{path}")

    def hold(self, connection, request):
        whole, released = answer(rss(self.held)), self.released
        connection.sendall(whole[:100])
        released.wait(30)
        connection.sendall(whole[100:] if self.whole else b"")

    def answer_all(self):
        self.publisher.answers[self.held] = answer(rss(self.held))
        self.released.set()

    def break_off(self):
        self.whole = False
        self.answer_all()

    def titles(self, path):
        rows = self.postgres.query("SELECT title FROM ingest_entry WHERE title LIKE %s ORDER BY title", f"{path}%")
        return [title for (title,) in rows]

    def wait_until_stored(self, path):
        self.house.wait_until(lambda: self.titles(path))

    def wait_until_read(self):
        self.house.wait_until(
            lambda: self.postgres.query("SELECT count(*) FROM ingest_entry WHERE read_at IS NULL") == [(0,)]
        )

    def asked(self):
        return Counter(request.split()[1] for request in self.publisher.requests)

    def feed(self, path, columns):
        ((*found,),) = self.postgres.query(f"SELECT {columns} FROM ingest_feed WHERE url LIKE %s", f"%{path}")  # noqa: S608
        return found

    def trouble(self, path):
        return self.feed(path, "trouble")[0]

    def end_lease(self, path):
        """As if its time had come. What happened was not the feed's fault, and it is held no longer than a lease lasts."""
        left, *told = self.feed(path, "lease_until - now(), trouble, failures, etag")
        assert left is None or left <= LEASE
        assert told == ["", 0, ""]
        self.postgres.query("UPDATE ingest_feed SET lease_until = now() WHERE url LIKE %s", f"%{path}")

    def assert_all_is_there_once(self):
        self.wait_until_read()
        assert (self.titles(self.quick), self.titles(self.held)) == (stored(self.quick), stored(self.held))
        assert self.feed(self.quick, "trouble, failures") == ["", 0]
        assert self.asked()[self.quick] == 1  # its interval has not passed
        self.postgres.query("UPDATE ingest_feed SET active = false")


@pytest.fixture(scope="module")
def site(home, postgres, broker):
    (home / "data").mkdir()
    with Publisher() as publisher:
        house = House(
            DATA_DIR=str(home / "data"),
            DJANGO_SETTINGS_MODULE="tests.brisk",
            DATABASE_URL=postgres.address,
            REDIS_URL=broker.address,
            SECRET_KEY="a key for the outages that is long enough to be taken",
            SITE_URL="http://127.0.0.1:8000",
            EMAIL_URL=f"filemail://{home}/mail",
            LOCAL_FEEDS=publisher.place,
        )
        paths = [f"/{scene}/{how}" for scene in SCENES for how in ("quick", "held")]
        house.run(SITE, " ".join(map(publisher.url, paths)))
        site = Site(house, postgres, publisher)
        site.work()
        yield site
        site.released.set()
        house.stop()


def test_what_a_publisher_who_went_away_owes_is_fetched_when_it_is_back(site):
    site.begin_round("publisher")

    with site.publisher.away():
        site.break_off()
        broke_off = site.house.wait_until(lambda: site.trouble(site.held))
        site.make_due(site.held)
        nothing_answers = site.house.wait_until(lambda: site.trouble(site.held), lambda trouble: trouble != broke_off)

    site.make_due(site.held)
    site.wait_until_stored(site.held)

    assert broke_off == "The server broke off in the middle of its answer."
    assert nothing_answers == f"Nothing answers at 127.0.0.1, port {site.publisher.port}."
    site.assert_all_is_there_once()
    assert site.asked()[site.held] == 2


def test_a_redis_that_was_killed_and_comes_back_empty_stops_no_round_and_the_worker_goes_on(site, broker):
    site.begin_round("redis")

    broker.crash()
    site.answer_all()
    site.wait_until_stored(site.held)
    broker.start()

    site.assert_all_is_there_once()
    assert site.asked()[site.held] == 1
    site.begin_round("after")
    site.answer_all()
    site.assert_all_is_there_once()
    assert site.worker.poll() is None


def test_a_database_that_crashed_leaves_its_feeds_to_the_next_round_and_is_not_their_failure(site, postgres):
    site.begin_round("postgres")

    postgres.crash()
    site.answer_all()
    site.house.wait_until(lambda: "OperationalError" in site.house.logs())
    postgres.start()
    site.end_lease(site.held)
    site.wait_until_stored(site.held)

    site.assert_all_is_there_once()
    assert site.asked()[site.held] == 2
    assert site.worker.poll() is None


def test_a_worker_that_was_killed_leaves_its_feeds_to_the_next_one(site):
    site.begin_round("worker")

    os.killpg(site.worker.pid, signal.SIGKILL)
    site.answer_all()
    site.work()
    site.end_lease(site.held)
    site.wait_until_stored(site.held)

    site.assert_all_is_there_once()
    assert site.asked()[site.held] == 2


def test_a_sqlite_file_that_is_locked_for_seconds_is_waited_for(tmp_path):
    with Publisher() as publisher:
        settings = {"DATABASE_URL": "", "REDIS_URL": "", "LOCAL_FEEDS": publisher.place}
        house = House(DATA_DIR=str(tmp_path), **settings)
        house.run(SITE, publisher.url("/feed"))
        file = tmp_path / "hearsay.sqlite3"

        def lock_then_answer(connection, request):
            with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                connection.sendall(answer(rss("/feed")))
                connection.close()
                time.sleep(3)
                other.execute("ROLLBACK")

        publisher.answers["/feed"] = lock_then_answer
        polled = house.manage("poll", "--feed", publisher.url("/feed"), "--no-read")

        with contextlib.closing(sqlite3.connect(file)) as database:
            titles = database.execute("SELECT title FROM ingest_entry ORDER BY title").fetchall()
            (told,) = database.execute("SELECT trouble, failures FROM ingest_feed").fetchall()
    assert "1 feed polled, 3 new items, 0 in trouble." in polled
    assert titles == [(title,) for title in stored("/feed")]
    assert told == ("", 0)
