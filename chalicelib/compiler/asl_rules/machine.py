"""A state machine as the rules see it: scopes, states, texts and what these read and assign, each worked out once.

In: plain ASL JSON of any shape. Out: `Machine`. Reading never fails; rules say what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.compiler.asl_rules.scopes import Scope, State, entries_of, read_scopes
from chalicelib.compiler.asl_rules.syntax import Read, Syntax
from chalicelib.compiler.asl_rules.texts import Text, texts_of
from chalicelib.spec.model import JsonObject


@dataclass(frozen=True, eq=False)
class Machine:
    """`scopes` from the outside in; the first is the machine's own."""

    definition: JsonObject
    scopes: tuple[Scope, ...]

    @cached_property
    def states(self) -> tuple[State, ...]:
        return tuple(state for scope in self.scopes for state in scope.states.values())

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        return tuple(text for state in self.states for text in texts_of(state))

    @cached_property
    def expressions(self) -> tuple[tuple[Text, Syntax], ...]:
        """The texts that are expressions without a fault in their syntax."""
        return tuple((text, text.syntax) for text in self.texts if isinstance(text.syntax, Syntax))

    @cached_property
    def reads(self) -> tuple[tuple[Text, Read], ...]:
        return tuple((text, read) for text, syntax in self.expressions for read in syntax.reads)

    @cached_property
    def states_reads(self) -> tuple[tuple[Text, tuple[str, ...]], ...]:
        """Reads of `$states`: the fields after it."""
        return tuple((text, read.path) for text, read in self.reads if read.name == "states")

    @cached_property
    def assigned(self) -> Mapping[Scope, frozenset[str]]:
        """The variables that some state of a scope assigns."""
        return {
            scope: frozenset(name for state in scope.states.values() for entry in entries_of(state) for name in entry.names) for scope in self.scopes
        }

    @cached_property
    def variables(self) -> frozenset[str]:
        """All variables of all scopes."""
        return frozenset[str]().union(*self.assigned.values())


def read_machine(definition: JsonObject) -> Machine:
    return Machine(definition, read_scopes(definition))
