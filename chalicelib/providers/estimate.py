"""What a model call is likely to cost at most, before it is made: what a budget holds for it.

In: a request and what tokens cost. Out: micro-dollars, None where the model has no price. Pure. Input is taken at one token for three bytes of text
(English takes four characters a token, Chinese about one character of three bytes) and at the dearer of fresh input and input written to a cache;
output at the most that the request allows. A settlement counts what it truly was.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Final, assert_never

from chalicelib.providers import offline
from chalicelib.providers.model import Attachment, ModelMessage, ModelRequest, Part, Text, ToolResult, ToolUse
from chalicelib.providers.prices import Tokens, cost

BYTES_A_TOKEN: Final = 3
TOKENS_A_TURN: Final = 16  # what vendors wrap a turn or a tool in
TOKENS_AN_IMAGE: Final = 5_000  # of the largest size that vendors do not shrink
OUTPUT_TOKENS: Final = 8_192  # where the request names no limit: what adapters then ask for
Price = Callable[[Tokens], int | None]


def upper_cost(request: ModelRequest, price: Price) -> int | None:
    """The most that the call is likely to cost."""
    read, written = upper_input_tokens(request), request.max_output_tokens or OUTPUT_TOKENS
    fresh, cached = price(Tokens(fresh=read, output=written)), price(Tokens(fresh=0, output=written, cache_write=read))
    return None if fresh is None or cached is None else max(fresh, cached)


def list_price(provider: str, model: str) -> Price:
    """A model's price by the price table; offline answers are free."""
    return (lambda _: 0) if provider == offline.NAME else partial(cost, provider, model)


def upper_input_tokens(request: ModelRequest) -> int:
    """The most tokens that the request is likely to be."""
    words = [request.system or "", *([_json(request.output)] if request.output is not None else [])]
    offers = [f"{offer.name}{offer.description}{_json(offer.arguments)}" for offer in request.tools]
    wrapped = (len(request.messages) + len(request.tools) + 1) * TOKENS_A_TURN
    return wrapped + sum(map(_tokens, [*words, *offers])) + sum(map(_turn_tokens, request.messages))


def _turn_tokens(message: ModelMessage) -> int:
    """Of a turn's own parts or its vendor's form of them, whichever is more."""
    native = _tokens(_json(message.native.content)) if message.native is not None else 0
    return max(native, sum(map(_part_tokens, message.parts)))


def _part_tokens(part: Part) -> int:
    match part:
        case Text() | ToolResult():
            return _tokens(part.text)
        case ToolUse():
            return _tokens(part.name + _json(part.arguments)) + TOKENS_A_TURN
        case Attachment():
            return TOKENS_AN_IMAGE if part.is_image else len(part.data) // 4  # base64: three bytes are four characters
        case _:
            assert_never(part)


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_A_TOKEN)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
