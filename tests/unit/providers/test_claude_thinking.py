"""What a Claude's name tells of how it thinks."""

import pytest

from chalicelib.providers.claude_thinking import generation


@pytest.mark.parametrize(
    ("model", "family", "version"),
    [
        ("claude-haiku-4-5", "haiku", (4, 5)),
        ("claude-haiku-4-5-20251001", "haiku", (4, 5)),
        ("claude-sonnet-4-20250514", "sonnet", (4, 0)),
        ("claude-opus-5-5", "opus", (5, 5)),
        ("claude-fable-5", "fable", (5, 0)),
        ("claude-3-5-haiku-20241022", "claude", (3, 0)),
        ("anthropic.claude-v2:1", "claude", (3, 0)),
        ("claude-mythos-preview", "mythos", (5, 0)),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "haiku", (4, 5)),
        ("anthropic.claude-opus-4-6-v1", "opus", (4, 6)),
        ("global.anthropic.claude-sonnet-5-v1:0", "sonnet", (5, 0)),
        ("claude-next", "", (5, 0)),
    ],
)
def test_it_reads_the_generation(model: str, family: str, version: tuple[int, int]) -> None:
    told = generation(model)
    assert (told.family, told.version) == (family, version)


def test_it_knows_who_cannot_be_told_not_to_think() -> None:
    assert [model for model in ("claude-opus-4-8", "claude-opus-5", "claude-fable-5-2", "claude-mythos-preview") if generation(model).always] == [
        "claude-fable-5-2",
        "claude-mythos-preview",
    ]
