"""A conversation that a resumed run goes on with.

In: the task, the transcript as it was left. Out: the transcript to go on from. Calls that were carried out stay so, and so does what they brought:
only the words that ended the agent are taken back, so that the model is asked for them again, under whatever limits hold now.
"""

from dataclasses import replace

from chalicelib.agents.answer import read_answer
from chalicelib.agents.task import AgentTask
from chalicelib.agents.transcript import Transcript


def resumed(task: AgentTask, transcript: Transcript) -> Transcript:
    """As it is, unless its last answer was one that the agent failed by."""
    answer = transcript.answer
    if answer is None:
        return transcript
    _, faults = read_answer(task.output, answer.text)
    is_last = transcript.stopped is not None or transcript.repairs >= task.repairs
    is_unfit = bool(faults) or (transcript.stopped is not None and not answer.text.strip())
    return replace(transcript, messages=transcript.messages[:-1], stopped=None) if is_last and is_unfit else transcript
