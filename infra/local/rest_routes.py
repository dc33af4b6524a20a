"""Which route of the app a path belongs to, as API Gateway decides it.

In: the app's routes and a raw path. Out: the resource path and its decoded parameters. A fixed segment wins over a parameter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Match:
    resource: str
    parameters: dict[str, str]


class RouteTable:
    def __init__(self, resources: Iterable[str]) -> None:
        self._by_length: dict[int, list[tuple[str, ...]]] = {}
        for resource in resources:
            segments = _segments(resource)
            self._by_length.setdefault(len(segments), []).append(segments)
        for candidates in self._by_length.values():
            candidates.sort(key=lambda segments: [segment.startswith("{") for segment in segments])

    def match(self, path: str) -> Match | None:
        segments = _segments(path)
        for candidate in self._by_length.get(len(segments), ()):
            if all(wanted == given or (wanted.startswith("{") and given) for wanted, given in zip(candidate, segments, strict=True)):
                pairs = zip(candidate, segments, strict=True)
                return Match("/" + "/".join(candidate), {wanted[1:-1]: unquote(given) for wanted, given in pairs if wanted.startswith("{")})
        return None


def _segments(path: str) -> tuple[str, ...]:
    trimmed = path.strip("/")
    return tuple(trimmed.split("/")) if trimmed else ()
