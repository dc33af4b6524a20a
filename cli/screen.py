"""What people see in a terminal: the live tree of a run, tables, diagnostics, gates.

In: plain documents and `Progress`. Out: rich renderables. Never: a request.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli.progress import Line, Progress

_MARK: Final = {
    "queued": ("·", "dim"),
    "running": ("●", "cyan"),
    "retrying": ("↻", "yellow"),
    "waiting": ("◆", "magenta"),
    "succeeded": ("✔", "green"),
    "failed": ("✘", "red"),
    "continued": ("✘", "yellow"),
    "timed_out": ("✘", "red"),
    "cancelled": ("■", "yellow"),
    "skipped": ("–", "dim"),
}


def money(micro_dollars: int | None) -> str:
    """Micro-dollars as people read them; what has no price is said to have none."""
    if micro_dollars is None:
        return "unpriced"
    return f"${micro_dollars / 1_000_000:.6f}".rstrip("0").rstrip(".") if micro_dollars else "$0"


def seconds_between(start: str | None, end: str | None) -> float | None:
    if not start:
        return None
    last = datetime.fromisoformat(end) if end else datetime.now(UTC)
    return max((last - datetime.fromisoformat(start)).total_seconds(), 0.0)


def duration(start: str | None, end: str | None) -> str:
    seconds = seconds_between(start, end)
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def run_tree(progress: Progress, nodes: Sequence[str], *, title: str) -> RenderableType:
    """The run's nodes: those of the workflow in order, items of maps below their map."""
    table = Table.grid(padding=(0, 2))
    shown: set[tuple[str, str]] = set()
    for node in nodes:
        keys = [key for key in progress.lines if key[0] == node and not key[1]]
        for key in keys:
            _add(table, progress.lines[key], indent=0)
            shown.add(key)
        if not keys:
            mark, style = _MARK["queued"]
            table.add_row(Text(f"  {mark} {node}", style=style), "", "")
        for key, line in progress.lines.items():
            if key[1].split(":")[0] == node:
                _add(table, line, indent=1)
                shown.add(key)
    for key, line in progress.lines.items():
        if key not in shown:
            _add(table, line, indent=0)
    mark, style = _MARK[progress.status]
    return Group(Text.assemble((f"{mark} ", style), (title, "bold"), (f"  {progress.status}", style)), table)


def _add(table: Table, line: Line, *, indent: int) -> None:
    mark, style = _MARK[line.status]
    place = f" [{line.item_path}]" if line.item_path else ""
    usage = line.data.get("usage") or {}
    cost = money(usage.get("cost")) if usage.get("input_tokens") or usage.get("output_tokens") else ""
    notes = [*([f"{line.retries} retried"] if line.retries else []), *_notes(line)]
    left = Text("  " * (indent + 1) + f"{mark} {line.node}{place}", style=style)
    table.add_row(
        left,
        Text(duration(line.since, line.ended) if line.status != "skipped" else "", style="dim"),
        Text("  ".join([cost, *notes]).strip(), style="dim"),
    )


def _notes(line: Line) -> Iterable[str]:
    error = line.data.get("error")
    if line.status in ("failed", "retrying", "continued") and isinstance(error, Mapping):
        yield f"{error.get('name', '')}: {error.get('message', '')}"[:120]
    if line.status == "continued":
        yield "the run goes on"
    if line.data.get("choice"):
        yield f"{line.data['choice']} by {', '.join(line.data.get('by') or []) or 'nobody'}"
    if (line.data.get("details") or {}).get("offline"):
        yield "offline model"


def gate_panel(gate: Mapping[str, Any]) -> RenderableType:
    """A gate's question with all that its deciders are to see."""
    lines: list[RenderableType] = [Text(str(gate["ask"]), style="bold")]
    details = gate.get("details")
    if isinstance(details, Mapping):
        table = Table.grid(padding=(0, 2))
        for name, value in details.items():
            table.add_row(Text(str(name), style="dim"), Text(value if isinstance(value, str) else _compact(value)))
        lines.append(table)
    elif details is not None:
        lines.append(Text(details if isinstance(details, str) else _compact(details)))
    if gate.get("at_least", 1) > 1:
        lines.append(Text(f"{gate['at_least']} people must agree; {len(gate.get('votes') or [])} have voted", style="dim"))
    return Group(*lines)


def diagnostics(found: Sequence[Mapping[str, Any]], name: str) -> RenderableType:
    """One finding a line: where, how bad, what, and what to do."""
    lines = []
    for each in found:
        style = "red" if each["severity"] == "error" else "yellow"
        where = f"{name}:{each['line']}:{each['column']}" if each.get("line") else name
        lines.append(Text.assemble((where, "bold"), " ", (str(each["severity"]), style), " ", str(each["message"]), (f"  [{each['code']}]", "dim")))
        if each.get("hint"):
            lines.append(Text(f"    {each['hint']}", style="dim"))
    return Group(*lines)


def table_of(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    """`columns`: heading by field."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name, heading in columns.items():
        table.add_column(heading, no_wrap=name == "id", overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(row.get(name))) for name in columns))
    return table


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
