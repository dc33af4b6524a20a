"""From the plan to the outline of a machine: states and transitions, drawn from the end to the start.

In: a `WorkflowGraph` and its `Plan`. Out: `Outline`: the root scope, and what each key's home is. No variable has a name yet.

Drawing from the end lets every transition ask what follows, telling it what is known there (`Enter`). A Choice whose outcome is known on a way is not
entered on that way: a condition leads straight to its branch, a caught error straight to its handler. A Choice state is drawn only when
some way reaches it undecided. What is not visited on a way is assigned null by the transition that passes it by.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from chalicelib.compiler.activation import ALWAYS, Atom, Formula, conjoin, given
from chalicelib.compiler.code import ENVELOPE, Key, Read, Template, after, code, in_code
from chalicelib.compiler.draw_maps import draw_map
from chalicelib.compiler.draw_nodes import draw_node
from chalicelib.compiler.draw_workers import draw_load
from chalicelib.compiler.fold import fold
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.compiler.outline import Decide, Fork, Scope, Transition
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit, visited
from chalicelib.compiler.reads import IsAbsent
from chalicelib.compiler.residual import Kept, kept_paths, residual_graph
from chalicelib.compiler.sheet import Enter, Outline, Place, Sheet, end, with_assigns
from chalicelib.compiler.traces import settled
from chalicelib.compiler.truths import settle_truths
from chalicelib.spec.nodes import Join
from chalicelib.spec.nodes import Parallel as FanOut


@dataclass(frozen=True)
class Pen:
    """Brings the shapes of a plan onto a sheet."""

    sheet: Sheet

    def draw(self, plan: Plan, place: Place, following: Enter) -> Enter:
        match plan:
            case Visit(node):
                return self._mark_ran(node, place, draw_node(self.sheet, node, place, following))
            case ForEach(node, body):
                self.sheet.tell_inside(body, self.sheet.graph.blocks[(*place.block.path, node)])
                return self._mark_ran(node, place, draw_map(self.sheet, node, place, following, body=lambda inner: self.draw(body, inner, end)))
            case Series(items):
                for item in reversed(items):
                    following = self.draw(item, place, following)
                return following
            case Parallel(branches):
                return self._fork(branches, place, following)
            case Choose():
                return self._choose(plan, place, following)
            case _:
                assert_never(plan)

    def _mark_ran(self, node: str, place: Place, enter: Enter) -> Enter:
        """A node whose formula is too large to ask twice says on entry that it ran."""
        if node not in place.block.large:
            return enter
        key = Key("ran", node)
        self.sheet.settle([key], place.scope)
        return lambda facts: with_assigns(enter(facts), {key: True})

    def _fork(self, branches: tuple[Plan, ...], place: Place, following: Enter) -> Enter:
        firsts = [next(visited(branch)) for branch in branches]
        fork = Fork(self.sheet.names.of_branches(firsts), place.scope, next=following(place.facts))
        self.sheet.add(fork)
        for first, branch in zip(firsts, branches, strict=True):
            scope = Scope(first, place.scope, is_branch=True, owner=fork.name)
            fork.branches.append(scope)
            self.sheet.open(scope, self.draw(branch, replace(place, scope=scope), end), place.facts, first)
        return lambda _facts: Transition(fork.name)

    def _choose(self, plan: Choose, place: Place, following: Enter) -> Enter:
        return Choosing(self, plan, place, following).enter


class Choosing:
    """One `Choose` of the plan: threads the ways that are decided, and draws a Choice state for those that are not.

    Nothing is entered in an arm of `parallel` and `join` alone: what they put out is then assigned on the way, by their own formulas.
    """

    def __init__(self, pen: Pen, plan: Choose, place: Place, following: Enter) -> None:
        self._pen, self._plan, self._place, self._following = pen, plan, place, following
        self._is_passing = all(_is_passing(node, place.block) for node in visited(plan))
        self._facts = [self._conjoined(place.facts, arm.guard) for arm in plan.arms]
        self._arms = [pen.draw(arm.body, replace(place, facts=facts), following) for arm, facts in zip(plan.arms, self._facts, strict=True)]
        self._skipped = [self._nulls(arm.body) for arm in plan.arms]
        self._choice: str | None = None

    def enter(self, facts: Formula) -> Transition:
        facts = self._conjoined(self._place.facts, facts)
        asked = [given(arm.guard, facts, self._place.block.domains) for arm in self._plan.arms]
        for index, question in enumerate(asked):
            if question.is_always:
                return self._into(index, self._conjoined(facts, self._plan.arms[index].guard))
        if all(question.is_never for question in asked):
            return self._past(facts)
        if self._is_passing:
            return with_assigns(self._following(facts), self._assigned(facts))
        if self._choice is None:
            self._choice = self._draw_choice()
        return Transition(self._choice)

    def _conjoined(self, facts: Formula, more: Formula) -> Formula:
        both = conjoin((facts, more), self._place.block.domains)
        return both if both is not None else more

    def _nulls(self, body: Plan) -> dict[Key, Template]:
        block = self._place.block
        nulls: dict[Key, Template] = {}
        for node in visited(body):
            nulls |= {Key("output", node): None, Key("outcome", node): None}
            nulls |= {Key("ran", node): False} if node in block.large else {}
            nulls |= {Key("active", edge.key): None for edge in block.outgoing[node] if edge.key in block.domains}
        return nulls

    def _assigned(self, facts: Formula) -> dict[Key, Template]:
        """What the nodes put out, each where its formula holds, and null elsewhere."""
        place, assigned = replace(self._place, facts=facts), dict[Key, Template]()
        for node in visited(self._plan):
            asked = given(place.block.activation[node], facts, place.block.domains)
            holds = self._pen.sheet.questions.formula(asked, place.block, deciding=frozenset({node})).after()
            for key, put in self._pen.draw(Visit(node), place, end)(facts).assigns.items():
                assigned[key] = holds if key.kind == "ran" else code("(", holds, ") ? ", in_code(put), " : null")
        return assigned

    def _into(self, index: int, facts: Formula) -> Transition:
        others = {key: null for other, nulls in enumerate(self._skipped) if other != index for key, null in nulls.items()}
        return with_assigns(self._arms[index](facts), others)

    def _past(self, facts: Formula) -> Transition:
        return with_assigns(self._following(facts), {key: null for nulls in self._skipped for key, null in nulls.items()})

    def _draw_choice(self) -> str:
        place, pen = self._place, self._pen
        first = next(visited(self._plan.arms[0].body))
        choice = Decide(pen.sheet.names.invent(first, "when"), place.scope, first, "when")
        for index, arm in enumerate(self._plan.arms):
            asked = given(arm.guard, place.facts, place.block.domains)
            condition = pen.sheet.questions.formula(asked, place.block, deciding=frozenset(visited(arm.body)))
            choice.rules.append((condition, pen.sheet.landing(place.scope, self._into(index, self._facts[index]), first)))
        choice.default = pen.sheet.landing(place.scope, self._past(self._otherwise()), first)
        pen.sheet.add(choice)
        return choice.name

    def _otherwise(self) -> Formula:
        """What is known where no arm was taken: the other outcomes, if the arms ask for single outcomes of one variable."""
        place = self._place
        asked = [given(arm.guard, place.facts, place.block.domains) for arm in self._plan.arms]
        atoms = [atom for question in asked for term in question.terms for atom in term]
        variables = {atom.variable for atom in atoms}
        if len(variables) != 1 or any(len(term) != 1 for question in asked for term in question.terms):
            return place.facts
        variable = variables.pop()
        left = [label for label in place.block.domains[variable] if label not in {atom.label for atom in atoms}]
        others = Formula(frozenset(frozenset({Atom(variable, label)}) for label in left))
        return self._conjoined(place.facts, others) if left else place.facts


def _is_passing(node: str, block: Block) -> bool:
    """Whether the node is no state, and nothing is computed from what it puts out."""
    return isinstance(block.nodes[node], FanOut | Join) and not any(edge.key in block.domains for edge in block.outgoing[node])


def draw(graph: WorkflowGraph, plan: Plan, is_absent: IsAbsent, *, kept: Kept | None = None) -> Outline:
    """The outline of the whole machine. Its root's result is `{output, settled}`. With `kept`, `plan` is that of the residual graph."""
    outline = Outline(Scope("run"))
    sheet = Sheet(graph, is_absent, outline)
    drawn = graph if kept is None else residual_graph(graph, kept)
    block = drawn.root
    if kept is not None:
        outline.constants |= kept_paths(graph, kept)
        sheet.resume, sheet.again = code(Read(ENVELOPE), ".resume"), kept.again
        outline.run_fields = (*outline.run_fields, "resume")
    told = sheet.tell(plan, block)
    output = sheet.reader((), None).template(graph.spec.output)
    outline.root.result = {"output": after(output), "settled": after(settled(told.at_end, block))}
    enter = Pen(sheet).draw(plan, Place(outline.root, block), end)
    first = next(visited(plan), "resume")
    for load in reversed(kept.loads if kept is not None else ()):
        enter = draw_load(sheet, load, outline.root, enter)
    sheet.open(outline.root, enter, ALWAYS, first)
    sheet.finish()
    settle_truths(outline, drawn)
    fold(outline)
    return outline
