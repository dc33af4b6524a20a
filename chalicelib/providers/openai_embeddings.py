"""Vectors by the embeddings endpoint, OpenAI's and that of servers that speak like it.

In: a client, texts. Out: one vector a text, in their order. More texts than one request takes go in several; the time is for all of them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from chalicelib.providers.failures import ModelUnavailable
from chalicelib.providers.model import Embedded, Usage
from chalicelib.providers.openai_client import limited, translating
from chalicelib.providers.prices import Tokens, cost

if TYPE_CHECKING:
    import httpx2
    import openai

MAX_TEXTS: Final = 256  # in one request; the API takes 2,048, but no more than 300,000 tokens


def embed(client: "openai.OpenAI", texts: Sequence[str], *, model: str, seconds: float, provider: str, priced_as: str | None = None) -> Embedded:
    """Raises a ModelFailure."""
    vectors: list[tuple[float, ...]] = []
    tokens = 0
    with limited(seconds) as timeout:
        for start in range(0, len(texts), MAX_TEXTS):
            found, took = _batch(client, list(texts[start : start + MAX_TEXTS]), model, timeout)
            vectors += found
            tokens += took
    usage = Usage(provider, model, input_tokens=tokens, cost=cost(priced_as or provider, model, Tokens(fresh=tokens, output=0)))
    return Embedded(tuple(vectors), usage)


def _batch(client: "openai.OpenAI", texts: list[str], model: str, timeout: "httpx2.Timeout") -> tuple[list[tuple[float, ...]], int]:
    with translating(model):
        answer = client.embeddings.create(input=texts, model=model, encoding_format="float", timeout=timeout)
        told = sorted(answer.data, key=lambda item: item.index)
        vectors = [tuple(float(number) for number in item.embedding) for item in told]
        tokens: int = getattr(answer.usage, "prompt_tokens", None) or 0  # some servers leave it out
    if len(vectors) != len(texts):
        raise ModelUnavailable(f"{model} gave {len(vectors)} vectors for {len(texts)} texts")
    return vectors, tokens
