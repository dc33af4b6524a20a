"""Forecasts beside what runs counted, on the local stack: small workflows in which nothing decides, and the examples on their inputs.

Where nothing decides, the forecast is one number.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.counted_runs import MEASURED, Counted, Stage, stage
from bench.table import Figure, Table
from bench.task_graphs import CHECKOUT

EXAMPLES: Final = CHECKOUT / "examples"
TOOL: Final = "type: tool_call, tool: time.now"
DECIDED_BY_NOBODY: Final = {
    "chain": f"nodes: {{a: {{{TOOL}}}, b: {{{TOOL}, after: [a]}}, c: {{{TOOL}, after: [b]}}}}",
    "diamond": f"nodes: {{a: {{{TOOL}}}, b: {{{TOOL}, after: [a]}}, c: {{{TOOL}, after: [a]}}, d: {{{TOOL}, after: [b, c]}}}}",
    "native": f"nodes: {{a: {{{TOOL}}}, t: {{type: transform, value: 1, after: [a]}}, j: {{type: join, after: [t]}}}}",
    "wait": f"nodes: {{a: {{{TOOL}}}, w: {{type: wait, seconds: 1, after: [a]}}, b: {{{TOOL}, after: [w]}}}}",
    "map": f"nodes: {{m: {{type: map, over: [1, 2, 3], nodes: {{x: {{{TOOL}}}}}}}}}",
    "nobody": "nodes: {t: {type: transform, value: 1}, u: {type: transform, value: 2, after: [t]}}",
    "map-in-map": f"nodes: {{m: {{type: map, over: [1, 2], as: row, nodes: {{n: {{type: map, over: [1, 2], nodes: {{x: {{{TOOL}}}}}}}}}}}}}",
}


def run() -> Table:
    with stage() as here:
        fixed = [here.count(name, here.publish(_text(name, nodes), name=name), {}) for name, nodes in DECIDED_BY_NOBODY.items()]
        examples = list(_examples(here))
    figures = (
        _share("exact where nothing decides: transitions, invocations, writes", fixed, list(MEASURED), is_exact=True),
        _share("examples inside their range: transitions, invocations, writes", examples, list(MEASURED)),
    )
    columns = ("run", "status", "retries", *(f"{figure}{suffix}" for figure in MEASURED for suffix in (", forecast", ", counted")))
    notes = (
        ["Forecasts leave retries out; what they add is known, and taken off before the two are compared."]
        if any(each.retries for each in examples)
        else []
    )
    return Table("Forecast against what runs counted", figures, columns, [_row(each) for each in (*fixed, *examples)], notes)


def _text(name: str, nodes: str) -> str:
    return f"sluice: 1\nname: measured-{name}\n{nodes}\n"


def _examples(here: Stage) -> Iterator[Counted]:
    ids = {path: here.publish(path.read_text(), name=str(path)) for path in sorted(EXAMPLES.glob("*/*.yaml"))}
    for path, workflow_id in ids.items():
        if path.name == "workflow.yaml":
            for given in sorted(path.parent.glob("input*.json")):
                yield here.count(_name(given), workflow_id, json.loads(given.read_text()))


def _name(given: Path) -> str:
    return f"{given.parent.name} {given.stem.removeprefix('input').removeprefix('-')}".strip()


def _share(what: str, runs: Sequence[Counted], figures: Sequence[str], *, is_exact: bool = False) -> Figure:
    checked = [(each, figure) for each in runs for figure in figures]
    good = sum(each.is_inside(figure) and (each.is_exact(figure) or not is_exact) for each, figure in checked)
    return Figure(what, f"{good} of {len(checked)}", "all", good == len(checked))


def _row(each: Counted) -> tuple[str, ...]:
    cells = [cell for figure in MEASURED for cell in (_shown(each, figure), f"{each.counted[figure]}{'' if each.is_inside(figure) else ' !'}")]
    return (each.name, each.status, str(each.retries), *cells)


def _shown(each: Counted, figure: str) -> str:
    expected = each.forecast[figure]
    return f"{expected['least']}" if each.is_exact(figure) else f"{expected['least']} to {expected['most']}"
