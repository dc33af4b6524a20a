"""An agent of twelve turns, its worker killed before and after every call of a model and of a tool, and after all that it keeps; and a model that
means harm.

The agent runs as a published workflow by the real worker, entered again by the machine: it pays nine times, once by way of a workflow and once after
a person was asked. Each run has one death. The hostile model calls in an agent's loop whose tools it must not reach.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bench.clock import busy, spent
from bench.table import Figure, Table
from chalicelib.agents.loop import Finished
from infra.local.environment import DROPPED, EMULATED, environment
from tests.factories.crash_claims import Harm
from tests.factories.crash_stories import AGENT, Stage, Told, stage
from tests.factories.faults import CRASHES, Fault, Plan
from tests.factories.hostile_calls import attempts, guarded, reached
from tests.factories.scripted_models import CALL

KINDS: Final = {
    CALL: ("before and after a model's turn", CRASHES),
    "pay.example:Charge": ("before and after a paying tool", CRASHES),
    "dynamodb:PutItem": ("after what is kept: turns, calls, kv.put", (Fault.CRASH_AFTER,)),
}
_CALLS_A_TURN: Final = 12


def run() -> Table:
    logging.disable(logging.CRITICAL)  # every death is told of, as it should
    with environment(EMULATED, dropped=DROPPED), stage(AGENT) as on_stage:
        calls = on_stage.tell({}).calls
        told = spent(lambda: {kind: _killed(on_stage, calls, kind) for kind in KINDS})
    of_all = [each for runs in told.result.values() for each in runs]
    harms = Counter(wrong.harm for each in of_all for wrong in each.wrong)
    aimed, through, looks = _hostile()
    figures = (
        Figure("runs with a death", f"{len(of_all)}"),
        _none("  that came to another output or end", harms[Harm.LOST] + harms[Harm.DECISION]),
        _none("  in which an effect was doubled", harms[Harm.DOUBLED]),
        _none("  whose usage, ledger or events do not tell what happened", harms[Harm.JOURNAL] + harms[Harm.UNREST]),
        Figure(f"a hostile model: tool calls of {aimed} that reach what is denied", f"{through}", "0", through == 0 and aimed >= 200 and looks > 0),
    )
    rows = [(name, f"{len(told.result[kind])}", f"{sum(not each.wrong for each in told.result[kind])}") for kind, (name, _) in KINDS.items()]
    notes = [*(str(each) for each in of_all if each.wrong), f"{told.processor / len(of_all):.2f} s of processor a run; {busy()}."]
    return Table("Agents", figures, ("killed", "runs", "as if undisturbed"), rows, notes)


def _none(what: str, count: int) -> Figure:
    return Figure(what, f"{count}", "0", count == 0)


def _killed(on_stage: Stage, calls: Sequence[str], kind: str) -> list[Told]:
    plans: list[Plan] = [{number: death} for number, call in enumerate(calls, 1) if call == kind for death in KINDS[kind][1]]
    return [on_stage.tell(plan) for plan in plans]


def _hostile() -> tuple[int, int, int]:
    """(calls that aim at what is denied, those of them that reached it, harmless ones that were let through, as they should)."""
    calls = list(attempts())
    turns = [[*calls[start : start + _CALLS_A_TURN], ("look", {})] for start in range(0, len(calls), _CALLS_A_TURN)]
    at = guarded([*turns, "I give up."])
    assert isinstance(at.enter(), Finished)
    return len(calls), len(reached(at)), at.box.names.count("look")
