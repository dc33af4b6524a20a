"""`LocalStack`: the whole system on this machine, in this process.

In: a project (the app object, `.chalice/config.json`, `infra/*.yaml`), a directory for what survives, a port. Out: `url`, `websocket_url`; the
environment and every boto3 client of this process then reach the emulator, never AWS. One at a time in a process; any number on a machine.
Never: a second registration of a route, function, queue or schedule; a thread that goes on working when the stack is closed.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol

from infra.local import application, calls, destinations, executions, item_calls
from infra.local.data_dir import claimed
from infra.local.environment import DROPPED, EMULATED, environment, forget_cached, stage_variables
from infra.local.event_bus import EventBus
from infra.local.expiry import Expiry
from infra.local.invocation import Invoker
from infra.local.patches import clients, patched
from infra.local.patches.patch import applied
from infra.local.patches.storage import CHANGES
from infra.local.persistence import Persistence
from infra.local.project import Project
from infra.local.queues import Queues, queue_subscriptions
from infra.local.resources import create, resource_names
from infra.local.rest_gateway import RestGateway, listen
from infra.local.saved_state import SavedState
from infra.local.schedules import Scheduler, schedules
from infra.local.table_streams import TableStreams, subscriptions
from infra.local.template import Template
from infra.local.turns import short_turns
from infra.local.warming import warm
from infra.local.websocket_gateway import WebSocketGateway

_MOTO: Final[dict[str, Any]] = {"stepfunctions": {"execute_state_machine": True}, "core": {"reset_boto3_session": True}}


class _Part(Protocol):
    def start(self) -> None: ...
    def close(self) -> None: ...


class LocalStack:
    """A context manager. `port` 0 takes any; a port in use gives way to the next free one (the WebSocket gateway takes the one after it)."""

    def __init__(self, data_dir: Path | str | None = None, port: int = 0, *, project: Project | None = None) -> None:
        self._data_dir = Path(data_dir) if data_dir is not None else None
        self._port = port
        self._project = project or Project()
        self._exit = ExitStack()
        self._persistence: Persistence | None = None
        self.url = ""
        self.websocket_url = ""

    def __enter__(self) -> "LocalStack":
        with ExitStack() as entering:
            self._enter(entering)
            self._exit = entering.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exit.close()

    def reload(self) -> None:
        """Take the app's code anew. Executions go on; invocations that run finish with the old code. Raises what importing it raises."""
        self._exit.callback(application.put_back, self._project, application.modules(self._project))
        self._exit.enter_context(environment(stage_variables(self._project.stage())))
        fresh = application.reload(self._project)
        forget_cached()
        self.invoker.use(fresh)
        self._rest.use(fresh)
        self._subscribe()

    def save(self) -> None:
        """Write now what is not written yet."""
        if self._persistence is not None:
            self._persistence.save()

    # --- starting, in the order in which one needs the other; closing is the reverse --------------------------------

    def _enter(self, closing: ExitStack) -> None:
        claim = closing.enter_context(claimed(self._data_dir)) if self._data_dir else None
        self._emulate(closing)
        self._load(closing)
        self._wire(closing)
        create(self.template)
        untold = self._restore(closing, SavedState(claim.folder / "state.sqlite3")) if claim else []
        self._serve(closing)
        if claim:
            claim.tell(self.url, self.websocket_url)
        for execution in untold:
            self._announce(execution)

    def _emulate(self, closing: ExitStack) -> None:
        from moto import mock_aws

        logging.getLogger("moto").setLevel(logging.CRITICAL)
        closing.enter_context(short_turns())
        closing.enter_context(environment(EMULATED, dropped=DROPPED))
        closing.enter_context(patched())
        closing.enter_context(mock_aws(config=_MOTO))
        warm()

    def _load(self, closing: ExitStack) -> None:
        """The app, and the environment that the template gives its functions."""
        closing.enter_context(environment(stage_variables(self._project.stage())))
        loaded = application.load(self._project)
        document = self._project.template()
        self.template = Template(document, resource_names(document, loaded.logical_ids))
        closing.enter_context(environment(self.template.environment_of_functions()))
        closing.callback(forget_cached)
        forget_cached()
        self.invoker = Invoker(loaded, partial(destinations.leave, self.template))
        closing.callback(self.invoker.close)

    def _wire(self, closing: ExitStack) -> None:
        """What the app and the machines call, and who is told what happens."""
        self.bus = EventBus(self.invoker)
        self._websocket = WebSocketGateway(self.invoker)
        self._streams = TableStreams(self.invoker)
        self._queues = Queues(self.invoker)
        self._scheduler = Scheduler(self.invoker)
        answers: Mapping[str, calls.Handler] = {
            **item_calls.handlers(),
            "lambda.Invoke": calls.invoke(self.invoker),
            "eventbridge.PutEvents": self.bus.put_events,
            "apigatewaymanagementapi.PostToConnection": self._websocket.post_to_connection,
            "apigatewaymanagementapi.GetConnection": self._websocket.get_connection,
            "apigatewaymanagementapi.DeleteConnection": self._websocket.delete_connection,
        }
        closing.enter_context(calls.answering(answers))
        clients.forget_clients()
        closing.callback(executions.stop_all)
        closing.enter_context(applied([executions.watching(self._announce)]))
        CHANGES.listeners.append(self._streams.tell)
        closing.callback(CHANGES.listeners.clear)

    def _restore(self, closing: ExitStack, saved: SavedState) -> list[Any]:
        closing.callback(saved.close)
        self._persistence = Persistence(saved)
        untold = self._persistence.restore()
        closing.enter_context(applied([self._persistence.hooks(), executions.watching(self._persistence.note_execution)]))
        CHANGES.listeners.append(self._persistence.note_items)
        self._run(closing, self._persistence)
        return untold

    def _serve(self, closing: ExitStack) -> None:
        self._rest = RestGateway(self.invoker, self._project.page, self.template.properties("RestAPI").get("GatewayResponses", {}))
        for part in (self._scheduler, Expiry(), self._streams, self._queues):
            self._run(closing, part)
        server = listen(self._rest, self._port)
        self._websocket.start(server.port + 1 if self._port else 0)
        closing.callback(self._websocket.close)
        self._run(closing, server)
        self.url, self.websocket_url = f"http://127.0.0.1:{server.port}", f"ws://127.0.0.1:{self._websocket.port}"
        closing.enter_context(environment({"SLUICE_WEBSOCKET_URL": self.websocket_url}))
        forget_cached()
        self._subscribe()

    def _run(self, closing: ExitStack, part: _Part) -> None:
        part.start()
        closing.callback(part.close)

    def _subscribe(self) -> None:
        functions = self.invoker.application.functions
        self._streams.use(subscriptions(functions, self.template))
        self._queues.use(queue_subscriptions(functions, self.template))
        self._scheduler.use(schedules(functions, self.template))

    def _announce(self, execution: Any) -> None:
        executions.announce(self.bus, execution, then=self._noting_told(execution))

    def _noting_told(self, execution: Any) -> Callable[[], None] | None:
        persistence = self._persistence
        if persistence is None or executions.status_of(execution) == "RUNNING":
            return None
        return lambda: persistence.note_told(execution.execution_arn)
