"""What a call is likely to cost at most."""

from chalicelib.providers.estimate import TOKENS_A_TURN, TOKENS_AN_IMAGE, list_price, upper_cost, upper_input_tokens
from chalicelib.providers.model import Attachment, ModelMessage, ModelRequest, Native, Role, ToolOffer, ToolResult, ToolUse, assistant, user
from chalicelib.providers.prices import Tokens

OPUS = list_price("anthropic", "claude-opus-5-5")  # 4 dollars in, 5 written to the cache, 20 out


def test_it_takes_three_bytes_for_a_token_and_all_the_output_that_is_asked_for() -> None:
    request = ModelRequest(messages=(user("x" * 2904),), max_output_tokens=100)
    assert upper_input_tokens(request) == 1000
    assert upper_cost(request, OPUS) == 5000 + 2000


def test_it_takes_a_usual_output_where_none_is_named() -> None:
    request = ModelRequest(messages=(user(""),))
    assert upper_cost(request, lambda tokens: tokens.output) == 8192


def test_what_has_no_price_has_no_estimate() -> None:
    assert upper_cost(ModelRequest(messages=(user("hi"),)), list_price("anthropic", "claude-unheard-of")) is None


def test_offline_answers_are_free() -> None:
    assert upper_cost(ModelRequest(messages=(user("hi"),)), list_price("offline", "echo")) == 0


def test_it_counts_all_that_is_sent() -> None:
    offer = ToolOffer("look", "looks", {"type": "object"})
    turns = (
        user("abc", Attachment("image/png", "x" * 9), Attachment("application/pdf", "x" * 4000)),
        ModelMessage(Role.ASSISTANT, (ToolUse("1", "look", {"at": "sea"}),)),
        ModelMessage(Role.USER, (ToolResult("1", "look", "x" * 30),)),
        ModelMessage(Role.ASSISTANT, assistant("abc").parts, Native("anthropic", "x" * 298)),
    )
    bare = ModelRequest(messages=turns[:1])
    assert upper_input_tokens(bare) == 1 + TOKENS_AN_IMAGE + 1000 + 2 * TOKENS_A_TURN
    whole = ModelRequest(messages=turns, system="x" * 300, output={"type": "object"}, tools=(offer,))
    call = 6 + TOKENS_A_TURN  # {"at":"sea"} and the name
    assert upper_input_tokens(whole) == upper_input_tokens(bare) + call + 10 + 100 + 100 + 6 + 9 + 4 * TOKENS_A_TURN


def test_a_large_request_is_priced_as_a_large_one() -> None:
    haiku = list_price("anthropic", "claude-haiku-5-5")
    request = ModelRequest(messages=(user("x" * 600_000),), max_output_tokens=1)
    assert upper_cost(request, haiku) == max(haiku(Tokens(200_032, 1)) or 0, haiku(Tokens(0, 1, cache_write=200_032)) or 0)
