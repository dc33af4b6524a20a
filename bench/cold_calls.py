"""What the first model call of a cold worker takes: offline, and by each vendor's real SDK from its fake server; and which SDKs it imports.

Each call is made in a fresh interpreter that has imported what the worker's Lambda imports at its start. The fake servers run in this process.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from bench.clock import busy
from bench.table import Figure, Table
from bench.task_graphs import CHECKOUT
from infra.local.environment import DROPPED, EMULATED, environment
from tests.fixtures import fake_claude, fake_gemini, fake_openai
from tests.fixtures.fake_bedrock import bedrock

ROUNDS: Final = 3
SDKS: Final = ("anthropic", "openai", "google.genai", "boto3", "mcp", "a2a")
OWN: Final = {"offline": "", "anthropic": "anthropic", "openai": "openai", "google": "google.genai", "bedrock": "boto3"}
MODELS: Final = {
    "offline": "claude-opus-5-5",
    "anthropic": "claude-sonnet-4-5",
    "openai": "gpt-6-luna",
    "google": "gemini-3.5-flash-lite",
    "bedrock": "global.anthropic.claude-sonnet-5-5",
}
_SCRIPT: Final = """
import json, sys, time
import chalicelib.events.worker
from chalicelib.providers.candidates import Candidate, Route
from chalicelib.providers.health import Health
from chalicelib.providers.model import ModelRequest, user
from chalicelib.providers.router import Router
from chalicelib.providers.select import Keys, provider_of

class Nothing:
    def read(self, candidates): return {}
    def change(self, candidate, before, after): return True
    def add(self, counts, *, now): pass

given = json.loads(sys.argv[1])
worker = time.process_time()
keys = Keys(**{given["field"]: given["key"]} if given["field"] else {}, urls={given["provider"]: given["url"]})
router = Router(lambda candidate: provider_of(candidate, keys=keys), Health(Nothing(), owner="bench"))
route = Route("cold", (Candidate(given["provider"], given["model"]),))
began = time.perf_counter(), time.process_time()
routed = router.call(route, ModelRequest(messages=(user("Hello"),), max_output_tokens=64), seconds_left=lambda: 60.0)
took = time.perf_counter() - began[0], time.process_time() - began[1]
assert routed.response.text
print(json.dumps([worker, *took, [name for name in given["sdks"] if name in sys.modules]]))
"""


@dataclass(frozen=True, slots=True)
class Cold:
    """Seconds: of the processor until the worker was imported; of the call, on the wall and of the processor."""

    worker: float
    wall: float
    processor: float
    imported: Sequence[str]


def run() -> Table:
    with environment(EMULATED, dropped=DROPPED), _vendors() as vendors:
        found = {name: min((_called(name, *vendor) for _ in range(ROUNDS)), key=lambda each: each.processor) for name, vendor in vendors.items()}
    foreign = {name: [sdk for sdk in each.imported if sdk != OWN[name]] for name, each in found.items()}
    figures = [
        Figure(f"{name}: SDKs imported that the call does not use", ", ".join(sdks) or "none", "none", not sdks) for name, sdks in foreign.items()
    ]
    columns = ("first call", "processor ms", "wall ms", "with the worker's imports, processor ms", "SDK")
    rows = [_row(name, each) for name, each in found.items()]
    return Table("First calls of a cold worker", figures, columns, rows, [f"Of {ROUNDS} fresh interpreters the one that took least; {busy()}."])


def _row(name: str, each: Cold) -> tuple[str, ...]:
    whole = each.worker + each.processor
    return name, f"{each.processor * 1000:.0f}", f"{each.wall * 1000:.0f}", f"{whole * 1000:.0f}", ", ".join(each.imported) or "none"


@contextmanager
def _vendors() -> Iterator[dict[str, tuple[str, str, str]]]:
    """(field of the deployment's keys, key, address) of each."""
    with ExitStack() as stack:
        yield {
            "offline": ("", "", ""),
            "anthropic": ("anthropic", fake_claude.KEY, stack.enter_context(fake_claude.claude()).url),
            "openai": ("openai", fake_openai.KEY, stack.enter_context(fake_openai.openai_api()).url),
            "google": ("gemini", fake_gemini.KEY, stack.enter_context(fake_gemini.gemini()).url),
            "bedrock": ("bedrock", '{"default": "eu-central-1"}', stack.enter_context(bedrock()).url),
        }


def _called(provider: str, field: str, key: str, url: str) -> Cold:
    given = {"provider": provider, "model": MODELS[provider], "field": field, "key": key, "url": url, "sdks": SDKS}
    command = [sys.executable, "-c", _SCRIPT, json.dumps(given)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the first call of {provider} failed: {done.stderr[-2000:]}")
    return Cold(*json.loads(done.stdout.splitlines()[-1]))
