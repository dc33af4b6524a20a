"""Vectors by the embeddings endpoint, OpenAI's and that of servers that speak like it.

In: a client, texts. Out: one vector a text, in their order. More texts than one request takes go in several; the time is for all of them.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from chalicelib.providers.failures import ModelUnavailable
from chalicelib.providers.model import Embedded, Usage
from chalicelib.providers.openai_client import limited, translating
from chalicelib.providers.prices import Tokens, cost

if TYPE_CHECKING:
    import httpx2
    import openai

MAX_TEXTS: Final = 256  # in one request, of the 2,048 that the API takes
MAX_CHARACTERS: Final = 250_000  # in one request: the API takes 300,000 tokens, and few scripts need more than one for a character


def embed(client: "openai.OpenAI", texts: Sequence[str], *, model: str, seconds: float, provider: str, priced_as: str | None = None) -> Embedded:
    """Raises a ModelFailure."""
    vectors: list[tuple[float, ...]] = []
    tokens = 0
    with limited(seconds) as timeout:
        for batch in _batches(texts):
            found, took = _vectors(client, batch, model, timeout)
            vectors += found
            tokens += took
    usage = Usage(provider, model, input_tokens=tokens, cost=cost(priced_as or provider, model, Tokens(fresh=tokens, output=0)))
    return Embedded(tuple(vectors), usage)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    room = MAX_CHARACTERS
    for text in texts:
        if batch and (len(batch) == MAX_TEXTS or len(text) > room):
            yield batch
            batch, room = [], MAX_CHARACTERS
        batch.append(text)
        room -= len(text)
    if batch:
        yield batch


def _vectors(client: "openai.OpenAI", texts: list[str], model: str, timeout: "httpx2.Timeout") -> tuple[list[tuple[float, ...]], int]:
    with translating(model):
        answer = client.embeddings.create(input=texts, model=model, encoding_format="float", timeout=timeout)
        told = sorted(answer.data, key=lambda item: item.index)
        vectors = [tuple(float(number) for number in item.embedding) for item in told]
        tokens: int = getattr(answer.usage, "prompt_tokens", None) or 0  # some servers leave it out
    if len(vectors) != len(texts):
        raise ModelUnavailable(f"{model} gave {len(vectors)} vectors for {len(texts)} texts")
    return vectors, tokens
