"""The worker of an `agent_call` without tools: one model call with the node's prompt.

In: the work and its values. Out: what people may see of the request, and a function that makes the call. Who answered, why, and at what cost goes
into the node run's details. `agent_work` is for agents with tools.
"""

from collections.abc import Callable, Mapping

from chalicelib.agents.call import Answered, call_agent
from chalicelib.agents.task import AgentTask
from chalicelib.providers.model import Attachment, Usage
from chalicelib.providers.offline import NAME as OFFLINE
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.workers.models import Models
from chalicelib.workers.values import rendered, rendered_text
from chalicelib.workers.work import Done, Work


def prepare(work: Work, node: AgentCall, values: Mapping[str, Json]) -> tuple[JsonObject, Callable[[], Done]]:
    """(what is shown, the call)."""
    models = Models(work, node)
    task = agent_task(node, values, models)
    return shown_request(task, models), lambda: _call(models, task)


def agent_task(node: AgentCall, values: Mapping[str, Json], models: Models) -> AgentTask:
    """The node's texts, rendered; tools are added by who enters a conversation."""
    return AgentTask(
        prompt=rendered_text(node.prompt, values),
        system=models.system(rendered_text(node.system, values) if node.system else None),
        attachments=attachments(node, values),
        output=node.output,
        max_output_tokens=node.max_output_tokens,
        max_turns=node.max_turns,
        max_cost=node.max_cost,
        thinking=node.thinking,
        cache_prompt=bool(node.tools),
    )


def attachments(node: AgentCall, values: Mapping[str, Json]) -> tuple[Attachment, ...]:
    """What is attached, rendered; what is absent is left out."""
    found = [rendered(each.model_dump(), values) for each in node.attach]
    return tuple(
        Attachment(str(each["media_type"]), str(each["data"]), str(each.get("name") or ""))
        for each in found
        if isinstance(each, dict) and each.get("data")
    )


def shown_request(task: AgentTask, models: Models) -> JsonObject:
    """What people may see of it."""
    shown: JsonObject = {"model": models.model, "prompt": task.prompt}
    if task.system is not None:
        shown["system"] = task.system
    if task.attachments:
        shown["attached"] = [each.name or each.media_type for each in task.attachments]
    return shown


def _call(models: Models, task: AgentTask) -> Done:
    answered = call_agent(task, ask=models.ask)
    return Done(answered.value, answered.usage, _details(models, answered))


def _details(models: Models, answered: Answered) -> JsonObject:
    return {**usage_details(answered.usage), "turns": answered.turns, **models.details}


def usage_details(usage: Usage) -> JsonObject:
    """Who was asked, and at what cost, whatever came of it."""
    return {"provider": usage.provider, "model": usage.model, **cost_details(usage), **({"offline": True} if usage.provider == OFFLINE else {})}


def cost_details(usage: Usage) -> JsonObject:
    """The cost in micro-dollars; null says unpriced, never free."""
    return {"cost_micro_dollars": usage.cost, "cached_tokens": usage.cached_tokens}
