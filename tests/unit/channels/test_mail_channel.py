"""The mail channel whole: what it lets in, and what SES says when it sends."""

import json
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ses import ses_backends

from chalicelib.channels.channel import Channel, InboundRequest
from chalicelib.channels.failures import SendFailure
from chalicelib.channels.inbound import MediaCame, TextCame
from chalicelib.channels.mail import MailChannel, MailConfig, event_request
from chalicelib.channels.mail_receipts import InboundMail, Verdicts, inbound_mail, receipt_request
from chalicelib.channels.mail_render import Thread
from chalicelib.channels.mail_send import SesClient
from chalicelib.channels.outbound import Message, Sent, Text
from tests.factories.mails import ANNA, GOOD, MAILBOX, event, mail, raw_mail

HELLO = Message((ANNA,), Text("Grüße 😀", "Hello"), "run_1/tell//0")


class StrictSes:
    """Takes what the API's reference says that SendEmail takes, and answers as it was told."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        assert set(request) <= {"FromEmailAddress", "Destination", "Content", "ConfigurationSetName", "EmailTags"}
        assert isinstance(request["Content"]["Raw"]["Data"], bytes)
        assert all(set(tag) == {"Name", "Value"} for tag in request["EmailTags"])
        self.asked.append(request)
        if self._answer is not None:
            raise self._answer
        return {"MessageId": "0102-a", "ResponseMetadata": {"HTTPStatusCode": 200}}


def channel(client: SesClient, region: str = "eu-west-1") -> Channel:
    return MailChannel(MailConfig(MAILBOX, region, "sluice", lambda _: Thread(("<one@client.example>",))), client)


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendEmail")  # type: ignore[typeddict-item]


def failure(error: Exception) -> SendFailure:
    sender = channel(StrictSes(error))
    with pytest.raises(SendFailure) as found:
        sender.send(sender.render(HELLO))
    assert "Grüße" not in str(found.value)
    assert "anna" not in str(found.value)
    return found.value


def test_it_sends_raw_mail_with_its_tag() -> None:
    ses = StrictSes()
    sender = channel(ses)
    assert sender.name == "email"
    assert sender.send(sender.render(HELLO)) == (Sent("<0102-a@eu-west-1.amazonses.com>", ANNA),)
    (asked,) = ses.asked
    assert asked["Destination"] == {"ToAddresses": ["anna@client.example"]}
    assert asked["ConfigurationSetName"] == "sluice"
    assert asked["EmailTags"] == [{"Name": "sluice-delivery", "Value": "cnVuXzEvdGVsbC8vMA"}]
    assert message_from_bytes(asked["Content"]["Raw"]["Data"])["In-Reply-To"] == "<one@client.example>"


def test_it_knows_the_message_id_of_the_first_region() -> None:
    sender = channel(StrictSes(), "us-east-1")
    assert sender.send(sender.render(HELLO))[0].message_id == "<0102-a@email.amazonses.com>"


def test_it_sends_by_the_client_of_boto3() -> None:
    import boto3

    with mock_aws():
        client = boto3.client("sesv2", region_name="eu-west-1")
        client.create_email_identity(EmailIdentity=MAILBOX.address)
        sender = channel(client)
        (sent,) = sender.send(sender.render(HELLO))
        (kept,) = next(iter(ses_backends.values()))["eu-west-1"].sent_messages
        assert sent.message_id == f"<{kept.id}@eu-west-1.amazonses.com>"
        whole = message_from_bytes(kept.raw_data.encode())
        assert whole.get_content_type() == "multipart/alternative"
        assert "Grüße 😀" in whole.get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_it_is_told_by_boto3_of_an_address_that_is_not_verified() -> None:
    import boto3

    with mock_aws():
        sender = channel(boto3.client("sesv2", region_name="eu-west-1"))
        with pytest.raises(SendFailure) as found:
            sender.send(sender.render(HELLO))
    assert (found.value.act, found.value.code) == ("stop_account", "MessageRejected")


@pytest.mark.parametrize(
    ("code", "message", "status", "act", "wait"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", 429, "slow_down", None),
        ("TooManyRequestsException", "Daily message quota exceeded.", 429, "slow_down", 3600.0),
        ("ThrottlingException", "Rate exceeded", 400, "slow_down", None),
        ("LimitExceededException", "", 400, "slow_down", None),
        ("MessageRejected", "Email address is not verified.", 400, "stop_account", None),
        ("MessageRejected", "Sending paused for this account.", 400, "stop_account", None),
        ("MessageRejected", "Local address contains control or whitespace", 400, "dead_letter", None),
        ("MailFromDomainNotVerifiedException", "", 400, "stop_account", None),
        ("AccountSuspendedException", "", 400, "stop_account", None),
        ("SendingPausedException", "", 400, "stop_account", None),
        ("NotFoundException", "Configuration set <sluice> does not exist.", 404, "stop_account", None),
        ("AccessDeniedException", "", 403, "stop_account", None),
        ("BadRequestException", "", 400, "dead_letter", None),
        ("SomethingNew", "", 400, "dead_letter", None),
        ("SomethingNew", "", 429, "slow_down", None),
        ("SomethingNew", "", 500, "unknown", None),
        ("InternalServiceErrorException", "", 500, "unknown", None),
        ("ServiceUnavailable", "", 503, "retry", None),
    ],
)
def test_it_says_what_is_to_be_done_when_ses_refuses(code: str, message: str, status: int, act: str, wait: float | None) -> None:
    found = failure(refusal(code, message, status))
    assert (found.act, found.code, found.wait_seconds) == (act, code, wait)


@pytest.mark.parametrize(
    ("error", "act"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="https://x.example"), "unknown"),
        (exceptions.ConnectionClosedError(endpoint_url="https://x.example"), "unknown"),
        (exceptions.HTTPClientError(error="x"), "unknown"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x.example"), "retry"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x.example"), "retry"),
        (exceptions.NoCredentialsError(), "stop_account"),
        (exceptions.ParamValidationError(report="x"), "dead_letter"),
    ],
)
def test_it_says_what_is_to_be_done_when_no_answer_comes(error: Exception, act: str) -> None:
    assert failure(error).act == act


@pytest.mark.parametrize(
    ("verdicts", "is_let_in"),
    [
        (GOOD, True),
        (Verdicts(spam="GRAY", virus="PASS"), True),
        (Verdicts(spam="PROCESSING_FAILED", virus="PASS", dkim="FAIL", dmarc="FAIL"), True),
        (Verdicts(spam="FAIL", virus="PASS"), False),
        (Verdicts(spam="PASS", virus="FAIL"), False),
        (Verdicts(spam="PASS", virus="PROCESSING_FAILED"), False),
        (Verdicts(), False),
    ],
)
def test_it_lets_in_what_has_no_virus_and_is_no_spam(verdicts: Verdicts, is_let_in: bool) -> None:
    request = receipt_request(mail(verdicts=verdicts))
    assert channel(StrictSes()).verify(request) is is_let_in
    both = InboundRequest({**request.headers, **event_request(b"").headers}, request.body)
    assert channel(StrictSes()).verify(both) is is_let_in


@pytest.mark.parametrize("headers", [{}, {"ses-receipt": ""}, {"ses-receipt": "[]"}, {"ses-receipt": "{}"}, {"content-type": "message/rfc822"}])
def test_it_lets_in_nothing_without_a_receipt(headers: dict[str, str]) -> None:
    request = InboundRequest(headers, raw_mail("From: anna@client.example"))
    assert not channel(StrictSes()).verify(request)
    with pytest.raises(ValueError, match=r"SES|receipt|Expecting"):
        channel(StrictSes()).parse(request)


def test_it_takes_what_lambda_was_told() -> None:
    found = inbound_mail(event("receipt"), raw_mail("From: Anna <anna@client.example>"))
    assert found == InboundMail(
        Verdicts("PASS", "PASS", "PASS", "PASS", "GRAY"),
        ("r+x@in.example.com",),
        found.raw,
        "q1w2e3",
        "2026-05-04T12:00:01.000Z",
        "anna@client.example",
    )
    request = receipt_request(found)
    assert channel(StrictSes()).verify(request)
    (came,) = channel(StrictSes()).parse(request)
    assert isinstance(came, TextCame)
    assert (came.origin.vendor_id, came.origin.account, came.origin.sender, came.text) == ("q1w2e3", MAILBOX.address, (ANNA,), "yes")


def test_it_takes_a_verdict_that_it_does_not_know_for_none() -> None:
    told = json.loads(json.dumps(event("receipt")).replace('"GRAY"', '"SHINY"'))
    assert inbound_mail(told, b"").verdicts.dmarc == "UNKNOWN"


@pytest.mark.parametrize("record", [{}, {"ses": {}}, {"ses": {"mail": {}, "receipt": {}}}, {"ses": {"mail": {"messageId": 1}, "receipt": {}}}])
def test_it_takes_no_record_of_anything_else(record: Any) -> None:
    with pytest.raises(ValueError, match="no record"):
        inbound_mail(record, b"")


def test_it_gives_text_and_files_of_one_mail() -> None:
    body = '--b\r\n\r\nsee\r\n--b\r\nContent-Type: image/png; name="a.png"\r\n\r\nx\r\n--b--'
    request = receipt_request(mail("From: anna@client.example", "Content-Type: multipart/mixed; boundary=b", body=body))
    text, file = channel(StrictSes()).parse(request)
    assert isinstance(text, TextCame)
    assert isinstance(file, MediaCame)
    assert (text.text, file.media_id, file.kind, file.file_name) == ("see", "part:1", "image", "a.png")


def test_it_tells_what_ses_says_of_a_mail() -> None:
    request = event_request(json.dumps(event("send")).encode())
    assert channel(StrictSes()).verify(request)
    assert len(channel(StrictSes()).parse(request)) == 1
