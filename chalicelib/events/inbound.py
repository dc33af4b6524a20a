"""What comes in by channels, from the queue: each event is received once, a person's in their order.

In: a batch of queue messages (`conversations.envelope`). Out: those to deliver again: the first of a group that failed, and all
of its group behind it.
"""

from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint

from chalicelib.conversations.envelope import read
from chalicelib.conversations.receive import receive

functions = Blueprint(__name__)
logger = Logger(service="inbound")

# Replaced by infra/50-functions.yaml: the queue's name is the deployment's.
QUEUE_ARN: Final = "arn:aws:sqs:eu-central-1:000000000000:placeholder.fifo"


@functions.on_sqs_message(queue_arn=QUEUE_ARN, batch_size=10, name="inbound")
def inbound(event: Any) -> Any:
    """Receive one batch."""
    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    processor.raise_on_entire_batch_failure = False  # every failure is told of in the answer
    return process_partial_response(event=event.to_dict(), record_handler=_receive, processor=processor, context=event.context)


def _receive(record: SQSRecord) -> None:
    try:
        receive(read(record.body))
    except Exception:
        logger.exception("an event was not received", message_id=record.message_id)
        raise
