"""Whether an execution's history holds a run: AWS ends an execution at its 25,000th event.

In: a forecast. Out: diagnostics. Maps count with the items that they declare, or with as many as the forecast assumes.
"""

from typing import Final

from chalicelib.compiler.finding import error, warning
from chalicelib.compiler.forecast import Forecast
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.positions import Positions

MAX_EVENTS: Final = 25_000  # Developer Guide, service quotas; a hard one
_HINT: Final = "let a map be distributed (`mode: distributed`: each item has a history of its own), or move a part into a sub-workflow"


def too_many_events(forecast: Forecast, positions: Positions) -> tuple[Diagnostic, ...]:
    """An error where every run would end so, a warning where a run could."""
    events = forecast.history_events
    if events.most <= MAX_EVENTS:
        return ()
    judge = error if events.least > MAX_EVENTS else warning
    message = f"a run's history may hold {events.most:,} events; an execution ends at {MAX_EVENTS:,}"
    return (judge("too-many-events", message, "nodes", positions, _HINT),)
