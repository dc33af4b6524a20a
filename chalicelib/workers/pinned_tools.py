"""What MCP servers said of their tools when an agent first saw them, kept with its conversation: a server that says something else later does not
get its words to the model, nor a call that was judged by the earlier ones.

In: the tools as they are listed at an entry. Out: `Pins`: which of them are as they were first, and in what the others differ. What people approve
is pinned with their gate: `approved`. Never: a pin that changes within a conversation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import gates, transcripts
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.values import load
from chalicelib.tools.mcp import DiscoveredTool
from chalicelib.workers.work import Work

FIRST_LISTED: Final = "first-listed"  # the part of a conversation that its pins are
_SHOWN: Final = 1_000  # characters of a description
_DEFINITION: Final = "definition"


@dataclass(frozen=True, slots=True)
class Pins:
    """By server and tool."""

    kept: Mapping[str, Json]

    def has_changed(self, tool: DiscoveredTool) -> bool:
        """Whether it is another than at first, or was not there then."""
        return bool(self.changes(tool))

    def changes(self, tool: DiscoveredTool) -> list[str]:
        """What the server says otherwise than at first: `description`, `arguments`, `output`, `hints`; all of a tool that was not there."""
        before = self._before(tool)
        parts = before.get("parts")
        known = parts if isinstance(parts, dict) else {}
        return sorted(name for name, digest in tool.parts.items() if known.get(name) != digest)

    def shown(self, tool: DiscoveredTool) -> JsonObject:
        """For people who are to approve a call: the definition that they approve with it, and how it differs from what the agent saw."""
        shown: JsonObject = {_DEFINITION: {"description": tool.description[:_SHOWN], "sha256": tool.digest}}
        changes = self.changes(tool)
        if changes:
            before = self._before(tool).get("description")
            shown["changed_since_the_agent_began"] = {"what": [*changes], "description_before": before}
        return shown

    def _before(self, tool: DiscoveredTool) -> JsonObject:
        found = self.kept.get(_key(tool))
        return found if isinstance(found, dict) else {}


def pins(work: Work, listed: Iterable[DiscoveredTool], *, part: str) -> Pins:
    """Of the conversation whose part they are, made at its first entry. Raises StaleAttempt where another attempt was first."""
    now: JsonObject = {_key(tool): {"parts": {**tool.parts}, "description": tool.description[:_SHOWN]} for tool in listed}
    if not now:
        return Pins({})
    found = transcripts.find(work.attempt, part) or transcripts.enter(work.attempt, part)
    if found is None:
        transcripts.save(work.attempt, now, revision=1, part=part)
    return Pins(now if found is None else found.body)


def approved(attempt: NodeAttempt) -> str | None:
    """The digest of the definition that people had before them at the gate of a call; None where nobody was asked."""
    gate = gates.find_of(attempt)
    details = None if gate is None or gate.details is None else load(attempt.organisation_id, gate.details)
    definition = details.get(_DEFINITION) if isinstance(details, dict) else None
    digest = definition.get("sha256") if isinstance(definition, dict) else None
    return digest if isinstance(digest, str) else None


def _key(tool: DiscoveredTool) -> str:
    return f"{tool.server}\n{tool.name}"
