"""What becomes of each node of a broken run that is resumed: the walk over its graph that makes the plan.

In: the run with its node runs, the graphs of the version that it ran on and of the one that it goes on with, what the person wants. Out:
`ResumePlan`. Pure.

A node that has settled keeps what it put out, as long as it is the same node, reads the same, and everything before it keeps its own. One that has
not goes on under the same effect key; one that runs `again` although it had begun gets a new one. What the engine serves itself is computed anew
where nothing was recorded of it. Maps are entered again if anybody reads what they put out: their items replay what they have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.approvals import effect_of
from chalicelib.compiler.graph import Block, WhenKind, WorkflowGraph
from chalicelib.compiler.residual import KeptStatus
from chalicelib.compiler.ways import is_caught
from chalicelib.runs.changed import Differences, nested, read_by
from chalicelib.runs.resume_plan import Fate, Planned, ResumePlan, Wish
from chalicelib.spec.agent_landing import CallsWorkflow
from chalicelib.spec.bindings import expressions, parse_binding
from chalicelib.spec.canonical import digest
from chalicelib.spec.effects import Effect
from chalicelib.spec.nodes import Join, Map, Node, Parallel, SubWorkflow, ToolCall, Transform, Wait, is_served
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store.run_records import NodeRun, Run
from chalicelib.store.statuses import NodeStatus

Address = tuple[str, str]
_FREE: Final = "the engine computes it from what is kept"
_SETTLED: Final = {
    KeptStatus.SUCCEEDED: "it has its output",
    KeptStatus.SKIPPED: "it was skipped",
    KeptStatus.CONTINUED: "it failed, and the run went on",
}


@dataclass(frozen=True)
class Broken:
    """A broken run as it is recorded, and what it may go on with."""

    run: Run
    nodes: Mapping[Address, NodeRun]
    differences: Differences
    version_id: str
    version: int
    children: Mapping[str, WorkflowSpec] = field(default_factory=dict)

    @property
    def graph(self) -> WorkflowGraph:
        return self.differences.new


def plan_of(broken: Broken, wish: Wish) -> ResumePlan:
    planning = _Planning(broken, wish)
    planning.walk()
    run = broken.run
    again = {name: number for name, number in run.again.items() if name in planning.fates} | dict.fromkeys(planning.again, run.resume + 1)
    return ResumePlan(
        run_id=run.id,
        resume=run.resume + 1,
        version_id=broken.version_id,
        version=broken.version,
        nodes=planning.told(),
        kept=planning.kept,
        again=again,
        wish_sha256=digest({"from": wish.from_node, "input": broken.differences.new_input, "outputs": dict(wish.outputs)}),
    )


def settled_as(run: Run, block: Block, name: str, node_run: NodeRun | None) -> KeptStatus | None:
    """How a node of the workflow's own block has settled; None where it has not, or where nobody knows what it put out."""
    if node_run is None or node_run.fence.again != run.again.get(name, 0) or isinstance(block.nodes[name], Parallel | Join):
        return None
    match node_run.status:
        case NodeStatus.SUCCEEDED if is_served(block.nodes[name]) or isinstance(block.nodes[name], Map) or _is_known(node_run):
            return KeptStatus.CONTINUED if node_run.details.get("continued") else KeptStatus.SUCCEEDED
        case NodeStatus.SKIPPED if not isinstance(block.nodes[name], Transform):  # null may have been what it came to
            return KeptStatus.SKIPPED
        case NodeStatus.FAILED if is_caught(name, block):
            return KeptStatus.CONTINUED
        case _:
            return None


def _is_known(node_run: NodeRun) -> bool:
    """Of a native node the history tells that it was passed, but not what came of it."""
    return node_run.result is not None and node_run.result.text != "null"


@dataclass
class _Planning:
    """The walk over the graph, from the first nodes on: what comes before a node is decided before it."""

    broken: Broken
    wish: Wish
    fates: dict[str, Planned] = field(default_factory=dict)
    kept: dict[str, KeptStatus] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    forced: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    items: dict[str, tuple[int, int]] = field(default_factory=dict)  # by node: how many items have settled, how many have not

    def __post_init__(self) -> None:
        self.forced = self._named()
        for (node, item_path), node_run in self.broken.nodes.items():
            if node_run.status is not NodeStatus.SKIPPED:
                self.begun.add(node)
            if item_path:
                settled, left = self._counts(node)
                is_settled = node_run.status in {NodeStatus.SUCCEEDED, NodeStatus.SKIPPED}
                self.items[node] = (settled + is_settled, left + (not is_settled))

    def walk(self) -> None:
        root = self.broken.graph.root
        for name in root.order:
            self._decide(root, name)
            if isinstance(root.nodes[name], Map):
                self._walk_map(name)
        for name in root.order:
            if isinstance(root.nodes[name], Map) and self.fates[name].fate is Fate.REPLAYED and not self._is_read(name):
                self._settle(name, Fate.KEPT, "nobody reads what it put out any more", KeptStatus.SUCCEEDED)

    def told(self) -> tuple[Planned, ...]:
        old = [name for block in self.broken.differences.old.blocks.values() for name in block.order]
        gone = (Planned(name, Fate.DROPPED, "this version has it no more") for name in old if name not in self.fates and name in self.begun)
        return (*self.fates.values(), *gone)

    # --- the workflow's own block ---------------------------------------------------------------------------------

    def _decide(self, block: Block, name: str) -> None:
        node, settled = block.nodes[name], settled_as(self.broken.run, block, name, self.broken.nodes.get((name, "")))
        why = self._why_again(block, name, is_open=settled is None)
        if name in self.wish.outputs:
            self._settle(name, Fate.SET, "its output is given", KeptStatus.SUCCEEDED)
        elif why is not None:
            self._begin(name, node, why, anew=True)
        elif any(self._runs(edge.source) for edge in block.incoming[name]):
            self._begin(name, node, "what it follows runs", anew=settled is not None)
        elif settled is not None and isinstance(node, Map) and settled is KeptStatus.SUCCEEDED:
            self._note(name, Fate.REPLAYED, "its items give what they have")
        elif settled is not None:
            self._settle(name, Fate.KEPT, _SETTLED[settled], settled)
        elif self._was_passed(block, name) and is_served(node):
            self._settle(name, Fate.KEPT, _SETTLED[KeptStatus.SKIPPED], KeptStatus.SKIPPED)
        elif self._was_passed(block, name):
            self._note(name, Fate.COMPUTED, _FREE)
        elif isinstance(node, Map) and name in self.begun:
            self._note(name, Fate.RETRIED, "items that have settled give what they have")
        elif isinstance(node, Map | Wait | ToolCall) or is_served(node):
            self._begin(name, node, "it has not settled", anew=False)
        else:
            self._note(name, Fate.COMPUTED, _FREE)

    def _why_again(self, block: Block, name: str, *, is_open: bool = False) -> str | None:
        """Why the node cannot keep what it put out, though nothing before it runs. An agent that has not finished goes on where its task is the
        same."""
        if name in self.forced:
            return "it is to run again" if name == self.wish.from_node else f"it comes after {self.wish.from_node}"
        differences = self.broken.differences
        if (own := differences.own(block, name)) is not None and not (is_open and differences.goes_on(block, name)):
            return own
        if (read := differences.input_of(block, name)) is not None:
            return f"{read} is another now"
        given = next((edge.source for edge in block.incoming[name] if edge.source in self.wish.outputs and edge.kind is not WhenKind.SUCCEEDED), None)
        roots = {reference.root for expression in differences.reads(block, name) for reference in expression.references}
        given = given or next((root for root in sorted(roots) if root in self.wish.outputs), None)
        if given is not None:
            return f"the output of {given} is another now"
        running = next((root for root in sorted(roots) if root in self.fates and self._runs(root) and root not in block.nodes), None)
        return None if running is None else f"it reads {running}, which runs"

    def _begin(self, name: str, node: Node, why: str, *, anew: bool) -> None:
        """The node runs: `anew` where it had begun and begins again, under another effect key."""
        begun = name in self.begun
        fate = Fate.FIRST if not begun else Fate.AGAIN if anew else Fate.RETRIED
        effect = effect_of(node, self.broken.children)
        if fate is Fate.AGAIN:
            self.again.add(name)
        self.fates[name] = Planned(name, fate, why, effect, _warning(name, fate, effect, node), *self._counts(name))

    def _settle(self, name: str, fate: Fate, why: str, status: KeptStatus) -> None:
        self.kept[name] = status
        self._note(name, fate, why)

    def _note(self, name: str, fate: Fate, why: str) -> None:
        node = next(block.nodes[name] for block in self.broken.graph.blocks.values() if name in block.nodes)
        self.fates[name] = Planned(name, fate, why, effect_of(node, self.broken.children), None, *self._counts(name))

    # --- maps -----------------------------------------------------------------------------------------------------

    def _walk_map(self, name: str) -> None:
        """The nodes in a map: where its list may be another, all of them begin anew."""
        graph = self.broken.graph
        fate, inside = self.fates[name].fate, list(nested(graph, (name,)))
        for block in (graph.blocks[(name,)], *inside):
            for each in block.order:
                self._decide_inside(block, each, fate)
        if fate is Fate.REPLAYED and any(self._runs(each) for block in (graph.blocks[(name,)], *inside) for each in block.order):
            self._note(name, Fate.RETRIED, "nodes in it run again")

    def _decide_inside(self, block: Block, name: str, of_map: Fate) -> None:
        node, why = block.nodes[name], self._why_again(block, name)
        if of_map in {Fate.KEPT, Fate.SET}:
            self._note(name, Fate.KEPT, "its map is kept")
        elif of_map in {Fate.AGAIN, Fate.FIRST} or any(fate in self.again for fate in block.path):
            self._begin(name, node, f"the items of {block.path[-1]} may be others", anew=True)
        elif why is not None:
            self._begin(name, node, why, anew=True)
        elif any(edge.source in self.again for edge in block.incoming[name]):
            self._begin(name, node, "what it follows runs", anew=True)
        elif name not in self.begun and of_map is Fate.REPLAYED:
            self._note(name, Fate.REPLAYED, "no item came to it")
        elif name not in self.begun:
            self._note(name, Fate.FIRST if is_served(node) else Fate.COMPUTED, "it has not begun" if is_served(node) else _FREE)
        else:
            self._replay(name, node)

    def _replay(self, name: str, node: Node) -> None:
        settled, left = self._counts(name)
        fate = Fate.RETRIED if left else Fate.REPLAYED
        effect = effect_of(node, self.broken.children)
        warning = _warning(name, fate, effect, node) if left else None
        self.fates[name] = Planned(name, fate, f"{settled} of its items have settled, {left} have not", effect, warning, settled, left)

    # --- what is known --------------------------------------------------------------------------------------------

    def _named(self) -> set[str]:
        """The node that the person names, with all that comes after it, also after the maps around it."""
        wanted = self.wish.from_node
        if wanted is None:
            return set()
        block = next(block for block in self.broken.graph.blocks.values() if wanted in block.nodes)
        named = {wanted, *_after(block, wanted)}
        for depth in range(len(block.path) - 1, -1, -1):
            around, holder = self.broken.graph.blocks[block.path[:depth]], block.path[depth]
            named |= _after(around, holder)
        return named

    def _runs(self, name: str) -> bool:
        return name in self.fates and self.fates[name].fate.runs

    def _was_passed(self, block: Block, name: str) -> bool:
        """Whether something after a node has begun though nothing was heard of the node: nothing begins before all that it follows has settled, and
        of workers that are skipped nobody tells."""
        return (name, "") not in self.broken.nodes and any((each, "") in self.broken.nodes for each in _after(block, name))

    def _is_read(self, name: str) -> bool:
        """Whether anything that is left, or the workflow's output, reads what the node put out."""
        graph = self.broken.graph
        left = [each for each in graph.root.order if each not in self.kept]
        readers = [graph.root.nodes[each] for each in left]
        readers += [inner for top in left if isinstance(graph.root.nodes[top], Map) for inner in _inside(graph, top)]
        texts = [expression for reader in readers for expression in read_by(reader)]
        texts += expressions(parse_binding(graph.spec.output))
        texts += [each for name in left for each in self.broken.differences.reads(graph.root, name)]
        return any(reference.root == name for expression in texts for reference in expression.references)

    def _counts(self, name: str) -> tuple[int, int]:
        return self.items.get(name, (0, 0))


def _warning(name: str, fate: Fate, effect: Effect, node: Node) -> str | None:
    """What an effect that was begun once may come to now."""
    if effect is Effect.NONE:
        return None
    if fate is Fate.AGAIN:
        return f"{name} ({effect}) had begun: its effect may have been done once, and is done again, under a new key"
    if fate is Fate.RETRIED and isinstance(node, SubWorkflow | CallsWorkflow):
        return f"{name} ({effect}) had begun: its run is resumed"
    if fate is Fate.RETRIED:
        return f"{name} ({effect}) had begun: its effect may have been done; it is asked for again under the same key"
    return None


def _after(block: Block, name: str) -> set[str]:
    """All that comes after a node in its block."""
    return {each for each in block.order if block.ancestors.is_before(name, each)}


def _inside(graph: WorkflowGraph, name: str) -> Iterator[Node]:
    """The nodes in a map of the workflow's own block."""
    for block in (graph.blocks[(name,)], *nested(graph, (name,))):
        yield from block.nodes.values()
