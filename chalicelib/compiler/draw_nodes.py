"""The states of each node type but maps: how one visit of a node looks in the machine.

In: a node of a block, where it is drawn, and what follows. Out: the way into it (`Enter`); its states are added to the sheet.

Workers are Tasks; conditions, waits and transforms are states of the engine's own; `parallel` and `join` are no state at all.
A native node whose error is an outcome stands in a Parallel of one branch, which can catch it.
"""

from dataclasses import replace
from typing import assert_never

from chalicelib.compiler.activation import ALWAYS, Atom
from chalicelib.compiler.code import After, Code, Key, Template, code
from chalicelib.compiler.draw_workers import draw_worker
from chalicelib.compiler.outline import Assign, Decide, Fork, Pause, Scope, Transition
from chalicelib.compiler.sheet import Enter, Place, Sheet, end, with_assigns
from chalicelib.compiler.ways import catches, is_caught, succeed
from chalicelib.spec.nodes import AgentCall, Condition, HumanGate, Join, Map, Message, Parallel, SubWorkflow, ToolCall, Transform, Wait


def draw_node(sheet: Sheet, name: str, place: Place, following: Enter) -> Enter:
    """Any node but a map."""
    node = place.block.nodes[name]
    sheet.settle([Key("output", name), Key("outcome", name)], place.scope)
    match node:
        case AgentCall() | ToolCall() | HumanGate() | SubWorkflow() | Message():
            return draw_worker(sheet, name, node, place, following)
        case Parallel() | Join():
            return _draw_passing(sheet, name, place, following)
        case Condition() | Wait() | Transform():
            if is_caught(name, place.block):
                return _draw_caught(sheet, name, node, place, following)
            return _draw_native(sheet, name, node, place, following)
        case Map():
            raise ValueError(f"the map {name} is visited by ForEach")
        case _:
            assert_never(node)


def _draw_native(sheet: Sheet, name: str, node: Condition | Wait | Transform, place: Place, following: Enter) -> Enter:
    match node:
        case Condition():
            sheet.add(_decide(sheet, name, node, place, following))
        case Wait():
            sheet.add(_pause(sheet, name, node, place, following))
        case Transform():
            value = sheet.reader(place.block.path, name).template(node.value)
            sheet.add(Assign(name, place.scope, name, comment=node.title, next=_leave(name, value, place, following)))
        case _:
            assert_never(node)
    return lambda _facts: Transition(name)


def _leave(name: str, value: Template, place: Place, following: Enter) -> Transition:
    return with_assigns(following(place.facts), {Key("output", name): value})


def _decide(sheet: Sheet, name: str, node: Condition, place: Place, following: Enter) -> Decide:
    """A Choice whose rules lead straight to what each outcome activates."""
    reader = sheet.reader(place.block.path, name)
    cases = {"true": node.test} if node.test is not None else node.cases or {}
    last = "false" if node.test is not None else node.otherwise or "else"
    decide = Decide(name, place.scope, name, comment=node.title)
    for label, text in cases.items():
        decide.rules.append((reader.boolean(text), _outcome(sheet, name, label, place, following)))
    decide.default = _outcome(sheet, name, last, place, following)
    return decide


def _outcome(sheet: Sheet, name: str, label: str, place: Place, following: Enter) -> Transition:
    way = following(sheet.known(place, Atom(name, label)))
    return sheet.landing(place.scope, with_assigns(way, {Key("output", name): label}), name)


def _pause(sheet: Sheet, name: str, node: Wait, place: Place, following: Enter) -> Pause:
    reader = sheet.reader(place.block.path, name)
    seconds = reader.expression_or_literal(node.seconds)
    timestamp = reader.expression_or_literal(node.until)
    until = timestamp if node.until is not None else code("$now()")
    leave = _leave(name, {"until": until}, place, following)
    return Pause(name, place.scope, name, comment=node.title, seconds=seconds, timestamp=timestamp, next=leave)


def _draw_passing(sheet: Sheet, name: str, place: Place, following: Enter) -> Enter:
    """`parallel` and `join`: no state; their output is assigned on the way in."""
    return lambda facts: with_assigns(following(facts), {Key("output", name): _passing_output(sheet, name, place)})


def _passing_output(sheet: Sheet, name: str, place: Place) -> Template:
    if not isinstance(place.block.nodes[name], Join):
        return {}
    parts: list[Code] = []
    for edge in sheet.graph.blocks[place.block.path].incoming[name]:
        active = sheet.questions.formula(place.block.edge_activation[edge.key], place.block)
        parts.append(code(", " if parts else "", active, f" ? '{edge.source}'"))
    return {"active": code("[", *parts, "]").after()}


def _draw_caught(sheet: Sheet, name: str, node: Condition | Wait | Transform, place: Place, following: Enter) -> Enter:
    """A Parallel of one branch around a native node, since only a Parallel can catch its error."""
    fork = Fork(
        sheet.names.invent(name, "try"), place.scope, name, "try", next=succeed(sheet, name, place, following, label=code(After(Key("output", name))))
    )
    fork.catches = catches(sheet, name, place, following)
    sheet.add(fork)
    scope = Scope(name, place.scope, is_branch=True, owner=fork.name)
    fork.branches.append(scope)
    inner = replace(place, scope=scope, facts=ALWAYS)
    sheet.open(scope, _draw_native(sheet, name, node, inner, end), ALWAYS, name)
    sheet.outline.homes[Key("output", name)] = scope
    return lambda _facts: Transition(fork.name)
