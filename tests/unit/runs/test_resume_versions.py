"""A broken run goes on with a newer version of its workflow."""

from chalicelib.runs.query import get_output
from chalicelib.runs.search import Wanted as Asked
from chalicelib.workflows.publish import Wish, publish
from tests.factories.arena import arena
from tests.factories.cloud import ANN
from tests.unit.runs.test_resume import CHAIN, fates, planned, resumed
from tests.unit.runs.test_resume_elsewhere import ORDER, is_found
from tests.unit.runs.test_resume_elsewhere import resumed as going_on


def test_on_a_newer_version_nodes_that_did_not_change_keep_what_they_have() -> None:
    with arena(CHAIN) as chain:
        broken = chain.finished(chain.begin())
        mended = (
            CHAIN.replace("expression: 1 / zero", "expression: 1 + zero")
            .replace(
                "  last: {type: tool_call, tool: math, with: {expression: b * 2", "  final: {type: tool_call, tool: math, with: {expression: b * 3"
            )
            .replace("$last.value", "$final.value")
        )
        publish(ANN, broken.workflow_id, Wish(text=mended))
        assert fates(planned(broken, version="latest")) == {
            "seen": "kept", "large": "kept", "pay": "kept", "aside": "kept", "breaks": "again", "final": "first",
        }  # fmt: skip
        ended = resumed(chain, broken, version="latest")
        assert (ended.status, ended.version, get_output(ANN, broken.id)) == ("succeeded", 2, {"last": 3, "seen": 6, "paid": 201})


def test_a_node_that_a_newer_version_has_no_more_is_dropped() -> None:
    with arena(CHAIN) as chain:
        broken = chain.finished(chain.begin())
        lines = [line for line in CHAIN.splitlines() if "aside: {" not in line]
        publish(ANN, broken.workflow_id, Wish(text="\n".join(lines).replace("[pay, aside]", "[pay]").replace("1 / zero", "2 + zero")))
        assert fates(planned(broken, version=2))["aside"] == "dropped"
        assert resumed(chain, broken, version=2).status == "succeeded"


def test_it_is_found_by_its_newer_input_and_version() -> None:
    with arena(ORDER) as stage:
        run = stage.finished(stage.begin())
        publish(ANN, run.workflow_id, Wish(text=ORDER.replace("{team: shop}", "{tier: gold}")))
        now = going_on(run, input={"amount": 6, "customer": "c2"}, version="latest")
        assert [is_found(now, Asked(fields={"customer": each})) for each in ("c1", "c2")] == [False, True]
        assert [is_found(now, Asked(labels={name: value})) for name, value in (("team", "shop"), ("tier", "gold"))] == [False, True]
        versions = [is_found(now, Asked(workflow_id=now.workflow_id, version=number)) for number in (1, 2)]
        assert (versions, is_found(now, Asked())) == ([False, True], True)
