"""From the outline to the state machine: typed ASL, with variables named and dead assignments dropped.

In: an `Outline`, its `Names` and the spec's frame (title, time-out). Out: `asl.StateMachine` with `${Worker}` in place of the worker's ARN.
"""

from dataclasses import dataclass, field

from chalicelib.compiler import asl
from chalicelib.compiler.asl import ABSENT, Absent, jsonata
from chalicelib.compiler.code import Key
from chalicelib.compiler.names import Names, field_of
from chalicelib.compiler.outline import Assign, Call, Catch, Decide, Each, Fork, Pause, Scope, State, Transition, Work
from chalicelib.compiler.render import Renderer
from chalicelib.compiler.retries import callers, retriers
from chalicelib.compiler.shares import Shares
from chalicelib.compiler.sheet import Outline
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec


def emit(outline: Outline, names: Names, spec: WorkflowSpec) -> asl.StateMachine:
    emitter = _Emitter(names, Shares(names))
    scope = emitter.scope(outline.root)
    return asl.StateMachine(scope=scope, comment=spec.title or spec.name, timeout_seconds=spec.timeout_seconds)


@dataclass(frozen=True)
class _Emitter:
    names: Names
    shares: Shares
    orders: dict[Scope, dict[Key, int]] = field(default_factory=dict)  # of each scope's variables, as they were found to be read

    def scope(self, scope: Scope) -> asl.States:
        """States in the order in which a run first could reach them."""
        start = self._start(scope)
        order: dict[str, None] = {}
        todo = [start]
        while todo:
            name = todo.pop()
            if name not in order:
                order[name] = None
                targets = [transition.target for transition in scope.states[name].exits() if transition.target is not None]
                todo.extend(reversed(targets))
        return asl.States(start_at=start, states={name: self._state(scope.states[name]) for name in order})

    def _start(self, scope: Scope) -> str:
        """The first state; a starting Pass that assigns nothing that is read is left out."""
        first = scope.states[scope.start]
        if isinstance(first, Assign) and first.role == "start" and first.next.target is not None and not self._live(first.next, scope):
            return first.next.target
        return scope.start

    def _live(self, transition: Transition, scope: Scope) -> list[Key]:
        return [key for key in transition.assigns if key in self.names.stored.get(scope, {})]

    def _state(self, state: State) -> asl.State:
        match state:
            case Work():
                return self._work(state)
            case Decide():
                return self._decide(state)
            case Fork():
                return self._fork(state)
            case Each():
                return self._each(state)
            case Pause():
                return self._pause(state)
            case Assign():
                out = self._way(state, state.next)
                return asl.Pass(comment=state.comment, next=state.next.target, assign=out.assign, output=out.output)
            case _:
                raise TypeError(type(state).__name__)

    def _work(self, state: Work) -> asl.Task:
        if state.call is not None:
            return self._call(state, state.call)
        at_entry = Renderer(self.names, state.scope, state)
        payload = at_entry.value(state.payload)
        assert isinstance(payload, dict)
        if not payload.get("keep"):
            payload.pop("keep", None)
        if state.role not in ("close", "load", "wait"):
            payload["inline_bytes"] = self.shares.of(state.scope)
        out = self._way(state, state.next)
        output = jsonata(state.result) if out.output is ABSENT and not state.token else out.output
        return asl.Task(
            comment=state.comment,
            resource=asl.INVOKE_AND_WAIT if state.token else asl.INVOKE,
            arguments={"FunctionName": "${Worker}", "Payload": payload},
            timeout_seconds=_seconds(at_entry.value(state.timeout_seconds)),
            next=state.next.target,
            assign=out.assign,
            output=output,
            retry=retriers(state.retry, waits=state.token, closes=state.role in ("close", "load", "collect"), goes_on=state.answers_steps),
            catch=self._catches(state, state.catches),
        )

    def _call(self, state: Work, call: Call) -> asl.Task:
        at_entry = Renderer(self.names, state.scope, state)
        out = self._way(state, state.next)
        return asl.Task(
            comment=state.comment,
            resource=call.resource,
            credentials={"RoleArn": call.role},
            arguments=at_entry.value(state.payload),
            timeout_seconds=_seconds(at_entry.value(state.timeout_seconds)),
            next=state.next.target,
            assign=out.assign,
            output=jsonata(call.result) if out.output is ABSENT else out.output,
            retry=callers(state.retry),
            catch=self._catches(state, state.catches),
        )

    def _decide(self, state: Decide) -> asl.Choice:
        at_entry = Renderer(self.names, state.scope, state)
        rules = []
        for condition, transition in state.rules:
            assert transition.target is not None
            assign = self._way(state, transition).assign
            rules.append(asl.ChoiceRule(condition=jsonata(at_entry.text(condition)), next=transition.target, assign=assign))
        default = self._way(state, state.default)
        return asl.Choice(comment=state.comment, rules=tuple(rules), default=state.default.target, assign=default.assign)

    def _fork(self, state: Fork) -> asl.Parallel:
        out = self._way(state, state.next)
        branches = tuple(self.scope(branch) for branch in state.branches)
        catch = self._catches(state, state.catches)
        return asl.Parallel(branches=branches, next=state.next.target, assign=out.assign, output=out.output, catch=catch)

    def _each(self, state: Each) -> asl.Map:
        at_entry = Renderer(self.names, state.scope, state)
        out = self._way(state, state.next)
        return asl.Map(
            comment=state.comment,
            processor=self.scope(state.body),
            items=at_entry.value(state.items),
            item_selector=at_entry.value(dict(state.selector)),
            max_concurrency=state.concurrency,
            distributed=self._distributed(state, at_entry) if state.body.is_distributed else None,
            next=state.next.target,
            assign=out.assign,
            output=out.output,
            catch=self._catches(state, state.catches),
        )

    @staticmethod
    def _distributed(state: Each, at_entry: Renderer) -> asl.Distributed:
        if state.results is None:
            return asl.Distributed(label=state.name[:40])
        place: JsonObject = {"Bucket": "${Bucket}", "Prefix": at_entry.value(state.results)}
        return asl.Distributed(label=state.name[:40], result_writer={"Resource": asl.PUT_OBJECT, "Arguments": place})

    def _pause(self, state: Pause) -> asl.Wait:
        at_entry = Renderer(self.names, state.scope, state)
        out = self._way(state, state.next)
        seconds, timestamp = at_entry.value(state.seconds), at_entry.value(state.timestamp)
        if timestamp is not None:
            delay: asl.Seconds | asl.Timestamp = asl.Timestamp(str(timestamp))
        else:
            assert isinstance(seconds, int | str)
            delay = asl.Seconds(seconds)
        return asl.Wait(comment=state.comment, delay=delay, next=state.next.target, assign=out.assign, output=out.output)

    def _catches(self, state: State, catches: list[Catch]) -> tuple[asl.Catcher, ...]:
        caught = []
        for catch in catches:
            assert catch.transition.target is not None
            assign = self._way(state, catch.transition).assign
            caught.append(asl.Catcher(error_equals=catch.errors, next=catch.transition.target, assign=assign))
        return tuple(caught)

    def _way(self, state: State, transition: Transition) -> "_Out":
        """What a transition assigns of what is read, and puts out where it ends the scope."""
        scope = state.scope
        renderer = Renderer(self.names, scope, state, transition)
        stored = self.names.stored.get(scope, {})
        assign: dict[str, Json] = {stored[key]: renderer.value(transition.assigns[key]) for key in self._live(transition, scope)}
        if isinstance(state, Fork) and transition is state.next:
            assign |= {stored[key]: jsonata(f"$states.result[{index}].{field_of(key)}") for index, key in self._brought(state)}
        if transition.target is not None:
            return _Out(assign, ABSENT)
        if scope.is_branch:
            result: JsonObject = {field_of(key): renderer.exported(key) for key in self.names.exports.get(scope, {})}
            return _Out(assign, result)
        return _Out(assign, renderer.value(scope.result))

    def _brought(self, fork: Fork) -> list[tuple[int, Key]]:
        """What the branches put out and the scope around them stores, each with its branch."""
        if fork.scope not in self.orders:
            self.orders[fork.scope] = {key: position for position, key in enumerate(self.names.stored.get(fork.scope, {}))}
        order = self.orders[fork.scope]
        brought = [(index, key) for index, branch in enumerate(fork.branches) for key in self.names.exports.get(branch, {}) if key in order]
        return sorted(((index, key) for index, key in brought if key not in fork.next.assigns), key=lambda pair: order[pair[1]])


def _seconds(limit: Json) -> int | str | None:
    assert limit is None or isinstance(limit, int | str)
    return limit


@dataclass(frozen=True)
class _Out:
    assign: JsonObject
    output: Json | Absent
