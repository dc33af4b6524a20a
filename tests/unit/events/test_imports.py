"""Each function is imported by its module alone, and pays for nothing that others need."""

import json
import subprocess
import sys

import pytest

from tests.factories.repository import ROOT

pytestmark = pytest.mark.scenario  # a Python of its own for each

HEAVY = {"anthropic", "openai", "boto3", "moto", "botocore.client"}
NOT_ITS = {
    "worker": {"app", "chalicelib.api", "chalicelib.compiler.compile"},
    "errands": {"app", "chalicelib.api", "chalicelib.compiler.compile"},
    "publisher": {"app", "chalicelib.api", "chalicelib.workers"},
    "execution_status": {"app", "chalicelib.api", "chalicelib.workers", "chalicelib.compiler.compile"},
    "table_stream": {"app", "chalicelib.api", "chalicelib.workers", "chalicelib.compiler.compile"},
    "trigger": {"app", "chalicelib.api", "chalicelib.workers", "chalicelib.compiler.compile"},
    "inbound": {"app", "chalicelib.api", "chalicelib.workers", "chalicelib.compiler.compile"},
    "sweeper": {"app", "chalicelib.api", "chalicelib.workers", "chalicelib.compiler.compile"},
}


def imported_by(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import json, sys; print(json.dumps(sorted(sys.modules)))"], cwd=ROOT, capture_output=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("function", NOT_ITS)
def test_it_imports_no_more_than_it_needs(function: str) -> None:
    modules = imported_by(f"import chalicelib.events.{function}")
    assert modules & (HEAVY | NOT_ITS[function]) == set()


def test_it_keeps_heavy_sdks_out_of_the_apis_start() -> None:
    assert imported_by("import app") & HEAVY == set()
