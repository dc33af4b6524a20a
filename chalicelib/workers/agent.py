"""The worker of `agent_call`: one model call with the node's prompt.

In: the work and its values. Out: what people may see of the request, and a function that makes the call. Keys and aliases come from the settings;
which provider answered, and at what cost, goes into the node run's details.
"""

from collections.abc import Callable, Mapping
from typing import Final

from chalicelib.agents.call import Answered, Task, call_agent
from chalicelib.providers.model import Usage
from chalicelib.providers.offline import NAME as OFFLINE
from chalicelib.providers.select import Chosen, Keys, choose
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.workers.values import rendered_text
from chalicelib.workers.work import Done, Work

DEFAULT_MODEL: Final = "default"


def prepare(work: Work, node: AgentCall, values: Mapping[str, Json]) -> tuple[JsonObject, Callable[[], Done]]:
    """(what is shown, the call)."""
    prompt, system = rendered_texts(node, values)
    task = Task(
        prompt=prompt,
        system=system,
        output=node.output,
        max_output_tokens=node.max_output_tokens,
    )
    shown: JsonObject = {"model": node.model or DEFAULT_MODEL, "prompt": task.prompt}
    if task.system is not None:
        shown["system"] = task.system
    return shown, lambda: _call(work, node, task)


def rendered_texts(node: AgentCall, values: Mapping[str, Json]) -> tuple[str, str | None]:
    """Prompt and system."""
    return rendered_text(node.prompt, values), rendered_text(node.system, values) if node.system else None


def _call(work: Work, node: AgentCall, task: Task) -> Done:
    deployment = settings()
    chosen = choose(node.model or DEFAULT_MODEL, models=deployment.models, keys=Keys(anthropic=deployment.anthropic_api_key))
    answered = call_agent(task, provider=chosen.provider, model=chosen.model, seconds_left=work.seconds_left)
    return Done(answered.value, answered.usage, _details(chosen, answered))


def _details(chosen: Chosen, answered: Answered) -> JsonObject:
    details: JsonObject = {**usage_details(answered.usage), "turns": answered.turns}
    if chosen.why:
        details["why"] = chosen.why
    return details


def usage_details(usage: Usage) -> JsonObject:
    """Who was asked, and at what cost, whatever came of it."""
    return {"provider": usage.provider, "model": usage.model, **cost_details(usage), **({"offline": True} if usage.provider == OFFLINE else {})}


def cost_details(usage: Usage) -> JsonObject:
    """The cost in micro-dollars; null says unpriced, never free."""
    return {"cost_micro_dollars": usage.cost, "cached_tokens": usage.cached_tokens}
