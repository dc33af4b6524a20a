"""The command `compare`: two runs beside each other."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli import screen
from cli.api_client import ComparedNode, Comparison, Differences, Run
from cli.session import AsOption, JsonOption, UrlOption, session, told

_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def compare(
    run_id: Annotated[str, typer.Argument(metavar="A", help="A run's id.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another run's.")],
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """How two runs differ: versions, inputs, outputs, and each node's way, time and cost."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.runs_compare_runs(run_id, to=other)
        here.show(found, human=lambda: Group(*_shown(found)))


def _shown(found: Comparison) -> Iterator[RenderableType]:
    a, b = found["runs"]
    heads = [{"": side, "run": run["id"], "version": run["version"], **_whole(run)} for side, run in (("A", a), ("B", b))]
    yield screen.table_of(heads, {name: name for name in ("", "run", "version", "status", "took", "cost", "error")})
    rows = [_row(node) for node in found["nodes"]]
    yield screen.table_of(rows, {name: name for name in ("node", "status", "took", "cost", "tries", "output")})
    for title, part in (("version", found["spec"]), ("input", found["input"]), ("output", found["output"])):
        yield from _differences(title, part)
    for node in found["nodes"]:
        yield from _differences(_name(node), node["output"])
    if found["is_cut"]:
        yield Text("there are more nodes", style="dim")


def _whole(run: Run) -> dict[str, str]:
    return {
        "status": run["status"],
        "took": screen.duration(run["started_at"], run["ended_at"]),
        "cost": screen.money(run["usage"]["cost"]),
        "error": run["error"]["name"] if run["error"] else "",
    }


def _row(node: ComparedNode) -> dict[str, str]:
    changed = node["output"]["found"]
    return {
        "node": _name(node),
        "status": _both(node["status"], str),
        "took": _both(node["seconds"], lambda seconds: f"{seconds:.1f} s"),
        "cost": _both(node["cost"], screen.money),
        "tries": _both(node["attempt_count"], str),
        "output": f"{len(changed)}{'+' if node['output']['is_cut'] else ''} differ" if changed else "same",
    }


def _both(values: Sequence[Any], shown: Any) -> str:
    """One word where both are the same."""
    a, b = (shown(value) if value is not None else "–" for value in values)
    return a if a == b else f"{a} → {b}"


def _name(node: ComparedNode) -> str:
    return f"{node['node']} [{node['item_path']}]" if node["item_path"] else node["node"]


def _differences(title: str, part: Differences) -> Iterator[RenderableType]:
    if not part["found"]:
        return
    yield Text(f"\n{title}", style="bold")
    for each in part["found"]:
        sign, style = _SIGNS[each["kind"]]
        values = " → ".join(screen.plain(value) for value in (each["before"], each["after"]) if value is not None)
        yield Text.assemble((f"  {sign} {each['path'] or '/'}  ", style), values)
    if part["is_cut"]:
        yield Text("  and more", style="dim")
