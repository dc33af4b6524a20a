"""What `sluice show` tells of an agent: its calls as a tree."""

import io

from rich.console import Console

from cli.agents import account
from tests.factories.cli_documents import node_run


def test_it_shows_the_calls_within_a_task_that_was_handed_on() -> None:
    within = {"number": 1, "turn": 1, "name": "http_get", "came": "ran"}
    handed = {
        "number": 2,
        "turn": 1,
        "name": "researcher",
        "came": "ran",
        "agent": "researcher",
        "turns": 2,
        "cost_micro_dollars": 1500,
        "calls": [within],
    }
    node = node_run("work", details={"turns": 2, "calls": [{"number": 1, "turn": 1, "name": "math", "came": "refused"}, handed]})
    written = io.StringIO()
    told = account(node)
    assert told is not None
    Console(file=written, width=100).print(told)
    rows = [line.split() for line in written.getvalue().splitlines()]
    assert ["1", "math", "refused"] in rows
    assert ["2", "researcher", "ran", "($0.0015)"] in rows
    assert ["2.1", "http_get", "ran"] in rows
