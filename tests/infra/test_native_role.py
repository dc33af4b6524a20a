"""The role that docs/TOOLS.md shows for calls of the engine's own: it keeps whoever writes workflows out of Sluice itself."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from chalicelib.machines.names import machine_name
from tests.factories.repository import ROOT

ACCOUNT = "eu-central-1:123456789012"
MACHINE = machine_name(workflow_name="orders", version_id="ver_1", number=12)


def statements(effect: str) -> list[dict[str, Any]]:
    page = (ROOT / "docs" / "TOOLS.md").read_text("utf-8")
    policy = json.loads(page.split("## AWS itself")[1].split("```json\n")[1].split("```")[0])
    return [statement for statement in policy["Statement"] if statement["Effect"] == effect]


def is_denied(arn: str) -> bool:
    return any(statement["Action"] == "*" and any(fnmatchcase(arn, each) for each in statement["Resource"]) for statement in statements("Deny"))


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:dynamodb:{ACCOUNT}:table/sluice",
        f"arn:aws:dynamodb:{ACCOUNT}:table/sluice/index/GSI1",
        f"arn:aws:dynamodb:{ACCOUNT}:table/sluice/stream/2026-11-01T00:00:00.000",
        "arn:aws:s3:::sluice-data-123456789012-eu-central-1",
        "arn:aws:s3:::sluice-data-123456789012-eu-central-1/org_local/runs/run_1/values/a",
        f"arn:aws:lambda:{ACCOUNT}:function:sluice-Worker-AbCdEf123456",
        f"arn:aws:states:{ACCOUNT}:stateMachine:{MACHINE}",
        f"arn:aws:states:{ACCOUNT}:execution:{MACHINE}:run_1",
        f"arn:aws:secretsmanager:{ACCOUNT}:secret:sluice/org_local/crm-AbCdEf",
        "arn:aws:iam::123456789012:role/sluice-MachineRole-AbCdEf123456",
    ],
)
def test_it_keeps_out_of_sluice(arn: str) -> None:
    assert is_denied(arn)


def test_it_does_not_refuse_what_it_allows() -> None:
    allowed = [arn for statement in statements("Allow") for arn in statement["Resource"]]
    assert allowed
    assert not any(is_denied(arn) for arn in allowed)
    assert not any("*" in action for statement in statements("Allow") for action in statement["Action"])
