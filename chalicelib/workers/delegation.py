"""The toolbox of a conversation: tools, and tasks that are handed to other agents.

In: the tools of the conversation. Out: what a call came to, or `Unfinished` where the agent that was handed the task waits or has too little time.
Such an agent is a conversation of its own, kept under the call's key, and goes on wherever it was when the call is run again: after a crash, a pause,
a verdict. It knows nothing but its task. What it costs counts for its caller (`took`), and it may spend only what its caller has left for it.
"""

from dataclasses import dataclass, field

from chalicelib.agents.loop import run_agent
from chalicelib.agents.outcomes import Finished, Suspended, Yielded
from chalicelib.agents.task import AgentTask, Unfinished
from chalicelib.agents.together import AT_ONCE
from chalicelib.providers.model import ToolUse, Usage
from chalicelib.spec.model import Json
from chalicelib.workers.agent_tools import NodeTools
from chalicelib.workers.agent_verdicts import CallVerdicts
from chalicelib.workers.conversation import KeptConversation, kept
from chalicelib.workers.models import Models


@dataclass(frozen=True, slots=True)
class AgentToolbox:
    """`margin_seconds`: with less time left, conversations yield."""

    tools: NodeTools
    margin_seconds: float
    handed_on: set[str] = field(default_factory=set)  # keys of calls

    def run(self, use: ToolUse, *, key: str, most_cost: int | None) -> Json | Unfinished:
        """Raises a ToolFailure, or of another agent what `run_agent` raises."""
        inner = self.tools.inside(use.name, key)
        if inner is None:
            return self.tools.run(use, key=key)
        self.handed_on.add(key)
        return self._handed_on(inner, str(use.arguments["task"]), most_cost)

    def took(self, key: str) -> Usage | None:
        """What another agent spent on a call, however it ended."""
        conversation = kept(self.tools.work.attempt, self.tools.key(key)) if key in self.handed_on else None
        return None if conversation is None else conversation.usage

    def _handed_on(self, inner: NodeTools, task: str, most_cost: int | None) -> Json | Unfinished:
        """Another agent's answer, as far as it has got one."""
        work, toolbox = inner.work, AgentToolbox(inner, self.margin_seconds)
        models = Models(work, inner.node, agent=inner.agent, part=inner.part)
        asked = AgentTask(
            prompt=task,
            system=models.system(None),
            tools=inner.offered,
            max_turns=models.max_turns,
            max_cost=_least(most_cost, inner.node.delegation.max_cost),
            cache_prompt=True,
        )
        outcome = run_agent(
            asked,
            ask=models.ask,
            toolbox=toolbox,
            checkpoint=KeptConversation(work.attempt, asked, part=inner.part),
            verdicts=CallVerdicts(inner),
            seconds_left=work.seconds_left,
            margin_seconds=self.margin_seconds,
            took=toolbox.took,
            at_once=max(AT_ONCE >> len(inner.agents), 1),  # each of those above has as many threads
        )
        match outcome:
            case Finished():
                return outcome.value
            case Suspended():
                return Unfinished((outcome.call, *outcome.others))
            case Yielded():
                return Unfinished()


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
