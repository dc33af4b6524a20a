"""Vectors in a byte a number."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.store.vectors import packed, unpacked

NUMBERS = st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False).filter(lambda number: number == 0 or abs(number) > 1e-6)


@settings(max_examples=40)
@given(st.lists(NUMBERS, min_size=1, max_size=50).filter(any))
def test_it_keeps_a_vectors_direction(vector: list[float]) -> None:
    found = unpacked(packed(vector))
    cosine = sum(a * b for a, b in zip(vector, found, strict=True)) / (math.hypot(*vector) * math.hypot(*found))
    assert cosine > 0.99


@pytest.mark.parametrize("vector", [(), (0.0, 0.0)])
def test_it_keeps_what_has_no_direction(vector: tuple[float, ...]) -> None:
    assert unpacked(packed(vector)) == vector


def test_it_takes_two_kilobytes_for_a_usual_vector() -> None:
    assert len(packed([math.sin(number) for number in range(1536)])) == 2048
