"""The event loop of this process: one background thread, started when first needed, and what lives on it."""

import asyncio
import atexit
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import uvloop

# Threads that look up host names; a lookup that hangs keeps its thread.
LOOKUPS = 32

_starting = threading.Lock()
_running: "Running | None" = None
_left_behind: "list[Running | None]" = []  # by forks; kept, for to collect it would close what the parent still uses


class Running:
    def __init__(self):
        self.loop = uvloop.new_event_loop()  # a fifth less CPU a request than asyncio's own
        self.loop.set_default_executor(ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup"))
        self.residents: dict[Callable, Any] = {}
        threading.Thread(target=self.loop.run_forever, name="outbound", daemon=True).start()

    def call(self, coroutine: Coroutine) -> Future:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)


def running() -> Running:
    global _running
    with _starting:
        if _running is None:
            _running = Running()
            atexit.register(stop)
        return _running


def resident(make: Callable[[], Any]) -> Any:
    """What `make` makes, once per process, on the loop. Has an async `close`."""
    here = running()

    async def made():
        if make not in here.residents:
            here.residents[make] = make()
        return here.residents[make]

    return here.residents.get(make) or here.call(made()).result()


def submit(coroutine: Coroutine) -> Future:
    return running().call(coroutine)


def soon(call: Callable, *arguments: Any) -> None:
    """Have it called on the loop's thread."""
    running().loop.call_soon_threadsafe(call, *arguments)


def run_each(coroutines: Iterable[Coroutine], tell: Callable[[int, Any], None]) -> Future:
    """Run them side by side and tell, on the loop's thread, each one's place with its result or exception.

    Cancelling what comes back drops those that are still under way.
    """

    async def told(place: int, coroutine: Coroutine):
        try:
            found = await coroutine
        except Exception as error:  # told to whoever asked
            found = error
        tell(place, found)

    async def all_of_them():
        await asyncio.gather(*(told(place, coroutine) for place, coroutine in enumerate(coroutines)))

    return submit(all_of_them())


def as_completed(coroutines: list[Coroutine]) -> Iterator[tuple[int, Any]]:
    """Run them side by side: each one's place with its result or exception, as they finish. Closing it cancels."""
    done: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    together = run_each(coroutines, lambda place, found: done.put((place, found)))
    try:
        for _ in coroutines:
            yield done.get()
    finally:
        together.cancel()


def stop():
    """Close what lives on the loop and end its thread."""
    global _running
    with _starting:
        here, _running = _running, None
    if here is None:
        return
    for one in here.residents.values():
        here.call(one.close()).result(timeout=5)
    here.loop.call_soon_threadsafe(here.loop.stop)


def _forget():
    """After a fork the thread is gone, and a lock may have been held: begin anew."""
    global _running, _starting
    _left_behind.append(_running)
    _running, _starting = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
