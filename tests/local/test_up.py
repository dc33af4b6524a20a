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


def _once_up(data: Path, then: int) -> threading.Thread:
    """Signal this process once the stack of `data` serves."""

    def work() -> None:
        deadline = time.monotonic() + 20
        while not (running(data) or {}).get("url") and time.monotonic() < deadline:
            time.sleep(0.01)
        answer = http(f"{(running(data) or {})['url']}/notes/fixed")
        seen.append(answer.json())
        os.kill(os.getpid(), then)

    seen: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.scenario
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    waiting = _once_up(tmp_path, signal.SIGTERM)
    try:
        assert command.serve(tmp_path, 0, watch=True, project=PROJECT) == 0
    finally:
        waiting.join()
        signal.signal(signal.SIGTERM, before)
    printed = capfd.readouterr().out
    assert "REST       http://127.0.0.1:" in printed
    assert "WebSocket  ws://127.0.0.1:" in printed


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
