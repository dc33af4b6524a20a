"""Go back to an earlier version: its document, with its sub-workflows and agents as they were, published as a new version.

In: a workflow, a version's number, a note. Out: `Published`. Doing it twice is harmless: the second time nothing differs from the latest.
"""

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import VersionNotFound
from chalicelib.workflows import publication
from chalicelib.workflows.compilation import Pins
from chalicelib.workflows.publish import Published, Wish
from chalicelib.workflows.query import get_document, get_version


def rollback(principal: Principal, workflow_id: str, number: int, *, note: str = "") -> Published:
    """Raises WorkflowNotFound, ScopeMissing, VersionNotFound, and what publishing raises."""
    workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    version = get_version(principal, workflow_id, number)
    source = get_document(principal, workflow_id, number, "source")
    if not isinstance(source, str):
        raise VersionNotFound(f"the text of version {number} is gone")
    said = f"rolled back to version {number}" + (f": {note}" if note else "")
    pins = Pins(
        children={name: child.version_id for name, child in version.children.items()},
        agents={node: agent for node, agent in version.agents.items() if agent.skill},
    )
    return publication.request(principal, workflow_id, Wish(text=source, note=said, pins=pins, rollback_of=number))
