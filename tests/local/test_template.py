"""Templates resolved for one machine."""

from typing import Any

import pytest

from infra.local.resources import resource_names
from infra.local.template import Template, TemplateError

_DOCUMENT: dict[str, Any] = {
    "Parameters": {"Name": {"Type": "String", "Default": "sluice"}, "Hosts": {"Type": "String", "Default": ""}},
    "Globals": {"Function": {"Environment": {"Variables": {"TABLE": {"Ref": "Table"}, "HOSTS": {"Ref": "Hosts"}}}}},
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${Name}-table"}, "None": {"Ref": "AWS::NoValue"}}},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Role": {"Type": "AWS::IAM::Role"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Worker": {"Properties": {"Environment": {"Variables": {"ROLE": {"Fn::GetAtt": ["Role", "Arn"]}}}}},
    },
}


@pytest.fixture
def template() -> Template:
    return Template(_DOCUMENT, resource_names(_DOCUMENT, {"Worker": "worker"}))


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Table"}, "sluice-table"),
        ({"Ref": "Bucket"}, "local-bucket"),
        ({"Ref": "Queue"}, "https://sqs.eu-central-1.amazonaws.com/123456789012/q"),
        ({"Ref": "Topic"}, "local-topic"),
        ({"Fn::GetAtt": ["Worker", "Arn"]}, "arn:aws:lambda:eu-central-1:123456789012:function:worker"),
        ({"Fn::GetAtt": ["Table", "StreamArn"]}, "arn:aws:dynamodb:eu-central-1:123456789012:table/sluice-table/stream/local"),
        ({"Fn::Sub": "${Bucket.Arn}/${!Kept}"}, "arn:aws:s3:::local-bucket/${Kept}"),
        ({"Fn::Sub": ["${a}-${Name}", {"a": {"Ref": "AWS::Region"}}]}, "eu-central-1-sluice"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-sluice"),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1]}, {"b": [1]}),
    ],
)
def test_it_resolves(template: Template, value: Any, resolved: Any) -> None:
    assert template.resolve(value) == resolved


def test_it_names_what_it_does_not_know(template: Template) -> None:
    with pytest.raises(TemplateError, match="refers to Stranger"):
        template.resolve({"Fn::Sub": "${Stranger.Arn}"})


def test_it_gathers_the_functions_environment(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", "example.com")
    monkeypatch.setenv("TABLE", "not mine")
    environment = template.environment_of_functions()
    assert environment == {"TABLE": "sluice-table", "HOSTS": "example.com", "ROLE": "arn:aws:iam::123456789012:role/local-role"}


def test_it_gives_resolved_properties(template: Template) -> None:
    assert template.resources("AWS::DynamoDB::Table") == {"Table": {"TableName": "sluice-table"}}
    assert template.properties("Stranger") == {}
