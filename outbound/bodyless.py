"""Answers that end with their headers: 204 and 304. Some servers send a body after them, which is not read.

aiohttp takes such a body for the beginning of a next answer and gives up the whole. Here its parser never sees it.
"""

import functools

import aiohttp
from aiohttp.client_proto import ResponseHandler

END = b"\r\n\r\n"
LONGEST_HEAD = 65_536  # then whatever it is goes to the parser, which has limits of its own
BODYLESS = (b"204", b"304")
MOST_INTERIM = 20  # 100 Continue and the like; a server that goes on with them is not listened to


class Connector(aiohttp.TCPConnector):
    """Of connections that stop listening where an answer ends."""

    def __init__(self, **options):
        super().__init__(**options)
        self._factory: functools.partial = functools.partial(OneAnswer, loop=self._loop)


class OneAnswer(ResponseHandler):
    """A connection that takes one answer to each request, and closes when something comes behind it.

    It stops listening where an answer without a body ends, or where none begins.
    """

    def __init__(self, loop):
        super().__init__(loop=loop)
        self._await_answer()

    def _await_answer(self) -> None:
        self._head: bytes | None = b""  # None: its end has been seen
        self._interim = 0
        self._ended = False

    def set_response_params(self, **params) -> None:  # a request begins
        self._await_answer()
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        if self._interim > MOST_INTERIM:
            return
        if data and (self._ended or (self._head is None and self._payload is not None and self._payload.is_eof())):
            self.force_close()
            if self.transport is not None:
                self.transport.close()
            return
        if self._head is not None and data:
            self._head += data
            data = data[: len(data) - self._beyond()]
        super().data_received(data)

    def _beyond(self) -> int:
        """How many of the bytes so far lie behind the end of an answer without a body."""
        while self._head is not None and END in self._head:
            head, _, rest = self._head.partition(END)
            status = head[9:12]
            self._head = rest if status.startswith(b"1") else None  # a 100 Continue is followed by the answer itself
            self._interim += status.startswith(b"1")
            if status in BODYLESS or self._interim > MOST_INTERIM:
                self._ended = True
                if rest or status not in BODYLESS:
                    self.force_close()
                return len(rest)
        if self._head is not None and len(self._head) > LONGEST_HEAD:
            self._head = None
        return 0
