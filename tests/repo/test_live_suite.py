"""The live suite, without a vendor: it passes for nobody whom it did not ask, and asks whoever it can."""

import json
import os
import subprocess
import sys

import pytest

from tests.factories.repository import ROOT
from tests.fixtures.fake_openai import KEY, openai_api
from tests.fixtures.model_script import Calls, Say

pytestmark = pytest.mark.scenario

LACKING = {
    "NOT RUN: no ANTHROPIC_API_KEY (anthropic)",
    "NOT RUN: no OPENAI_API_KEY (openai)",
    "NOT RUN: no GEMINI_API_KEY (google)",
    "NOT RUN: no SLUICE_BEDROCK (bedrock)",
}
COMPATIBLE = "NOT RUN: no SLUICE_COMPATIBLE (compatible)"


def live(**environment: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "pytest", "-m", "live", "-p", "no:cacheprovider", "tests/live"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_it_passes_for_nobody_whose_key_is_missing() -> None:
    code, said = live()
    assert {line for line in said if "NOT RUN" in line} == LACKING | {COMPATIBLE}
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "passed" not in said[-1]


def test_it_asks_whose_key_is_there() -> None:
    script = (
        Say("Hello."),
        Say("Hello."),
        Say("", calls=(Calls("badge", {"name": "Ann"}),)),
        Say("70413"),
        Say('{"name": "Ann", "nights": 7}'),
        Say(),
    )
    with openai_api(*script) as fake:
        servers = json.dumps({"local": {"url": fake.url, "key": KEY}})
        code, said = live(SLUICE_COMPATIBLE=servers, LIVE_MODELS="openai:gpt-6-luna local:qwen")
        assert (code, "5 passed, 20 deselected" in said[-1]) == (0, True), "\n".join(said)
        assert {line for line in said if "NOT RUN" in line} == LACKING
        assert len(fake.requests) == 6
        code, said = live(SLUICE_COMPATIBLE=servers)
    assert "NOT RUN: no LIVE_MODELS with a model of it (compatible)" in said
