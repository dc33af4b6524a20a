"""Whose turn it is: priorities, workflows in turn, lines that age."""

from chalicelib.runs.turns import Line, in_turn, lines_of
from chalicelib.store.run_records import Priority
from chalicelib.store.slots import Slots, WorkflowSlots

MINUTE = 60_000


def line(workflow: str, priority: Priority = Priority.NORMAL, *, since: int = 0, turn: int = 0) -> Line:
    return Line(workflow, priority, waiting=1, since=since, turn=turn)


def order(*lines: Line, now: int = MINUTE) -> list[tuple[str, str]]:
    return [(each.workflow_id, each.priority.value) for each in in_turn(lines, now=now, ageing_seconds=600)]


def test_it_serves_the_higher_priority_first() -> None:
    found = order(line("a", Priority.LOW), line("a"), line("b", Priority.HIGH, turn=9))
    assert found == [("b", "high"), ("a", "normal"), ("a", "low")]


def test_it_serves_the_workflow_first_that_was_let_in_the_longest_ago() -> None:
    assert order(line("a", turn=3), line("b", turn=1), line("c", turn=2)) == [("b", "normal"), ("c", "normal"), ("a", "normal")]


def test_it_moves_a_line_up_that_nobody_served_for_long() -> None:
    late = 21 * MINUTE
    assert order(line("a", Priority.HIGH, since=late), line("b", Priority.LOW, since=0, turn=-1), now=late)[0] == ("b", "low")
    assert order(line("a", Priority.HIGH, since=19 * MINUTE), line("b", Priority.LOW, since=0, turn=-1), now=19 * MINUTE)[0] == ("a", "high")


def test_it_serves_the_older_line_of_one_workflow_where_levels_are_the_same() -> None:
    late = 21 * MINUTE
    assert order(line("a", Priority.HIGH, since=late), line("a", Priority.LOW, since=0), now=late)[0] == ("a", "low")


def test_it_leaves_out_lines_that_are_empty_paused_or_full() -> None:
    workflows = {
        "open": WorkflowSlots(workflow_id="open", waiting=3, waiting_high=1, waiting_low=2, since_high=7, turn=4, taken=1, limit=2),
        "paused": WorkflowSlots(workflow_id="paused", waiting=1, waiting_normal=1, paused=True),
        "full": WorkflowSlots(workflow_id="full", waiting=1, waiting_normal=1, taken=2, limit=2),
    }
    assert lines_of(Slots(workflows=workflows)) == (Line("open", Priority.HIGH, 1, 7, 4), Line("open", Priority.LOW, 2, 0, 4))
