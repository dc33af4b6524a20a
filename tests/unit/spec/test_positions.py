"""Places: lines and columns of keys, values and of characters inside strings."""

import pytest

from chalicelib.spec.positions import Positions
from chalicelib.spec.yaml_text import compose

TEXT = """\
nodes:
  rank:
    prompt: Hello there
    quoted: 'it''s'
    double: "a\\tb"
    plain: "abc"
    literal: |

      first
      second
    folded: >
      one
      two
    many:
      - when: x
    wrapped: one
      two
"""


@pytest.fixture
def positions() -> Positions:
    return compose(TEXT).positions


def place(positions: Positions, path: str) -> tuple[int, int]:
    found = positions.at(path)
    assert found.path == path
    return found.line, found.column


def test_it_places_scalars_at_their_value_and_objects_at_their_key(positions: Positions) -> None:
    assert place(positions, "nodes.rank.prompt") == (3, 13)
    assert place(positions, "nodes.rank") == (2, 3)
    assert place(positions, "nodes.rank.many.0") == (15, 9)
    assert place(positions, "nodes.rank.many.0.when") == (15, 15)
    assert place(positions, "") == (1, 1)


def test_it_places_keys(positions: Positions) -> None:
    found = positions.key("nodes.rank.prompt")
    assert (found.line, found.column) == (3, 5)


def test_it_falls_back_to_the_nearest_parent(positions: Positions) -> None:
    assert place(positions, "nodes.rank.missing.deeper") == (2, 3)
    assert place(positions, "nothing") == (1, 1)
    assert place(Positions(), "nothing") == (1, 1)


@pytest.mark.parametrize(
    ("path", "offset", "expected"),
    [
        ("nodes.rank.prompt", 6, (3, 19)),
        ("nodes.rank.plain", 2, (6, 15)),
        ("nodes.rank.quoted", 3, (4, 13)),  # an escape lies before it
        ("nodes.rank.quoted", 1, (4, 15)),
        ("nodes.rank.double", 3, (5, 13)),
        ("nodes.rank.literal", 0, (8, 7)),
        ("nodes.rank.literal", 3, (9, 9)),
        ("nodes.rank.literal", 7, (10, 7)),
        ("nodes.rank.literal", 999, (7, 14)),
        ("nodes.rank.folded", 4, (11, 13)),
        ("nodes.rank.wrapped", 5, (16, 14)),
        ("nodes.rank.many", 1, (14, 5)),
        ("nodes.rank.none", 1, (2, 3)),
    ],
)
def test_it_places_a_character_inside_a_string(positions: Positions, path: str, offset: int, expected: tuple[int, int]) -> None:
    found = positions.inside(path, offset)
    assert (found.line, found.column) == expected
