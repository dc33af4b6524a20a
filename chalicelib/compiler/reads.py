"""Authored expressions as code: references become reads of keys, and what may be absent is guarded.

In: the graph, what may be absent, and who reads (a node of a block, or the block's own output). Out: `Code` and `Template`.

The rules of null and missing (docs/LANGUAGE.md): a read that may be absent is null where it is a whole value, a member, or compared for equality;
where it is an operand it is undefined and the whole expression is guarded to null. Only reads that may be absent are guarded.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from chalicelib.compiler.code import Code, Key, Part, Read, Template, code
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.holdings import EACH, Holdings, Path, is_compared, key_at, names_of
from chalicelib.compiler.lists import Pointed, for_worker, moved, pointed
from chalicelib.spec.bindings import Binding, Broken, Items, Literal, Members, Text, Value, expressions, parse_binding
from chalicelib.spec.expression import Expression, Fault, Reference, parse_expression
from chalicelib.spec.model import Json

IsAbsent = Callable[[tuple[str, ...], str | None, Reference], bool]


@dataclass(frozen=True)
class Reader:
    """Who reads: the node `node` of the block `path`, or the output of that block (None)."""

    graph: WorkflowGraph
    is_absent: IsAbsent
    path: tuple[str, ...]
    node: str | None
    holdings: Holdings
    native_fields: dict[Key, set[Path]] = field(default_factory=dict, compare=False)  # noted: what the engine itself reads of each key

    def key_of(self, root: str) -> Key:
        """The key that a reference's root stands for at this place."""
        return key_at(self.graph, self.path, root)

    def value(self, expression: Expression) -> Code:
        """The expression's value, null where what it reads is absent. A field that is a result of a map's item goes on by pointer."""
        reference = expression.references[0] if expression.is_reference else None
        if reference is None or not reference.path or not self.path or self.node is not None:
            return self._plain(expression)
        plain = self._reference(expression, reference, absent=self.is_absent(self.path, self.node, reference))
        return moved(self.holdings, self.key_of(reference.root), reference, plain) or self._plain(expression)

    def _plain(self, expression: Expression) -> Code:
        rewritten, guarded = self._rewrite(expression)
        if expression.is_reference or not (guarded or expression.may_be_nothing):
            return rewritten
        return code("($V := ", rewritten, "; $exists($V) ? $V : null)")

    def boolean(self, text: str) -> Code:
        """A condition: true only where the expression comes out as true."""
        expression = parsed(_bare(text))
        self._look(expression)
        rewritten, _ = self._rewrite(expression)
        return code("($C := ", rewritten, "; $type($C) = 'boolean' ? $C : false)")

    def for_worker(self, expression: Expression) -> Code:
        """What a worker is sent: the value, or, where it would be read from a value that went to S3, what leads to that."""
        reference = expression.references[0] if expression.is_reference else None
        if reference is None or not reference.path:
            return self.value(expression)
        key = self.key_of(reference.root)
        inline = self._reference(expression, reference, absent=self.is_absent(self.path, self.node, reference))
        sent = for_worker(self.holdings, key, reference, inline)
        return self.value(expression) if sent is None else sent

    def expression_or_literal(self, value: Json) -> Template:
        """A field whose text is an expression, `{% %}` or not; a number or a timestamp is itself."""
        expression = parse_expression(_bare(value)) if isinstance(value, str) and "$" in value else None
        if not isinstance(expression, Expression):
            return value  # type: ignore[return-value]  # JSON is a template
        self._look(expression)
        return self.value(expression)

    def listed(self, text: str) -> tuple[Code, Pointed | None]:
        """A map's list: nothing where it is absent. With it, where it may lie in S3: then the engine needs to know but its length."""
        expression = parsed(_bare(text))
        reference = expression.references[0] if expression.is_reference else None
        found = None if reference is None else pointed(self.holdings, self.key_of(reference.root), reference)
        if reference is None or found is None:
            for each in expression.references:
                self._note_native(each)
            return self.value(expression), None
        self._note_native(reference, iterated=True)
        return self._reference(expression, reference, absent=self.is_absent(self.path, self.node, reference)), found

    def _may_continue(self, root: str) -> bool:
        """Whether the node may put out its error in place of its output."""
        return any(root in block.nodes and block.nodes[root].on_error != "fail" for block in self.graph.blocks.values())

    def _note_native(self, reference: Reference, *, iterated: bool = False) -> None:
        """The engine reads this field, so it must stay in the state when the value goes to S3; `iterated`: of a list no more than its length."""
        key, names = self.key_of(reference.root), list[str]()
        is_here = () not in self.holdings.spots(key)
        for step in reference.path:
            if isinstance(step, int) and not is_here:
                break
            names.append(EACH if isinstance(step, int) else step)
        self.native_fields.setdefault(key, set()).add((*names, EACH) if iterated else tuple(names))

    def _look(self, expression: Expression) -> None:
        """The engine looks at the whole value, not only moves it."""
        if expression.is_reference:
            self._note_native(expression.references[0])

    def template(self, value: Json) -> Template:
        """An authored binding, evaluated by the engine."""
        return self._bound(parse_binding(value))

    def whole(self, value: Json) -> Template:
        """The same for somebody who is not ours, and so could make nothing of a pointer."""
        binding = parse_binding(value)
        for expression in expressions(binding):
            self._look(expression)
        return self._bound(binding)

    def _bound(self, binding: Binding) -> Template:
        match binding:
            case Literal(value):
                return value  # type: ignore[return-value]  # JSON is a template
            case Value(expression):
                return self.value(expression)
            case Text(parts):
                return self._text(parts)
            case Members(members):
                return {name: self._bound(member) for name, member in members.items()}
            case Items(items):
                return [self._bound(item) for item in items]
            case Broken(faults):
                raise ValueError(f"a broken binding came past the checks: {faults}")
            case _:
                assert_never(binding)

    def _text(self, parts: tuple[str | Expression, ...]) -> Code:
        """Texts verbatim, other values as JSON, null as nothing."""
        pieces = [code(json.dumps(part, ensure_ascii=False)) if isinstance(part, str) else self._piece(part) for part in parts]
        listed: list[Part | Code] = ["$join(["]
        for index, piece in enumerate(pieces):
            listed.extend((", ", piece) if index else (piece,))
        return code(*listed, "])")

    def _piece(self, expression: Expression) -> Code:
        self._look(expression)
        return code("($V := ", self._plain(expression), "; $type($V) = 'string' ? $V : $V = null ? '' : $string($V))")

    def _rewrite(self, expression: Expression) -> tuple[Code, bool]:
        """The text with reads in place of references, and whether any of them may be absent."""
        parts: list[Part | Code] = []
        position, guarded = 0, False
        for reference in expression.references:
            parts.append(expression.text[position : reference.start])
            absent = self.is_absent(self.path, self.node, reference)
            parts.append(self._read(expression, reference, absent=absent))
            guarded = guarded or absent
            position = reference.end
        parts.append(expression.text[position:])
        return code(*(part for part in parts if part != "")), guarded

    def _read(self, expression: Expression, reference: Reference, *, absent: bool) -> Code:
        """The reference as the engine evaluates it, what that needs noted. Of a list that is only counted, its length will do."""
        plain = self._reference(expression, reference, absent=absent)
        if _is_counted(expression, reference) and names_of(reference) is not None:
            key = self.key_of(reference.root)
            found = pointed(self.holdings, key, reference)
            self._note_native(reference, iterated=found is not None or key in self.holdings.held)
            return plain if found is None else found.iterated(plain)
        if expression.is_reference and self.holdings.is_at_hand(self.key_of(reference.root), reference):
            return plain
        if (
            reference.root == "run"
            or reference.path
            or reference.operand
            or _goes_on(expression, reference)
            or self._is_looked_at(expression, reference)
        ):
            self._note_native(reference)
        return plain

    def _is_looked_at(self, expression: Expression, reference: Reference) -> bool:
        """An item may be as small as a number, and is compared as such; a list is taken apart where it stands in a list."""
        key = self.key_of(reference.root)
        is_list = self.holdings.may_be_list(key) and not is_compared(expression, reference)
        return not expression.is_reference and (key.kind == "item" or is_list)

    def _reference(self, expression: Expression, reference: Reference, *, absent: bool) -> Code:
        tail = expression.text[reference.start + 1 + len(reference.root) : reference.end]
        path = code(Read(self.key_of(reference.root)), *((tail,) if tail else ()))
        if not absent:
            return path
        if reference.operand:
            failed = code(" or $exists(", path, ".error.name)") if not tail and self._may_continue(reference.root) else code()
            return code("($type(", path, ") = 'null'", failed, " ? () : ", path, ")")
        return code("($exists(", path, ") ? ", path, " : null)") if tail else path


def parsed(text: str) -> Expression:
    """An expression that the checks have let pass."""
    expression = parse_expression(text)
    if isinstance(expression, Fault):
        raise ValueError(f"a broken expression came past the checks: {expression.message}")
    return expression


def _goes_on(expression: Expression, reference: Reference) -> bool:
    """Whether a predicate or another step follows: then fields are read. Else the whole value is moved or compared, and a pointer record will do."""
    return expression.text[reference.end :].lstrip()[:1] in tuple("[.^|{@#~")


def _is_counted(expression: Expression, reference: Reference) -> bool:
    return expression.text[: reference.start].rstrip().endswith("$count(") and expression.text[reference.end :].lstrip()[:1] == ")"


def _bare(text: str) -> str:
    """The expression without `{% %}`."""
    text = text.strip()
    return text[2:-2].strip() if text.startswith("{%") and text.endswith("%}") else text
