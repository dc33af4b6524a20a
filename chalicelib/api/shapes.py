"""What the answers about workflows, runs and gates look like; those about money, people and tools have pages of their own beside this one.

In: nothing. Out: shapes, which `api.openapi` turns into schemas; tests hold every answer against them.
"""

from typing import Final, Literal

from chalicelib.api.shape import Keyed, Kind, Many, Media, Pair, Shape, nullable, page
from chalicelib.runs.resume_plan import Fate
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.gate_records import Decision, Gate
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import Fault, NodeRun, Run
from chalicelib.store.statuses import EventType, NodeStatus, RunStatus
from chalicelib.store.workflow_records import Draft, Version, Workflow

NOTHING: Final = None
TEXT: Final = Media("text/plain; charset=utf-8")
FREE: Final = JsonObject
_FAULT: Final = nullable(Shape("Fault", record=Fault))

DIAGNOSTIC: Final = Shape(
    "Diagnostic",
    {
        "code": str,
        "severity": Literal["error", "warning"],
        "message": str,
        "hint": str | None,
        "line": int | None,
        "column": int | None,
        "path": str,
    },
)
VALIDATION: Final = Shape("Validation", {"valid": bool, "digest": str | None, "plan": str | None, "diagnostics": Many(DIAGNOSTIC)})

DRAFT: Final = Shape("Draft", {"revision": int, "etag": str}, record=Draft)
DRAFTS: Final = Shape("Drafts", {"drafts": Many(Shape("DraftSummary", DRAFT.fields, record=Draft, without=frozenset({"text"})))})
_OWNERS: Final = frozenset({"reserved_version", "latest_version_id", "deleted_at", "shares", "access_revision"})
WORKFLOW: Final = Shape("Workflow", record=Workflow, without=_OWNERS)
WORKFLOW_WITH_DRAFT: Final = Shape("WorkflowWithDraft", {"draft": DRAFT}, record=WORKFLOW.record, without=WORKFLOW.without)
WORKFLOWS: Final = page("workflows", WORKFLOW)
SHARE: Final = Shape("Share", {"who": str, "level": Literal["read", "run", "edit"]})
ACCESS: Final = Shape("WorkflowAccess", {"owner": str, "public": bool, "mine": Many(str), "revision": int}, {"shares": Many(SHARE)})

VERSION: Final = Shape("Version", record=Version)
MAP: Final = Many(Shape("MappedState", {"state": str, "node": str, "role": str, "line": int}))
# What versions published by earlier releases lack is not asked for.
FORECAST: Final = Shape(
    "Forecast", {"transitions": FREE, "invocations": FREE, "writes": FREE}, {"models": FREE, "price_microdollars": FREE}, open=True
)

RUN: Final = Shape("Run", {"write_count": int}, record=Run, without=frozenset({"running_count", "waiting_count", "above", "capped"}))
_PLACE: Final = Shape("PlaceInLine", {"position": int, "waiting_count": int, "estimated_start_at": str | None, "is_paused": bool})
PLACED_RUN: Final = RUN.also("PlacedRun", {"queue": nullable(_PLACE)})
RUN_WITH_VALUES: Final = Shape(
    "RunWithValues",
    {**PLACED_RUN.fields, "input": Json, "input_bytes": int, "output": Json, "output_bytes": int},
    {"transition_count": int | None},
    record=Run,
    without=RUN.without,
)
RUNS: Final = page("runs", RUN)
NODE_RUN: Final = Shape(
    "NodeRun",
    {"input": Json, "input_bytes": int, "output": Json, "output_bytes": int},
    {"input_url": str | None, "output_url": str | None},
    record=NodeRun,
    without=frozenset({"input", "result"}),
)
NODE_RUNS: Final = Shape("NodeRuns", {"nodes": Many(NODE_RUN), "cursor": str | None})
EVENT: Final = Shape(
    "RunEvent",
    {"type": EventType, "run_id": str, "workflow_id": str, "number": int, "at": str, "data": JsonObject},
    {"occurred_at": str, "node": str, "item_path": str},
)
EVENTS: Final = Shape("RunEvents", {"events": Many(EVENT), "next_since": int | None})

_FATE: Final = Shape(
    "NodeFate",
    {
        "node": str,
        "fate": Fate,
        "why": str,
        "effect": Effect,
        "warning": str | None,
        "settled_count": int,
        "open_count": int,
    },
)
RESUME_PLAN: Final = Shape(
    "ResumePlan",
    {
        "run_id": str,
        "resume": int,
        "version": int,
        "status": RunStatus,
        "nodes": Many(_FATE),
        "warnings": Many(str),
        "forecast": FREE,
        "plan": str,
    },
)

QUEUE_OF_WORKFLOW: Final = Shape(
    "WorkflowQueue",
    {
        "workflow_id": str,
        "workflow_name": str,
        "limit": int | None,
        "is_paused": bool,
        "running_count": int,
        "waiting": Keyed(int),
        "waiting_count": int,
    },
)
QUEUE: Final = Shape("Queue", {"limit": int, "running_count": int, "waiting_count": int, "workflows": Many(QUEUE_OF_WORKFLOW)})
EMPTIED_QUEUE: Final = QUEUE_OF_WORKFLOW.also("EmptiedQueue", {"cancelled_count": int})

_DIFFERENCE: Final = Shape("Difference", {"path": str, "kind": Literal["added", "removed", "changed"], "before": str | None, "after": str | None})
_DIFFERENCES: Final = Shape("Differences", {"found": Many(_DIFFERENCE), "is_cut": bool})
_BOTH: Final[dict[str, Kind]] = {"spec": _DIFFERENCES, "input": _DIFFERENCES, "output": _DIFFERENCES}
_COMPARED_NODE: Final = Shape(
    "ComparedNode",
    {
        "node": str,
        "item_path": str,
        "status": Pair(nullable(NodeStatus)),
        "seconds": Pair(float | None),
        "attempt_count": Pair(int | None),
        "cost": Pair(int | None),
        "error": Pair(_FAULT),
        "input": _DIFFERENCES,
        "output": _DIFFERENCES,
    },
)
COMPARISON: Final = Shape("Comparison", {"runs": Pair(RUN), **_BOTH, "nodes": Many(_COMPARED_NODE), "is_cut": bool})

MESSAGE: Final = Shape("Message", record=SentMessage)
AWAITED: Final = Shape("AwaitedMessages", {"messages": Many(MESSAGE)})
GATE: Final = Shape("Gate", {"details": Json}, record=Gate, without=frozenset({"details", "fence"}))
GATES: Final = page("gates", GATE)
DECISION: Final = Shape("Decision", record=Decision)
TICKET: Final = Shape("Ticket", {"ticket": str, "url": str, "expires_in_seconds": int})
HEARD: Final = Shape("Heard", {"heard": bool})

RPC_REPLY: Final = Shape(
    "RpcReply",
    {"jsonrpc": Literal["2.0"], "id": int | str | None},
    {"result": JsonObject, "error": Shape("RpcError", {"code": int, "message": str}, {"data": Json})},
)
PROBLEM: Final = Shape(
    "Problem",
    {
        "type": str,
        "title": str,
        "status": int,
        "code": str,
        "detail": str,
        "errors": Many(Shape("FieldFault", {"field": str, "message": str})),
    },
    open=True,
)
REFUSED: Final = Media("application/problem+json", PROBLEM)
