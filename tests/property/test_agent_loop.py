"""Whatever a model says: an agent ends in an outcome or an error with a name, and its conversation is read as it was written."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.agents.loop import Finished, Suspended, Transcript, Unfinished, Verdict
from chalicelib.agents.outside import wrap
from chalicelib.agents.policy import STRICTNESS, Rule, ToolPolicy, judge
from chalicelib.errors import SluiceError
from chalicelib.providers.failures import FAILURES
from chalicelib.tools.failures import HttpServerFailed
from tests.factories.agent_scripts import desk, tool

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3), max_leaves=8
)
ARGUMENTS = st.dictionaries(st.sampled_from(["amount", "to", "x"]), VALUES, max_size=3) | VALUES
NAMES = st.sampled_from(["look", "pay", "ask_me", "erase", "child", "broken", "hand", "Pay"]) | st.text(st.characters(), max_size=80)
CALLS = st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=4)
TURNS = st.lists(
    CALLS | st.text(max_size=20) | st.sampled_from(['{"n": 1}', "", " "]) | st.sampled_from(FAILURES).map(lambda kind: kind("no")), max_size=8
)
KINDS = st.sampled_from(["approved", "edited", "rejected", "answered", "timed_out", "finished", "failed"])
VERDICTS = st.none() | st.builds(Verdict, KINDS, arguments=st.none() | ARGUMENTS, text=st.text(st.characters(), max_size=9), value=VALUES)
TOOLS = (
    tool("look", effect="none"),
    tool("pay", rules=[("amount > 100", "deny"), ("to = 'ann'", "allow"), ("$length(x) > 3", "ask")]),
    tool("ask_me", "ask", rules=[("amount > 100", "deny")]),
    tool("erase", "deny"),
    tool("child", "ask", suspends=True),
    tool("broken"),
    tool("hand", effect="none", hands_on=True),
)
SCHEMA = {"type": "object", "required": ["n"]}


@given(
    turns=TURNS,
    verdict=VERDICTS,
    answer=VALUES,
    schema=st.sampled_from([None, SCHEMA]),
    limits=st.tuples(st.integers(0, 5), st.none() | st.integers(0, 30), st.sampled_from([None, 5]), st.integers(0, 2)),
    hurried=st.booleans(),
    within=st.lists(st.sampled_from([Unfinished(), "ok", HttpServerFailed("500")]), max_size=4),
)
@settings(max_examples=80)
def test_it_ends_by_name_and_keeps_what_it_was(
    turns: Any, verdict: Verdict | None, answer: Any, schema: Any, limits: tuple[int, int | None, int | None, int], hurried: bool, within: list[Any]
) -> None:
    max_turns, max_cost, cost, repairs = limits
    answers = {"look": answer, "pay": answer, "ask_me": answer, "broken": HttpServerFailed("500")}
    answers["hand"] = lambda _use: _said(within.pop(0) if within else "ok")
    task: dict[str, Any] = {"output": schema, "max_turns": max_turns, "max_cost": max_cost, "repairs": repairs}
    at = desk([*turns, "Done."], *TOOLS, answers=answers, cost=cost, **task)
    at.seconds = lambda: 0.0 if hurried else 900.0
    failures: list[SluiceError] = []
    for _ in range(60):
        try:
            outcome = at.enter()
        except SluiceError as error:
            failures.append(error)
            if not error.retryable:
                break
            continue
        finally:
            kept = at.kept.load()
            assert kept is None or Transcript.from_json(json.loads(json.dumps(kept.to_json()))) == kept
        if isinstance(outcome, Suspended):
            if verdict is None:
                break
            at.decided.verdicts[outcome.call.number] = verdict
        if isinstance(outcome, Finished):
            break
    else:
        raise AssertionError("it never ends")
    assert all(failure.code != SluiceError.code for failure in failures)
    assert not {use.name for _, use in at.box.runs} - {"look", "pay", "ask_me", "broken", "hand"}
    shares = [share for key, share in at.box.shares.items() if share is not None]
    assert sum(shares) <= (max_cost or 0) * max(len(turns), 1)
    assert all(share > 0 for share in shares)


def _said(what: Any) -> Any:
    if isinstance(what, Exception):
        raise what
    return what


@given(text=st.text(st.characters()), source=st.text())
def test_it_never_lets_a_text_out_of_its_markers(text: str, source: str) -> None:
    first, *_, last = wrap(text, source=source).split("\n")
    assert first.startswith("<outside mark=")
    assert wrap(text, source=source).count("<outside") == 1
    assert wrap(text, source=source).count("</outside") == 1
    assert last == f'</outside mark="{first[15:31]}">'


POLICIES = st.sampled_from(list(STRICTNESS))
CONDITIONS = st.sampled_from(["amount > 100", "to = 'ann'", "true", "false", "amount +", "$error('x')", "x", "to & 1"])


@given(
    default=POLICIES,
    rules=st.lists(st.tuples(CONDITIONS, POLICIES), max_size=4),
    arguments=st.dictionaries(st.sampled_from(["amount", "to", "x"]), VALUES),
)
def test_it_is_never_milder_for_a_condition_that_cannot_be_judged(default: Any, rules: Any, arguments: Any) -> None:
    judged = judge(ToolPolicy(default, tuple(Rule(*rule) for rule in rules)), arguments).policy
    without = judge(ToolPolicy(default, tuple(Rule(*rule) for rule in rules if rule[0] not in {"amount +", "$error('x')"})), arguments).policy
    assert STRICTNESS[judged] >= STRICTNESS[without]
