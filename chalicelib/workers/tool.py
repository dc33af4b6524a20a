"""The worker of `tool_call`: the tool with the node's arguments.

In: the work and its values. Out: what people may see of the arguments, and a function that runs the tool. It hands the tool the ports that it
needs: allowed hosts, the workflow's memory, the clock, the effect's key. Headers that carry credentials are not shown. Secrets are resolved when the
tool runs, and taken out of what it gives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from chalicelib.access import secrets
from chalicelib.remote_settings import CREDENTIAL_NAME
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import ToolCall
from chalicelib.spec.secret_reference import secret_reference
from chalicelib.store import memory, workflows
from chalicelib.tools.mcp import DiscoveredTool, discover
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Kept, Surroundings
from chalicelib.workers.embeddings import embeddings
from chalicelib.workers.outputs import check_json
from chalicelib.workers.secrets import Lent, RedactedMemory, armed, guarded
from chalicelib.workers.tool_ports import BucketDatabases, OrganisationApis, RunMessenger, WordMemory
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Done, Work
from chalicelib.workflows import tool_reach

_HIDDEN: Final = "(hidden)"

Use = Callable[[JsonObject, Surroundings], Json]


@dataclass(frozen=True, slots=True)
class WorkflowMemory:
    """Key-value memory in the table, one namespace per workflow."""

    organisation_id: str
    workflow_id: str

    def get(self, key: str) -> Kept | None:
        value = memory.recall(self.organisation_id, self.workflow_id, key)
        return None if value is None else Kept(value)

    def put(self, key: str, value: Json) -> None:
        memory.remember(self.organisation_id, self.workflow_id, key, value)


def prepare(work: Work, node: ToolCall, values: Mapping[str, Json]) -> tuple[JsonObject, Callable[[], Done]]:
    """(what is shown, the call)."""
    arguments = rendered_members(node.arguments, values)
    return shown_call(node.tool, arguments), lambda: _done(carried_out(work, node.tool, node.arguments, arguments))


def carried_out(work: Work, tool: str, authored: JsonObject, rendered: JsonObject, *, effect_key: str | None = None) -> Json:
    """A tool with its secrets; nothing of them is in what comes back. `effect_key` is that of an agent's call. Raises a ToolFailure."""
    return with_secrets(work, authored, rendered, partial(run_tool, tool), effect_key=effect_key)


def with_secrets(work: Work, authored: JsonObject, rendered: JsonObject, use: Use, *, effect_key: str | None = None) -> Json:
    """What `use` makes of the arguments with their secrets; nothing of them is in what comes back. Only the author can name a secret: what a model
    says is never asked for one."""
    ready = armed(authored, rendered, partial(secrets.resolve, work.payload.organisation_id))
    lent = Lent(dict(ready.redaction.secrets))
    output = guarded(lent, lambda: use(ready.arguments, surroundings(work, key=effect_key, lent=lent)))
    if not lent.secrets:
        return output
    check_json(output)
    return lent.json(output)


def offered_by(work: Work, server: str, *, anew: bool = False) -> tuple[DiscoveredTool, ...]:
    """What an MCP server says of its tools, some minutes ago or `anew`, without the secrets it is asked with. Raises ToolFailure, SecretMissing."""
    lent = Lent()
    found = guarded(lent, lambda: discover(server, surroundings(work, lent=lent), anew=anew))
    return tuple(tool.retold(lent.json) for tool in found) if lent.secrets else found


def shown_call(tool: str, arguments: JsonObject) -> JsonObject:
    """What people may see of it."""
    return {"tool": tool, "arguments": shown_arguments(arguments)}


def _done(output: Json) -> Done:
    """With an answer's status code among the details."""
    status = output.get("status") if isinstance(output, dict) and "headers" in output else None
    return Done(output, details={} if status is None else {"status": status})


def surroundings(work: Work, *, lent: Lent, key: str | None = None) -> Surroundings:
    """What a tool is handed in a node. `key` is that of the effect, where a node has several, as an agent has; `lent` hears of what goes out."""
    payload, effect_key = work.payload, key or work.effect_key
    organisation_id = payload.organisation_id
    version = workflows.get_version(organisation_id, payload.version_id)
    kept = WorkflowMemory(organisation_id, version.workflow_id)
    return Surroundings(
        destinations=tool_reach.destinations(),
        key_values=RedactedMemory(kept, lent) if lent.secrets else kept,
        now=lambda: datetime.now(UTC),
        seconds_left=work.seconds_left,
        idempotency_key=effect_key,
        memory=WordMemory(organisation_id, version.workflow_id, embeddings(work)),
        messenger=RunMessenger(work.attempt, part=key or ""),
        database_files=BucketDatabases(organisation_id),
        apis=OrganisationApis(organisation_id),
        mcp_servers=tool_reach.mcp_servers(lent.of_deployment),
        a2a_agents=tool_reach.OrganisationAgents(organisation_id, lent.of_deployment, partial(lent.of_organisation, organisation_id)),
        databases=tool_reach.databases(lent.of_deployment),
    )


def shown_arguments(arguments: JsonObject) -> JsonObject:
    """As people see them."""
    headers = arguments.get("headers")
    if not isinstance(headers, dict):
        return arguments
    return {**arguments, "headers": {name: _HIDDEN if _hides(name, value) else value for name, value in headers.items()}}


def _hides(name: str, value: Json) -> bool:
    """The name of a secret may be seen."""
    return CREDENTIAL_NAME.search(name) is not None and secret_reference(value) is None
