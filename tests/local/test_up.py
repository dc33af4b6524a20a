"""`python -m infra.local up`."""

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import typer

from cli.demo import Demo
from cli.exits import Exit
from cli.up import up
from infra.local import __main__ as command
from infra.local.data_dir import claimed, running
from infra.local.project import Project
from tests.local.tiny_stack import FOLDER, MODULE, PROJECT, LocalStack, eventually, http


@pytest.mark.scenario
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    printed: list[str] = []
    answered: list[object] = []

    def stop_once_it_serves() -> None:
        deadline = time.monotonic() + 60
        while "WebSocket" not in "".join(printed) and time.monotonic() < deadline:
            time.sleep(0.01)
            printed.append(capfd.readouterr().out)
        try:
            answered.append(http(f"{(running(tmp_path) or {})['url']}/notes/fixed").json())
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    waiting = threading.Thread(target=stop_once_it_serves)
    waiting.start()
    try:
        assert command.serve(tmp_path, 0, watch=True, project=PROJECT) == 0
    finally:
        waiting.join()
        signal.signal(signal.SIGTERM, before)
    assert answered == [{"fixed": True}]
    assert "REST       http://127.0.0.1:" in "".join(printed)
    assert "WebSocket  ws://127.0.0.1:" in "".join(printed)


@pytest.mark.scenario
def test_it_lets_the_caller_welcome_and_interrupt(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def welcome(stack: LocalStack) -> None:
        seen.append(http(f"{stack.url}/notes/fixed").json())
        raise KeyboardInterrupt

    seen: list[object] = []
    try:
        with pytest.raises(KeyboardInterrupt):
            command.serve(tmp_path, 0, watch=False, project=PROJECT, welcome=welcome)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [{"fixed": True}]
    assert running(tmp_path) is None


@pytest.mark.scenario
def test_it_becomes_a_fresh_process_when_the_ground_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Replaced(BaseException):
        """This process is no more."""

    def replace(program: str, arguments: list[str], variables: dict[str, str]) -> None:
        raise Replaced(arguments, variables)

    folder, data = tmp_path / "project", tmp_path / "data"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(os, "execve", replace)
    ports: list[str] = []

    def change(stack: LocalStack) -> None:
        ports.append(stack.url.rpartition(":")[2])
        (folder / "infra" / "more.yaml").write_text("{}")

    before, variables = signal.getsignal(signal.SIGTERM), dict(os.environ)
    try:
        with pytest.raises(Replaced) as replaced:
            command.serve(data, 0, watch=True, project=Project(folder, MODULE, (MODULE,)), welcome=change)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert replaced.value.args == ([sys.executable, "-m", "infra.local", "up", "--port", *ports, "--data", str(data), "--reload"], variables)
    assert running(data) is None


@pytest.mark.scenario
def test_it_ends_well_at_ctrl_c(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        eventually(lambda: "WebSocket" in capfd.readouterr().out)
        os.kill(os.getpid(), signal.SIGINT)

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore Ctrl-C, and so what they start
    waiting = threading.Thread(target=interrupt)
    waiting.start()
    try:
        assert command.up(port=0, data=tmp_path, reload=False) == 0
    finally:
        waiting.join()
        for each, handler in before.items():
            signal.signal(each, handler)
    assert running(tmp_path) is None


@pytest.mark.scenario
def test_it_ends_well_while_it_welcomes(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_CREDENTIALS", str(tmp_path / "credentials.json"))

    def show(self: Demo, *, runs: bool) -> None:
        assert http(f"{self.url}/api/v1/workflows").status == 401  # it serves; nobody has signed in
        assert runs
        raise KeyboardInterrupt

    monkeypatch.setattr(Demo, "show", show)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(typer.Exit) as left:
            up(port=0, data=tmp_path, demo=True, reload=False)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert left.value.exit_code == Exit.OK
    assert "the data is kept" in capfd.readouterr().err
    assert running(tmp_path) is None


def test_it_says_so_as_a_command_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with claimed(tmp_path) as claim:
        claim.tell("http://127.0.0.1:1", "ws://127.0.0.1:2")
        with pytest.raises(typer.Exit) as left:
            up(port=0, data=tmp_path)
    assert left.value.exit_code == Exit.INVALID
    assert "http://127.0.0.1:1" in capfd.readouterr().err


def test_it_says_who_uses_the_directory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with claimed(tmp_path) as claim:
        claim.tell("http://127.0.0.1:1", "ws://127.0.0.1:2")
        assert command.main(["up", "--port", "0", "--data", str(tmp_path)]) == 1
    assert f"in use by process {os.getpid()} at http://127.0.0.1:1" in capfd.readouterr().err


def test_it_explains_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["up", "--help"])
    assert "--reload" in capfd.readouterr().out
