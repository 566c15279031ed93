"""Undo one Content-Encoding piece by piece, and stop as soon as the result is larger than allowed. Pure."""

import zlib
from collections.abc import Callable
from typing import Protocol

import brotli  # type: ignore[import-untyped]

from outbound.errors import FetchError

ACCEPT_ENCODING = "gzip, deflate, br"
# A gzip file may be several joined; more than this is an attempt to keep us busy.
MOST_MEMBERS = 100
GZIP = zlib.MAX_WBITS | 16


class Decoder(Protocol):
    def feed(self, data: bytes, most: int) -> bytes:
        """What a piece unpacks to, cut at `most` + 1 bytes: one more than allowed is enough to know."""

    def finish(self) -> None:
        """Raises FetchError if the answer is cut off."""


class Plain:
    def feed(self, data: bytes, most: int) -> bytes:
        return data

    def finish(self) -> None:
        pass


class Zlib:
    """gzip (possibly several members), or deflate with or without its zlib header."""

    def __init__(self, wbits: int):
        self.wbits = wbits
        self.members = 1
        self.begun = False
        self.stream = zlib.decompressobj(wbits)

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray()
        while data and len(out) <= most:
            if self.stream.eof:
                if self.wbits != GZIP or not data.startswith(b"\x1f"):
                    break  # padding after the end
                self._next_member()
            try:
                out += self.stream.decompress(data, most + 1 - len(out))
            except zlib.error:
                if self.wbits != zlib.MAX_WBITS or self.begun:
                    raise
                self.wbits = -zlib.MAX_WBITS  # "deflate" without the header, as some servers send it
                self.stream = zlib.decompressobj(self.wbits)
                out += self.stream.decompress(data, most + 1 - len(out))
            self.begun = True
            data = self.stream.unconsumed_tail or (self.stream.unused_data if self.stream.eof else b"")
        return bytes(out)

    def _next_member(self):
        self.members += 1
        if self.members > MOST_MEMBERS:
            raise FetchError("The server's compressed answer cannot be unpacked.")
        self.stream = zlib.decompressobj(self.wbits)

    def finish(self) -> None:
        if self.begun and not self.stream.eof:
            raise FetchError("The server broke off in the middle of its answer.")


class Brotli:
    def __init__(self):
        self.stream = brotli.Decompressor()
        self.begun = False

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray(self.stream.process(data, output_buffer_limit=most + 1))
        while len(out) <= most and not self.stream.can_accept_more_data():
            out += self.stream.process(b"", output_buffer_limit=most + 1 - len(out))
        self.begun = True
        return bytes(out)

    def finish(self) -> None:
        if self.begun and not self.stream.is_finished():
            raise FetchError("The server broke off in the middle of its answer.")


DECODERS: dict[str, Callable[[], Decoder]] = {
    "": Plain,
    "identity": Plain,
    "gzip": lambda: Zlib(GZIP),
    "x-gzip": lambda: Zlib(GZIP),
    "deflate": lambda: Zlib(zlib.MAX_WBITS),
    "br": Brotli,
}


class Body:
    """The body of one answer as it arrives, limited on the wire and unpacked."""

    def __init__(self, content_encoding: str, limit: int):
        """`limit` in bytes. Raises FetchError for an encoding we do not read, or several on top of each other."""
        self.limit = limit
        self.on_wire = 0
        self.unpacked = bytearray()
        try:
            self.decoder = DECODERS[content_encoding.strip().lower()]()
        except KeyError:
            raise FetchError("The server packed its answer in a way that we do not unpack.") from None

    def feed(self, data: bytes):
        """Take one piece. Raises FetchError when it is too much, or not what the encoding says."""
        self.on_wire += len(data)
        if self.on_wire > self.limit:
            raise too_large(self.limit)
        try:
            self.unpacked += self.decoder.feed(data, self.limit - len(self.unpacked))
        except (zlib.error, brotli.error):
            raise FetchError("The server's compressed answer cannot be unpacked.") from None
        if len(self.unpacked) > self.limit:
            raise too_large(self.limit)

    def finish(self) -> bytes:
        """All of it. Raises FetchError if the compressed answer is cut off."""
        self.decoder.finish()
        return bytes(self.unpacked)


def too_large(limit: int) -> FetchError:
    size = f"{limit / 1_000_000:g} MB" if limit >= 100_000 else f"{limit} bytes"
    return FetchError(f"The answer is larger than {size}.")
