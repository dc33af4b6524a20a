"""What is slow the first time, done while the stack starts: the interpreter's parser, the JSONata engine, botocore's models.

In and out: nothing. It runs one small machine and throws it away.
"""

import json
from typing import Final

_MACHINE: Final = {
    "QueryLanguage": "JSONata",
    "StartAt": "a",
    "States": {
        "a": {"Type": "Pass", "Assign": {"x": "{% $states.input.y + 1 %}"}, "Next": "b"},
        "b": {"Type": "Choice", "Choices": [{"Condition": "{% $x > 1 %}", "Next": "c"}], "Default": "c"},
        "c": {"Type": "Succeed", "Output": {"x": "{% $x %}"}},
    },
}


def warm() -> None:
    """Parse a definition and evaluate an expression."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    from infra.local.jsonata_engine import evaluate

    AmazonStateLanguageParser.parse(json.dumps(_MACHINE))
    evaluate("$x + 1", {"x": 1})
