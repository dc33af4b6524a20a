"""WhatsApp by Meta's Business Cloud API: one number of ours.

In: what Meta posts to the webhook; neutral messages. Out: what came; bodies; what Meta says of each sending. `whatsapp_updates` reads,
`whatsapp_messages` writes, `graph_api` calls. One webhook serves all numbers of an app: what comes may be for another number (`Origin.account`), and
whose that is, who calls has to say. Accepted is not delivered: that is told later, by a status. Never: a token or secret in a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.channels import meta_signature
from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.failures import SendFailure, each_sent
from chalicelib.channels.graph_api import ADDRESS, VERSION, GraphApi
from chalicelib.channels.inbound import Address, Came, MediaCame
from chalicelib.channels.outbound import Message, Rendered, Sent
from chalicelib.channels.vendor_json import each_at, text_at
from chalicelib.channels.whatsapp_address import address_of, id_of
from chalicelib.channels.whatsapp_errors import ACTS, WAITS
from chalicelib.channels.whatsapp_media import ORIGINS, MediaContent, fetched, stored
from chalicelib.channels.whatsapp_messages import LIST_BUTTON, rendered
from chalicelib.channels.whatsapp_updates import NAME, updates_of
from chalicelib.spec.model import JsonObject

TIMEOUT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class WhatsAppConfig:
    """`app_secrets`: while one takes the place of another, both. `media_origins`: scheme and host of whoever may see the token when asked for files.
    `list_button`: what opens a list, in the language of the people."""

    number_id: str
    token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    verify_token: str = field(default="", repr=False)
    base_url: str = ADDRESS
    version: str = VERSION
    timeout_seconds: float = TIMEOUT_SECONDS
    media_origins: tuple[str, ...] = ORIGINS
    list_button: str = LIST_BUTTON


class WhatsAppChannel:
    def __init__(self, config: WhatsAppConfig) -> None:
        self._config = config
        self._api = GraphApi(config.base_url, config.version, config.token, config.timeout_seconds, acts=ACTS, waits=WAITS)

    @property
    def name(self) -> str:
        return NAME

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The answer to Meta's handshake, as plain text; None: 403."""
        return meta_signature.challenge_of(query, self._config.verify_token)

    def verify(self, request: InboundRequest) -> bool:
        return meta_signature.is_signed(request.body, request.headers.get(meta_signature.HEADER, ""), self._config.app_secrets)

    def parse(self, request: InboundRequest) -> tuple[Came, ...]:
        return updates_of(request.body)

    def render(self, message: Message) -> Rendered:
        """Raises ValueError for what no cut makes sendable."""
        return rendered(message, list_button=self._config.list_button)

    def send(self, rendered: Rendered) -> tuple[Sent, ...]:
        return each_sent(rendered.bodies, self._post)

    def fetch(self, media: MediaCame, *, max_bytes: int | None = None) -> MediaContent:
        """A file that somebody sent, of at most so many bytes, and never more than WhatsApp allows. Raises SendFailure."""
        return fetched(self._api, media, origins=self._config.media_origins, max_bytes=max_bytes)

    def upload(self, content: bytes, mime_type: str, file_name: str) -> str:
        """The `media_id` to send a file by. Raises SendFailure."""
        return stored(self._api, self._config.number_id, content=content, mime_type=mime_type, file_name=file_name)

    def _post(self, body: JsonObject) -> Sent:
        answer = self._api.post(f"{self._config.number_id}/messages", body)
        if "status" in body:  # that a message was read is no message
            return Sent("")
        message_id = next((text_at(message, "id") for message in each_at(answer, "messages")), "")
        if not message_id:
            raise SendFailure("unknown", "the message was answered without an id")
        return Sent(message_id, _told_address(answer, body))


def _told_address(answer: JsonObject, body: JsonObject) -> Address | None:
    """The person's id, else the number as WhatsApp writes it, which for some countries is not the one that was dialled."""
    contact = next(each_at(answer, "contacts"), {})
    number = address_of(text_at(contact, "wa_id"))
    return id_of(text_at(contact, "user_id")) or (number if number != address_of(text_at(body, "to")) else None)
