"""What Messenger and Instagram have in common as channels: signed webhooks, one Send API, one way of telling errors.

In: an account (a page's or an Instagram account's ids and secrets), what the product is (`Product`). Out: a `Channel`. It holds the account's token
and secrets and shows neither. Every call is made once, and the Send API knows no keys that would make a second one harmless: after `unknown` the
echo with our delivery's id is waited for. A message of several bodies stops at the first that is not taken; who repeats it begins with that one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.failures import Act, each_sent
from chalicelib.channels.graph_api import ADDRESS, VERSION, GraphApi
from chalicelib.channels.inbound import Address, Came
from chalicelib.channels.meta_messages import Limits, render
from chalicelib.channels.meta_signature import HEADER, is_signed
from chalicelib.channels.meta_updates import Source, updates
from chalicelib.channels.outbound import Message, Rendered, Sent
from chalicelib.spec.model import JsonObject


@dataclass(frozen=True, slots=True)
class MetaAccount:
    """`sender_id`: whose `/messages` are posted to: the page, also for an Instagram account that is reached by Facebook Login; the Instagram account
    itself by Instagram Login, whose app has another secret and another `base_url`. `app_id` tells our app's echoes from a colleague's."""

    sender_id: str
    token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    app_id: str = ""
    base_url: str = ADDRESS
    version: str = VERSION
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Product:
    """`object`: how its webhooks call it. `acts`: what is to be done about an error, by `code` or `code/subcode`."""

    object: str
    limits: Limits
    acts: Mapping[str, Act]


class MetaChannel:
    def __init__(self, account: MetaAccount, product: Product) -> None:
        self._account = account
        self._product = product
        self._api = GraphApi(account.base_url, account.version, account.token, account.timeout_seconds, acts=product.acts)

    @property
    def name(self) -> str:
        return self._product.limits.channel

    def verify(self, request: InboundRequest) -> bool:
        return is_signed(request.body, request.headers.get(HEADER, ""), self._account.app_secrets)

    def parse(self, request: InboundRequest) -> tuple[Came, ...]:
        return updates(request.body, Source(self.name, self._product.object, self._account.app_id))

    def render(self, message: Message) -> Rendered:
        return render(message, self._product.limits)

    def send(self, rendered: Rendered) -> tuple[Sent, ...]:
        """What shows a sign alone (seen, typing, a reaction) has no id of its own."""
        return each_sent(rendered.bodies, lambda body: _sent(self._api.post(f"{self._account.sender_id}/messages", body)))


def _sent(told: JsonObject) -> Sent:
    message_id, person = told.get("message_id"), told.get("recipient_id")
    address = Address("scoped_id", person) if isinstance(person, str) and person else None
    return Sent(message_id if isinstance(message_id, str) else "", address)
