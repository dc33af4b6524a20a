"""Which fields of one node go together. In: `Authored`. Out: diagnostics."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.spec.bindings import TIMESTAMP
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import MAX_TIMEOUT_SECONDS, Condition, Wait
from chalicelib.spec.rules.authored import Authored


def condition_shapes(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(Condition):
        if (node.test is None) == (node.cases is None):
            which = "both `if` and `cases`" if node.test is not None else "neither `if` nor `cases`"
            yield authored.error("condition-shape", f"the condition has {which}", path, "write one of them")
        elif node.cases is None and node.otherwise is not None:
            yield authored.key_error("condition-shape", "`else` goes with `cases`", f"{path}.else", "an `if` comes out as `true` or `false`")
        elif node.cases == {}:
            yield authored.error("condition-shape", "`cases` has no case", f"{path}.cases", "write `<label>: <expression>`")


def wait_shapes(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(Wait):
        if (node.seconds is None) == (node.until is None):
            which = "both `seconds` and `until`" if node.seconds is not None else "neither `seconds` nor `until`"
            yield authored.error("wait-shape", f"the wait has {which}", path, "write one of them")


def long_waits(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(Wait):
        if isinstance(node.seconds, int) and not 0 <= node.seconds <= MAX_TIMEOUT_SECONDS:
            yield authored.error("out-of-range", f"`seconds` has to be from 0 to {MAX_TIMEOUT_SECONDS}", f"{path}.seconds")


def bad_timestamps(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(Wait):
        if node.until is not None and TIMESTAMP.fullmatch(node.until) and not _is_time(node.until):
            yield authored.error("bad-timestamp", f"there is no time `{node.until}`", f"{path}.until", "write 2026-12-31T18:00:00Z")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def own_failure_handler(authored: Authored) -> Iterator[Diagnostic]:
    name = authored.value("on_failure")
    if name is not None and name == authored.value("name"):
        yield authored.error("own-failure-handler", "a workflow cannot be its own `on_failure`: it could fail for ever", "on_failure")
