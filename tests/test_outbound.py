"""The guarded client, against real servers on loopback that misbehave."""

import asyncio
import contextlib
import gzip
import os
import queue
import socket
import ssl
import subprocess
import threading
import time
import zlib

import brotli
import pytest
from aiohttp.abc import AbstractResolver

from outbound.addresses import is_public
from outbound.client import Client, FetchError, Request, Unread, fetch, fetch_all, fetch_each, get
from tests.forks import holds_in_a_fork
from tests.publisher import Publisher, answer, header

INSIDE = "inside our network"
NOT_PUBLIC = """
0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1 198.18.0.1 198.19.255.255
198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:1ff::1
2001:db8::1 2002:7f00:1::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 4000::1
localhost 0x7f.1 2130706433
"""
MAKE_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
    "-keyout key.pem -out cert.pem"
)


@pytest.fixture
def canary():
    """A server inside the house that no feed may reach."""
    with Publisher() as server:
        server.serve("/", b"secret")
        yield server


# Addresses


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"])
def test_addresses_of_the_open_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    NOT_PUBLIC.split(),
)
def test_every_other_address_is_not(address):
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "１２７.0.0.1"])  # noqa: S104
def test_our_own_network_is_not_reached_by_any_name(settings, host):
    settings.LOCAL_FEEDS = frozenset()

    with pytest.raises(FetchError, match=INSIDE):
        get(f"http://{host}:8080/")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0"])
def test_odd_ways_to_write_an_address_are_refused(settings, host):
    settings.LOCAL_FEEDS = frozenset({"127.0.0.1:8080"})

    with pytest.raises(FetchError, match="not a valid address|inside our network"):
        get(f"http://{host}:8080/")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://news.example/feed", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("news.example/feed", "http:// or https://"),
        ("http://", "http:// or https://"),
        ("http://user:secret@news.example/feed", "name or password"),
        ("http://news.example:22/feed", "Port 22"),
        ("http://news.example:6379/", "Port 6379"),
        ("http://news.example:99999/", "not a valid address"),
        ("http://news.example/a b", "space"),
        ("http://news.example/\r\nHost: other", "space"),
        ("http://news.example/\ud800", "space"),
        ("http://news.example/" + "a" * 2048, "longer than 2048"),
        ("http://" + "a" * 300 + ".example/", "not a valid address|no host"),
    ],
)
def test_an_address_that_may_not_be_fetched_by_its_form_says_why(url, sentence):
    with pytest.raises(FetchError, match=sentence):
        get(url)


def test_only_the_exact_host_and_port_of_the_setting_are_let_inside(publisher, canary):
    publisher.serve("/", b"ours")

    assert get(publisher.url()).body == b"ours"
    with pytest.raises(FetchError, match=f"Port {canary.port}"):
        get(canary.url())
    with pytest.raises(FetchError, match="Port"):
        get(f"http://localhost:{publisher.port}/")
    assert canary.requests == []


def test_a_publisher_outside_cannot_redirect_to_a_local_feed(publisher, canary, settings, monkeypatch):
    settings.LOCAL_FEEDS = {canary.place}
    monkeypatch.setattr("outbound.client.PORTS", {publisher.port})  # as if the publisher stood outside
    monkeypatch.setattr("outbound.client.is_public", lambda address: True)
    publisher.serve("/feed", status="302 Found", Location=canary.url())

    assert get(canary.url()).body == b"secret"
    with pytest.raises(FetchError, match="Port"):
        get(publisher.url("/feed"))

    assert len(canary.requests) == 1


def test_a_redirect_inwards_is_not_followed(publisher, canary):
    publisher.serve("/feed", status="302 Found", Location=canary.url())
    publisher.serve("/metadata", status="302 Found", Location="http://169.254.169.254/latest/")
    publisher.serve("/ipv6", status="302 Found", Location="http://[::1]:8080/")

    for path, sentence in [("/feed", "Port"), ("/metadata", INSIDE), ("/ipv6", INSIDE)]:
        with pytest.raises(FetchError, match=sentence):
            get(publisher.url(path))
    assert canary.requests == []


class Rebinding(AbstractResolver):
    """Names a public address when first asked and an inside one ever after."""

    def __init__(self):
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked += 1
        inside = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [inside]

    async def close(self):
        pass


def test_a_name_that_points_inside_is_refused_when_connecting(settings):
    resolver = Rebinding()

    async def ask():
        client = Client(user_agent="test", resolver=resolver)
        try:
            await client.fetch("http://rebinding.example:8080/", local=frozenset({"127.0.0.1:8080"}))
        finally:
            await client.close()

    with pytest.raises(FetchError, match=INSIDE):
        asyncio.run(ask())
    assert resolver.asked == 1


def test_a_local_name_of_the_setting_may_resolve_inside(publisher):
    publisher.serve("/", b"ours")

    async def ask():
        client = Client(user_agent="test", resolver=Rebinding())
        try:
            return await client.fetch(f"http://web:{publisher.port}/", local=frozenset({f"web:{publisher.port}"}))
        finally:
            await client.close()

    assert asyncio.run(ask()).body == b"ours"


def test_proxies_of_the_environment_are_not_used(publisher, canary, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url())
    publisher.serve("/", b"direct")

    assert get(publisher.url()).body == b"direct"
    assert canary.requests == []


# Answers without a body


@pytest.mark.parametrize("status", ["304 Not Modified", "204 No Content"])
@pytest.mark.parametrize("length", ["5", None])
@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_body_after_an_answer_that_has_none_is_not_read(publisher, status, length, before):
    whole = before + answer(b"<rss>", status, Content_Length=length, ETag='"2"')
    publisher.answers["/whole"] = lambda connection, request: connection.sendall(whole)
    publisher.answers["/bytes"] = lambda connection, request: [
        connection.send(whole[at : at + 1]) for at in range(len(whole))
    ]

    for path in ("/whole", "/bytes"):
        found = get(publisher.url(path), deadline=5)
        assert (found.status_line, found.body, found.headers["ETag"]) == (status, b"", '"2"')


def test_an_endless_body_after_an_answer_that_has_none_holds_nobody_up(publisher):
    def endless(connection, request):
        connection.sendall(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    publisher.answers["/feed"] = endless

    assert get(publisher.url("/feed"), deadline=5).status == 304


# Redirects


def test_redirects_are_followed_and_say_where_the_feed_lives_from_now_on(publisher):
    publisher.serve("/old", status="301 Moved Permanently", Location="/new")
    publisher.serve("/new", status="308 Permanent Redirect", Location=publisher.url("/newest"))
    publisher.serve("/newest", status="302 Found", Location="/today")
    publisher.serve("/today", b"feed")

    found = get(publisher.url("/old"))

    assert (found.status, found.body, found.url) == (200, b"feed", publisher.url("/today"))
    assert found.permanent_url == publisher.url("/newest")


def test_a_permanent_redirect_behind_a_passing_one_is_not_permanent(publisher):
    publisher.serve("/a", status="302 Found", Location="/b")
    publisher.serve("/b", status="301 Moved Permanently", Location="/c")
    publisher.serve("/c", b"feed")

    assert get(publisher.url("/a")).permanent_url is None


def test_a_request_that_follows_nothing_is_told_where_a_redirect_leads(publisher):
    publisher.serve("/a", b"", "301 Moved Permanently", Location="/b?c=1")
    publisher.serve("/evil", b"", "302 Found", Location="http://127.0.0.1:22/")

    requests = [Request(publisher.url(path), follow=False) for path in ("/a", "/evil")]
    answers = dict(fetch_all(requests))

    assert (answers[0].status, answers[0].url, answers[0].body) == (301, publisher.url("/b?c=1"), b"")
    assert "Port 22" in str(answers[1])
    assert len(publisher.requests) == 2


def test_a_circle_of_redirects_ends(publisher):
    publisher.serve("/a", status="302 Found", Location="/a")

    with pytest.raises(FetchError, match="in a circle"):
        get(publisher.url("/a"))
    assert len(publisher.requests) == 1


def test_a_wider_circle_of_redirects_is_walked_once(publisher):
    publisher.serve("/a", status="301 Moved Permanently", Location="/b")
    publisher.serve("/b", status="302 Found", Location="/a")

    with pytest.raises(FetchError, match="in a circle"):
        get(publisher.url("/a"))
    assert len(publisher.requests) == 2


def test_redirects_without_end_are_given_up_after_five(publisher):
    def onwards(connection, request):
        number = int(request.split()[1].strip("/"))
        publisher.answers[f"/{number + 1}"] = onwards
        connection.sendall(answer(b"", "302 Found", Location=f"/{number + 1}"))

    publisher.answers["/0"] = onwards

    with pytest.raises(FetchError, match="more than 5 times"):
        get(publisher.url("/0"))
    assert len(publisher.requests) == 6


def test_credentials_do_not_survive_a_redirect_but_validators_do(publisher):
    publisher.serve("/a", status="302 Found", Location="/b")
    publisher.serve("/b", b"feed")

    get(publisher.url("/a"), headers={"Authorization": "Bearer x", "Cookie": "a=b", "If-None-Match": '"1"'})

    first, second = publisher.requests
    assert (header(first, "Authorization"), header(first, "Cookie")) == ("Bearer x", "a=b")
    assert (header(second, "Authorization"), header(second, "Cookie")) == (None, None)
    assert header(second, "If-None-Match") == '"1"'


def test_a_cookie_that_a_server_sets_is_not_sent_back(publisher):
    publisher.serve("/", b"feed", Set_Cookie="track=1")

    get(publisher.url())
    get(publisher.url())

    assert header(publisher.requests[1], "Cookie") is None


def test_the_server_is_told_who_asks_and_whom_to_write_to(publisher, settings):
    publisher.serve("/", b"feed")

    get(publisher.url())

    agent = header(publisher.requests[0], "User-Agent")
    assert agent.startswith("Hearsay/0.1 (+")
    assert settings.SITE_URL in agent
    assert settings.CONTACT in agent


# Time


def drip(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def endless_continue(connection, request):
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def silence_after_headers(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    connection.recv(1)


def slow_hop(connection, request):
    time.sleep(0.2)
    connection.sendall(answer(status="302 Found", Location=request.split()[1] + "p"))  # never the same address twice


@pytest.mark.parametrize("behaviour", [drip, endless_continue, silence_after_headers, slow_hop])
def test_the_deadline_covers_all_of_a_slow_answer(publisher, behaviour):
    publisher.answers = {"/ho" + "p" * more: behaviour for more in range(1, 7)}

    with pytest.raises(FetchError, match=r"^The server took longer than 0\.5 seconds\.$"):
        get(publisher.url("/hop"), deadline=0.5)


def test_a_server_that_never_accepts_is_given_up(settings):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        place = f"127.0.0.1:{deaf.getsockname()[1]}"
        settings.LOCAL_FEEDS = frozenset({place})

        with pytest.raises(FetchError, match="took longer"):
            get(f"http://{place}/", deadline=0.3)


# Sizes and encodings


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:]) + b"\0\0"),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("br", brotli.compress),
        ("identity", bytes),
    ],
)
def test_packed_answers_are_unpacked(publisher, encoding, pack):
    publisher.serve("/", pack(b"news of the day"), Content_Encoding=encoding)

    assert get(publisher.url()).body == b"news of the day"


def test_an_answer_larger_than_the_limit_is_refused_before_it_is_read(publisher):
    publisher.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 6000000\r\n\r\n"

    with pytest.raises(FetchError, match="larger than 5 MB"):
        get(publisher.url())


def endless_body(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


def endless_chunks(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


@pytest.mark.parametrize("behaviour", [endless_body, endless_chunks])
def test_an_endless_body_is_cut_off_at_the_limit(publisher, behaviour):
    publisher.answers["/"] = behaviour

    with pytest.raises(FetchError, match="larger than 5 MB"):
        get(publisher.url())


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", lambda data: brotli.compress(data, quality=5)),
        ("gzip", lambda data: gzip.compress(data[:4_000_000]) * 8),
    ],
)
def test_a_bomb_is_refused_when_it_has_unpacked_more_than_the_limit(publisher, encoding, pack):
    publisher.serve("/", pack(b"\0" * 30_000_000), Content_Encoding=encoding)

    with pytest.raises(FetchError, match="larger than 5 MB"):
        get(publisher.url())


def test_five_megabytes_themselves_are_not_too_much(publisher):
    publisher.serve("/plain", b"x" * 5_000_000)
    publisher.serve("/packed", gzip.compress(b"x" * 5_000_000), Content_Encoding="gzip")

    assert len(get(publisher.url("/plain")).body) == 5_000_000
    assert len(get(publisher.url("/packed")).body) == 5_000_000


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br, gzip", "zstd", "compress"])
def test_chained_and_unknown_encodings_are_refused(publisher, encoding):
    publisher.serve("/", gzip.compress(gzip.compress(b"news")), Content_Encoding=encoding)

    with pytest.raises(FetchError, match="do not unpack"):
        get(publisher.url())


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_an_answer_that_is_not_packed_as_it_says_is_refused(publisher, encoding):
    publisher.serve("/", b"<rss>" * 100, Content_Encoding=encoding)

    with pytest.raises(FetchError, match="cannot be unpacked"):
        get(publisher.url())


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_packed_answer_that_is_cut_off_is_refused(publisher, encoding, pack):
    publisher.serve("/", pack(os.urandom(1000))[:-100], Content_Encoding=encoding)

    with pytest.raises(FetchError, match="broke off"):
        get(publisher.url())


def endless_headers(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: and more\r\n")


def one_long_header(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"x" * 65_536)


def no_http(connection, request):
    connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize("behaviour", [endless_headers, one_long_header, no_http])
def test_headers_without_end_and_other_protocols_are_refused(publisher, behaviour):
    publisher.answers["/"] = behaviour

    with pytest.raises(FetchError, match="not proper HTTP"):
        get(publisher.url(), deadline=5)


def test_the_body_of_an_error_is_not_read(publisher):
    publisher.serve("/", b"x" * 6_000_000, status="500 Internal Server Error")

    failed = get(publisher.url())

    assert (failed.status, failed.body, failed.status_line) == (500, b"", "500 Internal Server Error")


# Connections


def test_a_server_that_breaks_off_is_named_as_the_cause(publisher):
    publisher.answers["/nothing"] = b""
    publisher.answers["/half"] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"

    for path in ("/nothing", "/half"):
        with pytest.raises(FetchError, match="broke off"):
            get(publisher.url(path))


def test_a_closed_port_is_named(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.LOCAL_FEEDS = frozenset({f"127.0.0.1:{port}"})

    with pytest.raises(FetchError, match=f"Nothing answers at 127.0.0.1, port {port}"):
        get(f"http://127.0.0.1:{port}/")


def test_a_host_that_does_not_exist_is_named():
    with pytest.raises(FetchError, match=r"There is no host named nowhere\.invalid"):
        get("http://nowhere.invalid/")


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        MAKE_CERTIFICATE.split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(self_signed, settings):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = f"127.0.0.1:{listening.getsockname()[1]}"
        settings.LOCAL_FEEDS = frozenset({place})

        def handshake():
            connection, _ = listening.accept()
            with connection, pytest.raises((ssl.SSLError, OSError)):
                self_signed.wrap_socket(connection, server_side=True).recv(1)

        server = threading.Thread(target=handshake)
        server.start()
        with pytest.raises(FetchError, match="certificate is not valid"):
            get(f"https://{place}/")
        server.join()


def test_plain_http_where_tls_is_expected_is_refused(settings):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = f"127.0.0.1:{listening.getsockname()[1]}"
        settings.LOCAL_FEEDS = frozenset({place})

        def greet():
            connection, _ = listening.accept()
            with connection:
                connection.sendall(answer(b"plain"))

        server = threading.Thread(target=greet)
        server.start()
        with pytest.raises(FetchError, match="No secure connection"):
            get(f"https://{place}/")
        server.join()


# Several at once


def test_several_are_fetched_side_by_side_but_no_more_than_two_from_one_host(publisher):
    at_once, most, lock = 0, 0, threading.Lock()

    def counting(connection, request):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.1)
        with lock:
            at_once -= 1
        connection.sendall(answer(b"feed"))

    publisher.answers["/"] = counting

    found = dict(fetch_all([Request(publisher.url())] * 6))

    assert [found[place].body for place in range(6)] == [b"feed"] * 6
    assert most == 2


def test_waiting_for_a_turn_does_not_use_up_the_deadline(publisher):
    def slow(connection, request):
        time.sleep(0.3)
        connection.sendall(answer(b"feed"))

    publisher.answers["/"] = slow

    found = dict(fetch_all([Request(publisher.url())] * 6, deadline=0.8))

    assert [found[place].body for place in range(6)] == [b"feed"] * 6


def test_one_address_that_fails_leaves_the_others_alone(publisher):
    publisher.serve("/good", b"feed")

    found = dict(fetch_all([Request(publisher.url("/good")), Request("http://169.254.169.254/"), Request("nonsense")]))

    assert found[0].body == b"feed"
    assert INSIDE in str(found[1])
    assert isinstance(found[2], FetchError)


def test_answers_come_as_they_finish_and_the_rest_can_be_dropped(publisher):
    publisher.answers["/slow"] = silence_after_headers
    publisher.serve("/quick", b"feed")

    answers = fetch_all([Request(publisher.url("/slow")), Request(publisher.url("/quick"))])
    place, found = next(answers)
    answers.close()

    assert (place, found.body) == (1, b"feed")


def test_the_client_can_be_awaited_on_another_loop(publisher):
    publisher.serve("/", b"feed")

    assert asyncio.run(fetch(publisher.url())).body == b"feed"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_makes_its_own_connections(publisher):
    publisher.serve("/", b"feed")
    get(publisher.url())

    assert holds_in_a_fork(lambda: get(publisher.url()).body == b"feed")
    assert get(publisher.url()).body == b"feed"


def test_asking_waits_while_too_much_is_unread_and_goes_on_when_it_was_read(publisher):
    body = b"x" * 1_500_000
    publisher.serve("/", body)
    unread = Unread()
    told = queue.SimpleQueue()
    everything = fetch_each([Request(publisher.url())] * 8, lambda *found: told.put(found), unread=unread)

    asked = []
    while len(asked) < 8:
        held = list(all_of(told, lull=0.5))
        asked.append(len(publisher.requests))
        for _, response in held:
            unread.let_go(response.body)
        if everything.done():
            break

    assert asked[0] < 8
    assert asked[-1] == 8


def all_of(told, lull):
    """What is told, until nothing was for `lull` seconds."""
    with contextlib.suppress(queue.Empty):
        while True:
            yield told.get(timeout=lull)


def test_a_request_that_probably_brings_nothing_waits_for_no_room(publisher):
    publisher.serve("/", status="304 Not Modified")
    requests = [Request(publisher.url(f"/?{number}"), {"If-None-Match": '"1"'}) for number in range(100)]
    publisher.answers |= {f"/?{number}": publisher.answers["/"] for number in range(100)}
    told = queue.SimpleQueue()

    fetch_each(requests, lambda *found: told.put(found), unread=Unread()).result(timeout=20)

    assert {told.get()[1].status for _ in range(100)} == {304}


class Keeper:
    """A server that keeps its connections open: answers in turn over all of them, `junk` behind the first one."""

    def __init__(self, *answers, junk=b"", pause=0):
        self.answers, self.junk, self.pause = list(answers), junk, pause
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.listening.getsockname()[1]}"
        self.connections = 0

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listening.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            while connection.recv(65_536):
                connection.sendall(self.answers.pop(0) + (b"" if self.pause else self.junk))
                if self.pause and self.junk:
                    time.sleep(self.pause)
                    connection.sendall(self.junk)
                self.junk = b""


UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
FEED = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfeed"


def test_a_connection_serves_the_next_request_to_its_host(settings):
    with Keeper(UNCHANGED, FEED, FEED) as keeper:
        settings.LOCAL_FEEDS = frozenset({keeper.place})
        found = [get(f"http://{keeper.place}/") for _ in range(3)]

    assert [response.status for response in found] == [304, 200, 200]
    assert keeper.connections == 1


@pytest.mark.parametrize(
    ("first", "junk", "pause"),
    [
        (first, junk, pause)
        for first in (UNCHANGED, FEED)
        for junk in (FEED.replace(b"feed", b"evil"), b"<html>")
        for pause in (0, 0.2)
        if (first, junk, pause) != (FEED, b"<html>", 0)  # that is no proper HTTP, so it is refused
    ],
)
def test_what_comes_behind_an_answer_is_never_taken_for_the_next_one(settings, first, junk, pause):
    with Keeper(first, FEED, junk=junk, pause=pause) as keeper:
        settings.LOCAL_FEEDS = frozenset({keeper.place})
        get(f"http://{keeper.place}/")
        time.sleep(pause + 0.1)
        found = get(f"http://{keeper.place}/")

    assert found.body == b"feed"
    assert keeper.connections == 2


def test_a_connection_made_inside_by_permission_is_of_no_use_without(settings, monkeypatch):
    with Keeper(FEED, FEED) as keeper:
        settings.LOCAL_FEEDS = frozenset({keeper.place})
        assert get(f"http://{keeper.place}/").body == b"feed"
        settings.LOCAL_FEEDS = frozenset()
        monkeypatch.setattr("outbound.client.PORTS", {int(keeper.place.partition(":")[2])})
        with pytest.raises(FetchError, match=INSIDE):
            get(f"http://{keeper.place}/")
