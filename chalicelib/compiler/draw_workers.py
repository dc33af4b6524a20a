"""The states of a node that a worker serves: its Task, the closing Task of a gate, the loops of nodes that are repeated or entered again.

In: a worker node, where it is drawn, and what follows. Out: the way into it.

The Task's payload carries what the worker cannot know: who runs (organisation, run, version), which try this is, and the values that the node reads.
Texts are rendered by the worker, so that a definition stays small and holds no prose.

An agent with tools, or one that asks at the run's budget, may leave before it is done: its Task says what comes next, `<node>--next` (a Choice)
enters it again at once, or by way of `<node>--wait`, a Task with a token that waits for a person or for a workflow that the agent called. Only an
agent that may wait has the latter.
An agent that is a published workflow is drawn as a sub-workflow is: its Task waits for the token.
A tool call or an agent node that waits for a task elsewhere is drawn like an agent: before the next asking lies as long as the worker says, in
`<node>--pause`, a Wait, or, where the agent was asked to tell of changes, in `<node>--wait`, a Task with a token that such word ends at once.

A tool that the engine calls itself is a Task without a worker, under the role that the call names; what it is given is whole, not by pointer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.activation import ALWAYS
from chalicelib.compiler.code import ENVELOPE, Code, Key, Read, Template, code
from chalicelib.compiler.holdings import texts_of
from chalicelib.compiler.native_calls import native_call
from chalicelib.compiler.outline import Catch, Decide, Pause, Scope, Transition, Work
from chalicelib.compiler.sheet import Enter, Place, Sheet, with_assigns
from chalicelib.compiler.traces import settled
from chalicelib.compiler.ways import ALL_ERRORS, catches, failed, is_caught, succeed
from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow
from chalicelib.spec.bindings import expressions_of
from chalicelib.spec.nodes import MAX_TIMEOUT_SECONDS, AgentCall, HumanGate, Message, SubWorkflow, ToolCall, WorkerNode

CONTRACT: Final = 1
RETRY: Final = code("$states.context.State.RetryCount")
_TIMEOUTS: Final = ("States.Timeout", "States.HeartbeatTimeout")
_CHILD_ERRORS: Final = ("ChildRunFailed", "ChildRunTimedOut", "ChildRunCancelled")
AGAIN: Final = "again"
WAIT: Final = "wait"
PAUSE: Final = "pause"


def draw_worker(sheet: Sheet, name: str, node: WorkerNode, place: Place, following: Enter) -> Enter:
    drawing = _Drawing(sheet, name, node, place, following)
    task = drawing.task()
    start: dict[Key, Template] = {drawing.visit: 0, Key("output", name): None} if node.repeat is not None else {}
    if drawing.is_entered_again:
        start[drawing.entry] = 0
    return lambda _facts: Transition(task.name, dict(start))


def draw_load(sheet: Sheet, names: tuple[str, ...], scope: Scope, following: Enter) -> Enter:
    """A Task of a residual machine that fetches what kept nodes put out, where the machine's input had no room for it."""
    load = Work(sheet.names.invent("resume", "load"), scope, role="load")
    load.next = following(ALWAYS)
    for name in names:
        sheet.outline.homes[Key("output", name)] = scope
        load.next.assigns[Key("output", name)] = code(f"{load.result}.{name}")
    load.payload = {**identity(), "node": "", "item_path": "", "fence": {"resume": sheet.resume, "visit": 0, "retry": RETRY}, "load": list(names)}
    sheet.add(load)
    return lambda _facts: Transition(load.name)


def identity() -> dict[str, Template]:
    """Who runs."""
    return {"contract": CONTRACT, **{field: code(Read(ENVELOPE), f".{field}") for field in ("organisation_id", "run_id", "version_id")}}


def fence_of(sheet: Sheet, name: str) -> dict[str, Template]:
    """Which try of the node this is. In a residual machine a node that runs again says so."""
    fence: dict[str, Template] = {"resume": sheet.resume, "visit": 0, "retry": RETRY}
    return fence | ({"again": sheet.again[name]} if name in sheet.again else {})


def keeping(sheet: Sheet, name: str) -> list[Template]:
    """What of the node's output has to stay inline: filled once all is drawn that reads it."""
    keep: list[Template] = []
    sheet.later.append(lambda: keep.extend(texts_of(sheet.outline.native_fields.get(Key("output", name), set()))))
    return keep


def waits_for_token(node: WorkerNode) -> bool:
    """Gates, sub-workflows and messages that ask for a reply end by SendTaskSuccess."""
    return isinstance(node, HumanGate | SubWorkflow | CallsWorkflow) or (isinstance(node, Message) and node.wait_for_reply)


@dataclass(frozen=True)
class _Drawing:
    sheet: Sheet
    name: str
    node: WorkerNode
    place: Place
    following: Enter

    @property
    def visit(self) -> Key:
        """How many visits of a repeated node are done."""
        return Key("visit", self.name)

    @property
    def entry(self) -> Key:
        """How often the node was entered, and waited for something, so far."""
        return Key("entry", self.name)

    @property
    def step(self) -> Key:
        """What the worker of a node that may be entered again says comes next."""
        return Key("step", self.name)

    @property
    def pause(self) -> Key:
        """The seconds until the next asking."""
        return Key("pause", self.name)

    @property
    def is_entered_again(self) -> bool:
        """Whether the Task says what comes next."""
        return isinstance(self.node, AgentCall | ToolCall) and self.node.is_entered_again(self.sheet.graph.spec.budget)

    def task(self) -> Work:
        token = waits_for_token(self.node)
        task = Work(self.name, self.place.scope, self.name, comment=self.node.title, token=token, retry=self.node.retry)
        task.answers_steps = self.is_entered_again
        if isinstance(self.node, ToolCall) and self.node.is_native:
            task.call, task.payload = native_call(self.node, self.sheet.reader(self.place.block.path, self.name))
        task.timeout_seconds = self._limit() if token else self.node.timeout_seconds
        if self.node.repeat is not None:
            self._loop(self.node.repeat.until, self.node.repeat.max_times)
        task.next = self._next(task) if self.is_entered_again else self._success(task)
        task.catches = [*self._closing(), *self._catches()]
        if task.call is None:
            task.payload = self._payload(token=token)
        self.sheet.add(task)
        return task

    def _limit(self) -> int:
        return self.node.timeout_seconds or self.sheet.graph.spec.timeout_seconds or MAX_TIMEOUT_SECONDS

    def _success(self, task: Work) -> Transition:
        result = code(task.result)
        if self.node.repeat is not None:
            return self._again({Key("output", self.name): result})
        way = succeed(self.sheet, self.name, self.place, self.following, label=code(task.result, ".choice"))
        return with_assigns(way, {Key("output", self.name): result})

    def _next(self, task: Work) -> Transition:
        """To the Choice that goes on, or enters the node again."""
        self.sheet.settle([self.entry, self.step], self.place.scope)
        choose = Decide(self.sheet.names.invent(self.name, "next"), self.place.scope, self.name, "next")
        said: dict[Key, Template] = {Key("output", self.name): code(task.result), self.step: code("$states.result.Payload.Next")}
        if isinstance(self.node, AgentCall) and not isinstance(self.node, AsksAgent):
            choose.rules.extend(self._ways_back(self.node))
        else:
            choose.rules.append((self._says(AGAIN), Transition(self._paused().name)))
            choose.rules.append((self._says(WAIT), Transition(self._wait_for_word().name)))
            said[self.pause] = code("$states.result.Payload.seconds")
        choose.default = self.sheet.landing(self.place.scope, self._done(), self.name)
        self.sheet.add(choose)
        return Transition(choose.name, {**said, self.entry: self._entered()})

    def _ways_back(self, node: AgentCall) -> Iterator[tuple[Code, Transition]]:
        yield self._says(AGAIN), Transition(self.name)
        if node.may_wait(self.sheet.graph.spec.budget):
            yield self._says(WAIT), Transition(self._wait(node).name)

    def _says(self, step: str) -> Code:
        return code(Read(self.step), f" = '{step}'")

    def _paused(self) -> Pause:
        """As long as the worker says, so that no asking comes after the time is over."""
        self.sheet.settle([self.pause], self.place.scope)
        seconds, again = code(Read(self.pause)), Transition(self.name)
        pause = Pause(self.sheet.names.invent(self.name, PAUSE), self.place.scope, self.name, PAUSE, seconds=seconds, next=again)
        self.sheet.add(pause)
        return pause

    def _wait_for_word(self) -> Work:
        """As long as the worker says, or until the agent tells that something has changed: either way it is asked."""
        wait = Work(self.sheet.names.invent(self.name, WAIT), self.place.scope, self.name, WAIT, token=True)
        wait.timeout_seconds, wait.next = code(Read(self.pause)), Transition(self.name)
        wait.catches = [Catch(_TIMEOUTS, Transition(self.name)), *self._catches()]
        wait.payload = {**self._identity(), "wait": True, "token": code("$states.context.Task.Token")}
        self.sheet.add(wait)
        return wait

    def _done(self) -> Transition:
        """The way on; the output is assigned already."""
        if self.node.repeat is not None:
            return self._again({})
        return succeed(self.sheet, self.name, self.place, self.following)

    def _entered(self) -> Code:
        return code(Read(self.entry), " + 1")

    def _wait(self, node: AgentCall) -> Work:
        """What the agent waits for comes by token, in time or not: either way it is entered again and finds out itself."""
        wait = Work(self.sheet.names.invent(self.name, WAIT), self.place.scope, self.name, WAIT, token=True)
        wait.timeout_seconds = node.ask.timeout_seconds
        wait.next = Transition(self.name, {self.entry: self._entered()})
        wait.catches = [Catch((*_TIMEOUTS, *_CHILD_ERRORS), Transition(self.name, {self.entry: self._entered()})), *self._catches()]
        token = code("$states.context.Task.Token")
        wait.payload = {**self._identity(), **self._fixed(node), "wait": True, "token": token, "deadline_seconds": node.ask.timeout_seconds}
        self.sheet.add(wait)
        return wait

    def _fixed(self, node: AgentCall) -> dict[str, Template]:
        """What fixed arguments read: people are shown them, workflows are given them."""
        return self._values() if any(grant.arguments for grant in node.grants) else {}

    def _again(self, assigns: dict[Key, Template]) -> Transition:
        """To the Choice that ends or repeats the loop, one visit counted."""
        return Transition(f"{self.name}--again", assigns | {self.visit: code(Read(self.visit), " + 1")})

    def _loop(self, until: str, max_times: int) -> None:
        """The bounded loop's Choice: on when it holds or the visits are used up, else back."""
        done = self.sheet.reader(self.place.block.path, self.name).boolean(until)
        again = Decide(self.sheet.names.invent(self.name, "again"), self.place.scope, self.name, "again")
        label = code(Read(Key("output", self.name)), ".choice") if isinstance(self.node, HumanGate) else None
        way = succeed(self.sheet, self.name, self.place, self.following, label=label)
        on = self.sheet.landing(self.place.scope, way, self.name)
        again.rules.append((code(Read(self.visit), f" >= {max_times} or ", done), on))
        again.default = Transition(self.name)
        self.sheet.settle([self.visit], self.place.scope)
        self.sheet.add(again)

    def _catches(self) -> list[Catch]:
        if self.node.repeat is None or self.node.on_error != "continue":
            return catches(self.sheet, self.name, self.place, self.following)
        way = failed(self.sheet, self.name, self.place, self.following)
        return [Catch(ALL_ERRORS, self._again(way.assigns))]

    def _closing(self) -> list[Catch]:
        """A gate's time-out goes to `--close`, which writes it down, or learns that a decision came first, and answers like the gate."""
        closes = isinstance(self.node, HumanGate) or (isinstance(self.node, SubWorkflow | CallsWorkflow) and is_caught(self.name, self.place.block))
        if not closes:
            return []
        close = Work(self.sheet.names.invent(self.name, "close"), self.place.scope, self.name, "close")
        close.next = self._success(close)
        close.catches = self._catches()
        close.payload = {**self._identity(), "close": True}
        self.sheet.add(close)
        return [Catch(_TIMEOUTS, Transition(close.name))]

    def _identity(self) -> dict[str, Template]:
        """Who runs, and which try of which visit of which item this is."""
        visit: Template = code(Read(self.visit)) if self.node.repeat is not None else 0
        path: Template = code(Read(Key("path", self.place.block.path[-1]))) if self.place.block.path else ""
        fence = {**fence_of(self.sheet, self.name), "visit": visit}
        if self.is_entered_again:
            fence["entry"] = code(Read(self.entry))
        return {**identity(), "node": self.name, "item_path": path, "fence": fence}

    def _values(self) -> dict[str, Template]:
        """What the node's bindings read, by expression text."""
        reader = self.sheet.reader(self.place.block.path, self.name)
        values: dict[str, Template] = {each.text: reader.for_worker(each) for each in expressions_of(self.place.block.nodes[self.name])}
        return {"values": values} if values else {}

    def _payload(self, *, token: bool) -> Template:
        payload = self._identity() | self._values()
        payload["keep"] = keeping(self.sheet, self.name)
        payload |= {"may_wait": True} if self.is_entered_again and isinstance(self.node, ToolCall | AsksAgent) else {}
        told = settled(self.sheet.told.get(self.name, ()), self.place.block)
        payload |= {"settled": told} if told else {}
        if self.name in self.sheet.waits:
            payload["next_wait"] = {"node": self.sheet.waits[self.name]}
        if token:
            payload |= {"token": code("$states.context.Task.Token"), "deadline_seconds": self._limit()}
        return payload
