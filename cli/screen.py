"""What people see in a terminal: the live tree of a run, tables, diagnostics, gates.

In: plain documents and `Progress`. Out: rich renderables. Never: a request.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from cli.api_client import Diagnostic, Gate
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
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_HEARD_LINES: Final = 3
_SHORT: Final = 60  # characters of JSON that stay on one line


@dataclass(frozen=True)
class Tail:
    """The last lines of a text that goes on; blanks and breaks as one."""

    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = Text(plain(" ".join(self.text.split())), style="italic dim")
        lines = list(whole.wrap(console, options.max_width))
        if len(lines) > _HEARD_LINES:
            lines = list(Text.assemble("… ", *lines[-_HEARD_LINES:], style="italic dim").wrap(console, options.max_width))[-_HEARD_LINES:]
        yield from lines

    def __rich_measure__(self, _console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(16, options.max_width), min(len(self.text), options.max_width))


def plain(text: str) -> str:
    """A text from elsewhere without what a terminal would act upon."""
    return _CONTROL.sub(" ", text)


def cost(usage: Mapping[str, Any] | None, details: Mapping[str, Any] | None = None) -> str:
    """What a node's model calls cost; empty where it made none. The details know of models without a price, the sum counts them as nothing."""
    used = usage or {}
    if not (used.get("input_tokens") or used.get("output_tokens")):
        return ""
    is_unpriced = "cost_micro_dollars" in (details or {}) and (details or {})["cost_micro_dollars"] is None
    return money(None) if is_unpriced and not used.get("cost") else money(used.get("cost"))


def money(micro_dollars: int | None) -> str:
    """Micro-dollars as people read them; what has no price is said to have none."""
    if micro_dollars is None:
        return "unpriced"
    return f"${micro_dollars / 1_000_000:.6f}".rstrip("0").rstrip(".") if micro_dollars else "$0"


def models_price(models: Mapping[str, Any]) -> str:
    """What a forecast says of models: from the least to the most, and who has no price."""
    cost, unpriced = models["cost_micro_dollars"], models["unpriced"]
    least, most = money(cost["least"]), "unbounded" if cost["most"] is None else money(cost["most"])
    known = least if least == most else f"{least} to {most}"
    return f"{known}, unpriced: {', '.join(unpriced)}" if unpriced else known


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
    lines = dict(progress.lines)  # it may grow meanwhile
    shown: set[tuple[str, str]] = set()
    for node in nodes:
        keys = [key for key in lines if key[0] == node and not key[1]]
        for key in keys:
            _add(table, lines[key], progress, indent=0)
            shown.add(key)
        if not keys:
            mark, style = _MARK["queued"]
            table.add_row(Text(f"  {mark} {node}", style=style), "", "")
        for key, line in lines.items():
            if key[1].split(":")[0] == node:
                _add(table, line, progress, indent=1)
                shown.add(key)
    for key, line in lines.items():
        if key not in shown:
            _add(table, line, progress, indent=0)
    mark, style = _MARK[progress.status]
    return Group(Text.assemble((f"{mark} ", style), (title, "bold"), (f"  {progress.status}", style)), table)


def _add(table: Table, line: Line, progress: Progress, *, indent: int) -> None:
    mark, style = _MARK[line.status]
    place = f" [{line.item_path}]" if line.item_path else ""
    spent = cost(line.data.get("usage"), line.data.get("details"))
    notes = [*([f"{line.retries} retried"] if line.retries else []), *_notes(line)]
    left = Text("  " * (indent + 1) + f"{mark} {line.node}{place}", style=style)
    table.add_row(
        left,
        Text(duration(line.since, line.ended) if line.status != "skipped" else "", style="dim"),
        Text("  ".join([spent, *notes]).strip(), style="dim"),
    )
    heard = progress.heard.get((line.node, line.item_path))
    if heard is not None:
        table.add_row("", "", Tail(heard.text))


def _notes(line: Line) -> Iterable[str]:
    details = line.data.get("details") or {}
    error = line.data.get("error")
    if line.status in ("failed", "retrying", "continued") and isinstance(error, Mapping):
        yield f"{error.get('name', '')}: {error.get('message', '')}"[:120]
    if line.status == "continued":
        yield "the run goes on"
    if line.status == "waiting":
        yield _waits(line)
    elif line.data.get("choice") and not details.get("calls"):
        yield f"{line.data['choice']} by {', '.join(line.data.get('by') or []) or 'nobody'}"
    yield from _work(details)
    if details.get("offline"):
        yield "offline model"


def _work(details: Mapping[str, Any]) -> Iterable[str]:
    """What an agent did: the tools that it called and how that came out, a cache's answer, what ended its work early."""
    called = [f"{name} ×{count}" if (count := len(list(same))) > 1 else name for name, same in groupby(map(_outcome, details.get("calls") or ()))]
    if called:
        yield ", ".join(called)
    if (details.get("cache") or {}).get("came") == "hit":
        yield "from the cache"
    if details.get("stopped"):
        yield f"stopped: {details['stopped']}"


def _outcome(call: Mapping[str, Any]) -> str:
    by = f" by {', '.join(call['by'])}" if call.get("by") else ""
    came = "" if call["came"] == "ran" and not by else f" {call['came']}"
    return f"{call['name']}{came}{by}"


def _waits(line: Line) -> str:
    match line.data.get("waiting_for"):
        case "gate":
            return plain(str(line.data.get("ask") or "waits for people"))
        case "child":
            return f"waits for the run {line.data.get('reference') or ''}".strip()
        case "reply":
            return "waits for a reply"
        case _:
            return ""


def gate_panel(gate: Gate) -> RenderableType:
    """A gate's question with all that its deciders are to see."""
    lines: list[RenderableType] = [Text(plain(gate["ask"]), style="bold")]
    details = gate["details"]
    if isinstance(details, Mapping):
        table = Table.grid(padding=(0, 2))
        for name, value in details.items():
            table.add_row(Text(str(name), style="dim"), Text(_shown(value)))
        lines.append(table)
    elif details is not None:
        lines.append(Text(_shown(details)))
    if gate["at_least"] > 1:
        lines.append(Text(f"{gate['at_least']} people must agree; {len(gate['votes'])} have voted", style="dim"))
    return Group(*lines)


def choices(gate: Gate) -> RenderableType:
    """A gate's choices, one a line, with what goes with each."""
    table = Table.grid(padding=(0, 2))
    for each in gate["choices"]:
        title, fields = each["title"], each["fields"] or ()
        table.add_row(each["choice"], Text(title if title.lower() != each["choice"] else "", style="dim"), Text(_with(fields), style="dim"))
    return table


def _with(fields: Sequence[str]) -> str:
    return f"with {', '.join(fields)}" if fields else ""


def diagnostics(found: Sequence[Diagnostic], name: str) -> RenderableType:
    """One finding a line: where, how bad, what, and what to do."""
    lines = []
    for each in found:
        style = "red" if each["severity"] == "error" else "yellow"
        where = f"{name}:{each['line']}:{each['column']}" if each["line"] else name
        lines.append(Text.assemble((where, "bold"), " ", (each["severity"], style), " ", each["message"], (f"  [{each['code']}]", "dim")))
        if each["hint"]:
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


def _shown(value: Any) -> str:
    """A text as it is, other JSON on one line while it is short."""
    if isinstance(value, str):
        return plain(value)
    line = _compact(value)
    return line if len(line) <= _SHORT else json.dumps(value, ensure_ascii=False, indent=2)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
