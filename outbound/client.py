"""The one guarded HTTP client: every address is checked in the act of connecting, every answer has limits.

A request may not reach our own network (but for the host:port pairs of the setting LOCAL_FEEDS), may not take longer
than its deadline over all redirects, and may not bring more bytes than its limit, packed or unpacked.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from django.conf import settings
from yarl import URL

from outbound import loop
from outbound.addresses import PORTS, is_public
from outbound.bodyless import Connector
from outbound.decoding import ACCEPT_ENCODING, Body, too_large
from outbound.errors import FetchError, ForbiddenAddress
from outbound.turns import Turns
from outbound.unread import SMALL, Unread

__all__ = ["FetchError", "Request", "Response", "Unread", "fetch", "fetch_all", "fetch_each", "get"]

DEADLINE = 30.0
LIMIT = 5_000_000
LONGEST_URL = 2048
MOST_REDIRECTS = 5
PER_HOST = 2
AT_ONCE = 250
KEPT_OPEN = 5.0  # seconds, for the next feed of the same host; its address was checked when it was made
PERMANENT = frozenset({301, 308})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})

# Whether the request under way names a host:port that may lie inside; its connections inherit the value.
_may_go_inside: ContextVar[bool] = ContextVar("may_go_inside", default=False)


class Request(NamedTuple):
    """What is asked for. To one that does not `follow` redirects they are answers, whose `url` is where they lead."""

    url: str
    headers: Mapping[str, str] = {}
    follow: bool = True


@dataclass(frozen=True)
class Response:
    """An answer. `url` is where it came from in the end; `body` is empty unless the status is 2xx."""

    status: int
    url: str
    headers: Mapping[str, str]  # letter case aside
    body: bytes
    permanent_url: str | None  # where permanent redirects say that it lives from now on
    passing: bool = False  # a redirect that is not permanent led there

    @property
    def status_line(self) -> str:
        """Such as “404 Not Found”."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)


class Client:
    """One session on one event loop. `resolver` is aiohttp's, for hosts that need another than the system's.

    `turns` is a file by which the clients of all processes keep to PER_HOST together; without it, each does alone.
    """

    def __init__(self, *, user_agent: str, resolver: AbstractResolver | None = None, turns: Path | None = None):
        def session() -> aiohttp.ClientSession:
            connector = Connector(
                resolver=resolver,
                socket_factory=guarded_socket,
                use_dns_cache=False,
                limit=AT_ONCE,
                limit_per_host=PER_HOST,
                keepalive_timeout=KEPT_OPEN,
            )
            return aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                trust_env=False,
            )

        # A connection that was made inside our network by permission is never used without.
        self.outside, self.inside = session(), session()
        self.turns = Turns(PER_HOST, turns)

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: float = DEADLINE,
        limit: int = LIMIT,
        local: Collection[str] = (),
        unread: Unread | None = None,
        follow: bool = True,
    ) -> Response:
        """GET an address. `deadline` in seconds over all hops, `limit` in bytes. Raises FetchError."""
        try:
            async with asyncio.timeout(deadline):
                return await self._follow(url, dict(headers or {}), limit, local, unread, follow)
        except TimeoutError:
            raise FetchError(f"The server took longer than {deadline:g} seconds.") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(in_plain_words(error)) from error

    async def _follow(
        self,
        url: str,
        headers: dict[str, str],
        limit: int,
        local: Collection[str],
        unread: Unread | None,
        follow: bool,
    ) -> Response:
        target = gate(url, local)
        local = local if is_local(target, local) else ()  # a publisher outside leads nobody inside
        permanent, permanent_so_far = None, True
        seen: set[URL] = set()
        for _ in range(MOST_REDIRECTS + 1):
            async with self._asked(target, headers, local) as answer:
                if answer.status not in REDIRECTS or "Location" not in answer.headers:
                    body = await read(answer, limit, unread) if 200 <= answer.status < 300 else b""
                    return Response(answer.status, str(target), answer.headers, body, permanent, not permanent_so_far)
                seen.add(target)
                target = gate(str(joined(target, answer.headers["Location"])), local)
                if not follow:
                    return Response(answer.status, str(target), answer.headers, b"", None)
            permanent_so_far = permanent_so_far and answer.status in PERMANENT
            permanent = str(target) if permanent_so_far else permanent
            headers = {name: value for name, value in headers.items() if name.lower() not in CREDENTIALS}
            if target in seen:  # it would answer the same: we keep no cookies
                raise FetchError("It redirects in a circle.")
        raise FetchError(f"It redirects more than {MOST_REDIRECTS} times.")

    @asynccontextmanager
    async def _asked(self, target: URL, headers: Mapping[str, str], local: Collection[str]):
        permitted = is_local(target, local)
        permit = _may_go_inside.set(permitted)
        session = self.inside if permitted else self.outside
        try:
            async with await opened(session, target, headers) as answer:
                yield answer
        finally:
            _may_go_inside.reset(permit)

    async def fetch_in_turn(self, request: Request, unread: Unread | None = None, **options) -> Response:
        """`fetch`, waiting before its deadline begins until fewer than PER_HOST others ask the same host."""
        async with self.turns.of(host_of(request.url)), unread.place(request.headers) if unread else nullcontext():
            response = await self.fetch(
                request.url, headers=request.headers, follow=request.follow, unread=unread, **options
            )
            if unread:
                unread.came(response.body)
            return response

    async def close(self):
        await self.outside.close()
        await self.inside.close()
        self.turns.close()


async def opened(session: aiohttp.ClientSession, target: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
    """The answer as far as its head.

    A server may close connections that we keep open, without a word. aiohttp then tries again once, which helps if
    there was one such connection; of a host there may be two.
    """
    try:
        return await session.get(target, headers=headers, allow_redirects=False)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        return await session.get(target, headers=headers, allow_redirects=False)


def guarded_socket(addr_info) -> socket.socket:
    """aiohttp's socket_factory: the last to see an address before connect(), whatever led to it."""
    family, kind, protocol, _, peer = addr_info
    if not _may_go_inside.get() and not (is_public(peer[0]) and peer[1] in PORTS):
        raise ForbiddenAddress
    return socket.socket(family, kind, protocol)


def gate(url: str, local: Collection[str]) -> URL:
    """The address as the client will use it. Raises FetchError if no request may go there by its form."""
    if len(url) > LONGEST_URL:
        raise FetchError(f"That address is longer than {LONGEST_URL} characters.")
    if not url.isprintable() or " " in url:
        raise FetchError("That address holds a space or a character that no address has.")
    try:
        target = URL(url)
    except ValueError:
        raise FetchError("That is not a valid address.") from None
    if target.scheme not in ("http", "https") or not target.host:
        raise FetchError("Only addresses that begin with http:// or https:// are fetched.")
    if target.user is not None or target.password is not None:
        raise FetchError("An address with a name or password in it is not fetched.")
    if target.port not in PORTS and not is_local(target, local):
        raise FetchError(f"Port {target.port} is not fetched from; only 80, 443, 8080 and 8443 are.")
    return target.with_fragment(None)


def is_local(target: URL, local: Collection[str]) -> bool:
    host = f"[{target.host}]" if ":" in (target.host or "") else target.host
    return f"{host}:{target.port}" in local


def joined(base: URL, location: str) -> URL:
    try:
        return base.join(URL(location))
    except ValueError:
        raise FetchError("It redirects to something that is not a valid address.") from None


def host_of(url: str) -> str:
    try:
        return URL(url).host or ""
    except ValueError:
        return ""


async def read(answer: aiohttp.ClientResponse, limit: int, unread: Unread | None = None) -> bytes:
    """The unpacked body. Raises FetchError if it is larger than `limit`, packed or unpacked."""
    if (answer.content_length or 0) > limit:
        raise too_large(limit)
    body = Body(", ".join(answer.headers.getall("Content-Encoding", [])), limit)
    grown = False
    try:
        async for piece in answer.content.iter_chunked(65_536):
            body.feed(piece)
            if unread and not grown and len(body.unpacked) > SMALL:
                await unread.grow()
                grown = True
        return body.finish()
    except BaseException:
        if unread and grown:
            unread.came_to_nothing()
        raise


def in_plain_words(error: Exception) -> str:
    """One sentence for an editor about what went wrong between us and the server."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "") or "it cannot be verified"
            return f"The server's certificate is not valid: {reason.rstrip('.')}."
        case aiohttp.ClientConnectorDNSError():
            return f"There is no host named {error.host}."
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "No secure connection could be made with the server."
        case aiohttp.ClientConnectorError(os_error=ForbiddenAddress() as forbidden):
            return str(forbidden)
        case aiohttp.ClientConnectorError():
            return f"Nothing answers at {error.host}, port {error.port}."
        case aiohttp.InvalidURL() | UnicodeError():
            return "That is not a valid address."
        case aiohttp.ClientResponseError():
            return "The server's answer is not proper HTTP, or its headers are too long."
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError() | OSError():
            return "The server broke off in the middle of its answer."
    return "The server's answer is not proper HTTP."


def default_client() -> Client:
    agent = f"Hearsay/0.1 (+{settings.SITE_URL}; {settings.CONTACT})"
    return Client(user_agent=agent, turns=settings.DATA_DIR / "turns")


async def fetch(
    url: str, *, headers: Mapping[str, str] | None = None, deadline: float = DEADLINE, limit: int = LIMIT
) -> Response:
    """GET an address through the guard. `deadline` in seconds over all hops, `limit` in bytes. Raises FetchError.

    To be awaited on any loop; where there is none, call `get`.
    """
    client = loop.resident(default_client)
    asked = client.fetch(url, headers=headers, deadline=deadline, limit=limit, local=settings.LOCAL_FEEDS)
    return await asyncio.wrap_future(loop.submit(asked))


def get(
    url: str, *, headers: Mapping[str, str] | None = None, deadline: float = DEADLINE, limit: int = LIMIT
) -> Response:
    """`fetch` for code without an event loop, such as a view. Raises FetchError."""
    client = loop.resident(default_client)
    asked = client.fetch(url, headers=headers, deadline=deadline, limit=limit, local=settings.LOCAL_FEEDS)
    return loop.submit(asked).result()


def fetch_all(
    requests: Iterable[Request], *, deadline: float = DEADLINE, limit: int = LIMIT
) -> Iterator[tuple[int, Response | Exception]]:
    """Fetch side by side, two at a time per host: each request's place in `requests` with its answer, as they finish.

    In place of an answer stands a FetchError, or another exception if the fault is ours: one address must not stop
    the others. Closing the iterator drops what is still under way.
    """
    yield from loop.as_completed(in_turn(requests, deadline=deadline, limit=limit))


def fetch_each(
    requests: Iterable[Request],
    tell: Callable[[int, Response | Exception], None],
    *,
    unread: Unread,
    deadline: float = DEADLINE,
    limit: int = LIMIT,
) -> Future:
    """`fetch_all` for one who does not wait: answers are told on the loop's thread. Cancel what comes back to drop the rest.

    Whoever is told lets `unread` go of each body as it is read, or asking comes to a halt.
    """
    return loop.run_each(in_turn(requests, deadline=deadline, limit=limit, unread=unread), tell)


def in_turn(requests: Iterable[Request], **options) -> list[Coroutine]:
    client = loop.resident(default_client)
    options["local"] = settings.LOCAL_FEEDS
    return [client.fetch_in_turn(request, **options) for request in requests]
