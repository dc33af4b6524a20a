"""Silence never approves: what an approval leads to must not come about without one.

In: a `Subject`. Out: an error for each gate and each node with effect write, money or external that an approving choice of the gate can reach
and that may also become active in a run in which the gate timed out, failed or was decided otherwise. It follows activation: edges without `when`,
`error`, `timed_out`, `on_timeout` and `continue` alike.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby

from chalicelib.compiler.activation import Formula, excludes
from chalicelib.compiler.approvals import GUARDED_EFFECTS, approving_choices, effect_of
from chalicelib.compiler.checks.gate_outcomes import GateOutcome, GateOutcomes
from chalicelib.compiler.checks.subject import Subject, node_path, shown_path
from chalicelib.compiler.graph import Block, Edge
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.effects import Effect
from chalicelib.spec.nodes import HumanGate


def silent_approvals(subject: Subject) -> Iterator[Diagnostic]:
    """An effect that may come about although its gate did not approve it."""
    for block in subject.graph.blocks.values():
        if any(isinstance(node, HumanGate) for node in block.nodes.values()):
            gates = GateOutcomes(block)
            for name in block.order:
                effect = effect_of(block.nodes[name], subject.children)
                if effect in GUARDED_EFFECTS:
                    for _, outcomes in groupby(gates.unapproved_at(name), key=lambda outcome: outcome.gate):
                        yield _silent_approval(subject, gates, name, effect, tuple(outcomes))


def _silent_approval(subject: Subject, gates: GateOutcomes, name: str, effect: Effect, outcomes: tuple[GateOutcome, ...]) -> Diagnostic:
    block, gate = gates.block, outcomes[0].gate
    meanings = " or ".join(outcome.meaning for outcome in outcomes)
    path = _breaking_path(block, gate, name, gates.facts(outcomes[0]))
    message = f"`{name}` has effect {effect.value} and may run although its gate `{gate}` {meanings}: {shown_path(path)}"
    return subject.error("silent-approval", message, _authored_at(block, outcomes[0], path), _hint(block, gate, name))


def _hint(block: Block, gate: str, name: str) -> str:
    node = block.nodes[gate]
    approving = sorted(approving_choices(node)) if isinstance(node, HumanGate) else []
    return f"reach `{name}` only by edges `when: {approving[0]}`, or declare `effect: none` or `notify` on it if it does no harm"


def _authored_at(block: Block, outcome: GateOutcome, path: list[Edge]) -> str:
    """The edge that leaves the gate, or what stands for the time-out, or the edge that leads past the gate."""
    if outcome.by_time_out:
        return node_path(block, outcome.gate, "on_timeout")
    return path[0].path


def _breaking_path(block: Block, gate: str, name: str, facts: Formula) -> list[Edge]:
    """The shortest way to the node by edges that may be active in such a run: from the gate, else past it from the first node of all."""
    back = _ways_to(name, [edge for edge in block.edges if not excludes(facts, block.edge_activation[edge.key])])
    path = [back[gate if gate in back else min(back, key=block.order.index)]]
    while path[-1].target != name:
        path.append(back[path[-1].target])
    return path


def _ways_to(name: str, edges: Sequence[Edge]) -> dict[str, Edge]:
    """For each node from which a way leads to `name`: the first edge of the shortest."""
    incoming: dict[str, list[Edge]] = {}
    for edge in edges:
        incoming.setdefault(edge.target, []).append(edge)
    back: dict[str, Edge] = {}
    queue = deque([name])
    while queue:
        for edge in incoming.get(queue.popleft(), ()):
            if edge.source not in back:
                back[edge.source] = edge
                queue.append(edge.source)
    return back
