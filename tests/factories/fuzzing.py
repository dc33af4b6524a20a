"""The API's document taken at its word: requests made up from it, fitting and not, and every answer held against it.

In: an operation of the document and how many requests. Out: nothing, or what the API answered that it does not promise. Half of the requests name
things that are there. Never: a request that leaves this process.
"""

import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky
from schemathesis import GenerationMode
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import positive_data_acceptance

from chalicelib.access.api_keys import make_key
from chalicelib.access.members import invite
from chalicelib.api.contract import Contract
from chalicelib.store import warm_jobs
from chalicelib.store.clients import client
from chalicelib.workers import errands
from chalicelib.workflows import publication
from tests.factories.cloud import ANN, cloud, published
from tests.factories.credentials import bearer
from tests.factories.documented import of_the_app
from tests.factories.run_stories import opened_gate, started_run
from tests.factories.trigger_stories import a_trigger
from tests.factories.wsgi import application

MODES: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# What fits its schema may still be refused: a cursor that was made up, a spec with errors.
_NOT_ASKED: Final = [positive_data_acceptance]
_QUIET: Final = list(HealthCheck)
Hear = Callable[[int], object]


def _unheard(status: int) -> None:
    """Where nobody counts."""


def modes_of(contract: Contract) -> tuple[GenerationMode, ...]:
    """What takes neither a body nor a query can be asked nothing that does not fit."""
    return MODES if contract.body.model_fields or contract.query.model_fields else MODES[:1]


def schema(document: dict[str, Any] | None = None, *, secured: bool = True) -> Any:
    """The document, or another, answered by the app in this process. Not `secured`: without credentials to make up."""
    told = deepcopy(document or of_the_app().document)  # the one that answers are held against stays as it is
    found = from_dict(told if secured else {**told, "paths": _unsecured(told["paths"])})
    found.app = application
    return found


def _unsecured(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {path: {method: {**told, "security": []} for method, told in ways.items()} for path, ways in paths.items()}


def operations(mode: GenerationMode, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """All of the document, by route."""
    found = (result.ok() for result in schema(document, secured=mode is GenerationMode.POSITIVE).get_all_operations())
    return {f"{each.method.upper()} {each.path}": each for each in found}


@contextmanager
def populated() -> Iterator[Mapping[str, str]]:
    """An organisation with one thing of each kind: what stands for a path's parameter."""
    with cloud(), _publishing():
        bearer("ann")
        bearer("pat", ("viewer",))
        run = started_run()
        yield {
            "run_id": run.id,
            "workflow_id": run.workflow_id,
            "gate_id": opened_gate(run).id,
            "number": "1",
            "key_id": make_key(ANN, name="ci").key.id,
            "invitation_id": invite(ANN, roles=("viewer",), note="").invitation.id,
            "name": "pat",
            "trigger_id": a_trigger(workflow_id=run.workflow_id).id,
            "job_id": warm_jobs.begin("org_local", "ann", [{"prompt": "hello"}], ttl_seconds=60, digest="d", key="").id,
            "organisation_id": "org_local",
            "node": "search",
            "workflow": published({"sluice": 1, "name": "flow", "nodes": {"a": {"type": "transform", "value": 1}}}).workflow_name,
        }


@contextmanager
def _publishing() -> Iterator[None]:
    """The compiler's and the errands' functions, called in this process; handed over, an errand is done at once."""

    def invoked(params: Any, **_: Any) -> Any:
        event = json.loads(params["body"])
        answer = errands.handle(event, lambda: 30.0) if "errand" in event else publication.handle(event)
        return AWSResponse("", 200, HTTPHeaders(), None), {
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }

    events = client("lambda").meta.events
    events.register_first("before-call.lambda.Invoke", invoked)
    try:
        yield
    finally:
        events.unregister("before-call.lambda.Invoke", invoked)


def try_out(operation: Any, things: Mapping[str, str], *, examples: int, mode: GenerationMode, hear: Hear = _unheard) -> None:
    """Send that many requests, `hear` the status of each. Raises what schemathesis finds."""
    numbers, caller = itertools.count(), Caller()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=_QUIET, phases=[Phase.explicit, Phase.generate])
    @given(operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        number = next(numbers)
        if number % 4:
            case.headers.pop("X-Api-Key", None)  # one that is made up is refused, and nothing else is heard
        if number % 2 == 0:
            case.path_parameters = {name: things.get(name, value) for name, value in (case.path_parameters or {}).items()}
        answer = case.call(headers=caller.headers)
        hear(answer.status_code)
        case.validate_response(answer, headers=caller.headers, excluded_checks=_NOT_ASKED)
        caller.heard(answer.status_code)

    sent()


def _as_admin() -> dict[str, str]:
    return {**bearer("ann"), "Host": "api.test"}


@dataclass
class Caller:
    """An admin, who is asked who they are anew only after they were taken for nobody: a request may have shut them out."""

    headers: dict[str, str] = field(default_factory=_as_admin)

    def heard(self, status: int) -> None:
        if status == HTTPStatus.UNAUTHORIZED:
            self.headers = _as_admin()


def follow(*, stories: int, steps: int, hear: Hear = _unheard) -> int:
    """Requests that follow from answers, by the document's links, `hear` the status of each. Gives how many stories were told: hypothesis stops early
    where one that begins like another goes on otherwise, since the world has changed. Raises what schemathesis finds."""
    caller, told, broken = Caller(), Counter[str](), list[BaseException]()

    class Story(schema().as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            told["stories"] += 1

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            case.headers.pop("X-Api-Key", None)
            return {"headers": caller.headers}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            hear(response.status_code)
            try:
                case.validate_response(response, headers=caller.headers, excluded_checks=_NOT_ASKED)
            except BaseException as fault:
                broken.append(fault)  # though it goes otherwise when it is tried again
                raise
            caller.heard(response.status_code)

    with suppress(Flaky):
        Story.run(settings=settings(max_examples=stories, stateful_step_count=steps, deadline=None, database=None, suppress_health_check=_QUIET))
    if broken:
        raise broken[0]
    return told["stories"]
