"""`python -m infra.local up`: the local stack as a process of its own.

In: `--port`, `--data`, `--reload`. Out: the URLs on stdout; runs until it is interrupted. With `--reload`, a change of app.py, chalicelib or
.chalice is taken in place; a change of infra restarts the process, state kept, and runs in flight are then failed with the code `Interrupted`.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn

from infra.local.data_dir import DataDirInUseError
from infra.local.project import ROOT, Project

if TYPE_CHECKING:
    from infra.local.stack import LocalStack

_MARKED: Final = "runs in flight are marked Interrupted, `sluice resume RUN` goes on with one"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("up", help="start the stack and keep it running")
    command.add_argument("--port", type=int, default=8000, help="REST port; the next free one is taken when it is busy, 0 takes any")
    command.add_argument("--data", type=Path, default=ROOT / ".sluice", help="directory for what survives a restart")
    command.add_argument("--reload", action="store_true", help="pick code changes up")
    chosen = parser.parse_args(arguments)
    return up(port=chosen.port, data=chosen.data, reload=chosen.reload)


def up(*, port: int = 8000, data: Path | str = ROOT / ".sluice", reload: bool = True) -> int:
    """Start the stack and keep it running; an exit code."""
    try:
        return serve(Path(data), port, watch=reload, welcome=_greet)
    except DataDirInUseError as error:
        print(f"sluice: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


class _Stopped(BaseException):
    """SIGTERM has come."""


def serve(data: Path, port: int, *, watch: bool, project: Project | None = None, welcome: "Callable[[LocalStack], None] | None" = None) -> int:
    """Run the stack until SIGTERM (0) or SIGINT (KeyboardInterrupt). `welcome` is called once it serves, instead of telling its addresses.

    Raises DataDirInUseError.
    """
    from infra.local.stack import LocalStack

    environment = dict(os.environ)
    again, stopped = threading.Event(), threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()  # where the exception is lost in a frame that cannot pass it on, the next look at this ends the stack
        raise _Stopped

    signal.signal(signal.SIGTERM, stop)
    try:
        with LocalStack(data, port, project=project) as stack:
            if watch:
                _watch(stack, project or Project(), again)
            (welcome or _tell)(stack)
            while not again.wait(1):
                if stopped.is_set():
                    return 0
            rest_port = int(stack.url.rpartition(":")[2])
    except _Stopped:
        return 0
    return _start_again(data, rest_port, environment)


def _tell(stack: "LocalStack") -> None:
    print(f"REST       {stack.url}\nWebSocket  {stack.websocket_url}", flush=True)


def _greet(stack: "LocalStack") -> None:
    """The addresses, and, the one time that they are known, the passwords of the first people."""
    from infra.local.people import first_people

    _tell(stack)
    for name, password in first_people().items():
        print(f"Password   {name} {password}", flush=True)


def _watch(stack: "LocalStack", project: Project, again: threading.Event) -> None:
    from infra.local.watching import Watcher

    threading.Thread(target=Watcher(project).watch, args=(stack.reload, again.set), daemon=True, name="watching").start()


def _start_again(data: Path, port: int, environment: dict[str, str]) -> NoReturn:
    """Become a fresh process with the same ports and data."""
    print(f"sluice: infra has changed: starting again; {_MARKED}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "infra.local", "up", "--port", str(port), "--data", str(data), "--reload"]
    os.execve(sys.executable, command, environment)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
