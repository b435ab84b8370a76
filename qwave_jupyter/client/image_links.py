"""Where an image link leads: one reading of its URL, and which hosts may be dialled for it.

A link comes from outside. Followed blindly, it would let whoever wrote it reach what only this machine can reach: its
own services, the local network, a cloud's metadata address.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
import socket
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

__all__ = [
    "AddressPolicy",
    "ParsedLink",
    "classify_address",
    "image_address",
    "literal_address",
    "read_link",
    "resolve_redirect",
    "shorten_link",
]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: The last 32 bits of these are an IPv4 address that a gateway dials (RFC 6052).
_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
#: Local networks, and those that providers share among customers. Python counts documentation ranges as private too.
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")
)
#: The notations that ``inet_aton`` knows: decimal, octal and hexadecimal, in one to four parts.
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+)){0,3}")
#: Parameters that sign a link to an object store, and change with every answer that lists the same file. A bare token
#: is none: it may be all that tells two files apart.
_SIGNING = re.compile(
    r"x-(amz|goog|oss|tos|obs|cos|bce)-.*|q-.*|([\w-]+[_-])?(signature|sign|sig|expires?|expiry|policy|credential)"
    r"|auth[_-]?key|key-pair-id|(aws|oss|google)?access_?(key_?)?id",
    re.IGNORECASE,
)
#: Those of Azure, which mean this only beside ``sig``.
_SIGNING_BESIDE_SIG = re.compile(r"s(v|s|rt|p|e|t|pr|r|dd)|sk(oid|tid|t|e|s|v)")
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: Signed links with a session token have up to two thousand characters.
_MAX_SHOWN = 2000


class ParsedLink(NamedTuple):
    """A link as it is dialled."""

    url: str
    host: str


def shorten_link(url: str) -> str:
    """A link as a sentence shows it: whole, signature included, but for one that no server makes."""
    return url if len(url) <= _MAX_SHOWN else f"{url[:_MAX_SHOWN]}…"


def read_link(url: str) -> ParsedLink | None:
    r"""The one meaning of an http(s) URL; None where it has none, or where two readers would find different hosts."""
    if any(character < " " or character in "\\\x7f" or "\ud800" <= character <= "\udfff" for character in url):
        return None
    try:
        authority = urlsplit(url).netloc
        if not re.match("https?://[^/?#]", url, re.IGNORECASE) or re.search(r"[@%\s]", authority):
            return None
        prepared = requests.Request("GET", url).prepare().url or ""
        parts, other = urlsplit(prepared), parse_url(prepared)
        host, port = parts.hostname or "", parts.port
        # No resolver takes an empty or an endless label.
        host.encode("idna")
    except (ValueError, requests.RequestException, LocationParseError):
        return None
    if not host or host != (other.host or "").strip("[]").lower() or port != other.port:
        return None
    return ParsedLink(prepared, host)


def image_address(url: str) -> str:
    """What a link leads to without what only signs it, so that the same file keeps it when its link is signed anew."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return url
    if scheme not in _DEFAULT_PORTS or not host:
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    beside_sig = any(name == "sig" for name, _ in pairs)
    kept = sorted(
        (name, value)
        for name, value in pairs
        if not (_SIGNING.fullmatch(name) or (beside_sig and _SIGNING_BESIDE_SIG.fullmatch(name)))
    )
    place = host if port in {None, _DEFAULT_PORTS[scheme]} else f"{host}:{port}"
    return f"{place}{parts.path}?{urlencode(kept, errors='replace')}"


def resolve_redirect(url: str, location: str) -> str:
    """Where a redirect leads, not yet judged."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def literal_address(host: str) -> str | None:
    """The IP address that a host name spells out, in any notation that a resolver takes; None for other names."""
    name = host.lower().rstrip(".")
    if name in {"localhost", "localhost.localdomain"} or name.endswith(".localhost"):
        return "127.0.0.1"
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(name))
    if _NUMERIC.fullmatch(name):
        with contextlib.suppress(OSError):
            return socket.inet_ntoa(socket.inet_aton(name))
    return None


def classify_address(address: str) -> str:
    """``public``, ``loopback``, ``private``, ``link-local``, or ``reserved`` for what no image can be at."""
    try:
        found = _embedded_ipv4(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return "reserved"
    if any(found in network for network in _PRIVATE):
        return "private"
    if found.is_loopback or found.is_link_local:
        return "loopback" if found.is_loopback else "link-local"
    usable = found.is_global and not (found.is_reserved or found.is_multicast or found in _COMPATIBLE)
    return "public" if usable else "reserved"


def _embedded_ipv4(found: _Address) -> _Address:
    """The IPv4 address inside an IPv6 one, where there is one."""
    if isinstance(found, ipaddress.IPv4Address):
        return found
    inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
    if inner is None and any(found in network for network in _TRANSLATED):
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found if inner is None else inner


class AddressPolicy:
    """Which IP addresses image links may lead to: public ones, and those of the kind that the API itself is at."""

    def __init__(self, host: str) -> None:
        self._host = host

    def __call__(self, address: str) -> bool:
        """Whether an IP address may be dialled."""
        kind = classify_address(address)
        return kind == "public" or (kind != "reserved" and kind in self._kinds_of_api)

    @functools.cached_property
    def _kinds_of_api(self) -> frozenset[str]:
        literal = literal_address(self._host)
        if literal is not None:
            return frozenset({classify_address(literal)})
        # Asked only where a link leads to no public address.
        with contextlib.suppress(OSError, UnicodeError):
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            return frozenset(classify_address(str(where[4][0])) for where in found)
        return frozenset()
