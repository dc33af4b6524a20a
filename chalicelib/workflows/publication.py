"""The API's way to the compiler Lambda: ask it to publish, and hear what came of it.

In: a principal, a workflow, perhaps a text. Out: the version, or the errors that `publish` raises, raised again here.
`handle` is the other end of the wire.
"""

from chalicelib.access.principal import Principal
from chalicelib.spec.model import JsonObject
from chalicelib.store.workflow_records import Version


def request(principal: Principal, workflow_id: str, *, text: str | None = None) -> Version:
    """Invoke the compiler function (SLUICE_COMPILER_FUNCTION) and wait. Raises what `publish.publish` raises, and PublisherUnavailable."""
    raise NotImplementedError


def handle(payload: JsonObject) -> JsonObject:
    """What the `publisher` Lambda's handler returns for its event: `{"version": …}` or `{"error": {name, message, diagnostics}}`."""
    raise NotImplementedError
