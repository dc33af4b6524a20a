"""What people see of an agent: its calls and on whose word, who answered for which models, what the cache did.

In: details of a node run, plain JSON. Out: the account that stands below a run. Never: a request.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import screen
from cli.api_client import NodeRun

_PLACE = (0, 0, 0, 2)


def account(node: NodeRun) -> RenderableType | None:
    """All that is known of a node's model calls; None where it made none."""
    details = node["details"]
    tables = (
        _head(details),
        _weighed_table(details.get("agent_candidates") or ()),
        _call_table(_calls(details)),
        _trail_table(details.get("trail") or ()),
    )
    parts = [part for part in (*tables, _left_out(details)) if part is not None]
    if not parts:
        return None
    place = f" [{node['item_path']}]" if node["item_path"] else ""
    return Group(Text(f"\n{node['node']}{place}", style="bold"), *(Padding(part, _PLACE, expand=False) for part in parts))


def _head(details: Mapping[str, Any]) -> RenderableType | None:
    known = {
        "agent": _because(_agent(details), details.get("agent_why")),
        "model": _because(_model(details), details.get("why")),
        "turns": details.get("turns") if details.get("calls") else None,
        "cache": _cached(details),
        "stopped": details.get("stopped"),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in known.items():
        if value:
            table.add_row(Text(name, style="dim"), Text(str(value)))
    return table if table.row_count else None


def _agent(details: Mapping[str, Any]) -> str | None:
    """As a node names it."""
    kind, name = details.get("agent_kind"), details.get("agent")
    return f"{kind}:{name}" if name and kind and kind != "preset" else name


def _weighed_table(candidates: Sequence[Mapping[str, Any]]) -> RenderableType | None:
    """Who was weighed for a skill, best first."""
    rows = [(f"{each['kind']}:{each['name']}", f"{each['score']}", each["fit"]) for each in candidates]
    return _table(("weighed", "score", "fit"), rows)


def _left_out(details: Mapping[str, Any]) -> RenderableType | None:
    count = details.get("trail_left_out_count")
    return Text(f"{count} earlier steps are not kept", style="dim") if count else None


def _call_table(calls: Sequence[Mapping[str, Any]]) -> RenderableType | None:
    return _table(("call", "tool", "came", "by"), list(_call_rows(calls, "")))


def _call_rows(calls: Sequence[Mapping[str, Any]], above: str) -> Iterator[tuple[str, str, str, str]]:
    """A task that was handed on has its own calls below it, numbered `3.1`."""
    for call in calls:
        number = f"{above}{call.get('number', '')}"
        cost = call.get("cost_micro_dollars")
        came = _because(call["came"], screen.money(cost) if cost is not None else None) or ""
        yield number, call["name"], came, _on_whose_word(call)
        yield from _call_rows(_calls(call), f"{number}.")


def _trail_table(trail: Sequence[Mapping[str, Any]]) -> RenderableType | None:
    rows = [(step["candidate"], step["outcome"], _took(step), _why(step)) for step in trail]
    return _table(("candidate", "outcome", "took", "why"), rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType | None:
    if not rows:
        return None
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _calls(details: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return details.get("calls") or ()


def _on_whose_word(call: Mapping[str, Any]) -> str:
    """The people who decided, or the policy and the rule that did."""
    who = ", ".join(call.get("by") or ())
    edited = "edited" if call.get("edited") else ""
    policy = _because(call.get("policy"), call.get("why")) or ""
    return "; ".join(part for part in (who, edited, policy) if part)


def _took(step: Mapping[str, Any]) -> str:
    first = step.get("first_token_milliseconds")
    took = f"{step['milliseconds']} ms" if "milliseconds" in step else ""
    return f"{took}, first word {first} ms" if first is not None else took


def _why(step: Mapping[str, Any]) -> str:
    return _because(step.get("why"), f"{step['kind']}: {step.get('fault') or ''}" if step.get("kind") else None) or ""


def _because(what: Any, why: Any) -> str | None:
    if not what:
        return None
    return f"{what} ({why})" if why else str(what)


def _model(details: Mapping[str, Any]) -> str | None:
    return f"{details['provider']}:{details['model']}" if details.get("provider") and details.get("model") else None


def _cached(details: Mapping[str, Any]) -> str | None:
    cache = details.get("cache") or {}
    saved = cache.get("saved_micro_dollars")
    return _because(cache.get("came"), f"saved {screen.money(saved)}" if saved else None)
