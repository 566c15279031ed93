"""Parse feeds in a child process with limits: a hostile document costs at most ten seconds, once.

A regular expression that hangs holds up every thread of its process, and only another process can end it. The child
lives long, is fed over a pipe, and has after its start no files, no network and little memory. The parent holds one
child per process, kills it on overrun and starts the next one when it is needed. The child ends with its parent: its
stdin closes.

Over the pipes go frames of a length (4 bytes) and so many bytes. To the child: JSON of the arguments, then the body;
the next document is sent while the last one is read. From it: JSON when it is up and for each document, never pickles:
what comes out of a parser of hostile input is not trusted either.
"""

import atexit
import contextlib
import json
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple, cast

from ingest.pace import Pace
from ingest.parsed import NotAFeed, ParsedEntry, ParsedFeed

LARGEST_ANSWER = 64 * 2**20
PROJECT = Path(__file__).resolve().parent.parent

TOO_LONG = "Reading this feed took too long, so it was stopped."
TOO_MUCH = "Reading this feed took too much memory, so it was stopped."
BROKE_DOWN = "The parser broke down on this feed."
OUT_OF_MEMORY = 3  # how a child ends that has too little left to say so


class Limits(NamedTuple):
    """What a child may use: seconds for one document, bytes for all its life."""

    cpu: int = 9
    wall: float = 20
    memory: int = 512 * 2**20  # address space, with the libraries mapped into it
    data: int = 256 * 2**20  # of it, what the child itself may fill
    documents: int = 5_000  # then a new child: what leaks, leaks no further


LIMITS = Limits()
QUICK = 0.5  # seconds in which nearly every feed is read; the others can wait until those are
START = 60.0  # seconds in which a child is up, on a machine however busy


class ParseOverrun(Exception):
    """The document took more time or memory than a feed may; the message is a sentence for the editor."""

    def __init__(self, message: str, *, final: bool = True):
        """`final` unless another try, with all the time that a document may take, could end otherwise."""
        super().__init__(message)
        self.final = final


class Document(NamedTuple):
    """The arguments of `parsing.parse`, but for the clock."""

    body: bytes
    content_type: str = ""
    base: str = ""
    known: bytes | None = None


def parse_limited(
    body: bytes, *, content_type: str = "", base: str = "", now: datetime, known: bytes | None = None
) -> ParsedFeed:
    """`parsing.parse` in this process's limited child. Raises NotAFeed or ParseOverrun."""
    (outcome,) = parse_all_limited([Document(body, content_type, base, known)], now=now)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def parse_all_limited(
    documents: Sequence[Document], *, now: datetime, wall: float | None = None
) -> Iterator[ParsedFeed | NotAFeed | ParseOverrun]:
    """What comes of each document, in order, as it comes. The limits are those of one, whatever stands beside it.

    `wall` are seconds for each, if fewer than the limits give.
    """
    done = 0
    with _turn:
        while done < len(documents):
            child = _child()
            room = max(child.limits.documents - child.documents, 1)
            for outcome in child.parse_each(documents[done : done + room], now, wall):
                done += 1
                yield outcome


# The parent's side


class Child:
    """A running child and our ends of its pipes."""

    def __init__(self, limits: Limits = LIMITS):
        self.limits = limits
        self.documents = 0
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-E", "-s", "-X", "utf8", "-m", "ingest.parser_child", *map(str, limits)],
            cwd=PROJECT,
            env={"PYTHONDONTWRITEBYTECODE": "1"},  # and none of our secrets
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self.questions, self.answers = cast(IO[bytes], self.process.stdin), cast(IO[bytes], self.process.stdout)
        os.set_blocking(self.questions.fileno(), False)
        os.set_blocking(self.answers.fileno(), False)

    def parse(self, body: bytes, content_type: str, base: str, now: datetime) -> ParsedFeed:
        (outcome,) = self.parse_each([Document(body, content_type, base)], now)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def parse_each(
        self, documents: Sequence[Document], now: datetime, wall: float | None = None
    ) -> Iterator[ParsedFeed | NotAFeed | ParseOverrun]:
        """What comes of the documents, in order, up to the one that this child ended with."""
        self.wall = min(wall or self.limits.wall, self.limits.wall)
        self.unsent, self.received = self._questions(documents, now), bytearray()
        self.sending = next(self.unsent, None)
        left = len(documents)
        try:
            if not self.documents:
                self._answer(until=time.monotonic() + START)  # the word that it is up
            while left:
                self.documents += 1
                answer = self._answer(until=time.monotonic() + self.wall)
                left = 0 if answer["last"] else left - 1
                if answer["last"]:
                    self.end()
                yield outcome_of(answer)
        except ParseOverrun as overrun:
            left = 0
            self.end()
            yield overrun
        finally:
            if left:  # also when our own task is stopped half-way: the next question needs a clean pipe
                self.end()

    def _questions(self, documents: Sequence[Document], now: datetime) -> Iterator[memoryview]:
        for body, content_type, base, known in documents:
            arguments = {
                "content_type": content_type,
                "base": base,
                "now": now.isoformat(),
                "known": None if known is None else known.hex(),
            }
            yield memoryview(frame(json.dumps(arguments).encode()) + frame(body))

    def _answer(self, until: float) -> dict:
        """The next answer, writing questions the while; neither of them blocks."""
        wanted = 4
        while True:
            if len(self.received) >= 4:
                wanted = 4 + struct.unpack(">I", self.received[:4])[0]
                if wanted > LARGEST_ANSWER:
                    raise ParseOverrun(TOO_MUCH)
                if len(self.received) >= wanted:
                    answer = json.loads(self.received[4:wanted])
                    del self.received[:wanted]
                    return answer
            readable, writable, _ = select.select(
                [self.answers], [self.questions] if self.sending else [], [], max(0, until - time.monotonic())
            )
            if not readable and not writable:
                raise ParseOverrun(TOO_LONG, final=self.wall == self.limits.wall)
            if writable:
                self._write()
            if readable:
                piece = os.read(self.answers.fileno(), 2**20)
                if not piece:
                    raise self._cause_of_death()
                self.received += piece

    def _write(self):
        try:
            self.sending = self.sending[os.write(self.questions.fileno(), self.sending[: 2**16]) :]
        except BrokenPipeError:  # it has ended: its stdout says so too
            self.sending = None
            return
        self.sending = self.sending or next(self.unsent, None)

    def _cause_of_death(self) -> ParseOverrun:
        how = self.process.wait()
        causes = {-signal.SIGXCPU: TOO_LONG, -signal.SIGKILL: TOO_MUCH, OUT_OF_MEMORY: TOO_MUCH}
        return ParseOverrun(causes.get(how, BROKE_DOWN), final=how in (-signal.SIGXCPU, OUT_OF_MEMORY))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.questions.close()
        self.answers.close()


_turn = threading.Lock()
_alive: Child | None = None


def _child() -> Child:
    global _alive
    if _alive and (_alive.documents >= _alive.limits.documents or _alive.process.poll() is not None):
        _alive.end()
        _alive = None
    _alive = _alive or Child()
    return _alive


def _forget():
    """After a fork the child is still the parent's: let go of the pipes, without a word to it."""
    global _alive, _turn
    if _alive:
        _alive.questions.close()
        _alive.answers.close()
        _alive.process.returncode = 0  # or subprocess would wait for a child that is not ours
    _alive, _turn = None, threading.Lock()


def _end():
    if _alive:
        _alive.end()


os.register_at_fork(after_in_child=_forget)
atexit.register(_end)


def frame(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def outcome_of(answer: dict) -> ParsedFeed | NotAFeed:
    if "refused" in answer:
        return NotAFeed(answer["refused"])
    entries = (ParsedEntry(**{**entry, "published_at": moment(entry["published_at"])}) for entry in answer["entries"])
    pace = Pace(**{name: tuple(said) if isinstance(said, list) else said for name, said in answer["pace"].items()})
    return ParsedFeed(answer["title"], tuple(entries), pace, bytes.fromhex(answer["items"]))


# The child's side


def serve(limits: Limits):
    """Answer documents from stdin until it closes."""
    from ingest.parsing import ENCODINGS, parse  # the parser is the child's alone: it takes memory

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends us
    # Loads what is loaded on first use, while files may be opened.
    parse(WARM_UP.encode(), now=datetime.now(UTC), known=b"")
    for codec in ENCODINGS.values():
        "".encode(codec)
    memory = os.open("/proc/self/statm", os.O_RDONLY)
    give_up(limits, files=memory + 1)
    say({})
    try:
        for arguments, body in questions():
            allow_cpu(limits.cpu)
            answer = answer_to(json.loads(arguments), body)
            answer["last"] = resident(memory) > limits.data / 3  # the next document may want what this one took
            say(answer)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # an orderly exit asks for memory too


def resident(statm: int) -> int:
    """Bytes of memory that this process holds now; the kernel's own peak would count our parent's before the start."""
    return int(os.pread(statm, 100, 0).split()[1]) * resource.getpagesize()


def give_up(limits: Limits, files: int):
    """Give up, for good, what reading bytes does not need."""
    sys.path.clear()  # an import that looks for its module finds none, rather than failing at opening a folder
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.data, limits.data))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # those that are open: no file, no socket beside
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def allow_cpu(seconds: int):
    """So many seconds more than were used so far, rounded down; then SIGXCPU ends us."""
    used = math.floor(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))


def questions() -> Iterator[tuple[bytes, bytes]]:
    while arguments := read_frame():
        yield arguments, read_frame()


def read_frame() -> bytes:
    """The next frame; empty when stdin has closed."""
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(struct.unpack(">I", head)[0]) if len(head) == 4 else b""


def say(answer: dict):
    sys.stdout.buffer.write(frame(json.dumps(answer, ensure_ascii=False).encode()))
    sys.stdout.buffer.flush()


def answer_to(arguments: dict, body: bytes) -> dict:
    from ingest.parsing import parse

    try:
        known = None if arguments["known"] is None else bytes.fromhex(arguments["known"])
        found = parse(body, **{**arguments, "now": moment(arguments["now"]), "known": known})
    except NotAFeed as refusal:
        if isinstance(refusal.__cause__, MemoryError):
            raise refusal.__cause__ from None
        return {"refused": str(refusal)}
    entries = [{**vars(entry), "published_at": iso(entry.published_at)} for entry in found.entries]
    return {"title": found.title, "entries": entries, "pace": vars(found.pace), "items": found.items.hex()}


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


WARM_UP = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>a</title>
<item><title>a &amp; b</title><link>http://a.example/&nbsp;</link><pubDate>Mon, 15 Apr 2024 08:05:00 GMT</pubDate>
<dc:date>2024-04-15T08:05:00Z</dc:date><description>&lt;p&gt;a&lt;/p&gt;</description><content:encoded><![CDATA[<p>a]]>
</content:encoded><source url="http://b&#252;cher.example/">a</source></item></channel></rss>"""

if __name__ == "__main__":
    cpu, wall, *rest = sys.argv[1:]
    serve(Limits(int(cpu), float(wall), *map(int, rest)))
