"""The known name that a wrong one most likely means, for hints.

In: a name and the known ones. Out: a hint's text. Deterministic: ties go to the name that sorts first.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_MAX_COMPARED = 500
_MAX_LENGTH = 80


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar known name, if one is similar."""
    candidates = sorted(set(known))[:_MAX_COMPARED]
    return next(iter(get_close_matches(name[:_MAX_LENGTH], candidates, n=1, cutoff=0.6)), None)


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """What was meant, as a question; `otherwise` where no known name is similar."""
    found = nearest(name, known)
    return otherwise if found is None else f"did you mean `{found}`?"
