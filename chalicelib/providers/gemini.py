"""Gemini, by Google's own SDK and the Gemini API (not Vertex AI).

In: a `ModelRequest`, or texts to embed. Out: a `ModelResponse`, an `Embedded`, or a `ModelFailure`.
What the SDK does by itself is off: retries, calling functions, going on after a cut answer. It is imported at the first call. Its client stays with
the provider, since a client that nobody holds closes its connections. Never reads a key, an address or a version from the environment.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from chalicelib.providers.failures import ModelFailure, ModelRequestInvalid, ModelTimedOut, ModelUnavailable
from chalicelib.providers.gemini_answer import Answer
from chalicelib.providers.gemini_failures import translated
from chalicelib.providers.gemini_request import NAME, config, contents
from chalicelib.providers.model import Embedded, ModelRequest, ModelResponse, OnText, Usage
from chalicelib.providers.prices import Tokens, cost
from chalicelib.providers.wall_clock import timed_client, trust, within

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

URL: Final = "https://generativelanguage.googleapis.com"
VERSION: Final = "v1beta"
MAX_TEXTS: Final = 100  # that one request may embed


class GeminiProvider:
    """One per key and container: the client keeps its connections."""

    def __init__(self, api_key: str, *, base_url: str | None = None) -> None:
        self._api_key = api_key
        self._base_url = base_url or URL

    @property
    def name(self) -> str:
        return NAME

    @cached_property
    def _client(self) -> "genai.Client":
        from google import genai
        from google.genai import types

        options = types.HttpOptions(
            base_url=self._base_url,
            api_version=VERSION,
            httpx_client=timed_client(self),
            async_client_args={"verify": trust(), "ssl": trust()},  # else the SDK reads the authorities twice more, for what is never used
        )
        return genai.Client(api_key=self._api_key, vertexai=False, http_options=options)

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One answer. Raises a ModelFailure; what the call cost until then is with it, as far as it was told."""
        self._check(seconds)
        answer = Answer(model)
        try:
            with within(seconds):
                self._fetch(answer, contents(request, model), config(request, model, seconds), on_text)
        except ModelFailure as failure:
            failure.usage = failure.usage or answer.usage
            raise
        return answer.response(turn=len(request.messages))

    def _check(self, seconds: float) -> None:
        if seconds <= 0:
            raise ModelTimedOut("no time is left for the call")
        if not self._api_key:
            raise ModelRequestInvalid(f"{NAME} has no key here")  # the SDK would look for one in the environment

    def _fetch(self, answer: Answer, asked: "list[types.Content]", settings: "types.GenerateContentConfig", on_text: OnText | None) -> None:
        if on_text is None:
            with named_failures(answer.asked):
                answer.add(self._client.models.generate_content(model=answer.asked, contents=[*asked], config=settings))
            return
        with closing(self._chunks(answer.asked, asked, settings)) as chunks:
            for chunk in chunks:
                piece = answer.add(chunk)
                if piece:
                    on_text(piece)

    def _chunks(
        self, model: str, asked: "list[types.Content]", settings: "types.GenerateContentConfig"
    ) -> "Generator[types.GenerateContentResponse]":
        """Failures are named in here, so that those of `on_text` stay what they are."""
        with named_failures(model):
            yield from self._client.models.generate_content_stream(model=model, contents=[*asked], config=settings)

    def embed(self, texts: Sequence[str], *, model: str, seconds: float) -> Embedded:
        """One vector a text. Raises a ModelFailure. What it cost is unknown where Google does not tell the tokens."""
        self._check(seconds)
        vectors: list[tuple[float, ...]] = []
        tokens: int | None = 0
        with within(seconds), named_failures(model):
            for start in range(0, len(texts), MAX_TEXTS):
                found, count = self._embedded(texts[start : start + MAX_TEXTS], model, seconds)
                vectors.extend(found)
                tokens = None if tokens is None or count is None else tokens + count
        price = None if tokens is None else cost(NAME, model, Tokens(fresh=tokens, output=0))
        return Embedded(tuple(vectors), Usage(NAME, model, input_tokens=tokens or 0, cost=price))

    def _embedded(self, texts: Sequence[str], model: str, seconds: float) -> tuple[list[tuple[float, ...]], int | None]:
        from google.genai import types

        parts = [types.Content(parts=[types.Part(text=text)]) for text in texts]  # plain texts would become one content, and one vector
        options = types.EmbedContentConfig(http_options=types.HttpOptions(timeout=max(1, int(seconds * 1000))))
        told = self._client.models.embed_content(model=model, contents=[*parts], config=options)
        vectors = [tuple(vector.values or ()) for vector in told.embeddings or ()]
        if len(vectors) != len(texts) or not all(vectors):
            raise ModelUnavailable(f"{model} gave {len(vectors)} vectors for {len(texts)} texts")
        return vectors, told.usage_metadata.prompt_token_count if told.usage_metadata else None


@contextmanager
def named_failures(model: str) -> Iterator[None]:
    """The SDK's errors by the names of `failures`; those of the network it hands on as they come."""
    import httpx2
    from google.genai import errors

    try:
        yield
    except errors.APIError as error:
        raise translated(error, model) from error
    except httpx2.TimeoutException as error:
        raise ModelTimedOut(f"{model} gave no whole answer in time") from error
    except httpx2.HTTPError as error:
        raise ModelUnavailable(f"the connection to {model} broke ({type(error).__name__})") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # how the SDK meets a body that is none of the API's; its text quotes the body
        raise ModelUnavailable(f"{model} gave a broken answer ({type(error).__name__})") from None
