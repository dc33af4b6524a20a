"""How often somebody may call, as a deployment sets it.

In: the JSON of `SLUICE_RATES`, which names what differs from the defaults. Out: a rate and a burst for each kind of call, of one caller and of all
callers of an organisation.
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

CallKind = Literal["read", "write", "start", "auth", "hook"]


class Rate(BaseModel):
    """Calls per second in the long run, and how many at once after a rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_second: float = Field(gt=0, le=100_000)
    burst: int = Field(ge=1, le=1_000_000)


class KindRates(BaseModel):
    """Of one kind of call. Calls without credentials (`auth`), and of programs elsewhere that prove themselves (`hook`), belong to no organisation:
    there, a caller is an address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    caller: Rate
    organisation: Rate


def _rates(per_second: float, burst: int, *, times: int = 10) -> KindRates:
    return KindRates(caller=Rate(per_second=per_second, burst=burst), organisation=Rate(per_second=per_second * times, burst=burst * times))


DEFAULTS: Final = {
    "read": _rates(100, 1_000),
    "write": _rates(50, 500),
    "start": _rates(50, 1_000),
    "auth": _rates(20, 200),
    "hook": _rates(50, 1_000),
}


class Rates(BaseModel):
    """All kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    read: KindRates = DEFAULTS["read"]
    write: KindRates = DEFAULTS["write"]
    start: KindRates = DEFAULTS["start"]
    auth: KindRates = DEFAULTS["auth"]
    hook: KindRates = DEFAULTS["hook"]

    def of(self, kind: CallKind) -> KindRates:
        rates: KindRates = getattr(self, kind)
        return rates


def with_defaults(given: object) -> object:
    """What is set, over the defaults of what is not: `{"start": {"caller": {…}}}` leaves the organisation's as it was."""
    if not isinstance(given, dict):
        return given
    return {kind: {**DEFAULTS[kind].model_dump(), **each} if kind in DEFAULTS and isinstance(each, dict) else each for kind, each in given.items()}
