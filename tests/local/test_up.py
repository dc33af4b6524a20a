"""`python -m infra.local up`."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from infra.local import __main__ as command
from infra.local.data_dir import claimed, running
from tests.local.tiny_stack import PROJECT, LocalStack, http


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


def test_it_says_who_uses_the_directory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with claimed(tmp_path) as claim:
        claim.tell("http://127.0.0.1:1", "ws://127.0.0.1:2")
        assert command.main(["up", "--port", "0", "--data", str(tmp_path)]) == 1
    assert f"in use by process {os.getpid()} at http://127.0.0.1:1" in capfd.readouterr().err


def test_it_explains_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["up", "--help"])
    assert "--reload" in capfd.readouterr().out
