"""A vector as it is kept: its direction alone, in a byte for each number.

In: numbers. Out: base64 of signed bytes, scaled to the largest number, and back. What compares directions (the cosine) finds the same order within a
hundredth; 1,536 numbers take 2 KB instead of 30 as JSON. Pure.
"""

import base64
from array import array
from collections.abc import Sequence
from typing import Final

_MOST: Final = 127


def packed(vector: Sequence[float]) -> str:
    """Zeros and no numbers are kept as they are."""
    largest = max(map(abs, vector), default=0.0) or 1.0
    return base64.b64encode(array("b", [round(number / largest * _MOST) for number in vector]).tobytes()).decode()


def unpacked(text: str) -> tuple[float, ...]:
    """What points the way of the vector that was packed; its length is another."""
    return tuple(array("b", base64.b64decode(text)))
