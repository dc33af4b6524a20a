"""The emulator's faults: there on moto as it comes, gone when patched."""

from collections.abc import Iterator

import pytest
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from infra.local.patches import PATCHES
from tests.local.emulator import REGION, Emulator, emulator
from tests.local.faults import Fault
from tests.local.faults_of_items import FAULTS
from tests.local.tiny_stack import PROJECT, LocalStack

_each = pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=fault.scenario.__name__, marks=[pytest.mark.scenario] if fault.slow else []) for fault in FAULTS]
)


@pytest.fixture
def raw() -> Iterator[Emulator]:
    with emulator(fixed=False) as at:
        yield at


@pytest.fixture
def fixed() -> Iterator[Emulator]:
    with emulator(fixed=True) as at:
        yield at


@_each
def test_it_is_there_on_moto_as_it_comes(fault: Fault, raw: Emulator) -> None:
    assert fault.scenario(raw) == fault.raw, f"the fault behind the patch {fault.patch!r} is gone: drop the patch"


@_each
def test_it_is_gone_when_patched(fault: Fault, fixed: Emulator) -> None:
    assert fault.scenario(fixed) == fault.fixed


def test_a_stack_makes_the_interpreters_clients_anew(fixed: Emulator) -> None:
    """Those of before may have been made when nobody answered for Lambda: every Task would fail with a function that is not found."""
    before = lambda_eval_utils.boto_client_for(region=REGION, service="lambda")
    with LocalStack(project=PROJECT):
        assert lambda_eval_utils.boto_client_for(region=REGION, service="lambda") is not before


def test_each_patch_has_a_reproducer() -> None:
    assert {fault.patch for fault in FAULTS} == {patch.name for patch in PATCHES}
