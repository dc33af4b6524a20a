"""Keeps moto's state in a `SavedState` and puts it back.

In: changes as they are committed (noted in no time, written by a thread of its own at most every half second). Out: the same state at the next
start. What is written is read under the storage lock, so that a save holds every transaction whole. An execution that was running is failed with the
error `Interrupted`; its end, like every end that the app has not been told of, is announced again.
"""
# ruff: noqa: SLF001

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.s3.models import FakeKey, S3Backend, s3_backends
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from infra.local.patches.patch import Patch, Replacement
from infra.local.patches.storage import LOCK, Change
from infra.local.saved_state import Batch, SavedState
from infra.local.template import ACCOUNT, REGION

SAVE_SECONDS: Final = 0.3
INTERRUPTED: Final = "Interrupted"
_CAUSE: Final = "The local stack was restarted while this execution ran; `sluice resume` goes on with the run."


class Persistence:
    def __init__(self, saved: SavedState) -> None:
        self._saved = saved
        self._noting = threading.Lock()
        self._items: set[tuple[str, str, str]] = set()
        self._objects: set[tuple[str, str]] = set()
        self._machines: set[str] = set()
        self._secrets: set[str] = set()
        self._executions: dict[str, Any] = {}
        self._running: dict[str, Any] = {}
        self._written: dict[str, int] = {}  # history events by execution
        self._told: list[str] = []
        self._closed = threading.Event()
        self._saving = threading.Lock()
        self._thread: threading.Thread | None = None

    # --- what is noted --------------------------------------------------------------------------------------------

    def note_items(self, changes: list[Change]) -> None:
        with self._noting:
            for change in changes:
                hash_key, range_key = change.key
                self._items.add((change.table.name, str(hash_key.value), str(range_key.value) if range_key is not None else ""))

    def note_execution(self, execution: Any) -> None:
        with self._noting:
            self._executions[execution.execution_arn] = execution
            self._running[execution.execution_arn] = execution

    def note_told(self, execution_arn: str) -> None:
        with self._noting:
            self._told.append(execution_arn)

    def hooks(self) -> Patch:
        """The places of moto where objects, state machines and secrets change."""
        return Patch(
            "state_noted",
            "No hook tells of changed objects, state machines and secrets.",
            (
                *(Replacement(S3Backend, name, self._noting_object(getattr(S3Backend, name))) for name in ("put_object", "delete_object")),
                Replacement(FakeKey, "set_metadata", self._noting_metadata(FakeKey.set_metadata)),
                *(
                    Replacement(StepFunctionsParserBackend, name, self._noting_machines(getattr(StepFunctionsParserBackend, name)))
                    for name in ("create_state_machine", "update_state_machine", "delete_state_machine")
                ),
                *(
                    Replacement(SecretsManagerBackend, name, self._noting_secret(getattr(SecretsManagerBackend, name)))
                    for name in ("create_secret", "put_secret_value", "update_secret", "delete_secret", "restore_secret")
                ),
            ),
        )

    def _noting_object(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(backend: Any, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
            result = change(backend, bucket_name, key_name, *args, **kwargs)
            with self._noting:
                self._objects.add((bucket_name, key_name))
            return result

        return changed

    def _noting_metadata(self, change: Callable[..., None]) -> Callable[..., None]:
        """Metadata is set after the object is put."""

        def changed(stored: Any, *args: Any, **kwargs: Any) -> None:
            change(stored, *args, **kwargs)
            with self._noting:
                self._objects.add((stored.bucket_name, stored.name))

        return changed

    def _noting_machines(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(backend: Any, *args: Any, **kwargs: Any) -> Any:
            before = {machine.arn for machine in backend.state_machines}
            result = change(backend, *args, **kwargs)
            after = {machine.arn for machine in backend.state_machines}
            with self._noting:
                self._machines |= before ^ after
                if result is not None:
                    self._machines.add(result.arn)
            return result

        return changed

    def _noting_secret(self, change: Callable[..., Any]) -> Callable[..., Any]:
        """Named by its name or its ARN; the ARN ends in `-` and six characters."""

        def changed(backend: Any, *args: Any, **kwargs: Any) -> Any:
            given = str(args[0] if args else kwargs.get("secret_id", kwargs.get("name")))
            result = change(backend, *args, **kwargs)
            with self._noting:
                self._secrets.add(given.partition(":secret:")[2][:-7] if given.startswith("arn:") else given)
            return result

        return changed

    # --- saving ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep_saving, daemon=True, name="persistence")
        self._thread.start()

    def close(self) -> None:
        """Save what is left."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(10)
        self.save()

    def _keep_saving(self) -> None:
        while not self._closed.wait(SAVE_SECONDS):
            self.save()

    def save(self) -> None:
        """Write what has changed since the last save."""
        with self._saving:
            batch = Batch()
            with LOCK, self._noting:
                items, self._items = self._items, set()
                objects, self._objects = self._objects, set()
                machines, self._machines = self._machines, set()
                secrets, self._secrets = self._secrets, set()
                executions, self._executions = self._executions, {}
                batch.told, self._told = self._told, []
                batch.items = [_item_row(*key) for key in items]
                batch.objects = [_object_row(*key) for key in objects]
            batch.machines = [_machine_row(arn) for arn in machines]
            batch.secrets = [_secret_row(name) for name in secrets]
            batch.events = self._new_events()
            batch.executions = [_execution_row(execution) for execution in executions.values()]
            if batch:
                self._saved.save(batch)

    def _new_events(self) -> list[tuple[str, int, str]]:
        rows = []
        with self._noting:
            running = list(self._running.items())
        for arn, execution in running:
            over = _status(execution) != "RUNNING"
            environment = execution.exec_worker.env if execution.exec_worker else None
            events = environment.event_manager._history_event_list if environment is not None else []
            first = self._written.get(arn, 0)
            rows += [(arn, number, json.dumps(event, default=str)) for number, event in enumerate(events[first:], first)]
            self._written[arn] = first + len(events[first:])
            if over:
                self._running.pop(arn, None)
                self._written.pop(arn, None)
        return rows

    # --- restoring ------------------------------------------------------------------------------------------------

    def restore(self) -> list[Any]:
        """Put the saved state back. Returns the executions whose end the app has not been told of, interrupted ones among them."""
        _restore_items(self._saved)
        _restore_objects(self._saved)
        machines = _restore_machines(self._saved)
        _restore_secrets(self._saved)
        untold = []
        for arn, machine_arn, status, body, told in self._saved.executions():
            machine = machines.get(machine_arn)
            execution = _restored(arn, machine_arn, status, json.loads(body), machine, self._saved)
            if status == "RUNNING":
                _interrupt(execution)
                with self._noting:
                    self._executions[arn] = execution
            if machine is not None:
                machine.executions.append(execution)
            if not told:
                untold.append(execution)
        return untold


def _item_row(table_name: str, hash_value: str, range_value: str) -> tuple[str, str, str, str | None]:
    table = dynamodb_backends[ACCOUNT][REGION].tables.get(table_name)
    item = None
    if table is not None:
        keys = [DynamoType({table.hash_key_type: hash_value})]
        keys += [DynamoType({table.range_key_type: range_value})] if table.range_key_attr else []
        item = table.get_item(*keys)
    return table_name, hash_value, range_value, json.dumps(item.to_json()["Attributes"], default=_binary) if item is not None else None


def _binary(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _object_row(bucket: str, key: str) -> tuple[str, str, str, bytes | None]:
    holder = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    found = holder.keys.get(key) if holder is not None else None
    if found is None or not hasattr(found, "value"):
        return bucket, key, "{}", None
    return bucket, key, json.dumps(dict(found.metadata)), bytes(found.value)


def _machine_row(arn: str) -> tuple[str, str | None]:
    found = next((machine for machine in stepfunctions_parser_backends[ACCOUNT][REGION].state_machines if machine.arn == arn), None)
    if found is None:
        return arn, None
    return arn, json.dumps({"name": found.name, "definition": found.definition, "roleArn": found.roleArn, "created": found.creation_date.isoformat()})


def _secret_row(name: str) -> tuple[str, str | None]:
    """Its current value alone; a secret that waits to be deleted does not survive."""
    found = secretsmanager_backends[ACCOUNT][REGION].secrets.get(name)
    if found is None or found.is_deleted() or not found.default_version_id:
        return name, None
    value = found.versions[found.default_version_id].get("secret_string")
    body = {"value": value, "description": found.description, "created": found.created_date, "changed": found.last_changed_date}
    return name, json.dumps(body) if value is not None else None


def _execution_row(execution: Any) -> tuple[str, str, str, str]:
    body = {
        "input": execution.execution_input,
        "output": execution.output if _status(execution) == "SUCCEEDED" else None,
        "error": execution.error,
        "cause": execution.cause,
        "started": execution.start_date.isoformat(),
        "stopped": execution.stop_date.isoformat() if execution.stop_date else None,
    }
    return execution.execution_arn, execution.state_machine_arn, _status(execution), json.dumps(body)


def _status(execution: Any) -> str:
    return str(getattr(execution.exec_status, "value", execution.exec_status))


def _restore_items(saved: SavedState) -> None:
    tables = dynamodb_backends[ACCOUNT][REGION].tables
    for name, body in saved.items():
        table = tables.get(name)
        if table is None:
            continue
        attributes = json.loads(body)
        hash_key = DynamoType(attributes[table.hash_key_attr])
        if table.range_key_attr:
            range_key = DynamoType(attributes[table.range_key_attr])
            table.items[hash_key][range_key] = Item(hash_key, range_key, attributes)
        else:
            table.items[hash_key] = Item(hash_key, None, attributes)


def _restore_objects(saved: SavedState) -> None:
    backend = s3_backends[ACCOUNT]["aws"]
    for bucket, key, meta, body in saved.objects():
        if bucket in backend.buckets:
            stored = backend.put_object(bucket, key, body)
            stored.set_metadata(json.loads(meta), replace=True)


def _restore_machines(saved: SavedState) -> dict[str, Any]:
    backend = stepfunctions_parser_backends[ACCOUNT][REGION]
    for _arn, text in saved.machines():
        body = json.loads(text)
        # Without the parser: a definition that was accepted once is parsed when it is first run.
        made = StepFunctionBackend.create_state_machine(backend, name=body["name"], definition=body["definition"], roleArn=body["roleArn"])
        made.creation_date = made.update_date = datetime.fromisoformat(body["created"])
    return {machine.arn: machine for machine in backend.state_machines}


def _restore_secrets(saved: SavedState) -> None:
    backend = secretsmanager_backends[ACCOUNT][REGION]
    for name, text in saved.secrets():
        body = json.loads(text)
        SecretsManagerBackend.create_secret(
            backend,
            name=name,
            secret_string=body["value"],
            secret_binary=None,
            description=body["description"],
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        made = backend.secrets[name]
        made.created_date, made.last_changed_date = body["created"], body["changed"]


def _restored(arn: str, machine_arn: str, status: str, body: dict[str, Any], machine: Any, saved: SavedState) -> Any:
    shown = machine or SimpleNamespace(arn=machine_arn, name=machine_arn.rpartition(":")[2], sm_type="STANDARD", definition="{}")
    execution = Execution(
        name=arn.rpartition(":")[2],
        sm_type="STANDARD",
        role_arn="",
        exec_arn=arn,
        account_id=ACCOUNT,
        region_name=REGION,
        state_machine=shown,
        start_date=datetime.fromisoformat(body["started"]),
        cloud_watch_logging_session=None,
        activity_store={},
        input_data=body["input"],
    )
    execution.exec_status = ExecutionStatus(status)
    execution.output, execution.error, execution.cause = body["output"], body["error"], body["cause"]
    execution.stop_date = datetime.fromisoformat(body["stopped"]) if body["stopped"] else None
    execution.to_history_output = lambda: {"events": [json.loads(event) for event in saved.events(arn)]}
    return execution


def _interrupt(execution: Any) -> None:
    execution.exec_status = ExecutionStatus.FAILED
    execution.error, execution.cause = INTERRUPTED, _CAUSE
    execution.stop_date = datetime.now(tz=UTC)
