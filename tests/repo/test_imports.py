"""Imports go one way, as pyproject.toml says."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories.repository import ROOT


@pytest.mark.scenario  # reads every module
def test_it_imports_only_downwards() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
