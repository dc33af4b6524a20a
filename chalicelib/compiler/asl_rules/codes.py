"""The diagnostic codes of the rules on state machines: one table.

In: a code, a place, a message. Out: a `Diagnostic` whose severity and hint the table gives. Places are written as AWS writes them:
`/States/search/Next`. An error is what AWS refuses or what fails every run that comes there; a warning is what AWS takes and someone regrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic, Location, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means in one sentence, and what to do about it."""

    meaning: str
    hint: str
    severity: Severity = Severity.ERROR


CODES: Final[Mapping[str, Code]] = {
    # shape
    "asl-query-language": Code("The machine, or a part of it, is not written in JSONata.", "Set QueryLanguage to JSONata once, at the top."),
    "asl-missing-field": Code("A required field is missing.", "Add the field."),
    "asl-illegal-field": Code("A field may not stand where it stands.", "Remove it."),
    "asl-unknown-type": Code("A state's Type is unknown.", "It is one of Task, Choice, Parallel, Map, Pass, Wait, Succeed, Fail."),
    "asl-bad-value": Code("A field's value is of the wrong kind or out of range.", ""),
    "asl-definition-size": Code("The definition is over 1 MB.", "Split the workflow into sub-workflows."),
    "asl-request-size": Code("The request that creates the machine comes near 1 MB.", "Split the workflow into sub-workflows.", Severity.WARNING),
    # names
    "asl-duplicate-state": Code("Two states have one name.", "State names are unique over the whole definition, branches and maps included."),
    "asl-state-name": Code("A state's name is empty, over 80 characters or holds quotes or control characters.", "Shorten or clean the name."),
    "asl-map-label": Code("Two distributed maps have one Label.", "Give each its own."),
    # transitions
    "asl-transition": Code("A state needs exactly one of Next and End.", "Give it one of them."),
    "asl-missing-target": Code("A transition leads to a state that does not exist.", "Name a state of the same States object."),
    "asl-foreign-target": Code("A transition crosses into another scope.", "Leave a branch or a map by its end only."),
    "asl-unreachable-state": Code("No transition leads to a state.", "Lead to it, or remove it."),
    "asl-no-terminal-state": Code("A scope has no state that ends it.", "End one of its states, or add Succeed or Fail."),
    "asl-choice-without-default": Code(
        "A Choice fails the run when none of its rules holds.", "Add Default unless the rules cover everything.", Severity.WARNING
    ),
    # errors and time limits
    "asl-catch-all": Code("States.ALL must stand alone and in the last Retry or Catch entry.", "Move it to an entry of its own at the end."),
    "asl-unknown-error": Code("An error name that starts with `States.` is not one of AWS's.", "Names of your own may not start so."),
    "asl-error-not-catchable": Code("An error is named that Retry and Catch never see.", "Remove the name.", Severity.WARNING),
    "asl-token-without-timeout": Code("A state waits for a task token without a time limit.", "Give it TimeoutSeconds: a lost token waits for ever."),
    "asl-token-not-sent": Code("A state waits for a task token that it does not send.", "Put $states.context.Task.Token into Arguments."),
    "asl-heartbeat": Code("HeartbeatSeconds is not below TimeoutSeconds.", "Give TimeoutSeconds, above HeartbeatSeconds."),
    "asl-resource": Code("A Resource is not one that Step Functions can call.", ""),
    "asl-express-pattern": Code("An express child execution waits for a job, a token or an activity.", "Use ExecutionType STANDARD."),
    # expressions
    "asl-expression-delimiters": Code("A text begins or ends like an expression and is none.", "Start exactly with {% and end exactly with %}."),
    "asl-expression-syntax": Code("An expression is not JSONata 2.0.6.", ""),
    "asl-top-level-reference": Code("There is no context item: bare names, `$` and `$$` read nothing.", "Start at a variable or at $states.input."),
    "asl-eval": Code("$eval does not exist in Step Functions.", "Use $parse for JSON text."),
    "asl-unknown-function": Code("A function is called that Step Functions does not have.", "There are those of JSONata 2.0.6, and six of its own."),
    "asl-call-of-variable": Code("A state variable is called as a function; it hides the function of its name.", "Rename the variable."),
    "asl-expression-chain": Code("An expression chains more than 60 operands.", "Use $join, $sum, $merge or arrays."),
    "asl-expression-depth": Code("An expression is nested so deeply that AWS stops evaluating it.", "Split it over several assignments."),
    "asl-states-member": Code("$states has no such member.", "It has input, result, errorOutput and context."),
    "asl-result-unavailable": Code("$states.result is read where there is none.", "Only Assign and Output of Task, Parallel and Map have it."),
    "asl-error-output-unavailable": Code("$states.errorOutput is read outside a catcher.", "Only Assign and Output of a Catch entry have it."),
    "asl-token-unavailable": Code("A task token is read where there is none.", "Only Arguments of a Task that waits for a token has it."),
    "asl-map-item-unavailable": Code("The map item is read where there is none.", "Only a Map's own ItemSelector has it."),
    # variables
    "asl-variable-name": Code("A variable's name is not an identifier of at most 80 characters, or is `states`.", "Rename it."),
    "asl-variable-shadowed": Code("An inner scope assigns a variable that a scope around it assigns too.", "Rename one of them."),
    "asl-variable-unknown": Code("A variable is read that nothing assigns.", "Assign it, or correct the name."),
    "asl-variable-out-of-scope": Code("A variable is read outside the scope that assigns it.", "Return it through the Parallel's or Map's Output."),
    "asl-variable-unassigned": Code("On some way to a read, the variable has not been assigned.", "Assign it on every way."),
    "asl-output-reads-assign": Code(
        "An Output reads a variable that the same entry assigns.", "It sees the value from before; read the new value where it comes from."
    ),
    "asl-distributed-variable": Code("A distributed map reads a variable from outside.", "Pass it by ItemSelector."),
    "asl-distributed-execution": Code("A distributed map reads its parent's execution.", "Pass it by ItemSelector."),
}


def finding(code: str, path: str, message: str) -> Diagnostic:
    entry = CODES[code]
    return Diagnostic(code, entry.severity, message, Location(path=path or "/"), entry.hint)
