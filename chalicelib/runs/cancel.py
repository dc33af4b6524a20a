"""Cancel a run: stop its execution, settle its node runs and gates, tell its watchers, cancel its children."""

from chalicelib.access.principal import Principal
from chalicelib.store.run_records import Run


def cancel(principal: Principal, run_id: str, *, reason: str | None = None) -> Run:
    """Cancel a run. Cancelling a cancelled run returns it; another terminal status raises RunEnded. Raises RunNotFound."""
    raise NotImplementedError
