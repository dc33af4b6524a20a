"""One text, one machine, whatever the order in which this process happens to keep its sets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.scenario

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json
from random import Random
from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.load import load
from tests.factories.specs import random_document

for seed in (1, 15, 26, 37, 39, 119):
    loaded = load(json.dumps(random_document(Random(seed), nodes=5 + seed % 40)))
    compiled = compile_workflow(loaded.spec, loaded.positions)
    assert isinstance(compiled, Compilation)
    print(compiled.digest, compiled.plan_text, compiled.forecast)
"""


def compiled(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_it_puts_out_the_same_bytes_under_every_hash_seed() -> None:
    first, *others = (compiled(seed) for seed in ("1", "2", "3"))
    assert first
    assert others == [first, first]
