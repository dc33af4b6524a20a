"""The table's stream: answers that are written and have not reached the engine are sent; what people did is taken into the audit's chain; EventBridge
is told of triggers; budgets that are used up to a share are told of.

In: a batch of stream records. Out: the records to deliver again, from the first that failed on. The sweeper finds what the stream gives up on.
"""

from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from chalice.app import Blueprint

from chalicelib.access.alerts import relay_alerts
from chalicelib.access.audit import take_in
from chalicelib.gates.deliver import relay
from chalicelib.store.keys import organisation_of_act
from chalicelib.triggers.sync import relay_unsynced

functions = Blueprint(__name__)
logger = Logger(service="table-stream")

# Replaced by infra/50-functions.yaml: a stream's real name is known only once the table exists.
STREAM_ARN: Final = "arn:aws:dynamodb:eu-central-1:000000000000:table/sluice/stream/placeholder"


@functions.on_dynamodb_record(stream_arn=STREAM_ARN, name="table_stream")
def table_stream(event: Any) -> Any:
    """Relay one batch."""
    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event.to_dict(), record_handler=_relay, processor=processor, context=event.context)


def _relay(record: DynamoDBRecord) -> None:
    image = record.dynamodb.new_image if record.dynamodb else None
    if not image:
        return
    organisation_id = organisation_of_act(str(image.get("PK")))
    if organisation_id:
        take_in(organisation_id)
    elif not (relay_alerts(_before(record), image) or relay_unsynced(image)):
        relay(image)


def _before(record: DynamoDBRecord) -> dict[str, Any]:
    """The item as it was; empty for a new one."""
    return (record.dynamodb.old_image if record.dynamodb else None) or {}
