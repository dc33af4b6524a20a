"""Where an http tool may connect: the guard against server-side request forgery.

In: a URL as text, the allowed hosts, a resolver. Out: a `Destination` whose addresses have all been checked, or `UrlRefused`. The name is
resolved once and the connection goes to the addresses found then, so an answer that changes afterwards (DNS rebinding) changes nothing. Never
connects, never reads the environment.

Rules: https on port 443 to public addresses, and no user info, backslash, control character or odd spelling of an address. A host that the
allowed hosts name outright may also be http, another port, loopback or private; link-local (where cloud metadata lives), multicast, reserved and
translated addresses are refused even then. `ipaddress.is_global` alone lets NAT64, 6to4, Teredo and multicast pass (measured on 3.11), hence the
list below.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from chalicelib.tools.failures import HostUnreachable, UrlRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

MAX_URL_LENGTH: Final = 4096
ANY_PUBLIC_HOST: Final = "*"
DISGUISED: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # local NAT64
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "::/96",  # IPv4-compatible, and loopback and unspecified
        "192.88.99.0/24",  # 6to4 relays
        "192.0.0.0/24",  # protocol assignments, of which 3.11 knows only a part
        "3fff::/20",  # documentation
        "fec0::/10",  # site-local, retired
    )
)
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_HOST_NAME: Final = re.compile(r"^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$")
_NUMERIC_LABEL: Final = re.compile(r"^(0x[0-9a-f]*|[0-9]+)$")
_PATH_SAFE: Final = "!#$%&'()*+,/:;=?@[]~-._"


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked place to connect to. `target` is the path and query as they go on the wire."""

    scheme: str
    host: str
    port: int
    target: str
    addresses: tuple[str, ...]

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the operating system answers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Destinations:
    """The allowed hosts (`api.example.com`, `localhost:8080`, `*.example.com`; `*` or none at all: any public host) and how names are resolved."""

    allowed_hosts: frozenset[str] = frozenset()
    resolver: Resolver = field(default=system_resolver)

    def check(self, url: str) -> Destination:
        """The destination of a URL.

        Raises: UrlRefused; HostUnreachable where the name does not resolve.
        """
        parts = _split(url)
        host = _host(parts)
        port = _port(parts)
        named = self._names(host, port)
        if not named:
            self._refuse_unlisted(host)
            _refuse_unless_public_https(parts.scheme, port)
        addresses = _addresses(host, port, self.resolver)
        allowed = is_reachable_when_named if named else is_public
        if not all(allowed(address) for address in addresses):
            raise UrlRefused(f"{host} has an address that is not allowed")
        return Destination(scheme=parts.scheme, host=host, port=port, target=_target(parts), addresses=tuple(str(address) for address in addresses))

    def _names(self, host: str, port: int) -> bool:
        bracketed = f"[{host}]" if ":" in host else host
        return not self.allowed_hosts.isdisjoint({host, bracketed, f"{bracketed}:{port}"})

    def _refuse_unlisted(self, host: str) -> None:
        if not self.allowed_hosts or ANY_PUBLIC_HOST in self.allowed_hosts:
            return
        if not any(entry.startswith("*.") and host.endswith(entry[1:]) for entry in self.allowed_hosts):
            raise UrlRefused(f"{host} is not one of the allowed hosts")


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, in no disguise."""
    plain = _unmapped(address)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved and not _is_disguised(plain)


def is_reachable_when_named(address: Address) -> bool:
    """Whether an address may be used for a host that the settings name: also loopback and private, never the places where metadata lives."""
    plain = _unmapped(address)
    if plain.is_loopback:
        return True
    return not (plain.is_link_local or plain.is_multicast or plain.is_reserved or plain.is_unspecified or _is_disguised(plain) or _is_metadata(plain))


def _is_disguised(address: Address) -> bool:
    return any(address in network for network in DISGUISED)


def _is_metadata(address: Address) -> bool:
    return address == ipaddress.ip_address("fd00:ec2::254")


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_LENGTH:
        raise UrlRefused(f"the URL is longer than {MAX_URL_LENGTH} characters")
    if _UNSAFE.search(url):
        raise UrlRefused("the URL holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UrlRefused("the URL cannot be read") from error
    if parts.scheme not in ("https", "http"):
        raise UrlRefused(f"the scheme is {parts.scheme or 'missing'}; https is needed")
    if "@" in parts.netloc or not parts.netloc:
        raise UrlRefused("the URL has user info, or no host")
    return parts


def _host(parts: SplitResult) -> str:
    """The host in lower case and ASCII. Addresses must be written in their one canonical form."""
    text = parts.hostname or ""
    if ":" in text:
        return str(_literal(text))
    try:
        host = text.encode("idna").decode("ascii").lower() if not text.isascii() else text
    except UnicodeError as error:
        raise UrlRefused("the host is not a name") from error
    if not _HOST_NAME.match(host):
        raise UrlRefused("the host is not a name")
    if _NUMERIC_LABEL.match(host.rstrip(".").rpartition(".")[2]):
        return str(_literal(host))
    return host.removesuffix(".")


def _literal(text: str) -> Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise UrlRefused("the host is an address in an unusual spelling") from error


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise UrlRefused("the port is not a number between 1 and 65535") from error
    if port == 0:
        raise UrlRefused("the port is not a number between 1 and 65535")
    return port or (443 if parts.scheme == "https" else 80)


def _refuse_unless_public_https(scheme: str, port: int) -> None:
    if scheme != "https":
        raise UrlRefused("only https is allowed, except to a host that the allowed hosts name")
    if port != 443:
        raise UrlRefused("only port 443 is allowed, except to a host that the allowed hosts name")


def _addresses(host: str, port: int, resolver: Resolver) -> tuple[Address, ...]:
    """Every address of the host, resolved exactly once. A literal address is its own answer."""
    try:
        return (ipaddress.ip_address(host),)
    except ValueError:
        pass
    try:
        found = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise HostUnreachable(f"{host} does not resolve") from error
    if not found:
        raise HostUnreachable(f"{host} does not resolve")
    return tuple(_literal(text.partition("%")[0]) for text in found)


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    return f"{path}?{quote(parts.query, safe=_PATH_SAFE)}" if parts.query else path
