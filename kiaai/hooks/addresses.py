"""Where a webhook may go: a public address of the web, looked up once and connected to as it was checked.

Without this, whoever may enter an address could make this server talk to machines that only it can reach.
"""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from kiaai.errors import KiaAiError
from kiaai.texts import Text, lazy

LONGEST_URL = 2000
LOOK_UP_SECONDS = 3.0
_PORTS = {"http": 80, "https": 443}
# Of Azure's machines: public by its number, and reached from inside alone.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All that the internet routes; what else there is stands for IPv4, or leads into somebody's own network.
_ROUTED = ipaddress.ip_network("2000::/3")
# Of providers who share addresses among customers; Python calls it neither public nor private.
_SHARED = ipaddress.ip_network("100.64.0.0/10")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(KiaAiError):
    """A webhook must not go there, or the name leads nowhere. reason: a sentence for a person.

    kind, detail: as `reasons.py` keeps them beside a delivery.
    """

    def __init__(self, reason: Text, kind: str = "bad_address", detail: str = ""):
        super().__init__(str(reason))
        self.reason, self.kind, self.detail = reason, kind, detail


@dataclass(frozen=True)
class Place:
    """Where to send. addresses: checked; nothing else may be connected to."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


def place_of(url: str, allow_private: bool) -> Place:
    """Look the host of an address up and check all that it leads to. Raises AddressRefused."""
    host, port = read_url(url)
    addresses = _look_up(host, port)
    for address in addresses:
        if not is_allowed(address, allow_private):
            raise AddressRefused(_not_public(host, address), "not_public", address)
    return Place(url, host, port, tuple(addresses))


def read_url(url: str) -> tuple[str, int]:
    """Return host and port of an address of the web. Raises AddressRefused."""
    if len(url) > LONGEST_URL:
        raise AddressRefused(lazy("At most %(limit)s characters.", limit=LONGEST_URL))
    if not url.isascii() or any(character.isspace() or not character.isprintable() for character in url):
        raise AddressRefused(lazy("Write the address without spaces and special characters."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused(_not_an_address()) from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise AddressRefused(_not_an_address())
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(lazy("Leave name and password out: each delivery is signed instead."))
    if "\\" in url or parts.fragment:
        raise AddressRefused(_not_an_address())
    return parts.hostname, port or _PORTS[parts.scheme]


def is_allowed(text: str, allow_private: bool) -> bool:
    """Tell whether a webhook may connect to this address. allow_private: also within our own network."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _inside(address)
    if inner is not None:
        return is_allowed(str(inner), allow_private)
    if address in _METADATA or address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or address.teredo):
        return False
    is_public = address.is_global and (address.version == 4 or address in _ROUTED)
    return is_public or (allow_private and (address.is_private or address in _SHARED))


def _inside(address: Address) -> Address | None:
    """Return the IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, each once. Raises AddressRefused when there is none."""
    found: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    # The system's own resolver knows no time limit; one that takes longer is left behind.
    asking = threading.Thread(target=ask, name="look-up", daemon=True)
    asking.start()
    asking.join(LOOK_UP_SECONDS)
    addresses = list(found)
    if not addresses:
        reason = lazy("%(host)s cannot be found. Check the name.", host=host)
        raise AddressRefused(reason, "not_found", host)
    return addresses


def _not_an_address() -> Text:
    return lazy("Give a whole address, such as https://example.com/kia-ai.")


def _not_public(host: str, address: str) -> Text:
    return lazy(
        "%(host)s leads to %(address)s, which is not a public address. Webhooks go to public addresses only.",
        host=host,
        address=address,
    )
