"""Whole stories of runs under planned faults.

In: a story (its workflows, what it should come to) and a plan of faults. Out: `Told`: what was called, which faults were met, and what is wrong with
what it left. Workflows are compiled and published, their machines run in `step_engine`, their Tasks invoke the real worker.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest

from chalicelib.live import announce as live
from chalicelib.runs import start as starting
from chalicelib.spec.model import JsonObject
from chalicelib.store.workflow_records import Version
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Tool
from chalicelib.workflows.create import create
from tests.factories.agent_scripts import Turn
from tests.factories.cloud import ANN, cloud
from tests.factories.crash_claims import Expected, Harm, Wrong, faults_of
from tests.factories.crash_world import LOST_WORKER, Manner, World
from tests.factories.faults import Faults, Plan, changes, injected
from tests.factories.outbox import undelivered
from tests.factories.publishing import publish
from tests.factories.scripted_models import answered_by
from tests.factories.short_way import SavedItems, by_short_way
from tests.factories.step_engine import StepEngine

_USUAL: Final = Manner()


@dataclass(frozen=True)
class Story:
    """The workflows' texts, the one to start last; what they come to; how the others behave; what its model says, and on which task what. `is_long`:
    not everything can be tried with it."""

    texts: tuple[str, ...]
    expected: Expected
    manner: Manner = _USUAL
    turns: Sequence[Turn] = ()
    parts: Mapping[str, Sequence[Turn]] = field(default_factory=dict)
    is_long: bool = False


# A run that waits for a decision, pays and counts.
ORDER: Final = Story(
    (
        """
sluice: 1
name: order
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  seen: {type: tool_call, tool: kv.get, with: {key: orders, default: 0}, retry: {max_attempts: 6}}
  large: {type: condition, if: "$context.amount > 10", after: [seen]}
  approve: {type: human_gate, ask: "Pay {{ $context.amount }}?", timeout_seconds: 86400}
  pay:
    type: tool_call
    tool: http.post
    effect: money
    with: {url: "https://pay.example/charges", json: {amount: $context.amount, by: $approve.by}}
    retry: {max_attempts: 6}
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: "{% $seen.value + 1 %}"}, after: [pay], retry: {max_attempts: 6}}
edges:
  - {from: large, to: approve, when: true}
  - {from: approve, to: pay, when: approve}
output: {charge: $pay.body.charge, by: $approve.by}
""",
    ),
    Expected({"order": "succeeded"}),
)
# A gate that nobody decides, and what its time-out leads to.
SILENCE: Final = Story(
    (
        """
sluice: 1
name: silence
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  approve: {type: human_gate, ask: "Pay?", timeout_seconds: 60}
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: 1}, retry: {max_attempts: 6}}
  tell: {type: message, text: "Nobody decided ({{ $approve.choice }}).", after: [counted], retry: {max_attempts: 6}}
edges:
  - {from: approve, to: counted, when: timed_out}
output: {choice: $approve.choice}
""",
    ),
    Expected({"silence": "succeeded"}, charges=0),
    Manner(dies_as=LOST_WORKER, people="keep silent"),
)
# A run that waits for a run of its own, and for somebody's word.
FAMILY: Final = Story(
    (
        """
sluice: 1
name: child
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}, retry: {max_attempts: 6}}
output: {charge: $pay.body.charge}
""",
        """
sluice: 1
name: parent
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  sub: {type: workflow, workflow: child, with: {amount: $context.amount}, timeout_seconds: 600}
  ask: {type: message, text: "Charged {{ $sub.charge }}. Right?", wait_for_reply: true, timeout_seconds: 600, after: [sub]}
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: 1}, after: [ask], retry: {max_attempts: 6}}
output: {charge: $sub.charge, word: $ask.reply}
""",
    ),
    Expected({"child": "succeeded", "parent": "succeeded"}),
    Manner(dies_as=LOST_WORKER, is_patient=False),
)
# A run that is cancelled while a run of its own waits at a gate.
CANCELLED: Final = Story(
    (
        """
sluice: 1
name: child
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600}
""",
        """
sluice: 1
name: parent
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  sub: {type: workflow, workflow: child, with: {amount: $context.amount}, timeout_seconds: 600}
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: 1}, after: [sub]}
""",
    ),
    Expected({"child": "cancelled", "parent": "cancelled"}, charges=0, orders=None),
    Manner(people="cancel"),
)
# A run that fails, and the one that takes care of it.
FAILED: Final = Story(
    (
        """
sluice: 1
name: care
input: {type: object}
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}, retry: {max_attempts: 6}}
""",
        """
sluice: 1
name: broken
on_failure: care
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: 1}, retry: {max_attempts: 6}}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / zero, values: {zero: "{% $context.amount - 99 %}"}}, after: [counted]}
""",
    ),
    Expected({"broken": "failed", "care": "succeeded"}),
)
# A run that fails after it has paid, and goes on by a resume; its child fails with it, and is resumed by it.
RESUMED: Final = Story(
    (
        """
sluice: 1
name: child
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}, retry: {max_attempts: 6}}
output: {charge: $pay.body.charge}
""",
        """
sluice: 1
name: mended
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  seen: {type: tool_call, tool: kv.get, with: {key: orders, default: 0}, retry: {max_attempts: 6}}
  sub: {type: workflow, workflow: child, with: {amount: $context.amount}, timeout_seconds: 600, after: [seen]}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / zero, values: {zero: "{% $context.amount - 99 %}"}}, after: [sub]}
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: "{% $seen.value + $breaks.value %}"}, after: [breaks], retry: {max_attempts: 6}}
output: {charge: $sub.charge}
""",
    ),
    Expected({"child": "succeeded", "mended": "succeeded"}, resumes=1),
    Manner(dies_as=LOST_WORKER, people="resume"),
)
# An agent of twelve turns with effects, a call that a person is asked about, and a workflow as a tool.
AGENT: Final = Story(
    (
        """
sluice: 1
name: child
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}, retry: {max_attempts: 6}}
output: {charge: $pay.body.charge}
""",
        """
sluice: 1
name: agent
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  work:
    type: agent_call
    model: anthropic:claude-opus-5-5
    prompt: "Pay what is due: {{ $context.amount }}."
    tools:
      - math
      - {tool: kv.put, policy: allow, with: {key: orders}}
      - {tool: kv.get, with: {key: orders}}
      - {tool: http.post, name: pay, policy: allow, with: {url: "https://pay.example"}}
      - {tool: http.post, name: pay_much, with: {url: "https://pay.example"}}
      - {tool: http.put, name: never, policy: deny}
      - {workflow: child, policy: allow}
    output: {type: object, properties: {paid: {type: integer}}, required: [paid]}
output: {paid: $work.paid}
""",
    ),
    Expected({"child": "succeeded", "agent": "succeeded"}, charges=9, orders=2, output={"paid": 9}, turns=12),
    Manner(dies_as=LOST_WORKER, is_patient=False),
    is_long=True,
    turns=(
        [("pay", {"json": {"n": 1}})],
        [("pay", {"json": {"n": 8}}), ("math", {"expression": "2 * 2"}), ("kv_get", {})],
        [("kv_put", {"value": 1})],
        [("pay", {"json": {"n": 2}}), ("pay", {"json": {"n": 3}})],
        [("pay_much", {"json": {"n": 4}}), ("pay", {"json": {"n": 5}})],
        [("never", {"url": "https://pay.example"}), ("nowhere", {})],
        [("kv_get", {}), ("math", {"expression": "3 * 3"})],
        [("child", {"amount": 6}), ("pay", {"json": {"n": 7}})],
        [("kv_put", {"value": 2})],
        [("math", {"expression": "a + 1", "values": {"a": 1}})],
        [("pay", {"json": {"n": 9}}), ("kv_get", {})],
        '{"paid": 9}',
    ),
)


# Tasks that are handed on, twice, two of them at once, with effects, a question to people and a workflow within them.
TEAM: Final = Story(
    (
        AGENT.texts[0],
        """
sluice: 1
name: team
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  work:
    type: agent_call
    model: anthropic:claude-opus-5-5
    prompt: "Have paid what is due: {{ $context.amount }}."
    max_cost: 1000000
    delegation: {max_depth: 2, max_cost: 400000}
    tools:
      - {tool: kv.put, policy: allow, with: {key: orders}}
      - {tool: http.post, name: pay, policy: allow, with: {url: "https://pay.example"}}
      - {tool: http.post, name: pay_much, with: {url: "https://pay.example"}}
      - {workflow: child, policy: allow}
      - {agent: planner, tools: [pay, researcher, writer]}
      - {agent: researcher, tools: [pay_much, kv_put]}
      - {agent: writer, tools: [child, pay]}
    output: {type: object, properties: {paid: {type: integer}}, required: [paid]}
output: {paid: $work.paid}
""",
    ),
    Expected({"child": "succeeded", "team": "succeeded"}, charges=5, orders=2, output={"paid": 5}, turns=3, handed_on=9),
    Manner(dies_as=LOST_WORKER, is_patient=False),
    is_long=True,
    turns=(
        [("planner", {"task": "plan"}), ("writer", {"task": "write"}), ("pay", {"json": {"n": 1}})],
        [("kv_put", {"value": 2})],
        '{"paid": 5}',
    ),
    parts={
        "plan": ([("pay", {"json": {"n": 2}})], [("researcher", {"task": "look"}), ("writer", {"task": "write more"})], "Planned."),
        "look": ([("pay_much", {"json": {"n": 3}}), ("kv_put", {"value": 1})], "Looked."),
        "write more": ([("pay", {"json": {"n": 4}})], "Wrote more."),
        "write": ([("child", {"amount": 5})], "Wrote."),
    },
)


@dataclass(frozen=True)
class Told:
    """What came of a story. `wrong` is empty where everything holds."""

    plan: Plan
    calls: tuple[str, ...]
    met: tuple[str, ...]
    wrong: tuple[Wrong, ...]

    def __str__(self) -> str:
        return f"{'; '.join(map(str, self.wrong))} [{', '.join(self.met)}]"

    @property
    def effects(self) -> list[int]:
        """The numbers of the calls that change something."""
        return [number for number, call in enumerate(self.calls, 1) if changes(call)]


@dataclass(frozen=True)
class Stage:
    """A cloud with a story's workflows published; each telling begins with the table as it was then."""

    story: Story
    version: Version
    machines: Mapping[str, JsonObject]
    published: SavedItems

    def tell(self, plan: Plan, manner: Manner | None = None) -> Told:
        """The story from start to rest, and what is to be said of it. `manner` if not the story's own."""
        self.published.put_back()
        manner = manner or self.story.manner
        world = World(self.version, Faults(plan), manner, self.story.turns, self.story.parts)
        world.engine.machines.update(self.machines)
        with ExitStack() as around, pytest.MonkeyPatch.context() as patch:
            around.enter_context(undelivered(world.records.append))
            around.enter_context(injected(world.faults, by_short_way(world.engine.answer)))
            around.enter_context(answered_by(world.vendor))
            patch.setitem(tools(), "http.post", Tool("http.post", world.charge))
            if not manner.is_watched:
                patch.setattr(live, "publish", lambda events: None)
                patch.setattr(starting, "publish", lambda events: None)
            rests = world.live()
            with world.faults.paused():
                wrong = (*([] if rests else [Wrong(Harm.LOST, "it never comes to rest")]), *faults_of(world, self.story.expected))
        return Told(plan, tuple(world.faults.calls), tuple(world.faults.met), wrong)


@contextmanager
def stage(story: Story) -> Iterator[Stage]:
    with cloud(ANTHROPIC_API_KEY="sk-ant-test"), ExitStack() as closing:
        engine = StepEngine(lambda payload: None)
        closing.enter_context(injected(Faults(), engine.answer))
        version = [publish(ANN, create(ANN, text=text).id) for text in story.texts][-1]
        closing.close()
        found = Stage(story, version, engine.machines, SavedItems())
        found.tell({})  # containers have read the version once: from now on the same story makes the same calls
        yield found
