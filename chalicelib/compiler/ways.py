"""The ways out of a node that can fail: where its success leads, where its caught error leads, and what each tells.

In: a node, where it is drawn, what follows. Out: transitions. Only here is decided what an error looks like to those that read it.
"""

from typing import Final

from chalicelib.compiler.activation import Atom
from chalicelib.compiler.code import Code, Key, Template, code
from chalicelib.compiler.graph import Block
from chalicelib.compiler.outcomes import SUCCEEDED
from chalicelib.compiler.outline import Catch, Transition
from chalicelib.compiler.sheet import Enter, Place, Sheet, with_assigns

ERROR: Final = "error"
ALL_ERRORS: Final = ("States.ALL",)

# A Lambda's Cause is JSON with `errorMessage`; the engine's own is a text or missing.
_MESSAGE: Final = "($E := $states.errorOutput.Cause; $substring($E, 0, 1) = '{' ? $parse($E).errorMessage : $E) & ''"
ERROR_OUTPUT: Final[Template] = {"error": {"name": code("$states.errorOutput.Error"), "message": code(_MESSAGE)}}


def is_caught(name: str, block: Block) -> bool:
    """Whether the run goes on when the node fails."""
    return block.nodes[name].on_error == "continue" or ERROR in block.domains.get(name, ())


def succeed(sheet: Sheet, name: str, place: Place, following: Enter, *, label: Code | None = None) -> Transition:
    """The way on where nothing failed. `label` tells a condition's or gate's outcome where the outcome is a variable of the compiler's."""
    domain = place.block.domains.get(name, ())
    if SUCCEEDED in domain:
        return with_assigns(following(sheet.known(place, Atom(name, SUCCEEDED))), {Key("outcome", name): SUCCEEDED})
    return with_assigns(following(place.facts), {Key("outcome", name): label} if ERROR in domain and label else {})


def catches(sheet: Sheet, name: str, place: Place, following: Enter) -> list[Catch]:
    """Where a failure goes on; empty where it fails the run."""
    if not is_caught(name, place.block):
        return []
    return [Catch(ALL_ERRORS, sheet.landing(place.scope, failed(sheet, name, place, following), name))]


def failed(sheet: Sheet, name: str, place: Place, following: Enter) -> Transition:
    has_outcome = ERROR in place.block.domains.get(name, ())
    facts = sheet.known(place, Atom(name, ERROR)) if has_outcome else place.facts
    assigns: dict[Key, Template] = {Key("output", name): ERROR_OUTPUT}
    return with_assigns(following(facts), assigns | ({Key("outcome", name): ERROR} if has_outcome else {}))
