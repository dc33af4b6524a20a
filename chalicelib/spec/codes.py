"""The diagnostic codes of loading a workflow.

In: nothing. Out: `CODES`, code -> meaning in one sentence. Codes are stable; docs/DIAGNOSTICS.md explains each, tests/golden/spec shows each.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # the text
        "duplicate-key": "A key stands twice in one object.",
        "more-diagnostics": "There are more findings than are shown.",
        "many-documents": "The text holds more than one YAML document.",
        "nested-too-deep": "Values are nested too deeply.",
        "no-workflow": "The text is no object.",
        "not-utf8": "The text is not UTF-8.",
        "number-too-large": "A number is too large for JSON.",
        "text-too-large": "The text has too many bytes.",
        "too-many-values": "The text holds too many values.",
        "yaml-alias": "A YAML alias refers to nothing or to itself, or aliases stand for too much.",
        "yaml-boolean": "YAML reads `yes`, `no`, `on` or `off` as a boolean where a name may be meant.",
        "yaml-key": "A key is no text; most often a text that starts with `{{` lacks its quotes.",
        "yaml-merge": "YAML's merge key `<<` is not supported.",
        "yaml-number": "A text looks like one of YAML 1.1's numbers (`010`, `0x1F`, `12:30`).",
        "yaml-syntax": "The text is no YAML.",
        "yaml-tag": "YAML tags are not supported.",
        # the shape
        "bad-name": "A name does not look as names of its kind do.",
        "missing-key": "A key is missing.",
        "out-of-range": "A number, a list or a text is too small or too large.",
        "unknown-key": "There is no such key here.",
        "unknown-node-type": "There is no such node type.",
        "unknown-value": "The value is none of those allowed.",
        "wrong-type": "The value is of another type than the one wanted.",
        # names
        "bad-id": "A node's id is no id.",
        "bad-label": "The name of a choice or case is empty, too long or starts with a special character.",
        "duplicate-id": "Two nodes of the workflow have the same id.",
        "duplicate-label": "Two outcomes of a node have the same name.",
        "reserved-id": "An id or an item's name has a meaning in expressions already.",
        "reserved-label": "A choice or case is called `error` or `timed_out`.",
        "shadowed-item": "A map inside a map calls its item as the outer one does.",
        # fields that go together
        "ambiguous-timeout": "`on_timeout: fail` at a gate that has a choice `fail`.",
        "bad-decider": "An entry of `who.any_of` names neither a person nor a role.",
        "bad-timestamp": "A timestamp names a time that does not exist.",
        "condition-shape": "A condition has both or neither of `if` and `cases`, or an `else` without cases.",
        "not-indexable": "A field that runs are to be found by is none of the input, or holds no single value.",
        "own-failure-handler": "A workflow is its own `on_failure`.",
        "unknown-choice": "`on_timeout` names no choice of its gate.",
        "unreachable-quorum": "More people have to agree than may decide.",
        "wait-shape": "A wait has both or neither of `seconds` and `until`.",
        # tools
        "agent-option": "A node that names a workflow or an external agent says what only a model can be told.",
        "unknown-agent-kind": "What stands before an agent's name is no kind of agent.",
        "bad-delegation": "A limit of handing tasks on that nothing can reach, or a tool passed on that is not there.",
        "bad-rule": "A rule of an agent's tool cannot be read.",
        "duplicate-tool": "Two tools of an agent are called alike.",
        "grant-shape": "An agent's tool names none or several of `tool`, `workflow`, `agent` and `mcp`.",
        "bad-argument": "A constant argument is of another type than the tool takes.",
        "bad-secret": "The name or prefix of a secret is none, or reads something.",
        "bad-wait": "A tool that is done when it answers is to be waited for, or in no time.",
        "native-call": "A call that the engine makes itself does not say plainly whom it calls and under which role, or an agent is to make it.",
        "misplaced-secret": "A secret stands where it would be recorded.",
        "missing-argument": "A tool lacks an argument that it needs.",
        "unknown-argument": "A tool takes no such argument.",
        "unknown-tool": "There is no such tool.",
        # schemas and expressions
        "bad-expression": "An expression or a reference cannot be read, or Step Functions would refuse it.",
        "bad-schema": "A JSON Schema is not valid.",
        "remote-schema": "A `$ref` leads out of its schema.",
        "required-unknown": "A required field is no property of the schema.",
        "schema-no-object": "An input, output or form is not of an object.",
        "unknown-keyword": "JSON Schema has no such keyword and would ignore it.",
        # size
        "too-many-expressions": "The workflow has too many expressions.",
        "too-many-edges": "The workflow has too many edges.",
        "too-many-nodes": "The workflow has too many nodes.",
    }
)
