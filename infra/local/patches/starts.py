"""Faults of moto's state machines and executions as resources: names, limits, what DescribeExecution leaves out.

In: moto's Step Functions backend. Out: `PATCHES`.
"""

import json
import re
import threading
import uuid
from functools import lru_cache
from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from infra.local.patches.patch import Patch, Replacement
from infra.local.patches.sizes import MAX_BYTES

_starting = threading.RLock()
_start_execution = StepFunctionsParserBackend.start_execution
_NAME: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


def _start(self: Any, state_machine_arn: str, name: str | None = None, execution_input: str | None = None, trace_header: str | None = None) -> Any:
    if execution_input is not None and len(execution_input.encode()) > MAX_BYTES:
        raise JsonRESTError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144",
        )
    if name is not None and not _NAME.fullmatch(name):
        raise JsonRESTError("InvalidName", f"Invalid Name: '{name}'")
    with _starting:
        return _start_execution(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header)


_parse = AmazonStateLanguageParser.parse


@lru_cache(maxsize=512)
def _parse_once(definition: str) -> tuple[Any, None]:
    """The program of a definition; its components hold no state of an execution."""
    return _parse(definition)[0], None


def _describe(self: Any) -> Any:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    described = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "redriveCount": 0,
        "stopDate": execution.stop_date if execution.status != "RUNNING" else None,
        "output": json.dumps(execution.output, separators=(",", ":")) if execution.status == "SUCCEEDED" else None,
        "error": execution.error if execution.status != "RUNNING" else None,
        "cause": execution.cause if execution.status != "RUNNING" else None,
    }
    return ActionResult({key: value for key, value in described.items() if value is not None})


def _history(self: Any) -> Any:
    """GetExecutionHistory in pages, either way round."""
    execution_arn = self._get_param("executionArn")
    events = self.stepfunction_backend.describe_execution(execution_arn).to_history_output()["events"]
    if self._get_param("reverseOrder"):
        events.reverse()
    first = int(self._get_param("nextToken") or 0)
    after = first + min(int(self._get_param("maxResults") or 100), 1000)
    page = {"events": events[first:after]}
    return ActionResult(page | ({"nextToken": str(after)} if after < len(events) else {}))


PATCHES: Final = (
    Patch(
        "start_execution",
        "Without a name an execution is named None, any name and any input size is accepted, and two starts at once with one name both run. "
        "AWS invents a name, refuses bad ones and inputs over 256 KiB, and starts once.",
        (Replacement(StepFunctionsParserBackend, "start_execution", _start),),
    ),
    Patch(
        "definitions_parsed_once",
        "A definition is parsed again for each execution (5 s for 1,000 states).",
        (Replacement(AmazonStateLanguageParser, "parse", staticmethod(_parse_once)),),
    ),
    Patch(
        "describe_execution",
        "DescribeExecution has no stopDate for TIMED_OUT and does not quote a text; GetExecutionHistory knows neither pages nor reverseOrder.",
        (Replacement(StepFunctionResponse, "describe_execution", _describe), Replacement(StepFunctionResponse, "get_execution_history", _history)),
    ),
)
