"""What is told of versions beside their records: what their runs came to, differences, what a publication touches.

In: values of `workflows`. Out: objects in snake_case. Ratios and times that nothing is known of are null.
"""

from dataclasses import asdict

from chalicelib.api.problem import diagnostic_document
from chalicelib.spec.model import JsonObject
from chalicelib.store.tallies import Tally
from chalicelib.workflows.diff_text import diff_text
from chalicelib.workflows.impact import Impact
from chalicelib.workflows.preview import Preview
from chalicelib.workflows.version_diff import VersionDifference


def tally_view(tally: Tally) -> JsonObject:
    """`cost_per_run` is of the runs that have ended, in micro-dollars."""
    counts: JsonObject = {f"{name}_count": tally[f"{name}_count"] for name in ("started", "succeeded", "failed", "timed_out", "cancelled")}
    return {
        **counts,
        "in_flight_count": tally.in_flight_count,
        "success_rate": tally.success_rate,
        "median_seconds": tally.median_seconds,
        "cost": tally["cost"],
        "cost_per_run": round(tally["cost"] / tally.ended_count) if tally.ended_count else None,
    }


def impact_view(impact: Impact) -> JsonObject:
    sums: JsonObject = {"in_flight_count": impact.in_flight_count, "open_gate_count": impact.open_gate_count}
    listed: JsonObject = {
        "versions": [asdict(each) for each in impact.versions],
        "callers": [asdict(each) for each in impact.callers],
        "triggers": [asdict(each) for each in impact.triggers],
    }
    return {"workflow_id": impact.workflow_id, "latest_version": impact.latest_version, **sums, **listed, "is_whole": impact.is_whole}


def difference_view(found: VersionDifference) -> JsonObject:
    """As data and, in `text`, as people read it."""
    return {"from": found.before, "to": found.after, **found.difference.as_json(), "text": diff_text(found.difference)}


def preview_view(seen: Preview) -> JsonObject:
    return {
        "is_new": seen.is_new,
        "digest": seen.digest,
        "diff": difference_view(seen.difference) if seen.difference else None,
        "forecast": seen.forecast,
        "impact": impact_view(seen.impact),
        "diagnostics": [diagnostic_document(found) for found in seen.diagnostics],
    }
