"""What an agent node is asked, apart from how far it may go.

In: an agent node. Out: its task as data: who is asked, the prompt, instructions, attachments, the schema of the answer, the tools with their fixed
arguments. Limits, policies, the model and its fallbacks are no part of it: they hold anew at each entry (docs/adr/0014).
"""

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall


def task_of(node: AgentCall) -> JsonObject:
    grants: list[Json] = [{"kinds": {kind: getattr(grant, kind) for kind in grant.kinds}, "with": grant.arguments} for grant in node.grants]
    attached: list[Json] = [each.model_dump() for each in node.attach]
    agent: Json = node.agent if isinstance(node.agent, str | None) else node.agent.skill
    return {"agent": agent, "prompt": node.prompt, "system": node.system, "attach": attached, "output": node.output, "tools": grants}
