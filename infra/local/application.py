"""The Chalice app, loaded and loaded again, ready for many threads.

In: a `Project`. Out: `Application`: the app object, its functions by name with handler, time-out and event source.
Never: a registration of its own. What the app declares is all there is.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from infra.local.project import Project

DEFAULT_TIMEOUT: Final = 60.0  # Chalice's
API: Final = "api_handler"


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function. `source` is Chalice's event source config, None for plain functions and routes."""

    name: str
    logical_id: str
    handler: Callable[[Any, Any], Any]
    timeout_seconds: float
    memory_mb: int
    source: Any = None


@dataclass(frozen=True)
class Application:
    app: Any
    functions: Mapping[str, Function]
    websocket: Mapping[str, str]  # route key -> function name

    @property
    def logical_ids(self) -> dict[str, str]:
        return {function.logical_id: function.name for function in self.functions.values()}


def load(project: Project) -> Application:
    """Import the app (as it is in sys.modules, if it is) and read what it declares."""
    app: Any = importlib.import_module(project.module).app
    _make_thread_local(app)
    return _read(app, project.stage())


def reload(project: Project) -> Application:
    """Import the app's modules anew. When that fails, the old ones stay and the error is raised."""
    old = modules(project)
    for name in old:
        del sys.modules[name]
    importlib.invalidate_caches()
    try:
        return load(project)
    except BaseException:
        put_back(project, old)
        raise


def modules(project: Project) -> dict[str, ModuleType]:
    """The app's modules as they are imported now. Other threads import meanwhile: a copy is walked through."""
    return {name: module for name, module in sys.modules.copy().items() if name.partition(".")[0] in project.packages or name == project.module}


def put_back(project: Project, old: Mapping[str, ModuleType]) -> None:
    """Make these the app's imported modules again, so that a reload leaves nothing behind in the process around the stack."""
    for name in modules(project):
        del sys.modules[name]
    sys.modules.update(old)


def logical_id(name: str) -> str:
    """The id that `chalice package` gives a function."""
    from chalice.utils import to_cfn_resource_name

    return "APIHandler" if name == API else str(to_cfn_resource_name(name))


def _read(app: Any, stage: Mapping[str, Any]) -> Application:
    functions = {API: _function(API, logical_id(API), app, stage)}
    for declared in app.pure_lambda_functions:
        functions[declared.name] = _function(declared.name, logical_id(declared.name), _direct(app.handler_map[declared.name]), stage)
    for source in app.event_sources:
        functions[source.name] = _function(source.name, logical_id(source.name), _direct(app.handler_map[source.name]), stage, source)
    websocket = {}
    for route, config in app.websocket_handlers.items():
        kind = {"$connect": "connect", "$default": "message", "$disconnect": "disconnect"}[route]
        name = f"websocket_{kind}"
        functions[name] = _function(name, f"Websocket{kind.title()}", app.handler_map[config.name], stage)
        websocket[route] = name
    for authorizer in app.builtin_auth_handlers:
        functions[authorizer.name] = _function(authorizer.name, logical_id(authorizer.name), app.handler_map[authorizer.name], stage)
    return Application(app, functions, websocket)


def _function(name: str, identifier: str, handler: Callable[[Any, Any], Any], stage: Mapping[str, Any], source: Any = None) -> Function:
    own = stage.get("lambda_functions", {}).get(name, {})
    timeout = own.get("lambda_timeout", stage.get("lambda_timeout", DEFAULT_TIMEOUT))
    return Function(name, identifier, handler, float(timeout), int(own.get("lambda_memory_size", stage.get("lambda_memory_size", 128))), source)


def _direct(handler: Any) -> Any:
    """As in its own Lambda, where app.py is not imported: without the app's middleware. Also makes the first call safe for threads."""
    if hasattr(handler, "_build_middleware_handlers") and hasattr(handler, "handler"):
        handler.handler = handler._build_middleware_handlers([], original_handler=handler.func)  # noqa: SLF001
    return handler


class _Requests(threading.local):
    request: Any = None
    context: Any = None


def _make_thread_local(app: Any) -> None:
    """Give each thread its own current request and context; Lambda has one thread per container."""
    if isinstance(app, _ThreadLocalChalice):
        return
    app.__dict__.pop("current_request", None)
    app.__dict__.pop("lambda_context", None)
    app.__dict__["requests"] = _Requests()
    app.__class__ = type("LocalChalice", (_ThreadLocalChalice, type(app)), {})


class _ThreadLocalChalice:
    @property
    def current_request(self) -> Any:
        return self.__dict__["requests"].request

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self.__dict__["requests"].request = request

    @property
    def lambda_context(self) -> Any:
        return self.__dict__["requests"].context

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self.__dict__["requests"].context = context
