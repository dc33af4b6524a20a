"""What models take and cost in one visit of a node, before it runs.

In: a graph, the facts of its models. Out: `VisitCost` for each node that asks a model: tokens by what is written in prompts, instructions and schemas
and by what the schemas of the values read allow; money by the rates of whoever may answer. The lower end is the cheapest answer at once; an upper end
is there only where something declared bounds it (`max_output_tokens`, `maxLength`, `max_cost`). Tokens are estimates: eight bytes each at the fewest,
three at the most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chalicelib.compiler.absence import Absences
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.model_rates import Asked, ModelFacts
from chalicelib.compiler.ranges import OpenRange
from chalicelib.compiler.scope import Place
from chalicelib.compiler.text_sizes import json_bytes, text_bytes
from chalicelib.spec.bindings import Binding, Value, parse_binding
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.expression import Expression
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, Node, ToolCall

FEWEST_BYTES: Final = 8  # a token of ordinary text holds three to five; runs of blanks and long words hold more
MOST_BYTES: Final = 3  # as budgets reserve it
WRAPPING: Final = 16 * 3  # tokens that vendors wrap a request in, at most
OUTPUT_TOKENS: Final = 8_192  # where the node names no limit: what is then asked for
REPAIR_TOKENS: Final = 2_000  # what the request to mend an answer says beside the schema, at most
DEFAULT_MODEL: Final = "default"
EMBEDDED: Final[Mapping[str, str]] = {"memory.put": "text", "memory.search": "query"}  # the argument that becomes a vector


@dataclass(frozen=True, slots=True)
class VisitCost:
    """`cost` is in micro-dollars, None where nobody who may answer has a price; `unpriced` are those who have none."""

    model: str
    input_tokens: OpenRange
    output_tokens: OpenRange
    cost: OpenRange | None
    unpriced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ModelCosts:
    """Of one graph. Without facts, every model is unpriced."""

    def __init__(self, graph: WorkflowGraph, facts: ModelFacts | None = None) -> None:
        self.graph = graph
        self.facts = facts or ModelFacts()

    @cached_property
    def visits(self) -> Mapping[str, VisitCost]:
        """By node, in authored order; nodes that ask no model have none."""
        found = {name: self._visit(Place(path, name), name, node) for path, block in self.graph.blocks.items() for name, node in block.nodes.items()}
        return {name: cost for name, cost in found.items() if cost is not None}

    @cached_property
    def _known(self) -> Absences:
        return Absences(self.graph, {})

    def _visit(self, place: Place, name: str, node: Node) -> VisitCost | None:
        match node:
            case AgentCall():
                return self._agent(place, node, self.facts.agents.get(name, Asked(node.model or DEFAULT_MODEL)))
            case ToolCall(tool=tool) if tool in EMBEDDED and self.facts.embeddings is not None:
                return self._vector(place, node.arguments.get(EMBEDDED[tool]), self.facts.embeddings)
            case _:
                return None

    def _agent(self, place: Place, node: AgentCall, asked: Asked) -> VisitCost:
        call = self._one_call(place, node, asked)
        written = node.max_output_tokens or OUTPUT_TOKENS
        answer = OpenRange(_fewest(json_bytes(node.output).least) if node.output is not None else 1, written)
        if node.grants:
            turns = node.max_turns + 2  # the last one without tools, and one to mend the answer
            whole = VisitCost(asked.model, OpenRange(call.least, None), OpenRange(answer.least, written * turns), None)
            return _priced(whole, asked, cap=node.max_cost, notes=_agent_notes(node), is_free=node.cache is not None)
        if node.output is None or call.most is None:
            outputs = OpenRange(answer.least, written if node.output is None else 2 * written)
            return _priced(VisitCost(asked.model, call, outputs, None), asked, is_free=node.cache is not None)
        mended = call.most + written + _most(len(canonical_json(node.output).encode())) + REPAIR_TOKENS
        tokens = VisitCost(asked.model, OpenRange(call.least, call.most + mended), OpenRange(answer.least, 2 * written), None)
        return _priced(tokens, asked, is_free=node.cache is not None)

    def _one_call(self, place: Place, node: AgentCall, asked: Asked) -> OpenRange:
        """The tokens of the first request. Attachments have no size that is known before."""
        texts = [self._bytes(place, node.prompt), self._bytes(place, node.system)]
        schema = 0 if node.output is None else len(canonical_json(node.output).encode())
        own = len(asked.system.encode()) + schema
        least = _fewest(sum(found.least for found in texts) + own)
        mosts = [found.most for found in texts]
        if node.attach or None in mosts:
            return OpenRange(least, None)
        return OpenRange(least, _most(sum(most or 0 for most in mosts) + own) + WRAPPING)

    def _vector(self, place: Place, text: Json, asked: Asked) -> VisitCost:
        """Memory goes by words alone where no vector comes, so that the least is nothing."""
        most = self._bytes(place, text).most
        read = OpenRange(0, None if most is None else _most(most) + WRAPPING)
        return _priced(VisitCost(asked.model, read, OpenRange(0, 0), None), asked, is_free=True)

    def _bytes(self, place: Place, written: Json) -> OpenRange:
        binding: Binding | None = None if written is None else parse_binding(written)
        return text_bytes(binding, lambda expression: self._schema(place, expression))

    def _schema(self, place: Place, expression: Expression) -> JsonObject:
        return self._known.bound_schema(place, Value(expression))


def _priced(tokens: VisitCost, asked: Asked, *, cap: int | None = None, notes: tuple[str, ...] = (), is_free: bool = False) -> VisitCost:
    """With its cost; `is_free`: it may come without a call. `cap`: what the node may cost at most."""
    read, written = tokens.input_tokens, tokens.output_tokens
    told = (*notes, *([asked.why] if asked.why else []))
    cost = None
    if asked.rates:
        least = 0 if is_free else min(rates.least(read.least, written.least) for rates in asked.rates)
        cost = OpenRange(least, _smaller(_upper(asked, read.most, written.most), cap))
    return VisitCost(tokens.model, read, written, cost, asked.unpriced, told)


def _upper(asked: Asked, read: int | None, written: int | None) -> int | None:
    if all(rates.input[1] == rates.output[1] == 0 for rates in asked.rates):
        return 0
    return None if read is None or written is None else max(rates.most(read, written) for rates in asked.rates)


def _smaller(most: int | None, cap: int | None) -> int | None:
    return cap if most is None else most if cap is None else min(most, cap)


def _agent_notes(node: AgentCall) -> tuple[str, ...]:
    if node.max_cost is None:
        return ("an agent reads the results of its tools, whose size nobody knows: max_cost would bound it",)
    return ("the call that reaches max_cost, and the last answer after it, may come on top",)


def _fewest(size: int) -> int:
    return max(1, size // FEWEST_BYTES)


def _most(size: int) -> int:
    return -(-size // MOST_BYTES)
