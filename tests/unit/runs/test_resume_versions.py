"""A broken run goes on with a newer version of its workflow."""

from chalicelib.runs.query import get_output
from chalicelib.workflows.publish import Wish, publish
from tests.factories.arena import arena
from tests.factories.cloud import ANN
from tests.unit.runs.test_resume import CHAIN, fates, planned, resumed


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
