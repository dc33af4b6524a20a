"""The provider that needs no key and no network: it answers from what the prompt holds, the same way every time.

In: a `ModelRequest`. Out: a `ModelResponse` whose usage names the provider `offline`. With an output schema it fills the schema (`reading.fill`);
without one it
answers in plain sentences, the first of which says that no model was asked. It never invents a fact: what the prompt does not hold comes out as
neutral or open.
"""

import json
from typing import Final

from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, Role, StopReason, Usage
from chalicelib.providers.reading import writing
from chalicelib.providers.reading.fill import fill
from chalicelib.providers.reading.material import Material, read_material

NAME: Final = "offline"
MARK: Final = "Offline answer, no model was asked."
MAX_PROMPT: Final = 40_000  # characters that are read; the rest of a longer prompt is left


class OfflineProvider:
    """Deterministic: no clock, no chance, no state."""

    @property
    def name(self) -> str:
        return NAME

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:  # noqa: ARG002  (the time does not matter here)
        material = _material(request)
        text = f"{MARK} {writing.answer(material)}" if request.output is None else json.dumps(fill(request.output, material), ensure_ascii=False)
        if on_text is not None:
            on_text(text)
        read = sum(len(message.text) for message in request.messages) + len(request.system or "")
        usage = Usage(provider=NAME, model=model, input_tokens=_tokens(read), output_tokens=_tokens(len(text)), cost=0)
        return ModelResponse(text=text, stop=StopReason.END, usage=usage, notes={"offline": "true"})


def _material(request: ModelRequest) -> Material:
    """The first user's turn taken apart. Repair turns add nothing to answer from."""
    prompt = next((message.text for message in request.messages if message.role is Role.USER), "")[:MAX_PROMPT]
    return read_material(prompt, system=request.system)


def _tokens(characters: int) -> int:
    """What a tokenizer would count, roughly: four characters a token."""
    return -(-characters // 4)
