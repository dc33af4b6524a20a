"""What `make run` shows without a terminal: the invoice example, decided by the demo itself."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from cli import demo
from cli.demo import Demo
from infra.local.people import PEOPLE, first_people, machine_key
from infra.local.stack import LocalStack

pytestmark = pytest.mark.scenario


def test_it_publishes_runs_decides_and_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(demo, "Console", lambda: Console(file=written, width=160))
    with LocalStack(tmp_path / "data", 0) as stack:
        assert first_people().keys() == {"admin", "user"}
        keys = {name: machine_key(name) for name in PEOPLE}
        Demo(stack.url, stack.websocket_url, tmp_path, keys).show(runs=True)
        gates = Demo(stack.url, stack.websocket_url, tmp_path)
        gates.show(runs=False)
    text = written.getvalue()
    assert "decided by admin: approve" in text
    assert '"booked": true' in text
    assert "extract → " in text
    assert "states entered" in text
    assert f"{stack.url}/" in text
