"""How much the answers to many questions may hold at a time, before somebody has read them."""

import asyncio

from outbound import loop

SMALL = 262_144  # bytes; a body up to this waits for nobody
AT_ONCE = 8


class LargeBodies:
    """Lets so many bodies at a time grow beyond SMALL, among requests made together; the others pause half-way."""

    def __init__(self, at_once: int = AT_ONCE):
        self.passes = asyncio.Semaphore(at_once)

    async def admit(self) -> None:
        """Wait until a body may grow. On the loop."""
        await self.passes.acquire()

    def give_back(self) -> None:
        """Of a body that was admitted and came to nothing. On the loop."""
        self.passes.release()

    def let_go(self, body: bytes) -> None:
        """Say, on any thread, that a body was read and is held no more."""
        if len(body) > SMALL:
            loop.soon(self.passes.release)
