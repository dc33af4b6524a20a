"""Code changes while the stack runs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import boto3
import pytest

from infra.local.application import modules
from infra.local.project import Project
from infra.local.watching import Changed, Watcher, take
from tests.local.tiny_stack import FOLDER, LocalStack, eventually, http, invoke, machine, notes

_MODULE = "tiny_reloaded"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The tiny app in a folder of its own, so that a test may change it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{_MODULE}.py").write_text((FOLDER / "tiny_app.py").read_text())
    for name in ("infra", ".chalice"):
        (tmp_path / name).symlink_to(FOLDER / name)
    yield Project(tmp_path, _MODULE, (_MODULE,))
    sys.modules.pop(_MODULE, None)


def _change(project: Project, old: str, new: str) -> None:
    path = project.folder / f"{_MODULE}.py"
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.scenario
def test_it_takes_new_code_while_executions_go_on(project: Project) -> None:
    gate = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "TimeoutSeconds": 60,
        "Arguments": {"FunctionName": "step", "Payload": {"do": "ask", "token": "{% $states.context.Task.Token %}"}},
        "Next": "after",
    }
    after = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "step", "Payload": {}}, "End": True}
    after["Output"] = "{% $states.result.Payload.version %}"
    with LocalStack(project=project) as stack:
        sfn = boto3.client("stepfunctions")
        arn = machine("gate", {"StartAt": "g", "States": {"g": gate, "after": after}})
        run = sfn.start_execution(stateMachineArn=arn, name="run_1")["executionArn"]
        (token,) = eventually(lambda: notes("asked"))
        _change(project, "VERSION = 1", 'VERSION = 2\n\n\n@app.route("/new")\ndef new() -> Any:\n    return VERSION')
        assert take(stack.reload)
        assert http(f"{stack.url}/new").json() == 2
        sfn.send_task_success(taskToken=token, output="1")
        assert eventually(lambda: sfn.describe_execution(executionArn=run).get("output")) == "2"


@pytest.mark.scenario
def test_it_keeps_the_old_code_when_the_new_cannot_be_imported(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    with LocalStack(project=project) as stack:
        _change(project, "VERSION = 1", "VERSION = ")
        assert not take(stack.reload)
        assert invoke({})[1]["version"] == 1
        assert http(f"{stack.url}/notes/fixed").status == 200
    assert "the code before it goes on" in capfd.readouterr().err


def test_it_tells_code_from_ground(tmp_path: Path) -> None:
    for name in ("app.py", "chalicelib/a.py", "infra/a.yaml", "docs/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    watcher = Watcher(Project(tmp_path))
    assert watcher.look() is None
    (tmp_path / "docs/a.md").write_text("22")
    assert watcher.look() is None
    (tmp_path / "chalicelib/a.py").write_text("22")
    assert watcher.look() is Changed.CODE
    (tmp_path / "chalicelib/b.py").write_text("1")
    assert watcher.look() is Changed.CODE
    (tmp_path / "infra/a.yaml").unlink()
    assert watcher.look() is Changed.GROUND
    assert watcher.look() is None


@pytest.mark.scenario
def test_it_restarts_where_the_ground_changes_right_after_the_code(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "app.py").write_text("1")
    found: list[Changed | None] = []

    class Slow(Watcher):
        """Somebody saves another file while it waits for them to be done."""

        def look(self) -> Changed | None:
            found.append(super().look())
            if found[-1] is Changed.CODE:
                (tmp_path / "infra" / "a.yaml").write_text("1")
            return found[-1]

    watcher = Slow(Project(tmp_path))
    (tmp_path / "app.py").write_text("22")
    happened: list[str] = []
    watcher.watch(lambda: happened.append("reload"), lambda: happened.append("restart"))
    assert happened == ["restart"]
    assert found == [Changed.CODE, Changed.GROUND, None]


def test_it_finds_the_apps_modules_while_others_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Importing(tuple[str, ...]):
        """A thread that imports something whenever it is looked at what there is."""

        def __contains__(self, name: object) -> bool:
            late = f"late_{len(sys.modules)}"
            monkeypatch.setitem(sys.modules, late, ModuleType(late))
            return super().__contains__(name)

    assert "tests.local.tiny_stack" in modules(Project(tmp_path, "app", Importing(["tests"])))


@pytest.mark.scenario
def test_it_looks_until_the_ground_changes(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "app.py").write_text("1")
    watcher = Watcher(Project(tmp_path))
    happened: list[str] = []

    def reload() -> None:
        happened.append("reload")
        (tmp_path / "infra" / "a.yaml").write_text("1")

    (tmp_path / "app.py").write_text("22")
    watcher.watch(reload, lambda: happened.append("restart"))
    assert happened == ["reload", "restart"]
