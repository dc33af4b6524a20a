"""Seven agents that can be taken as they are: complete, distinct, and found by what they do."""

import jsonschema
import pytest

from chalicelib.agents.directory import BySkill, choose
from chalicelib.agents.presets import PRESETS, Preset
from chalicelib.providers.select import DEFAULT_MODELS
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES


def test_it_has_seven() -> None:
    assert list(PRESETS) == ["researcher", "planner", "writer", "reviewer", "extractor", "classifier", "coder"]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_it_is_a_whole_set_of_defaults(preset: Preset) -> None:
    assert preset.title
    assert 3 <= len(preset.skills) <= 8
    assert len(preset.system) > 400
    assert preset.model in DEFAULT_MODELS
    assert set(preset.tools) <= set(TOOL_SIGNATURES)
    assert 1 <= preset.max_turns <= 20
    if preset.output is not None:
        jsonschema.Draft202012Validator.check_schema(preset.output)


@pytest.mark.parametrize(
    ("skill", "name"),
    [
        ("research", "researcher"),
        ("compare two sources", "researcher"),
        ("break down this goal", "planner"),
        ("draft a reply to a guest", "writer"),
        ("proofread", "reviewer"),
        ("extract data from invoices", "extractor"),
        ("triage", "classifier"),
        ("fix a bug in SQL", "coder"),
    ],
)
def test_it_is_found_by_its_skills(skill: str, name: str) -> None:
    assert choose(BySkill(skill=skill), [preset.card for preset in PRESETS.values()]).card.name == name
