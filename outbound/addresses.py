"""Which addresses and ports a request from the house may reach. Pure.

`ipaddress.is_global` is not used: on Python 3.11 it lets through 64:ff9b::/96, 2002::/16, 224.0.0.0/4 and others.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

PORTS = frozenset({80, 443, 8080, 8443})

# The IANA registry of special-purpose IPv4 addresses, with multicast and the reserved top.
SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# The only block of IPv6 that is given out to the public, and what is special inside it.
PUBLIC_IPV6 = IPv6Network("2000::/3")
SPECIAL_IPV6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


def is_public(address: str) -> bool:
    """Whether an address, as handed to connect(), is one of the open internet. What cannot be read is not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in SPECIAL_IPV4)
    return ip in PUBLIC_IPV6 and not any(ip in network for network in SPECIAL_IPV6)
