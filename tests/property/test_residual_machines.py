"""Break a generated workflow's run at any node, resume it, and it ends as the unbroken run does; no settled node is entered twice."""

import json
from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.residual import Kept
from chalicelib.runs.changed import Differences
from chalicelib.runs.fates import Broken, plan_of
from chalicelib.runs.resume_plan import ResumePlan, Wish
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store.run_records import NodeRun, Run
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.values import Stored
from tests.factories.documents import WORKERS, object_of
from tests.factories.engine import Ended, Failed, execute
from tests.factories.payloads import machine_input
from tests.factories.scripts import Script, ScriptedFailure, ran, random_script
from tests.factories.specs import documents

FEATURES = ("when_expression", "continue", "goto", "error_edge", "gate", "cases", "join", "activate_all", "transform", "retry", "message", "optional")


class Story:
    """Executions of one run under a script, recorded as workers record them. `breaking`: the node at which the first execution fails for good."""

    def __init__(self, spec: WorkflowSpec, script: Script) -> None:
        self.spec, self.script = spec, script
        self.served: Counter[str] = Counter()
        self.nodes: dict[tuple[str, str], NodeRun] = {}
        self.breaking: str | None = None

    def execute(self, kept: Kept | None = None, *, outputs: JsonObject | None = None) -> Ended:
        compiled = compile_workflow(self.spec, kept=kept)
        assert isinstance(compiled, Compilation), compiled.diagnostics
        more: JsonObject = {} if kept is None else {"resume": 1, "kept": {name: (outputs or {}).get(name) for name in compiled.kept_fields}}
        return execute(compiled.state_machine, {**machine_input(self.script.context), **more}, self._serve)

    def _serve(self, state: str, sent: JsonObject) -> Json:
        name, path = str(sent["node"]), str(sent.get("item_path") or "")
        for native, value in object_of(sent.get("settled", {})).items():
            self._settle(native, value)
        if name == self.breaking:
            raise Failed("Broken")
        if sent.get("close"):
            return self._record(name, path, self.script.output(name))
        self.served[f"{name} {path}".strip()] += 1
        try:
            output = self.script.answer(sent)
        except ScriptedFailure as failure:
            if self.script.fails(name):
                self._fail(name, path, failure.error)
            raise Failed(failure.error) from None
        if self.script.choices.get(name) == "timed_out":
            raise Failed("States.Timeout")
        return self._record(name, path, output)

    def _record(self, name: str, path: str, output: Json) -> Json:
        self.nodes[name, path] = _node_run(name, path, NodeStatus.SUCCEEDED, output)
        return output

    def _settle(self, name: str, value: Json) -> None:
        status = NodeStatus.SKIPPED if value is None else NodeStatus.SUCCEEDED
        self.nodes[name, ""] = _node_run(name, "", status, value)

    def _fail(self, name: str, path: str, error: str) -> None:
        continues = self.script.nodes[name].get("on_error") == "continue"
        found = _node_run(name, path, NodeStatus.SUCCEEDED if continues else NodeStatus.FAILED, {"error": {"name": error, "message": ""}})
        self.nodes[name, path] = found.model_copy(update={"details": {"continued": True}}) if continues else found

    def plan(self) -> ResumePlan:
        graph = build(self.spec)
        assert isinstance(graph, WorkflowGraph)
        given = self.script.context
        return plan_of(Broken(_RUN, self.nodes, Differences(graph, graph, given, given), "ver_1", 1), Wish())

    def outputs(self) -> JsonObject:
        return {name: json.loads(found.result.text or "null") for (name, path), found in self.nodes.items() if found.result and not path}


_RUN = Run(
    id="run_1", organisation_id="org_local", workflow_id="wf_1", workflow_name="w", version_id="ver_1", version=1, status=RunStatus.FAILED,
    machine_arn="arn", execution_name="run_1", started_by="ann", created_at="2026-11-27T12:00:00.000Z", updated_at="2026-11-27T12:00:00.000Z",
)  # fmt: skip


def _node_run(name: str, path: str, status: NodeStatus, output: Json) -> NodeRun:
    return NodeRun(run_id="run_1", node=name, item_path=path, status=status, started_at="", result=Stored(text=json.dumps(output)))


@settings(max_examples=15)
@given(documents(max_nodes=14, features=FEATURES), st.integers(0, 2**16))
def test_a_run_that_is_resumed_ends_as_the_unbroken_one_wherever_it_broke(document: JsonObject, seed: int) -> None:
    loaded = load(json.dumps(document))
    assert loaded.spec is not None
    script = random_script(Random(seed), document)
    whole = Story(loaded.spec, script)
    unbroken = whole.execute()
    assert unbroken.error == "", unbroken
    top = object_of(document["nodes"])
    entered = sorted(name for name in ran(document, script) if name in top and script.nodes[name]["type"] in WORKERS)
    for name in Random(seed).sample(entered, min(3, len(entered))):
        story = Story(loaded.spec, script)
        story.breaking = name
        if story.execute().error == "":
            continue  # the failure is taken care of
        story.breaking = None
        plan, before = story.plan(), story.served.copy()
        settled = {each for (each, path), found in story.nodes.items() if not path and found.status is NodeStatus.SUCCEEDED}
        resumed = story.execute(Kept(plan.kept, again=plan.again), outputs=story.outputs())
        assert (resumed.error, object_of(resumed.output)["output"]) == ("", object_of(unbroken.output)["output"]), (name, plan.kept)
        assert {each for each in settled | plan.kept.keys() if story.served[each] > before[each]} == set()
        assert {each for each in whole.served if " " not in each} == {each for each in story.served if " " not in each}
