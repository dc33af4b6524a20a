"""Faults of moto's Map states.

In: moto's iteration workers. Out: `PATCHES`.
"""
# ruff: noqa: SLF001

import uuid
from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType, MapRunFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import DistributedIterationComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import InlineIterationComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from infra.local.patches.patch import Patch, Replacement

INLINE_CONCURRENCY: Final = 40
DISTRIBUTED_CONCURRENCY: Final = 64  # AWS: 10,000; here each is two threads


def _work(self: Any) -> None:
    """One job after the other (moto: one inside the other)."""
    frame = self._env.open_frame()
    while (job := self._job_pool.next_job()) is not None:
        job_frame = frame.open_inner_frame()
        self._eval_job(env=job_frame, job=job)
        frame.close_frame(job_frame)
        frame.event_history_context.source_event_id = job_frame.event_history_context.last_published_event_id
        self._job_pool.close_job(job)
    self._env.close_frame(frame)


def _work_apart(self: Any) -> None:
    while (job := self._job_pool.next_job()) is not None:
        frame = self._env.open_inner_frame()
        self._eval_job(env=frame, job=job)
        self._env.delete_frame(frame)
        self._job_pool.close_job(job)


_evaluate_job = DistributedItemProcessorWorker._eval_job


def _child_execution(self: Any, env: Any, job: Any) -> None:
    """A distributed map's item is an execution of its own: own name and input, none of the variables around it."""
    context = env.states.context_object.context_object_data
    parent = context["Execution"]
    name = str(uuid.uuid4())
    env.__dict__["child_execution"] = {**parent, "Id": f"{parent['Id']}/{self._work_name}:{name}", "Name": name, "Input": job.job_input}
    _evaluate_job(self, env, job)


_evaluate_input = DistributedItemProcessorWorker._eval_input


def _child_input(self: Any, env_frame: Any) -> None:
    _evaluate_input(self, env_frame)
    child = env_frame.__dict__.get("child_execution")
    if child is None:
        return
    env_frame.variable_store = VariableStore()
    context = env_frame.states.context_object.context_object_data
    context.pop("Map", None)
    context["Execution"] = {**child, "Input": env_frame.states.get_input()}


def _failed_children(record: Any) -> int:
    counter = record.item_counter
    return int(counter.failed.get()) + int(counter.timed_out.get()) + int(counter.aborted.get())


_map_run = DistributedIterationComponent._map_run


def _tolerate(self: Any, env: Any, eval_input: Any) -> None:
    total = len(env.stack[-1])
    _map_run(self, env, eval_input)
    failed = _failed_children(eval_input.map_run_record)
    count, percentage = eval_input.tolerated_failure_count, eval_input.tolerated_failure_percentage
    if failed > max(count, total * percentage / 100):
        name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
        details = MapRunFailedEventDetails(error=name.error_name, cause="The specified tolerated failure threshold was exceeded")
        raise FailureEventException(
            failure_event=FailureEvent(
                env=env, error_name=name, event_type=HistoryEventType.MapRunFailed, event_details=EventDetails(mapRunFailedEventDetails=details)
            )
        )


_evaluate_inline = InlineIterationComponent._eval_body


def _bounded_inline(self: Any, env: Any) -> None:
    requested = env.stack[-1].max_concurrency
    env.stack[-1].max_concurrency = min(requested or INLINE_CONCURRENCY, INLINE_CONCURRENCY, max(1, len(env.stack[-1].input_items)))
    _evaluate_inline(self, env)


_evaluate_distributed = DistributedIterationComponent._eval_body


def _bounded_distributed(self: Any, env: Any) -> None:
    record = env.stack[-1].map_run_record
    record.max_concurrency = min(record.max_concurrency or DISTRIBUTED_CONCURRENCY, DISTRIBUTED_CONCURRENCY)
    _evaluate_distributed(self, env)


PATCHES: Final = (
    Patch(
        "map_workers",
        "A map starts one thread per item, and a worker recurses for each of its items until Python's stack is full. "
        "AWS runs at most 40 iterations of an inline map at a time.",
        (
            Replacement(IterationWorker, "eval", _work),
            Replacement(DistributedItemProcessorWorker, "eval", _work_apart),
            Replacement(InlineIterationComponent, "_eval_body", _bounded_inline),
            Replacement(DistributedIterationComponent, "_eval_body", _bounded_distributed),
        ),
    ),
    Patch(
        "failed_children_count",
        "A distributed map whose children fail succeeds with null in their place. On AWS it fails with States.ExceedToleratedFailureThreshold.",
        (Replacement(DistributedIterationComponent, "_map_run", _tolerate),),
    ),
    Patch(
        "children_are_executions",
        "The children of a distributed map see the parent's execution name, input and variables. On AWS they have their own and none.",
        (
            Replacement(DistributedItemProcessorWorker, "_eval_job", _child_execution),
            Replacement(DistributedItemProcessorWorker, "_eval_input", _child_input),
        ),
    ),
)
