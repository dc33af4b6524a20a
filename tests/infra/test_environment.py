"""The environment that make makes for itself."""

import sys
import threading
import time
from pathlib import Path

import pytest

from infra import environment


def test_it_installs_for_running_only_what_running_needs() -> None:
    running, developing = environment.packages("run"), environment.packages("dev")
    assert set(running) < set(developing)
    assert any(line.startswith("moto[") for line in running)
    assert not any(line.startswith(("pytest", "mypy", "ruff", "hypothesis", "cfn-lint", "ministack")) for line in running)


def test_it_installs_what_ships_in_the_version_that_ships() -> None:
    shipped = {line for line in (environment.ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    assert shipped <= set(environment.packages("run"))


def test_it_pins_what_ships_and_what_it_is_checked_with() -> None:
    loose = {line for line in environment.packages("dev") if "==" not in line}
    assert loose == {"setuptools>=77"}


def test_it_knows_by_its_stamp_whether_there_is_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PYTHON", Path(sys.executable))
    stamp = tmp_path / "run.stamp"
    assert not environment.is_current(stamp, "a")
    stamp.write_text("a")
    assert environment.is_current(stamp, "a")
    assert not environment.is_current(stamp, "b")


def test_it_takes_an_environment_whose_python_is_gone_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "bin" / "python")
    stamp = tmp_path / "run.stamp"
    stamp.write_text("a")
    assert not environment.is_current(stamp, "a")


def test_it_makes_a_moved_clone_its_environment_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = environment.fingerprint("run")
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text((environment.ROOT / name).read_text())
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert environment.fingerprint("run") != here


def test_it_names_the_system_package_that_is_missing_in_one_line() -> None:
    line = environment.missing_package()
    assert f"python3.{sys.version_info.minor}-venv" in line
    assert "\n" not in line


def test_it_tells_elsewhere_than_on_a_terminal_only_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    progress = environment.Progress()
    progress.terminal = False
    lines = [f"Collecting package-{number}\n" for number in range(50)]
    assert list(progress.over(lines)) == lines
    assert capsys.readouterr().err == ""
    progress.shown_at -= 60
    list(progress.over(["Collecting moto==5.2.5\n", "Using cached moto\n"]))
    assert capsys.readouterr().err == "sluice: 51 packages: collecting moto==5.2.5\n"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script, at work in a folder of its own."""
    venv = tmp_path / ".venv"
    for name, path in {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python", "ORIGIN": venv / "origin.txt"}.items():
        monkeypatch.setattr(environment, name, path)
    return tmp_path


@pytest.mark.scenario
@pytest.mark.usefixtures("elsewhere")
def test_it_makes_an_environment_with_pip_in_it_once() -> None:
    environment.make_venv()
    assert environment.works(environment.PYTHON)
    made = environment.PYTHON.lstat().st_mtime_ns
    environment.make_venv()
    assert environment.PYTHON.lstat().st_mtime_ns == made
    with pytest.raises(SystemExit, match="is there a network"):
        environment.pip("--no-index", "a-package-that-is-nowhere")


def test_it_does_nothing_where_everything_is_current(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "requirements.txt").write_text("boto3==1 # a comment\n\n")
    (elsewhere / "pyproject.toml").write_text("[project.optional-dependencies]\nlocal = ['rich==1']\ndev = []\n")
    environment.PYTHON.parent.mkdir(parents=True)
    environment.PYTHON.symlink_to(sys.executable)
    (environment.VENV / "run.stamp").write_text(environment.fingerprint("run"))
    assert environment.packages("run") == ["boto3==1", "rich==1"]
    assert environment.main("run") == 0
    assert capsys.readouterr().err == ""


def test_it_lets_one_command_at_a_time_prepare(elsewhere: Path) -> None:
    with environment.one_at_a_time():
        assert (elsewhere / ".cache" / "environment.lock").exists()


def test_it_waits_for_another_command(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def prepare() -> None:
        with environment.one_at_a_time():
            done.append("other")

    with environment.one_at_a_time():
        other = threading.Thread(target=prepare)
        other.start()
        while "waiting for it" not in capsys.readouterr().err:
            time.sleep(0.005)
        done.append("first")
    other.join()
    assert done == ["first", "other"]


def test_it_prepares_once_and_remembers_for_what(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "requirements.txt").write_text("boto3==1\n")
    (elsewhere / "pyproject.toml").write_text("[project.optional-dependencies]\nlocal = ['rich==1']\ndev = ['ruff==1']\n")
    asked: list[tuple[str, ...]] = []

    def make_venv() -> None:
        environment.PYTHON.parent.mkdir(parents=True)
        environment.PYTHON.symlink_to(sys.executable)

    monkeypatch.setattr(environment, "make_venv", make_venv)
    monkeypatch.setattr(environment, "pip", lambda *arguments: asked.append(arguments))
    assert [environment.main("dev"), environment.main("dev"), environment.main("run")] == [0, 0, 0]
    assert asked == [
        ("--prefer-binary", "boto3==1", "rich==1", "ruff==1"),
        ("--no-build-isolation", "--no-deps", "--editable", str(elsewhere)),
    ]
    assert capsys.readouterr().err.count("environment ready") == 1


def test_it_finds_an_installer_where_python_brings_none() -> None:
    found = [" ".join(command) for command in environment.installers()]
    assert any(command.endswith("-m pip") for command in found)


def test_it_rewrites_one_line_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = environment.Progress()
    progress.terminal = True
    list(progress.over(["Collecting moto==5.2.5\n", "Requirement already satisfied: rich\n", "Installing collected packages: moto\n"]))
    told = capsys.readouterr().err
    assert "\n" not in told
    assert told.endswith("\r\033[K")
    assert "1 packages: installing collected" in told
