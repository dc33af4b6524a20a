"""The environment that make makes for itself."""

import sys
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
