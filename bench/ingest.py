"""What polling costs: our whole stack and `reader` from PyPI, on one publisher's server, in one run.

    DATABASE_URL=postgres://… REDIS_URL=redis://… python bench/ingest.py [feeds [crowd]]       default: 500 5000

Feeds of 25 entries and 34 KB, two on each loopback address, so that the limit per host stays on. Rounds: cold (all is
new), mixed (one feed in ten has one new entry, the others answer 304), warm (all 304), warm with 100 ms until each
answer. Ours is a Celery worker of three processes, of which two poll, on PostgreSQL and Redis; the embedded default (SQLite, a broker of
files) stands beside it. CPU is that of all processes: the worker and its parsers, PostgreSQL's backends, Redis.

Of each round the best of several runs counts, for `reader` that of its best number of workers; a ratio below 1 means
that we need less. Both have read two feeds before. Then, of ours: memory over 50 mixed rounds, in proportional shares
and resident, of the largest worker process with its parser; and with a crowd of feeds due at once, one in ten with a new
item, the time from the start of the poll until an item was looked through and so has its place in the queue.

Prints a table and, as its last line, one JSON object. Makes databases of its own and drops them; takes Redis's database
14 for itself.
"""

import asyncio
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
ENTRIES = 25
PER_ADDRESS = 2
PROCESSES = 3  # of which two poll
READER_WORKERS = (2, 8, 32)
ROUNDS = ("cold", "mixed", "warm", "warm_100ms")
RUNS = {"mixed": 3, "warm": 5, "warm_100ms": 3}
LATENCY = 0.1
PATIENCE = 300
LONG_RUN = 50

# The publisher: its own process, as light as can be, for it shares the machine


def address(number: int) -> str:
    """Loopback address of a feed, two feeds on each."""
    return f"127.0.{1 + number // PER_ADDRESS // 250}.{1 + number // PER_ADDRESS % 250}"


def document(feed: int, version: int) -> bytes:
    """RSS with 25 entries, the newest first; each version has one more and drops the oldest."""
    items = "".join(item(feed, number) for number in range(version + ENTRIES, version, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>\n'
        f"<title>Publisher {feed}</title><link>https://news.example/{feed}/</link>"
        f"<description>Deals</description><language>en</language>\n{items}</channel></rss>\n"
    ).encode()


def item(feed: int, number: int) -> str:
    words = " ".join(f"Company {feed}-{number} and partner {k} are said to be in talks on a plant." for k in range(15))
    return (
        f"<item><title>Company {feed} is said to buy plant {number}</title>"
        f"<link>https://news.example/{feed}/{number}</link><guid isPermaLink='false'>{feed}-{number}</guid>"
        f"<pubDate>Mon, 15 Apr 2024 {number // 60 % 24:02}:{number % 60:02}:00 GMT</pubDate>"
        f"<dc:creator>Staff</dc:creator><category>deals</category>\n"
        f"<description>&lt;p&gt;{words}&lt;/p&gt; &lt;a href=&quot;https://news.example/&quot;&gt;More&lt;/a&gt;"
        "</description></item>\n"
    )


class Publisher:
    """What stands at each path, and what was asked."""

    def __init__(self):
        self.latency = 0.0
        self.versions = defaultdict(lambda: defaultdict(int))  # run → feed → version
        self.bodies = {}
        self.in_flight = defaultdict(int)
        self.counts = defaultdict(lambda: {"requests": 0, "unconditional_repeats": 0, "most_in_flight_per_host": 0})
        self.asked = set()

    def command(self, path: str) -> bytes:
        name, *arguments = path.removeprefix("/!").split("/")
        if name == "latency":
            self.latency = float(arguments[0])
        elif name == "add":
            run, feeds, turn = arguments[0], int(arguments[1]), int(arguments[2])
            for feed in range(turn % 10, feeds, 10):
                self.versions[run][feed] += 1
                self.body(feed, self.versions[run][feed])
        elif name == "prepare":
            for feed in range(int(arguments[0])):
                self.body(feed, 0)
        return json.dumps(self.counts).encode()

    def body(self, feed: int, version: int) -> bytes:
        if (feed, version) not in self.bodies:
            self.bodies[feed, version] = document(feed, version)
        return self.bodies[feed, version]

    def answer(self, path: str, head: str) -> bytes:
        if path.startswith("/!"):
            return ok(self.command(path))
        _, run, feed = path.removesuffix("-warm-up").split("/")
        version = self.versions[run][int(feed)]
        validator = f'"{feed}-{version}"'
        tried = next((line for line in head.split("\r\n") if line.lower().startswith("if-none-match:")), "")
        counts = self.counts[run]
        counts["requests"] += 1
        counts["unconditional_repeats"] += not tried and path in self.asked
        self.asked.add(path)
        if tried.partition(":")[2].strip() == validator:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + validator.encode() + b"\r\n\r\n"
        return ok(self.body(int(feed), version), f"ETag: {validator}\r\n")


def ok(body: bytes, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


class Connection(asyncio.Protocol):
    def __init__(self, publisher: Publisher):
        self.publisher, self.received = publisher, b""

    def connection_made(self, transport):
        self.transport, self.host = transport, transport.get_extra_info("sockname")[0]

    def data_received(self, data):
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            self.asked(head.decode())

    def asked(self, head: str):
        path = head.split(" ", 2)[1]
        publisher = self.publisher
        if path.startswith("/!"):
            self.transport.write(publisher.answer(path, head))
            return
        publisher.in_flight[self.host] += 1
        counts = publisher.counts[path.split("/")[1]]
        counts["most_in_flight_per_host"] = max(counts["most_in_flight_per_host"], publisher.in_flight[self.host])
        if publisher.latency:
            asyncio.get_running_loop().call_later(publisher.latency, self.send, path, head)
        else:
            self.send(path, head)

    def send(self, path: str, head: str):
        self.publisher.in_flight[self.host] -= 1
        self.transport.write(self.publisher.answer(path, head))


async def publish():
    publisher = Publisher()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(publisher),
        "0.0.0.0",  # noqa: S104  each of 127.0.0.x
        0,
        backlog=2000,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# The two that are measured: a process each, that does a round for every line on its stdin


def rounds(once):
    """Answer each line on stdin with one JSON line: what `once(name)` gives."""
    print("{}", flush=True)
    for line in sys.stdin:
        print(json.dumps(once(line.strip())), flush=True)


def warm_up(urls: list[str]) -> list[str]:
    """Two feeds that no round asks for."""
    return [f"{url}-warm-up".replace(url.split("/")[3], "warm-up") for url in urls[:2]]


def drive_reader(path: str, workers: int, urls: list[str]):
    from reader import make_reader

    reader = make_reader(path)
    for url in warm_up(urls):
        reader.add_feed(url)
    reader.update_feeds(scheduled=False, workers=workers)
    for url in warm_up(urls):
        reader.delete_feed(url)
    for url in urls:
        reader.add_feed(url)

    def once(_):
        began, used = time.perf_counter(), time.process_time()
        reader.update_feeds(scheduled=False, workers=workers)
        return {"wall": time.perf_counter() - began, "cpu": time.process_time() - used}

    rounds(once)


def drive_ours(urls: list[str], *, reads: bool):
    """With `reads`, the worker also has the clock that wakes it, and looks new items through."""
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tracker.settings"
    import django

    django.setup()
    from django.db import connection

    from deals import clock
    from deals.models import Source
    from ingest.models import Entry, Feed
    from ingest.tasks import poll_due_feeds

    source = Source.objects.create(name="Publisher", slug="publisher", kind="wire")
    Feed.objects.bulk_create([Feed(url=url, source=source) for url in warm_up(urls)])
    queue = f"bench-{uuid.uuid4().hex[:8]}"
    with worker(queue, reads) as process:
        others = Others(connection)

        def polled(seconds_after=0.3):
            Feed.objects.update(next_poll_at=clock.now())
            start = clock.now()
            used, began = cpu_of(process.pid) + others.cpu(), time.perf_counter()
            for _ in range(PROCESSES):
                poll_due_feeds.apply_async(queue=queue)
            while left := unpolled(connection, start):  # seldom and cheap, for it shares the machine
                if time.perf_counter() - began > PATIENCE:
                    raise SystemExit(f"{left} feeds were not polled within {PATIENCE} seconds")
                time.sleep(0.008 if time.perf_counter() - began < 1 else 0.02)
            wall = time.perf_counter() - began
            time.sleep(seconds_after)  # what the tasks do after the last feed is theirs too
            return {"wall": wall, "cpu": cpu_of(process.pid) + others.cpu() - used, "began": start}

        for _ in range(2 * PROCESSES):  # until each process has a parser
            polled()
            Feed.objects.update(etag="", body_digest=b"", items=b"")
        Entry.objects.all().delete()
        Feed.objects.all().delete()
        Feed.objects.bulk_create([Feed(url=url, source=source) for url in urls])

        def once(name):
            if name == "crowd":
                return crowd()
            told = polled()
            return {
                "wall": told["wall"],
                "cpu": told["cpu"],
                "memory": memory_of(process.pid),
                "entries": Entry.objects.count(),
                "in_trouble": Feed.objects.in_trouble().count(),
            }

        def crowd():
            """Seconds until the new items of a round were looked through, by when the round began."""
            newest = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            told = polled(0)
            new = Entry.objects.filter(pk__gt=newest)
            while new.filter(read_at=None).exists():
                if (clock.now() - told["began"]).total_seconds() > PATIENCE:
                    raise SystemExit(f"{new.filter(read_at=None).count()} items were not looked through")
                time.sleep(0.05)
            times = sorted((at - told["began"]).total_seconds() for at in new.values_list("read_at", flat=True))
            return {"items": len(times), "p50": times[len(times) // 2], "p95": times[-(-len(times) * 95 // 100) - 1]}

        rounds(once)


def unpolled(connection, since) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ingest_feed WHERE NOT coalesce(last_polled_at > %s, false)", [since])
        return cursor.fetchone()[0]


@contextmanager
def worker(queue: str, reads: bool):
    """A Celery worker of our project that listens to a queue of its own."""
    log = Path(os.environ["DATA_DIR"]) / "worker.log"
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "tracker",
        "worker",
        "-Q",
        f"{queue},celery" if reads else queue,
        "-c",
        str(PROCESSES),
        "-l",
        "info",
        *(["-B"] if reads else []),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        until = time.monotonic() + 60
        while " ready." not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The worker did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=40)
        process.kill()
        process.wait()


def family(pid: int) -> list[int]:
    import psutil

    parent = psutil.Process(pid)
    return [pid, *(child.pid for child in parent.children(recursive=True))]


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process and all below it, those that have ended with them."""
    return sum(used_by(one) + used_by_ended_children(one) for one in family(pid))


def used_by(pid: int) -> float:
    """Seconds of CPU of a process, all its threads; the scheduler's nanoseconds, for ticks are too coarse."""
    total = 0
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    return total / 1e9


def used_by_ended_children(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def memory_of(pid: int) -> dict[str, float]:
    """MB of the largest worker process with its parser: resident, and with what is shared counted by share."""
    import psutil

    pairs = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error):
            held = [one.memory_full_info() for one in [child, *child.children()]]
            pairs.append({"rss": sum(one.rss for one in held) / 1e6, "pss": sum(one.pss for one in held) / 1e6})
    return max(pairs, key=lambda pair: pair["rss"], default={"rss": 0, "pss": 0})


class Others:
    """The servers behind us: PostgreSQL's backends for our database but our own, and Redis."""

    def __init__(self, connection):
        self.connection = connection if connection.vendor == "postgresql" else None
        self.redis = None
        if os.environ.get("REDIS_URL"):
            import redis

            self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])

    def cpu(self) -> float:
        total = 0.0
        if self.connection:
            with self.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                total += sum(used_by(pid) for (pid,) in cursor.fetchall())
        if self.redis:
            used = self.redis.info("cpu")
            total += used["used_cpu_user"] + used["used_cpu_sys"]
        return total


# The comparison


class Driven:
    """A process that does a round whenever it is told to."""

    def __init__(self, *arguments: str, urls: list[str], **environment: str):
        self.process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            cwd=ROOT,
        )
        self.process.stdin.write(json.dumps(urls) + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A process of the bench ended early.")
        return json.loads(line)

    def round(self, name: str) -> dict:
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self):
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=60)
        self.process.kill()
        self.process.wait()


def measure(driven: "Driven", run: str, feeds: int, tell) -> dict[str, dict]:
    """The best wall and CPU, in milliseconds per feed, of each kind of round, with what the last of them saw."""
    found = {}
    turn = 0
    for name in ROUNDS:
        tell(f"latency/{LATENCY if name.endswith('100ms') else 0}")
        told = []
        for _ in range(RUNS.get(name, 1)):
            if name == "mixed":
                tell(f"add/{run}/{feeds}/{turn}")
                turn += 1
            told.append(driven.round(name))
        found[name] = {
            **told[-1],
            "wall": 1000 / feeds * min(one["wall"] for one in told),
            "cpu": 1000 / feeds * min(one["cpu"] for one in told),
        }
    tell("latency/0")
    return found


def flatness(driven: Driven, run: str, feeds: int, tell) -> dict[str, list[float]]:
    """MB of the worker process with its parser after each of 50 mixed rounds."""
    found = []
    for turn in range(LONG_RUN):
        tell(f"add/{run}/{feeds}/{turn}")
        found.append(driven.round("mixed")["memory"])
    return {kind: [round(one[kind], 1) for one in found] for kind in ("rss", "pss")}


def crowd(driven: Driven, run: str, feeds: int, tell) -> dict[str, float]:
    """A crowd of feeds due at once, of which one in ten has a new item: when those have their place in the queue."""
    driven.round("cold")
    tell(f"add/{run}/{feeds}/0")
    return driven.round("crowd")


@contextmanager
def own_database(server_address: str):
    import psycopg

    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(urlsplit(server_address)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server_address)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def ours(run: str, feeds: int, port: int, folder: Path, reads: bool = False, **environment: str):
    folder.mkdir()
    places = ",".join(sorted({f"{address(number)}:{port}" for number in range(feeds)}))
    environment = {"DATA_DIR": str(folder), "LOCAL_FEEDS": places, **environment}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env={**os.environ, **environment}, check=True
    )
    driven = Driven("--ours-reading" if reads else "--ours", urls=urls_of(run, feeds, port), **environment)
    try:
        yield driven
    finally:
        driven.end()


def urls_of(run: str, feeds: int, port: int) -> list[str]:
    return [f"http://{address(number)}:{port}/{run}/{number}" for number in range(feeds)]


def best_reader(found: list[dict[str, dict]]) -> dict[str, dict]:
    """Of each round the wall of the best number of workers, and the least CPU of any."""
    return {
        name: {"wall": min(one[name]["wall"] for one in found), "cpu": min(one[name]["cpu"] for one in found)}
        for name in ROUNDS
    }


def compare(feeds: int, crowd_size: int, port: int, folder: Path) -> tuple[dict[str, dict], dict, dict]:
    def tell(words: str) -> dict:
        with urlopen(f"http://127.0.0.1:{port}/!{words}") as answer:  # noqa: S310
            return json.load(answer)

    tell(f"prepare/{feeds}")
    production = {
        "REDIS_URL": urlsplit(os.environ["REDIS_URL"])._replace(path="/14").geturl(),
        "SECRET_KEY": "a key for the bench that is long enough to be taken",
        "SITE_URL": "https://hearsay.example.org",
        "EMAIL_URL": "smtp+tls://mail.example.org:587",
    }
    results, more = {}, {}
    with (
        own_database(os.environ["DATABASE_URL"]) as database,
        ours("ours", feeds, port, folder / "ours", DATABASE_URL=database, **production) as driven,
    ):
        results["ours"] = measure(driven, "ours", feeds, tell)
        more["memory"] = flatness(driven, "ours", feeds, tell)
    readers = []
    for workers in READER_WORKERS:
        run = f"reader{workers}"
        driven = Driven("--reader", str(folder / f"{run}.sqlite"), str(workers), urls=urls_of(run, feeds, port))
        try:
            readers.append(measure(driven, run, feeds, tell))
        finally:
            driven.end()
    results["reader"] = best_reader(readers)
    embedded = dict.fromkeys(["DATABASE_URL", *production], "")
    with ours("embedded", feeds, port, folder / "embedded", **embedded) as driven:
        results["embedded"] = measure(driven, "embedded", feeds, tell)
    with (
        own_database(os.environ["DATABASE_URL"]) as database,
        ours("crowd", crowd_size, port, folder / "crowd", reads=True, DATABASE_URL=database, **production) as driven,
    ):
        more["crowd"] = {"feeds": crowd_size, **crowd(driven, "crowd", crowd_size, tell)}
    return results, more, tell("counts")


def main() -> None:
    feeds, crowd_size = [*map(int, sys.argv[1:3]), 500, 5000][:2] if len(sys.argv) != 2 else (int(sys.argv[1]), 5000)
    if not os.environ.get("DATABASE_URL", "").startswith("postgres") or not os.environ.get("REDIS_URL"):
        print("skipped: bench/ingest.py needs DATABASE_URL of a PostgreSQL server and REDIS_URL")
        return
    publisher = subprocess.Popen([sys.executable, __file__, "--publisher"], stdout=subprocess.PIPE, text=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            results, more, counts = compare(feeds, crowd_size, int(publisher.stdout.readline()), Path(folder))
    finally:
        publisher.kill()
        publisher.wait()
    report(feeds, results, more, counts)


def report(feeds: int, results: dict[str, dict], more: dict, counts: dict) -> None:
    cores, python = os.cpu_count(), platform.python_version()
    print(f"{platform.machine()}, {cores} cores, Python {python}, {time.strftime('%Y-%m-%d')}; {feeds} feeds")
    print(f"load of the machine in the last minute: {os.getloadavg()[0]:.1f}; milliseconds per feed\n")
    print(f"{'':12}{'ours':>18}{'reader':>18}{'ratio':>16}{'embedded':>18}")
    print(f"{'':12}" + f"{'CPU':>10}{'wall':>8}" * 2 + f"{'CPU':>8}{'wall':>8}" + f"{'CPU':>10}{'wall':>8}")
    ratios = {}
    for name in ROUNDS:
        us, them, embedded = (results[who][name] for who in ("ours", "reader", "embedded"))
        ratios[name] = {what: round(us[what] / them[what], 3) for what in ("cpu", "wall")}
        print(
            f"{name:12}{us['cpu']:>10.2f}{us['wall']:>8.2f}{them['cpu']:>10.2f}{them['wall']:>8.2f}"
            f"{ratios[name]['cpu']:>8.3f}{ratios[name]['wall']:>8.3f}{embedded['cpu']:>10.2f}{embedded['wall']:>8.2f}"
        )
    last = results["ours"][ROUNDS[-1]]
    print()
    memory, waited = more["memory"], more["crowd"]
    for kind, name in (("rss", "resident"), ("pss", "proportional share")):
        held = memory[kind]
        print(
            f"a worker process with its parser, {name}: {held[0]:.0f} MB after 1 round of {LONG_RUN}, "
            f"{held[len(held) // 2]:.0f} after {len(held) // 2 + 1}, {held[-1]:.0f} after {len(held)}, {max(held):.0f} at most"
        )
    print(
        f"{waited['feeds']:,} feeds due at once, {waited['items']} new items: looked through {waited['p50']:.1f} s (median) "
        f"and {waited['p95']:.1f} s (19 of 20) after the start of the poll"
    )
    print("as the publisher counted:")
    for run in ("ours", "embedded"):
        print(f"  {run}: {counts[run]}")
    print(
        json.dumps(
            {
                "feeds": feeds,
                "milliseconds_per_feed": {
                    who: {name: {what: round(found[name][what], 3) for what in ("cpu", "wall")} for name in ROUNDS}
                    for who, found in results.items()
                },
                "memory_mb": {
                    kind: {"first": held[0], "last": held[-1], "most": max(held)} for kind, held in memory.items()
                },
                "crowd": waited,
                "entries": last["entries"],
                "in_trouble": last["in_trouble"],
                "counted": {run: counts[run] for run in ("ours", "embedded")},
                "ratios": {
                    "CPU": {name: ratio["cpu"] for name, ratio in ratios.items()},
                    "wall": {name: ratio["wall"] for name, ratio in ratios.items()},
                },
            }
        )
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--publisher"]:
            asyncio.run(publish())
        case ["--reader", path, workers]:
            drive_reader(path, int(workers), json.loads(sys.stdin.readline()))
        case ["--ours" | "--ours-reading" as which]:
            drive_ours(json.loads(sys.stdin.readline()), reads=which == "--ours-reading")
        case _:
            main()
