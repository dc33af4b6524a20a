"""The states of a map: the Map itself, the scope of one item, and the Task that collects results which no state could hold.

In: a map of a block, where it is drawn, what follows, and who draws an item's nodes. Out: the way into it.

A list that lies in S3 is iterated by its skeleton, and an item is then a pointer of its own (`lists`); whether that will do is known once all is
drawn that reads the item. Results that may be too many are written to S3 by the engine, each with the path of its item, since their order is lost
there.
"""

from collections.abc import Callable, Mapping
from typing import Final

from chalicelib.compiler.activation import ALWAYS
from chalicelib.compiler.code import ENVELOPE, Code, Key, Read, Template, after, code
from chalicelib.compiler.collecting import is_collected, is_distributed
from chalicelib.compiler.draw_workers import fence_of, identity, keeping
from chalicelib.compiler.graph import Block
from chalicelib.compiler.holdings import is_whole, last_nodes, names_of
from chalicelib.compiler.lists import ITEM, Pointed
from chalicelib.compiler.outline import Each, Scope, Transition, Work
from chalicelib.compiler.sheet import Enter, Place, Sheet, with_assigns
from chalicelib.compiler.ways import catches, succeed
from chalicelib.spec.bindings import Value, parse_bare
from chalicelib.spec.nodes import Map

COLLECT: Final = "collect"
_WHOLE_ITEM: Final = code(f"{ITEM}.Value")
DrawBody = Callable[[Place], Enter]


def draw_map(sheet: Sheet, name: str, place: Place, following: Enter, *, body: DrawBody) -> Enter:
    """A Map state and the scope of one item."""
    node = place.block.nodes[name]
    assert isinstance(node, Map)
    sheet.settle([Key("output", name), Key("outcome", name)], place.scope)
    each = Each(name, place.scope, name, comment=node.title, concurrency=node.concurrency, max_items=node.max_items)
    each.next = _collect(sheet, name, place, following) if is_collected(node) else _success(sheet, name, place, following, code("$states.result"))
    each.catches = catches(sheet, name, place, following)
    each.results = _results_folder(name) if is_collected(node) else None
    each.selector = {"item": _WHOLE_ITEM, "path": _item_path(name, place)}
    each.body = _item_scope(sheet, name, node, place, body)
    _iterate(sheet, each, node, place)
    sheet.add(each)
    return lambda _facts: Transition(name)


def _success(sheet: Sheet, name: str, place: Place, following: Enter, result: Code) -> Transition:
    return with_assigns(succeed(sheet, name, place, following), {Key("output", name): result})


def _collect(sheet: Sheet, name: str, place: Place, following: Enter) -> Transition:
    """To the Task that puts the results in order. The state before it is the Map, whose result says where they lie."""
    task = Work(sheet.names.invent(name, COLLECT), place.scope, name, COLLECT)
    task.next = _success(sheet, name, place, following, code(task.result))
    task.catches = catches(sheet, name, place, following)
    path: Template = code(Read(Key("path", place.block.path[-1]))) if place.block.path else ""
    task.payload = {
        **identity(),
        "node": name,
        "item_path": path,
        "fence": fence_of(sheet, name),
        "keep": keeping(sheet, name),
        "collect": code("$states.input.ResultWriterDetails.Key"),
    }
    sheet.add(task)
    return Transition(task.name)


def _results_folder(name: str) -> Code:
    return code(Read(ENVELOPE), ".organisation_id & '/runs/' & ", Read(ENVELOPE), f".run_id & '/{name}/results'")


def _iterate(sheet: Sheet, each: Each, node: Map, place: Place) -> None:
    """An array whatever came: nothing is no item, a single value is one. More than `max_items` is an error of the map."""
    reader = sheet.reader(place.block.path, each.name)
    if not isinstance(node.over, str):
        each.items = reader.template(node.over)
        return
    plain, found = reader.listed(node.over)
    each.items = _bounded(each, plain)
    if found is not None:
        sheet.later.append(lambda: _point(sheet, each, node, place, plain, found))


def _point(sheet: Sheet, each: Each, node: Map, place: Place, plain: Code, found: Pointed) -> None:
    """Iterate the skeleton where there is one, unless the engine reads all of the list anyway."""
    over = parse_bare(str(node.over))
    assert isinstance(over, Value)
    reference = over.expression.references[0]
    needed = sheet.outline.native_fields[sheet.reader(place.block.path, each.name).key_of(reference.root)]
    if not is_whole(needed, names_of(reference) or ()):
        each.items = _bounded(each, found.iterated(plain))
        each.selector["item"] = found.item()


def _bounded(each: Each, over: Code) -> Code:
    listed = code("($I := ", over, "; $type($I) = 'array' ? $I : $exists($I) and $I != null ? [$I] : [])")
    if each.max_items is None:
        return listed
    refusal = f"$error('{each.name}: more than {each.max_items} items')"
    return code("($L := ", listed, f"; $count($L) > {each.max_items} ? {refusal} : $L)")


def _item_path(name: str, place: Place) -> Template:
    """`questions:3/inner:0`: where in which maps an item is."""
    if not place.block.path:
        return code(f"'{name}:' & $string({ITEM}.Index)")
    return code(Read(Key("path", place.block.path[-1])), f" & '/{name}:' & $string({ITEM}.Index)")


def _item_scope(sheet: Sheet, name: str, node: Map, place: Place, body: DrawBody) -> Scope:
    block = sheet.graph.blocks[(*place.block.path, name)]
    scope = Scope(name, place.scope, is_distributed=is_distributed(node), owner=name)
    path = Key("path", name)
    scope.arrivals = {Key("item", name): code("$states.input.item"), path: code("$states.input.path")}
    sheet.settle(scope.arrivals, scope)
    output = _item_output(sheet, node, block)
    scope.result = after({"path": code(Read(path)), "output": output} if is_collected(node) else output)
    inner = Place(scope, block)
    sheet.open(scope, body(inner), ALWAYS, block.order[0])
    return scope


def _item_output(sheet: Sheet, node: Map, block: Block) -> Template:
    """The authored output; without one, that of the block's last node, or of its last nodes by id."""
    if node.output is not None:
        return sheet.reader(block.path, None).template(node.output)
    outputs: Mapping[str, Template] = {name: code(Read(Key("output", name))) for name in last_nodes(block)}
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs
