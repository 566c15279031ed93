"""Who may ask a host now: so many at a time, over all processes of this machine that share a file of locks.

The kernel keeps the locks and drops those of a process that dies. The file stays empty.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import random
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PLACES = 2**24  # hosts that fall on one place, by chance, share their turns
LOOKS_AGAIN = (0.02, 0.06)  # seconds, when other processes have all turns of a host


class Turns:
    """For one event loop; one per process and file, for to close a file drops all locks that its process has on it."""

    def __init__(self, per_host: int, file: Path | None = None):
        """Without a `file` the turns are this loop's own."""
        self.per_host = per_host
        self.here: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))
        self.held: set[int] = set()
        self.locks = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) if file else None

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn to ask this host, and have it."""
        async with self.here[host]:
            place = await self._place(host)
            try:
                yield
            finally:
                self._give_back(place)

    async def _place(self, host: str) -> int | None:
        if self.locks is None:
            return None
        first = zlib.crc32(host.encode()) % PLACES * self.per_host
        while True:
            for place in range(first, first + self.per_host):
                if place not in self.held and self._is_free(self.locks, place):
                    self.held.add(place)
                    return place
            await asyncio.sleep(random.uniform(*LOOKS_AGAIN))  # noqa: S311

    def _is_free(self, locks: int, place: int) -> bool:
        """Whether no other process has it; from now on, we do."""
        try:
            fcntl.lockf(locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError as error:
            # Where a file system knows no locks, turns are each process's own.
            return error.errno not in (errno.EACCES, errno.EAGAIN)
        return True

    def _give_back(self, place: int | None):
        if place is not None and self.locks is not None:
            self.held.discard(place)
            with contextlib.suppress(OSError):
                fcntl.lockf(self.locks, fcntl.LOCK_UN, 1, place)

    def close(self):
        if self.locks is not None:
            os.close(self.locks)
            self.locks = None
