"""Three organisations, one of which starts 500 runs at once: how long the others' runs wait for a slot, beside how long they wait alone.

Real code and transactions on the emulator's table; Step Functions is a fake that runs nothing. Time is counted in ticks, so that a busy machine
changes nothing: a run lasts five ticks from its admission, the quiet organisations start one run each in every tick, more than their slots can
take. Told once with slots of each organisation's own, once with slots of the whole deployment alone, which all organisations share by turns: there
the flood takes its third, so waits must grow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from time import perf_counter
from typing import Final

from bench.clock import busy
from bench.table import Figure, Table, at_most
from chalicelib.access.principal import Principal
from chalicelib.machines.names import execution_arn
from chalicelib.runs.finish import StatusChange, finish
from chalicelib.runs.start import start
from chalicelib.store import runs
from chalicelib.store.run_records import Run
from chalicelib.store.workflow_records import Version
from tests.factories.cloud import ANN, REGION, cloud
from tests.factories.faults import Faults, injected
from tests.factories.queues import version_of
from tests.factories.short_way import by_short_way
from tests.factories.step_engine import StepEngine

SLOW: Final = True  # the emulator serves some thousands of transactions
FLOOD: Final = 500
QUIET: Final = ("org_quiet", "org_still")
TICKS: Final = 40
LASTS: Final = 5
OWN_SLOTS: Final = 4
ALL_SLOTS: Final = 12
OWN: Final = {"SLUICE_MAX_RUNNING_OF_ORGANISATION": str(OWN_SLOTS)}
SHARED: Final = {"SLUICE_MAX_RUNNING_OF_ORGANISATION": "0", "SLUICE_MAX_RUNNING": str(ALL_SLOTS)}


@dataclass
class Site:
    """What happens in it, tick by tick. `waits`: of the quiet organisations' runs that were let in; `most`: how many ran at once."""

    versions: dict[str, Version]
    tick: int = 0
    came: dict[str, tuple[Run, int]] = field(default_factory=dict)
    admitted: dict[str, tuple[Run, int]] = field(default_factory=dict)
    waits: list[int] = field(default_factory=list)
    most: int = 0

    def arrive(self, organisation_id: str) -> None:
        version = self.versions[organisation_id]
        run = start(_of(organisation_id), workflow_id=version.workflow_id, input={})
        self.came[run.id] = (run, self.tick)

    def go_on(self) -> None:
        """A tick: runs whose time is over end, others get in."""
        for run, since in [*self.admitted.values()]:
            if self.tick - since >= LASTS:
                del self.admitted[run.id]
                arn = execution_arn(run.machine_arn, run.execution_name)
                finish(StatusChange(run.organisation_id, run.execution_name, arn, "SUCCEEDED", output={"output": None, "settled": {}}))
        self._see()
        self.most = max(self.most, len(self.admitted))
        self.tick += 1

    def _see(self) -> None:
        for run, since in [*self.came.values()]:
            if runs.get(run.organisation_id, run.id).slot == "held":
                del self.came[run.id]
                self.admitted[run.id] = (run, self.tick)
                self.waits += [self.tick - since] if run.organisation_id in QUIET else []

    @property
    def are_in(self) -> bool:
        return not any(run.organisation_id in QUIET for run, _ in self.came.values())


def _of(organisation_id: str) -> Principal:
    return replace(ANN, organisation_id=organisation_id)


@contextmanager
def site(environment: dict[str, str]) -> Iterator[Site]:
    with cloud(AWS_DEFAULT_REGION=REGION, **environment), injected(Faults(is_paused=True), by_short_way(StepEngine(lambda _: None).answer)):
        yield Site({each: version_of("work", organisation_id=each) for each in (*QUIET, "org_flood")})


def told(environment: dict[str, str], *, flood: int) -> Site:
    """Until every quiet run is in."""
    with site(environment) as found:
        for _ in range(flood):
            found.arrive("org_flood")
        while found.tick < TICKS or not found.are_in:
            for organisation_id in QUIET if found.tick < TICKS else ():
                found.arrive(organisation_id)
            found.go_on()
        return found


def run() -> Table:
    started = perf_counter()
    own = told(OWN, flood=0), told(OWN, flood=FLOOD)
    shared = told(SHARED, flood=0), told(SHARED, flood=FLOOD)
    alone, flooded = (median(each.waits) for each in own)
    figures = (
        at_most("slots of their own: median wait under the flood, of that alone", flooded / alone, 1.2, digits=2),
        Figure("the same: runs at once, most", f"{own[1].most}", f"<= {3 * OWN_SLOTS}", own[1].most <= 3 * OWN_SLOTS),
        Figure("slots of the deployment alone: runs at once, most", f"{shared[1].most}", f"<= {ALL_SLOTS}", shared[1].most <= ALL_SLOTS),
    )
    rows = [
        (name, f"{len(each.waits)}", f"{median(each.waits):.1f}", f"{max(each.waits)}")
        for name, each in zip(("own slots, alone", "own slots, flood", "shared slots, alone", "shared slots, flood"), (*own, *shared), strict=True)
    ]
    notes = (f"{FLOOD} runs of one organisation, {TICKS} of each of two others; {perf_counter() - started:.0f} s; {busy()}.",)
    return Table("A flood beside two quiet organisations", figures, ("case", "quiet runs", "median wait (ticks)", "longest"), rows, notes)
