"""infra/*.yaml as one document."""

from pathlib import Path

import pytest
import yaml

from infra.merge import DisagreementError, merged, write


def files(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_it_joins_what_files_say_of_one_thing(tmp_path: Path) -> None:
    folder = files(tmp_path, a="Resources: {T: {Type: X, Properties: {A: 1}}}", b="Resources: {T: {Properties: {B: 2}}, U: {Type: Y}}")
    assert merged(folder) == {"Resources": {"T": {"Type": "X", "Properties": {"A": 1, "B": 2}}, "U": {"Type": "Y"}}}


def test_it_refuses_two_answers_to_one_question(tmp_path: Path) -> None:
    with pytest.raises(DisagreementError, match=r"b\.yaml\.Resources\.T\.Type"):
        merged(files(tmp_path, a="Resources: {T: {Type: X}}", b="Resources: {T: {Type: Y}}"))


def test_it_lets_two_files_say_the_same(tmp_path: Path) -> None:
    assert merged(files(tmp_path, a="Resources: {T: {Type: X}}", b="Resources: {T: {Type: X}}")) == {"Resources": {"T": {"Type": "X"}}}


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Main", {"Ref": "Main"}),
        ("!Condition Is", {"Condition": "Is"}),
        ("!GetAtt Main.Arn", {"Fn::GetAtt": ["Main", "Arn"]}),
        ("!GetAtt [Main, Arn]", {"Fn::GetAtt": ["Main", "Arn"]}),
        ("!Sub '${Main}/x'", {"Fn::Sub": "${Main}/x"}),
        ("!Join ['', [!Ref Main, x]]", {"Fn::Join": ["", [{"Ref": "Main"}, "x"]]}),
        ("!Transform {Name: T, Parameters: {A: !Ref Main}}", {"Fn::Transform": {"Name": "T", "Parameters": {"A": {"Ref": "Main"}}}}),
    ],
)
def test_it_writes_intrinsics_out(tmp_path: Path, short: str, long: object) -> None:
    assert merged(files(tmp_path, a=f"Outputs: {{V: {{Value: {short}}}}}")) == {"Outputs": {"V": {"Value": long}}}


def test_it_refuses_a_file_that_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"a\.yaml"):
        merged(files(tmp_path, a="- just a list"))


def test_it_writes_what_any_yaml_reader_reads(tmp_path: Path) -> None:
    assert yaml.safe_load(write(tmp_path / "build" / "extras.yaml").read_text()) == merged()
