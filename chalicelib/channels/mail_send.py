"""Mails on their way out, by SES.

In: bodies that `mail_render` made, a client of SES v2. Out: a receipt for each, or `SendFailure` with what is to be done. Never: a retry; the client
has to be made with one attempt alone, since a request whose answer was lost has perhaps been sent.

Source: Amazon SES API v2 Reference, "SendEmail" (errors).
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from chalicelib.channels.failures import Act, SendFailure
from chalicelib.channels.inbound import Address
from chalicelib.channels.mail_addresses import ses_message_id
from chalicelib.channels.outbound import Sent
from chalicelib.spec.model import JsonObject

_ACTS: Final[dict[str, Act]] = {
    "TooManyRequestsException": "slow_down",
    "Throttling": "slow_down",
    "ThrottlingException": "slow_down",
    "LimitExceededException": "slow_down",
    "MailFromDomainNotVerifiedException": "stop_account",
    "AccountSuspendedException": "stop_account",
    "SendingPausedException": "stop_account",
    "NotFoundException": "stop_account",  # the configuration set is gone
    "AccessDeniedException": "stop_account",
    "ExpiredTokenException": "stop_account",
    "InvalidClientTokenId": "stop_account",
    "InvalidSignatureException": "stop_account",
    "UnrecognizedClientException": "stop_account",
    "BadRequestException": "dead_letter",
    "ValidationException": "dead_letter",
    "InternalFailure": "unknown",
    "InternalServiceErrorException": "unknown",
    "ServiceUnavailable": "retry",
    "ServiceUnavailableException": "retry",
}
_A_DAY_IS_FULL_SECONDS: Final = 3_600.0


class SesClient(Protocol):
    """boto3's client of `sesv2`, as far as it is used."""

    def send_email(self, **request: Any) -> Mapping[str, Any]: ...


def send_mail(client: SesClient, body: JsonObject, *, region: str, configuration_set: str = "") -> Sent:
    """Raises SendFailure."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = client.send_email(**_request(body, configuration_set))
    except ClientError as error:
        raise _refused(error.response) from error
    except BotoCoreError as error:
        raise _unreached(error) from error
    return Sent(ses_message_id(str(answer["MessageId"]), region), Address("email", str(body["to"])))


def _request(body: JsonObject, configuration_set: str) -> dict[str, object]:
    tags = body["tags"]
    request: dict[str, object] = {
        "FromEmailAddress": body["from"],
        "Destination": {"ToAddresses": [body["to"]]},
        "Content": {"Raw": {"Data": str(body["raw"]).encode("ascii")}},
    }
    if isinstance(tags, dict) and tags:
        request["EmailTags"] = [{"Name": name, "Value": value} for name, value in tags.items()]
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def _refused(response: Mapping[str, Any]) -> SendFailure:
    error = response.get("Error", {})
    code, said = str(error.get("Code", "")), str(error.get("Message", "")).lower()
    wait = _A_DAY_IS_FULL_SECONDS if "daily" in said else None
    return SendFailure(_act(code, said, response), f"SES refused the mail: {code}", code=code, wait_seconds=wait)


def _act(code: str, said: str, response: Mapping[str, Any]) -> Act:
    """A rejected mail is the account's fault where it is about who sends, the mail's own where it is about what it holds."""
    if code == "MessageRejected":
        return "stop_account" if "not verified" in said or "paused" in said or "did not have authority" in said else "dead_letter"
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return _ACTS.get(code, "unknown" if status >= 500 else "slow_down" if status == 429 else "dead_letter")


def _unreached(error: Exception) -> SendFailure:
    """Where no connection was made nothing was sent; once there was one, nobody knows."""
    from botocore.exceptions import (
        ConnectTimeoutError,
        EndpointConnectionError,
        NoCredentialsError,
        ParamValidationError,
        ProxyConnectionError,
        SSLError,
    )

    code = type(error).__name__
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | ProxyConnectionError | SSLError):
        return SendFailure("retry", "SES could not be reached", code=code)
    if isinstance(error, NoCredentialsError):
        return SendFailure("stop_account", "there are no credentials for SES", code=code)
    if isinstance(error, ParamValidationError):
        return SendFailure("dead_letter", "SES would not understand the request", code=code)
    return SendFailure("unknown", "no answer came from SES", code=code)
