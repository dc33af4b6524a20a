"""What the answers about costs, budgets, the cache of answers and the providers of models look like."""

from typing import Final, Literal

from chalicelib.api.shape import Keyed, Kind, Many, Shape, page
from chalicelib.store.budget_records import BudgetAlert, ScopeName, Unpriced
from chalicelib.store.ledger import Cost
from chalicelib.store.response_cache import CacheDay
from chalicelib.store.warm_jobs import WarmJob

_COST: Final = Shape("Cost", record=Cost)
_COST_OF_DAY: Final = Shape("CostOfDay", {"day": str}, record=Cost)
_COST_OF_NODE: Final = Shape("CostOfNode", {"node": str, "item_path": str}, record=Cost)
COSTS: Final = Shape("Costs", {"from": str, "to": str, "workflow_id": str | None, "total": _COST, "days": Many(_COST_OF_DAY)})
COSTS_OF_RUN: Final = Shape("CostsOfRun", {"run_id": str, "total": _COST, "nodes": Many(_COST_OF_NODE)})

_USE: Final = Shape("BudgetUse", {"limit": int, "spent": int, "reserved": int})
BUDGET: Final = Shape(
    "Budget",
    {
        "workflow_id": str | None,
        "per_run": int | None,
        "per_day": int | None,
        "per_month": int | None,
        "unpriced": Unpriced,
        "set_at": str,
        "set_by": str,
        "used": Keyed(_USE),
    },
)
BUDGETS: Final = Shape("Budgets", {"budgets": Many(BUDGET)})

ALERTS: Final = page("alerts", Shape("BudgetAlert", {"scope": ScopeName, "workflow_id": str | None}, record=BudgetAlert))

_CACHE_DAY: Final = Shape("CacheDay", {"day": str}, record=CacheDay)
CACHE: Final = Shape("Cache", {"from": str, "to": str, "total": Shape("CacheTotal", record=CacheDay), "days": Many(_CACHE_DAY)})
CLEARED: Final = Shape("ClearedCache", {"generation": int | str})
_WARMED: Final = Shape("WarmedRequest", {"status": Literal["new", "there", "failed", "left"], "key": str, "cost": int | None, "error": str | None})
WARM_JOB: Final = Shape(
    "WarmJob",
    {"done_count": int, "requests": Many(_WARMED), "cost": int, "unpriced_count": int},
    record=WarmJob,
    without=frozenset({"digest", "results", "lease_owner", "lease_until", "requests"}),
)

_SPEED: Final[dict[str, Kind]] = {
    "call_count": int,
    "success_ratio": float | None,
    "latency_p50_seconds": float | None,
    "latency_p95_seconds": float | None,
    "first_token_p50_seconds": float | None,
    "first_token_p95_seconds": float | None,
    "failures": Keyed(int),
}
_CANDIDATE: Final = Shape(
    "Candidate",
    {
        "id": str,
        "provider": str,
        "model": str,
        "key": str,
        "state": Literal["closed", "open", "half_open"],
        "opened_at": str | None,
        "open_until": str | None,
        "opened_for": str | None,
        "availability": float | None,
        "error_budget_left": float | None,
        **_SPEED,
        "recent": Shape("RecentCalls", _SPEED),
    },
)
_CHOICE: Final = Shape("CandidateChoice", {"candidate": str, "why": str})
_ROUTE: Final = Shape("ModelRoute", {"name": str, "strategy": str, "order": Many(_CHOICE), "keyless": Many(str), "why": str})
PROVIDERS_HEALTH: Final = Shape(
    "ProvidersHealth", {"at": str, "availability_target": float, "window_seconds": int, "candidates": Many(_CANDIDATE), "routes": Many(_ROUTE)}
)
