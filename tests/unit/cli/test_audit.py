"""The commands on the audit: they check the chain themselves, and write it out so that no table program runs what it holds."""

import base64
import csv
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from chalicelib.access.audit_chain import Evidence
from cli.main import app
from tests.factories.audit_trails import OURS, THEIRS, Key, trail
from tests.factories.fake_api import FakeApi, serving_api


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


def answers(evidence: Evidence, key: Key = OURS) -> dict[str, Any]:
    assert evidence.head is not None
    rest = {"organisation_id": evidence.organisation_id, "head": asdict(evidence.head), "kept_since": "2026-01-01T00:00:00.000Z"}
    entries = [{"entries": list(evidence.entries), **rest}, {"entries": [], **rest}, {"entries": [], **rest}]
    keys = [{"fingerprint": key.fingerprint, "algorithm": "Ed25519", "public_key": base64.b64encode(key.raw).decode()}]
    return {
        "GET /api/v1/audit/entries": entries,
        "GET /api/v1/audit/checkpoints": {"checkpoints": [asdict(each) for each in evidence.checkpoints], "keys": keys},
        "GET /api/v1/audit": {"entries": list(reversed(evidence.entries))[:2], "before": 29, "cursor": None},
    }


def test_it_finds_a_whole_chain_whole() -> None:
    with serving_api(answers(trail())) as api:
        found = sluice("audit", "verify", api=api)
    assert found.exit_code == 0, found.output
    assert "whole: 30 entries under 4 checkpoints" in found.output


def test_it_ends_with_one_and_names_what_does_not_hold() -> None:
    whole = trail()
    entries = [{**whole.entries[0], "by": "mallory"}, *whole.entries[1:]]
    with serving_api(answers(replace(whole, entries=entries))) as api:
        found = sluice("audit", "verify", "--json", api=api)
    assert found.exit_code == 1
    document = json.loads(found.stdout)
    assert (document["valid"], [(each["code"], each["number"]) for each in document["findings"]]) == (False, [("edited", 1)])


def test_it_trusts_only_the_key_that_it_was_told() -> None:
    with serving_api(answers(trail(THEIRS), THEIRS)) as api:
        assert sluice("audit", "verify", api=api).exit_code == 0
    with serving_api(answers(trail(THEIRS), THEIRS)) as api:
        found = sluice("audit", "verify", "--key", OURS.fingerprint, api=api)
    assert found.exit_code == 1
    assert "forged-checkpoint" in found.output


def test_it_takes_no_key_whose_fingerprint_is_another() -> None:
    forged = answers(trail(THEIRS), THEIRS)
    forged["GET /api/v1/audit/checkpoints"]["keys"][0]["fingerprint"] = OURS.fingerprint
    with serving_api(forged) as api:
        assert sluice("audit", "verify", api=api).exit_code == 1


def test_it_lists_the_newest_and_one_things_own() -> None:
    with serving_api(answers(trail())) as api:
        found = sluice("audit", "list", "gate/gate_1", api=api)
    assert "thing_30" in found.output
    assert api.asked[-1][0] == "GET /api/v1/audit?limit=50&noun=gate&target=gate_1"


def test_it_exports_json_lines_and_csv(tmp_path: Path) -> None:
    whole = trail()
    whole.entries[0]["after"] = '=cmd|"/c calc"!A1'
    with serving_api(answers(whole)) as api:
        assert sluice("audit", "export", str(tmp_path / "audit.jsonl"), api=api).exit_code == 0
    with serving_api(answers(whole)) as api:
        assert sluice("audit", "export", str(tmp_path / "audit.csv"), "--format", "csv", api=api).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert lines == whole.entries
    with (tmp_path / "audit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(number) for number in range(1, 31)]
    assert rows[0]["after"].startswith("'=")


def test_it_exports_to_standard_output() -> None:
    with serving_api(answers(trail())) as api:
        found = sluice("audit", "export", "-", api=api)
    assert len(found.stdout.splitlines()) == 30
