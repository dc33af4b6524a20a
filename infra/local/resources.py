"""The resources of the template that moto can hold: tables, buckets, queues, groups of schedules; and the names of the others.

In: the template's document and the functions' logical ids. Out: `resource_names`, what references resolve to; `create`, which makes what is not
there yet.
"""

from collections.abc import Mapping
from typing import Any, Final

from infra.local.template import ACCOUNT, REGION, Template

_TABLE_FIELDS: Final = ("TableName", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode")
WEBSOCKET_API: Final = "local"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def resource_names(document: Mapping[str, Any], functions: Mapping[str, str]) -> dict[str, str]:
    """What `Ref` and `GetAtt` give for each resource; `functions` maps logical ids to function names."""
    names = {"RestAPI": "local", "WebsocketAPI": WEBSOCKET_API}
    for logical_id, name in functions.items():
        names |= {logical_id: name, f"{logical_id}.Arn": function_arn(name)}
    for logical_id, resource in document.get("Resources", {}).items():
        named = Template(document, names).resolve(_own_name(resource)) or f"local-{logical_id.lower()}"
        names |= _references(logical_id, resource.get("Type", ""), named)
    return names


def _own_name(resource: Mapping[str, Any]) -> Any:
    properties = resource.get("Properties", {})
    fields = {"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName", "AWS::SQS::Queue": "QueueName", "AWS::IAM::Role": "RoleName"}
    return properties.get(fields.get(resource.get("Type", ""), ""), "")


def _references(logical_id: str, kind: str, name: str) -> dict[str, str]:
    match kind:
        case "AWS::DynamoDB::Table":
            arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
            return {logical_id: name, f"{logical_id}.Arn": arn, f"{logical_id}.StreamArn": f"{arn}/stream/local"}
        case "AWS::S3::Bucket":
            return {logical_id: name, f"{logical_id}.Arn": f"arn:aws:s3:::{name}"}
        case "AWS::SQS::Queue":
            url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
            return {logical_id: url, f"{logical_id}.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}", f"{logical_id}.QueueName": name}
        case "AWS::IAM::Role":
            return {logical_id: name, f"{logical_id}.Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
        case "":
            return {}  # an addition to what Chalice generates
        case _:
            return {logical_id: name, f"{logical_id}.Arn": f"arn:aws:local:{REGION}:{ACCOUNT}:{name}"}


def create(template: Template) -> None:
    """Make the template's tables, buckets, queues and groups of schedules."""
    for logical_id, properties in template.resources("AWS::DynamoDB::Table").items():
        _create_table(template.names[logical_id], properties)
    for logical_id, properties in template.resources("AWS::S3::Bucket").items():
        _create_bucket(template.names[logical_id], properties)
    for properties in template.resources("AWS::Scheduler::ScheduleGroup").values():
        _client("scheduler").create_schedule_group(Name=properties["Name"])
    for logical_id, properties in template.resources("AWS::SQS::Queue").items():
        attributes = {key: _text(value) for key, value in properties.items() if key not in {"QueueName", "Tags"}}
        _client("sqs").create_queue(QueueName=template.names[f"{logical_id}.QueueName"], Attributes=attributes)


def _create_bucket(name: str, properties: Mapping[str, Any]) -> None:
    s3, lock = _client("s3"), properties.get("ObjectLockConfiguration")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectLockEnabledForBucket=bool(lock))
    if lock:
        retention = lock["Rule"]["DefaultRetention"]
        days = {**retention, "Days": int(retention["Days"])}
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={**lock, "Rule": {"DefaultRetention": days}})


def _create_table(name: str, properties: Mapping[str, Any]) -> None:
    dynamodb = _client("dynamodb")
    fields = {key: properties[key] for key in _TABLE_FIELDS if key in properties}
    stream = properties.get("StreamSpecification")
    streams = {"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}
    dynamodb.create_table(**{**fields, **streams, "TableName": name})
    ttl = properties.get("TimeToLiveSpecification")
    if ttl:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)


def _text(value: Any) -> str:
    import json

    match value:
        case bool():
            return str(value).lower()
        case dict() | list():
            return json.dumps(value)
        case _:
            return str(value)


def _client(service: str) -> Any:
    import boto3

    session: Any = boto3.session.Session(region_name=REGION)
    return session.client(service)
