"""What every test may use: the house's own rows by `make_*`, its people, and no way out to the network."""

import ipaddress
import socket
import sys
from urllib.parse import urlsplit

from django.conf import settings


def _peers() -> set[str]:
    """The addresses beside loopback that tests may connect to: the broker's, where one is set."""
    host = urlsplit(settings.CELERY_BROKER_URL).hostname
    return {found[4][0] for found in socket.getaddrinfo(host, None)} if host else set()


def pytest_configure():
    peers = _peers()

    def stay_inside(event, arguments):
        if event != "socket.connect" or arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
            return
        host = arguments[1][0]
        if host not in peers and host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"A test tried to connect to {host}: tests reach no other machine.")

    sys.addaudithook(stay_inside)
