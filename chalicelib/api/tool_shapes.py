"""What the answers about tools, imported APIs and agents look like."""

from typing import Final, Literal

from chalicelib.api.shape import Many, Shape, page
from chalicelib.spec.agent_parts import AgentKind
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import JsonObject
from chalicelib.store.imported_apis import ApiRecord

_SOURCE: Final = Shape("ToolSource", {"kind": Literal["built_in", "mcp", "openapi"], "name": str | None})
_TOOL: Final = Shape(
    "Tool",
    {
        "name": str,
        "source": _SOURCE,
        "description": str,
        "arguments": JsonObject,
        "output": JsonObject | None,
        "effect": Effect,
        "call": JsonObject,
    },
)
_MISSING: Final = Shape("MissingTools", {"source": _SOURCE, "code": str, "message": str})
TOOLS: Final = Shape("Tools", {"tools": Many(_TOOL), "left_out_count": int, "missing": Many(_MISSING)})

_STORED: Final = frozenset({"document"})
API: Final = Shape("ImportedApi", record=ApiRecord, without=_STORED)
_OPERATION: Final = Shape(
    "ImportedOperation", {"name": str, "description": str, "method": str, "url": str, "arguments": JsonObject, "auth": Many(str)}
)
_SKIPPED: Final = Shape("SkippedOperation", {"operation": str, "reason": str})
API_WITH_OPERATIONS: Final = Shape(
    "ImportedApiWithOperations", {"operations": Many(_OPERATION), "skipped": Many(_SKIPPED)}, record=ApiRecord, without=_STORED
)
APIS: Final = page("apis", API)

_SKILL: Final = Shape("Skill", {"id": str, "name": str, "description": str, "tags": Many(str)})
AGENT: Final = Shape(
    "Agent",
    {
        "agent": str,
        "kind": AgentKind,
        "name": str,
        "title": str,
        "description": str,
        "skills": Many(_SKILL),
        "source": Literal["built_in", "published", "setting", "registered"],
        "from_outside": bool,
        "takes_text": bool,
        "card_url": str | None,
        "version": int | None,
        "fetched_at": str | None,
        "fault": str | None,
    },
)
FOUND_AGENT: Final = Shape("FoundAgent", AGENT.fields, {"score": float, "fit": str})
AGENTS: Final = Shape("Agents", {"agents": Many(FOUND_AGENT), "left_out_count": int})
