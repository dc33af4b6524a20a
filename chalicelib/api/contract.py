"""What a route promises, as its declaration says: read from the registered view, so that nothing is registered twice.

In: a registered view. Out: its `Contract`. Never: the route's work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPMethod
from inspect import cleandoc
from re import sub
from typing import Any

from pydantic import BaseModel

from chalicelib.access.scopes import Access, Scope
from chalicelib.api.shape import Kind
from chalicelib.errors import SluiceError

Answers = Mapping[int, Kind]


class Replay(StrEnum):
    """What becomes of a second request with the same `Idempotency-Key`."""

    STORED = "stored"  # it is given the first one's answer
    OWN = "own"  # the operation knows its keys itself, and tells how the thing is now
    NEVER = "never"  # the answer tells a secret, which is stored nowhere: the key is ignored
    HARMLESS = "harmless"  # nothing is changed: there is nothing to remember


@dataclass(frozen=True, slots=True)
class Contract:
    """`answers` maps statuses to what their body looks like; `errors` are those of the route's own, beside what any route may answer. `matched`:
    it asks for `If-Match`. `raw`: it reads whatever came by itself."""

    method: HTTPMethod
    path: str
    function: Callable[..., Any]
    body: type[BaseModel]
    query: type[BaseModel]
    scope: Scope | Access | None = None
    answers: Answers | None = None
    errors: Sequence[type[SluiceError]] = ()
    replay: Replay = Replay.STORED
    form: bool = False
    signed: bool = False
    matched: bool = False
    raw: bool = False
    alias_of: "Contract | None" = None

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def room(self) -> str:
        """The module that the route lives in."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def named(self) -> str:
        """The route by its first name."""
        return self.route if self.alias_of is None else self.alias_of.named

    @property
    def operation_id(self) -> str:
        own = "" if self.alias_of is None else f"_as_{sub('[^a-z0-9]+', '_', self.path.partition('/workflows/')[2]).strip('_')}"
        return f"{self.room}_{self.function.__name__}{own}"

    @property
    def summary(self) -> str:
        """The first paragraph of what the function says of itself."""
        return self._told[0]

    @property
    def description(self) -> str:
        """The rest of it."""
        return self._told[1] if self.alias_of is None else f"Another name of `{self.alias_of.named}`."

    @property
    def _told(self) -> tuple[str, str]:
        first, _, rest = cleandoc(self.function.__doc__ or "").partition("\n\n")
        return " ".join(first.split()), rest.strip()


def contract_of(view: Callable[..., Any]) -> Contract | None:
    """What a registered view promises; None for one that `endpoint` did not make."""
    found: Contract | None = view.__dict__.get("contract")
    return found


def contracts(routes: Mapping[str, Mapping[str, Any]]) -> tuple[Contract, ...]:
    """Those of all registered routes, by path and method."""
    found = [contract_of(entry.view_function) for _, entries in sorted(routes.items()) for _, entry in sorted(entries.items())]
    return tuple({each.route: each for each in found if each is not None}.values())
