"""Which addresses would be refused, told before anything is asked: for lists that strangers wrote.

What passes here is not let through by it: the client looks at every address again in the act of connecting.
"""

import socket
from collections.abc import Collection

from outbound.addresses import is_public
from outbound.client import gate, is_local
from outbound.errors import FetchError, ForbiddenAddress

# Names that no public host bears: RFC 6761, 6762, 8375 and what is reserved for private use.
INSIDE = ("localhost", "local", "internal", "home.arpa", "lan", "intranet")


def refusal(url: str, local: Collection[str]) -> str:
    """Why the client would not fetch this address, as far as its form tells, in one sentence; "" if it might.

    `local` holds the host:port pairs inside the house that may be fetched from.
    """
    try:
        target = gate(url, local)
    except FetchError as error:
        return str(error)
    host = (target.host or "").lower().rstrip(".")
    if is_local(target, local):
        return ""
    if ":" in host:
        inside = not is_public(host)
    elif number := ipv4_of(host):
        inside = not is_public(number)
    else:
        inside = "." not in host or any(host == name or host.endswith(f".{name}") for name in INSIDE)
    return str(ForbiddenAddress()) if inside else ""


def ipv4_of(host: str) -> str:
    """The IPv4 address that a host means, in any spelling that resolvers take (127.1, 0x7f000001); "" for a name."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return ""
