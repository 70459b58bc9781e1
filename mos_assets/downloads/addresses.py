"""Which addresses may be asked for a clip: manifests come from strangers.

Without this a manifest could make the machine ask its own services, its network's, or the
metadata service of a cloud.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx

from mos_assets.downloads.plan import FetchError

SCHEMES = ("http", "https")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24"),
        *("198.18.0.0/15", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
"""Carrier-grade NAT, benchmarks, documentation, relays, Teredo and 6to4 among them: said here
since what `ipaddress` knows of them differs between versions of Python."""
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
"""All that is routed; IPv4-mapped addresses and NAT64 lie outside and can mean any IPv4."""


def is_public(address: Address) -> bool:
    """Whether this is an ordinary address of the public internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _IPV6_PUBLIC:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def parse_url(text: str) -> httpx.URL:
    """An http(s) address with a host and without a password. Raises FetchError, permanently."""
    try:
        url = httpx.URL(text)
        named = bool(url.host)
        scheme, secret = url.scheme, url.userinfo
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"refused: not an address ({error})", permanent=True) from error
    if scheme not in SCHEMES:
        shown = scheme[:20] or "without one"
        raise FetchError(f"refused: its scheme is {shown!r}, not http or https", permanent=True)
    if not named:
        raise FetchError("refused: the address names no host", permanent=True)
    if url.port is not None and not 0 < url.port < 65536:
        raise FetchError(f"refused: {url.port} is no port", permanent=True)
    if secret:
        raise FetchError("refused: the address holds a user name or password", permanent=True)
    return url


def redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads. Raises FetchError, permanently, for one that must not be followed."""
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError) as error:
        reason = f"refused: it redirects to no address ({error})"
        raise FetchError(reason, permanent=True) from error
    target = parse_url(str(target))
    if url.scheme == "https" and target.scheme != "https":
        raise FetchError("refused: it redirects from https to http", permanent=True)
    return target


def resolve(host: str, port: int, *, private: bool) -> tuple[str, ...]:
    """Every address of the host, looked up once; whoever connects uses these and no name.

    Raises FetchError where any of them is not public and `private` is not set, and
    OSError where the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        if not private and not is_public(ipaddress.ip_address(text)):
            raise FetchError(
                f"refused: {host} is {text}, which is not a public address (MOS_DOWNLOAD_PRIVATE)",
                by_setting=True,
            )
    return addresses
