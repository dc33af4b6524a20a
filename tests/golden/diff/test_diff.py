"""Differences between two specs, as golden files, and what holds of every one."""

import json
from pathlib import Path

import pytest

from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.workflows.diff import diff
from tests.golden.diff.render import INPUTS, cases, difference_of, read, render
from tests.golden.files import compare


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_tells_the_golden_difference(case: Path) -> None:
    compare(case, render(case), inputs=INPUTS)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_finds_nothing_between_a_spec_and_itself(case: Path) -> None:
    spec, forecast = read(case / "after.yaml")
    found = diff(spec, spec, forecasts=(forecast, forecast))
    assert (found.is_same, found.uses, found.forecast, found.summary) == (True, (), {}, ("nothing differs",))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_its_words_make_both_texts_again(case: Path) -> None:
    for change in difference_of(case).changes:
        if change.words:
            assert "".join(text for how, text in change.words if how != "added") == change.before
            assert "".join(text for how, text in change.words if how != "removed") == change.after


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_tells_the_same_number_of_nodes_both_ways(case: Path) -> None:
    there, back = difference_of(case), diff(read(case / "after.yaml")[0], read(case / "before.yaml")[0])
    mirrored = {"added": "removed", "removed": "added", "renamed": "renamed", "moved": "moved", "changed": "changed"}

    def counted(changes: object) -> dict[str, int]:
        found = [change.kind for change in changes if change.aspect == "node"]  # type: ignore[attr-defined]
        return {kind: found.count(kind) for kind in mirrored}

    assert counted(there.changes) == {mirrored[kind]: count for kind, count in counted(back.changes).items()}
    json.dumps(there.as_json())


def test_a_summary_names_some_and_counts_the_rest() -> None:
    document = {"sluice": 1, "name": "many", "nodes": {f"n{number}": {"type": "transform", "value": number} for number in range(20)}}
    few = {**document, "nodes": {"n0": {"type": "transform", "value": 0}}}
    found = diff(WorkflowSpec.model_validate(few), WorkflowSpec.model_validate(document))
    assert found.summary == ("nodes added: n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12 and 7 more",)
