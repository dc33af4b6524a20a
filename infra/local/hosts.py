"""Who may speak to the local stack from a browser: pages of this machine, under its own names.

In: a request's headers. Out: why it is refused, or nothing. A page of any site can make a browser send requests to this machine; where its name was
bound to 127.0.0.1 for that (DNS rebinding), the browser even shows it the answers. Its `Host`, or the `Origin` that a browser adds, tells.
Never: a look at anything but these two headers; who a person is, is the app's question.
"""

from collections.abc import Iterable
from typing import Final, Protocol
from urllib.parse import urlsplit

_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SUFFIX: Final = ".localhost"


class Headers(Protocol):
    """All values of a header, whatever its case."""

    def get_all(self, name: str) -> Iterable[str] | None: ...


def refusal(headers: Headers) -> str:
    """Why a request is refused; empty where it is not."""
    hosts = list(headers.get_all("Host") or ())
    if len(hosts) != 1 or not is_local(f"//{hosts[0]}"):
        return "The local stack answers to localhost, 127.0.0.1 and [::1] alone; this request names another host."
    origins = [origin for origin in headers.get_all("Origin") or () if not is_local(origin)]
    return f"The local stack answers to pages of this machine alone; this one is of {origins[0][:200]}." if origins else ""


def is_local(url: str) -> bool:
    """Whether a URL, or what stands for one, names this machine, on any port."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    name = (parts.hostname or "").removesuffix(".")
    return "@" not in parts.netloc and not parts.path and (name in _NAMES or name.endswith(_SUFFIX))
