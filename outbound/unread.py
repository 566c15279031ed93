"""How much the answers to many questions may hold at a time, before somebody has read them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from outbound import loop

MOST_UNREAD = 4_000_000  # bytes; while more waits to be read, nothing new is asked
EXPECTED = 65_536  # of an answer under way that is likely to bring something
SMALL = 262_144  # bytes; a body that has begun waits for nobody up to this
LARGE_AT_ONCE = 8
CONDITIONS = ("If-None-Match", "If-Modified-Since")


class Unread:
    """Of requests made together, the answers that nobody has read yet. Asking waits for reading, not memory for both."""

    def __init__(self) -> None:
        self.size = 0
        self.room = asyncio.Event()
        self.room.set()
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)

    @asynccontextmanager
    async def place(self, headers: Mapping[str, str]) -> AsyncIterator[None]:
        """Wait until there is room for one more answer, and hold it while that is under way. On the loop."""
        while not self.room.is_set():
            await self.room.wait()
        expected = 0 if any(name in headers for name in CONDITIONS) else EXPECTED
        self._resize(expected)
        try:
            yield
        finally:
            self._resize(-expected)

    async def grow(self) -> None:
        """Wait until a body may grow beyond SMALL. On the loop."""
        await self.large.acquire()

    def came(self, body: bytes) -> None:
        """A body is told to its reader. On the loop."""
        self._resize(len(body))

    def came_to_nothing(self) -> None:
        """A body that grew beyond SMALL is given up. On the loop."""
        self.large.release()

    def let_go(self, body: bytes) -> None:
        """A body was read and is held no more. On any thread."""
        if body:
            loop.soon(self._let_go, len(body))

    def _let_go(self, size: int) -> None:
        self._resize(-size)
        if size > SMALL:
            self.large.release()

    def _resize(self, by: int) -> None:
        self.size += by
        if self.size > MOST_UNREAD:
            self.room.clear()
        else:
            self.room.set()
