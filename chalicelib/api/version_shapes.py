"""What the answers about versions look like: what their runs came to, what differs, what a publication touches; files that come in, and starters."""

from typing import Final, Literal

from chalicelib.api.shape import Either, Many, Media, Pair, Shape, nullable, page
from chalicelib.api.shapes import DIAGNOSTIC, FREE, VERSION
from chalicelib.spec.model import Json
from chalicelib.store.trigger_records import TriggerKind
from chalicelib.store.workflow_records import VersionSummary
from chalicelib.workflows.diff import Aspect
from chalicelib.workflows.diff_values import Kind

_RUNS: Final = Shape(
    "VersionRuns",
    {
        "started_count": int,
        "in_flight_count": int,
        "succeeded_count": int,
        "failed_count": int,
        "timed_out_count": int,
        "cancelled_count": int,
        "success_rate": float | None,
        "median_seconds": float | None,
        "cost": int,
        "cost_per_run": int | None,
    },
)
VERSIONS: Final = page("versions", Shape("VersionSummary", {"runs": nullable(_RUNS)}, record=VersionSummary))

_IN_FLIGHT: Final = {"in_flight_count": int, "open_gate_count": int}
_CALLER: Final = Shape("CallerImpact", {"workflow_id": str, "workflow_name": str, "version": int, "calls_version": int})
_STARTING: Final = Shape("TriggerImpact", {"trigger_id": str, "name": str, "kind": TriggerKind, "enabled": bool, "version": int | None})
IMPACT: Final = Shape(
    "Impact",
    {
        "workflow_id": str,
        "latest_version": int,
        **_IN_FLIGHT,
        "versions": Many(Shape("VersionImpact", {"version": int, **_IN_FLIGHT})),
        "callers": Many(_CALLER),
        "triggers": Many(_STARTING),
        "is_whole": bool,
    },
)
_CHANGE: Final = Shape(
    "VersionChange",
    {
        "kind": Kind,
        "aspect": Aspect,
        "path": str,
        "node": str | None,
        "before": Json,
        "after": Json,
        "words": Many(Pair(str)),
    },
)
_USED: Final = Shape("ChangedUse", {"kind": str, "added": Many(str), "removed": Many(str)})
DIFFERENCE: Final = Shape(
    "VersionDifference",
    {
        "from": str,
        "to": str,
        "is_same": bool,
        "summary": Many(str),
        "changes": Many(_CHANGE),
        "uses": Many(_USED),
        "forecast": FREE,
        "text": str,
    },
)
PUBLISHED: Final = VERSION.also("PublishedVersion", {"is_new": bool, "impact": IMPACT})
PREVIEW: Final = Shape(
    "PublicationPreview",
    {
        "is_new": bool,
        "digest": str,
        "diff": nullable(DIFFERENCE),
        "forecast": FREE,
        "impact": IMPACT,
        "diagnostics": Many(DIAGNOSTIC),
    },
)

FILE: Final = Either((Media("application/yaml; charset=utf-8"), Media("application/json", Json)))
_LACKS_KINDS: Final = ("secrets", "channels", "workflows", "mcp_servers", "a2a_agents", "apis", "databases")
_LACKS: Final = Shape("Lacks", {kind: Many(str) for kind in _LACKS_KINDS})
_IMPORTED: Final = Shape(
    "ImportedWorkflow",
    {"name": str, "status": Literal["new", "unchanged", "taken"], "workflow_id": str | None, "version": int | None},
)
IMPORTED: Final = Shape("Imported", {"root": str, "workflows": Many(_IMPORTED), "lacks": _LACKS, "diagnostics": Many(DIAGNOSTIC)})

STARTER: Final = Shape(
    "Starter",
    {
        "name": str,
        "title": str,
        "description": str,
        "tags": Many(str),
        "version": int,
        "source": Literal["built_in", "organisation"],
        "use_count": int,
    },
)
STARTERS: Final = page("starters", STARTER)
_PARAMETER: Final = Shape("StarterParameter", {"name": str, "title": str, "schema": FREE, "sets": Many(str), "default": Json})
_SAMPLE: Final = Shape("StarterSample", {"title": str, "input": FREE})
_USES: Final = Shape("Uses", {kind: Many(str) for kind in ("effects", "tools", "models", "deciders", *_LACKS_KINDS)})
_NODE: Final = Shape("StarterNode", {"id": str, "type": str, "title": str | None, "map": str | None})
_EDGE: Final = Shape("StarterEdge", {"from": str, "to": str, "when": Json, "map": str | None})
STARTER_WITH_ALL: Final = STARTER.also(
    "StarterWithAll",
    {
        "parameters": Many(_PARAMETER),
        "samples": Many(_SAMPLE),
        "uses": _USES,
        "lacks": _LACKS,
        "plan": str,
        "graph": Shape("StarterGraph", {"nodes": Many(_NODE), "edges": Many(_EDGE)}),
        "forecast": FREE,
        "workflows": Many(str),
        "text": str,
    },
)
DEPLOYED: Final = Shape(
    "DeployedStarter",
    {"workflow_id": str, "name": str, "version": int | None, "is_new": bool, "workflows": Many(_IMPORTED), "lacks": _LACKS},
)
