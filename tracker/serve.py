"""The processes of one machine: start them, say when they work, watch them, stop all of them.

`manage.py serve` prepares the database and then becomes this program, which needs neither Django nor its memory.
It reads its plan, one JSON object, from the file descriptor named by its only argument.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

PATIENCE = 120
LAST_RESORT = 30
LOG_BYTES = 5_000_000


class Stopped(Exception):
    """Somebody asked the site to stop."""


class Failed(Exception):
    """The site cannot go on, with the reason for the person at the terminal."""


class Part:
    """One process of the site, in a process group of its own, writing to its own log."""

    def __init__(self, name: str, command: list[str], log: str, ready: str):
        self.name, self.log, self.ready = name, Path(log), ready
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(f"{log}.1")
        with self.log.open("ab") as output:
            self.start_of_run = output.tell()
            self.process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=ending_with(os.getpid()),
            )

    def words(self) -> str:
        """What it wrote since it was started."""
        with self.log.open("rb") as log:
            log.seek(self.start_of_run)
            return log.read().decode(errors="replace")

    def is_ready(self) -> bool:
        return self.ready in self.words()


def ending_with(parent: int) -> Callable[[], None]:
    """What a child runs before its program: on Linux it asks for SIGTERM when its parent dies, however that dies."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    pr_set_pdeathsig = 1

    def ask() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if libc:
            libc.prctl(pr_set_pdeathsig, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def run(plan: dict) -> int:
    """Serve until somebody asks to stop (0) or a part ends by itself (1).

    The plan: {"parts": [{"name", "command", "log", "ready": what it writes when it is}], "host", "port",
    "welcome": text for when all parts work}.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _ask_to_stop)
    parts: list[Part] = []
    code = 0
    try:
        print("Starting the web and the worker.")
        for part in plan["parts"]:
            parts.append(Part(**part))
        wait_for_health(parts, plan["host"], plan["port"])
        print(plan["welcome"])
        while True:
            require_running(parts)
            time.sleep(0.5)
    except Stopped:
        print("Stopping: what is being done is finished first.")
    except Failed as error:
        print(error, file=sys.stderr)
        code = 1
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        for part in stop(parts):
            print(f"The {part.name} did not finish within {LAST_RESORT} seconds and was ended.")
    print("Stopped. Nothing is lost: start again with the same command.")
    return code


def _ask_to_stop(*_: object) -> None:
    raise Stopped


def wait_for_health(parts: Iterable[Part], host: str, port: int) -> None:
    """Wait until all are ready and /healthz finds nothing failing; after two minutes say what is not and go on."""
    told, deadline = "", time.monotonic() + PATIENCE
    while failing := failing_at(host, port) or not_ready(parts):
        require_running(parts)
        if time.monotonic() > deadline:
            print(f"After {PATIENCE} seconds not all parts work: {failing} The site goes on; the logs may say more.")
            return
        if failing != told:
            print(f"Waiting: {failing}")
        told = failing
        time.sleep(0.3)


def failing_at(host: str, port: int) -> str:
    """What /healthz names as failing; empty if all is well."""
    connection = HTTPConnection(host, port, timeout=15)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        body = response.read()
        return "" if response.status == 200 else " ".join(json.loads(body)["failing"])
    except (OSError, HTTPException):
        return "The web does not answer."
    except (ValueError, KeyError):
        return f"The web answers {response.status}."
    finally:
        connection.close()


def not_ready(parts: Iterable[Part]) -> str:
    return " ".join(f"The {part.name} is not ready." for part in parts if not part.is_ready())


def require_running(parts: Iterable[Part]) -> None:
    for part in parts:
        if (code := part.process.poll()) is not None:
            raise Failed(
                f"The {part.name} ended by itself (exit {code}), so all is stopped. "
                f"The end of {part.log}:\n" + "\n".join(part.words().splitlines()[-5:])
            )


def stop(parts: list[Part]) -> list[Part]:
    """Ask all parts to finish what they do; later end them. Returns those that had to be ended."""
    for part in parts:
        part.process.terminate()
    deadline, ended = time.monotonic() + LAST_RESORT, []
    for part in parts:
        try:
            part.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            ended.append(part)
        # Whatever is left in its group: itself, or the children of one that was killed.
        with suppress(ProcessLookupError):
            os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()
    return ended


if __name__ == "__main__":
    with open(int(sys.argv[1])) as given:
        plan = json.load(given)
    sys.exit(run(plan))
