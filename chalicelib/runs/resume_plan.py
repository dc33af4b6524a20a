"""What a resume keeps of a broken run and what it runs again: the plan, told before anything happens. `fates` makes it.

In: nothing. Out: `Wish`, what a person wants; `ResumePlan`: of each node its fate and why, with a warning where an effect may come a second time.
The same plan has the same digest, by which a person says that this is what shall run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.compiler.residual import KeptStatus
from chalicelib.spec.canonical import digest
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject


class Fate(StrEnum):
    KEPT = "kept"  # what it put out is used
    SET = "set"  # what the person says it put out is used
    REPLAYED = "replayed"  # a map: entered again, but items that have settled give what they have
    COMPUTED = "computed"  # by the engine itself, from what is kept
    RETRIED = "retried"  # it had begun and not settled: it goes on under the same effect key
    AGAIN = "again"  # it had begun, and begins anew, under a new effect key
    FIRST = "first"  # it had not begun
    DROPPED = "dropped"  # the newer version has it no more

    @property
    def runs(self) -> bool:
        """Whether what comes after the node may come out otherwise."""
        return self in {Fate.RETRIED, Fate.AGAIN, Fate.FIRST}


@dataclass(frozen=True)
class Wish:
    """What a person wants: to go on from the point of failure, or from `from_node`; with another input, with other outputs of nodes."""

    from_node: str | None = None
    edits_input: bool = False
    outputs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """A node's fate. `settled_count`, `open_count`: of a node in a map, its items that have settled, and that have not."""

    node: str
    fate: Fate
    why: str
    effect: Effect = Effect.NONE
    warning: str | None = None
    settled_count: int = 0
    open_count: int = 0


@dataclass(frozen=True)
class ResumePlan:
    """`kept`: how the nodes settled that the residual machine leaves out. `again`: nodes, also in maps, that begin anew, by the resume that has
    them."""

    run_id: str
    resume: int
    version_id: str
    version: int
    nodes: tuple[Planned, ...]
    kept: Mapping[str, KeptStatus]
    again: Mapping[str, int]
    wish_sha256: str = ""

    @property
    def digest(self) -> str:
        told: list[Json] = [[each.node, each.fate.value, each.warning] for each in self.nodes]
        again: JsonObject = dict(self.again)
        whole: JsonObject = {
            "run_id": self.run_id,
            "resume": self.resume,
            "version_id": self.version_id,
            "nodes": told,
            "kept": {name: status.value for name, status in self.kept.items()},
            "again": again,
            "wish": self.wish_sha256,
        }
        return digest(whole)

    @property
    def warnings(self) -> tuple[Planned, ...]:
        return tuple(each for each in self.nodes if each.warning is not None)
