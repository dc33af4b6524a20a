"""An agent's checkpoint, in the table: the conversation of a node, or of an agent that it handed a task to.

In: an attempt, and the part: empty for the node's own, else the key of the call (`call-3`, within that `call-3/call-1`). Out: the transcript, kept on
top of the one before. Never: a step further in a run that has ended.
"""

from dataclasses import dataclass

from chalicelib.agents.transcript import Transcript
from chalicelib.store import transcripts
from chalicelib.store.accounts import require_run
from chalicelib.store.run_records import NodeAttempt
from chalicelib.workers.kept_trail import KeptTrail


@dataclass(frozen=True, slots=True)
class KeptConversation:
    """What `agents.loop` keeps by; beside the node's own conversation stands the trail of its calls."""

    attempt: NodeAttempt
    part: str = ""
    trail: KeptTrail | None = None

    def load(self) -> Transcript | None:
        found = transcripts.enter(self.attempt, self.part)
        if found is None:
            return None
        if self.trail is not None:
            self.trail.take_up(found.body)
        return Transcript.from_json(found.body)

    def save(self, transcript: Transcript) -> None:
        """Nothing goes on in a run that was cancelled or has timed out: nobody kills its workers. Raises RunEnded, StaleAttempt."""
        require_run(self.attempt)
        body = transcript.to_json() | (self.trail.shown if self.trail is not None else {})
        transcripts.save(self.attempt, body, revision=transcript.revision, part=self.part)


def kept(attempt: NodeAttempt, part: str = "") -> Transcript | None:
    """The conversation as it stands, for whoever only reads it."""
    found = transcripts.find(attempt, part)
    return None if found is None else Transcript.from_json(found.body)
