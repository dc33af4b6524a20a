"""Faults of moto's ResultWriter: what a distributed map leaves in S3.

In: moto's parser and its ResultWriter. Out: `PATCHES`.
"""

import json
import uuid
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguage
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import ResourceEvalS3
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import ResultWriter
from moto.stepfunctions.parser.asl.parse import asl_parser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

from infra.local.patches.patch import Patch, Replacement

_stream = asl_parser.InputStream


def _with_parameters(definition: str) -> Any:
    """The definition as moto's grammar knows a ResultWriter: with JSONPath's word for its arguments."""
    if '"ResultWriter"' not in definition:
        return _stream(definition)
    return _stream(json.dumps(json.loads(definition, object_hook=_renamed), ensure_ascii=False))


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    writer = fields.get("ResultWriter")
    if not isinstance(writer, dict) or "Arguments" not in writer:
        return fields
    return fields | {"ResultWriter": {{"Arguments": "Parameters"}.get(name, name): value for name, value in writer.items()}}


_visit = Preprocessor.visitResult_writer_decl


def _visit_writer(self: Any, ctx: Any) -> Any:
    """As JSONPath, whatever the machine speaks."""
    self._query_language_per_scope.append(QueryLanguage())
    try:
        return _visit(self, ctx)
    finally:
        self._query_language_per_scope.pop()


def _write(self: Any, env: Any) -> None:
    self.parargs.eval(env=env)
    env.stack.append({name: _evaluated(value, env) for name, value in env.stack.pop().items()})
    self.resource_eval.eval_resource(env=env)


def _evaluated(value: Any, env: Any) -> Any:
    if not (isinstance(value, str) and value.startswith("{%") and value.endswith("%}")):
        return value
    StringJSONata(value[2:-2].strip()).eval(env=env)
    return env.stack.pop()


def _write_results(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """The manifest and the file of results, as the Developer Guide shows them."""
    place, results = env.stack.pop(), env.stack.pop()
    record = env.map_run_record_pool_manager.get_all()[-1]
    folder = f"{place['Prefix'].rstrip('/')}/".lstrip("/") + str(uuid.uuid4())
    s3 = boto_client_for(service="s3", region=resource_runtime_part.region, state_credentials=state_credentials)

    def put(name: str, body: Any) -> dict[str, Any]:
        data = json.dumps(body, ensure_ascii=False).encode()
        s3.put_object(Bucket=place["Bucket"], Key=f"{folder}/{name}", Body=data)
        return {"Key": f"{folder}/{name}", "Size": len(data)}

    execution = env.aws_execution_details.account, env.states.context_object.context_object_data["StateMachine"]["Name"]
    succeeded = put("SUCCEEDED_0.json", [_child_result(str(uuid.uuid4()), result, *execution) for result in results]) if results else None
    files = {"FAILED": [], "PENDING": [], "SUCCEEDED": [succeeded] if succeeded else []}
    manifest = put("manifest.json", {"DestinationBucket": place["Bucket"], "MapRunArn": record.map_run_arn, "ResultFiles": files})
    env.stack.append({"MapRunArn": record.map_run_arn, "ResultWriterDetails": {"Bucket": place["Bucket"], "Key": manifest["Key"]}})


def _child_result(name: str, result: Any, account: str, machine: str) -> dict[str, Any]:
    return {
        "ExecutionArn": f"arn:aws:states:eu-central-1:{account}:execution:{machine}:{name}",
        "InputDetails": {"Included": True},
        "Name": name,
        "Output": json.dumps(result, ensure_ascii=False, separators=(",", ":")),
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "Status": "SUCCEEDED",
    }


PATCHES: Final = (
    Patch(
        "result_writer",
        "A ResultWriter is refused in a JSONata machine; elsewhere it writes a manifest that names no files, so that the results are lost. "
        "AWS evaluates its Arguments and writes the results, with what it knows of each child.",
        (
            Replacement(asl_parser, "InputStream", _with_parameters),
            Replacement(Preprocessor, "visitResult_writer_decl", _visit_writer),
            Replacement(ResultWriter, "_eval_body", _write),
            Replacement(ResourceEvalS3, "_handle_put_object", staticmethod(_write_results)),
        ),
    ),
)
