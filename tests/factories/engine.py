"""Step Functions in little, for properties over many machines: one function, one thread, no clock, as strict as AWS.

In: a state machine, its input, what a Task's worker does. Out: `Ended`: the output, or the error, and how often each state was entered. Expressions
of a state see variables as on its entry; undefined fails; a distributed map's items see no variables of the outside; a Choice without match fails.
What a ResultWriter wrote is collected here, as the worker would; `fit` may put it elsewhere. Time does not pass: waits end at once, and a worker says
itself that its time is up by raising `Failed("States.Timeout")`.
"""

from collections import ChainMap, Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.compiler.asl_rules.texts import expression_of
from chalicelib.spec.model import Json, JsonObject
from infra.local.jsonata_engine import EvaluationFault, evaluate
from tests.factories.documents import list_of, object_of

Worker = Callable[[str, JsonObject], Json]  # (the state's name, its payload) -> result, or raises Failed
Fit = Callable[[JsonObject, Json], Json]  # (the collecting Task's payload, the results) -> what it gives
Variables = ChainMap[str, Json]
_MAX_STATES = 10_000
_NOT_CAUGHT_BY_ALL = frozenset({"States.Runtime", "States.DataLimitExceeded"})


class Failed(Exception):  # noqa: N818  (Step Functions calls it so)
    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


@dataclass(frozen=True)
class Ended:
    """`error` is empty for an execution that succeeded."""

    output: Json
    error: str
    cause: str
    entered: Mapping[str, int]


def execute(machine: JsonObject, given: Json, worker: Worker, *, fit: Fit = lambda _payload, results: results) -> Ended:
    execution = _Execution(given, worker, fit)
    try:
        output = execution.scope(machine, given, ChainMap())
    except Failed as failure:
        return Ended(None, failure.error, failure.cause, execution.entered)
    return Ended(output, "", "", execution.entered)


@dataclass
class _Execution:
    given: Json
    worker: Worker
    fit: Fit
    entered: Counter[str] = field(default_factory=Counter)
    written: list[list[Json]] = field(default_factory=list)  # by each ResultWriter

    def scope(self, scope: JsonObject, value: Json, variables: Variables) -> Json:
        name: str | None = str(scope["StartAt"])
        while name is not None:
            self.entered[name] += 1
            if self.entered.total() > _MAX_STATES:
                raise Failed("States.Runtime", "too many states entered")
            state = _State(self, name, object_of(object_of(scope["States"])[name]), value, variables)
            name, value = state.run()
        return value


@dataclass
class _State:
    execution: _Execution
    name: str
    fields: JsonObject
    value: Json
    variables: Variables
    retries: Counter[int] = field(default_factory=Counter)

    def run(self) -> tuple[str | None, Json]:
        """Where to, and with what."""
        while True:
            try:
                return self._once()
            except Failed as failure:
                if not self._is_retried(failure):
                    return self._caught(failure)

    def _once(self) -> tuple[str | None, Json]:
        match self.fields["Type"]:
            case "Task":
                return self._leave(self._task())
            case "Parallel":
                branches = [object_of(branch) for branch in list_of(self.fields["Branches"])]
                given = self._at_entry("Arguments", self.value)
                return self._leave([self.execution.scope(branch, given, self.variables.new_child()) for branch in branches])
            case "Map":
                return self._leave(self._map())
            case "Choice":
                return self._choice()
            case "Fail":
                raise Failed(str(self._at_entry("Error", "")), str(self._at_entry("Cause", "")))
            case "Wait":
                self._wait()
            case _:
                pass
        return self._leave(None)

    def _leave(self, result: Json) -> tuple[str | None, Json]:
        """By the state's own Next, its Assign and Output evaluated with the variables as on entry."""
        works = self.fields["Type"] in {"Task", "Parallel", "Map"}
        return self._by(self.fields, "Next", {"result": result} if works else {}, result if works else self.value)

    def _by(self, entry: JsonObject, target: str, more: JsonObject, otherwise: Json) -> tuple[str | None, Json]:
        assigned = self._filled(entry.get("Assign", {}), more)
        output = self._filled(entry["Output"], more) if "Output" in entry else otherwise
        self.variables.update(object_of(assigned))
        return (str(entry[target]) if target in entry else None), output

    def _task(self) -> Json:
        resource = str(self.fields["Resource"])
        waits = resource.endswith(".waitForTaskToken")
        arguments = object_of(self._at_entry("Arguments", {}, {"Token": f"token of {self.name}"} if waits else None))
        payload = object_of(arguments["Payload"])
        if "collect" in payload:
            results = self.execution.written[int(str(payload["collect"]))]
            return {"Payload": self.execution.fit(payload, [object_of(result)["output"] for result in results])}
        result = self.execution.worker(self.name, payload)
        return result if waits else {"Payload": result, "StatusCode": 200}

    def _map(self) -> Json:
        items = self._at_entry("Items", self.value)
        processor = object_of(self.fields["ItemProcessor"])
        if not isinstance(items, list):
            raise Failed("States.QueryEvaluationError", f"{self.name}: Items is no array")
        distributed = object_of(processor["ProcessorConfig"])["Mode"] == "DISTRIBUTED"
        results: list[Json] = []
        for index, item in enumerate(items):
            given = self._filled(self.fields["ItemSelector"], {}, item=(index, item)) if "ItemSelector" in self.fields else item
            results.append(self.execution.scope(processor, given, ChainMap() if distributed else self.variables.new_child()))
        return self._written(results) if "ResultWriter" in self.fields else results

    def _written(self, results: list[Json]) -> Json:
        place = object_of(object_of(self._at_entry("ResultWriter", {}))["Arguments"])
        assert all(isinstance(place[name], str) for name in ("Bucket", "Prefix"))
        self.execution.written.append(results)
        return {"MapRunArn": "arn", "ResultWriterDetails": {"Bucket": place["Bucket"], "Key": str(len(self.execution.written) - 1)}}

    def _choice(self) -> tuple[str | None, Json]:
        for rule in map(object_of, list_of(self.fields["Choices"])):
            holds = self._filled(rule["Condition"], {})
            if not isinstance(holds, bool):
                raise Failed("States.QueryEvaluationError", f"{self.name}: a condition is {holds!r}")
            if holds:
                return self._by(rule, "Next", {}, self.value)
        if "Default" not in self.fields:
            raise Failed("States.NoChoiceMatched", self.name)
        return self._by(self.fields, "Default", {}, self.value)

    def _wait(self) -> None:
        seconds, timestamp = self._at_entry("Seconds", 0), self._at_entry("Timestamp", "")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0 or not isinstance(timestamp, str):
            raise Failed("States.QueryEvaluationError", f"{self.name}: waits for {seconds!r} {timestamp!r}")

    # --- errors --------------------------------------------------------------------------------------------------

    def _is_retried(self, failure: Failed) -> bool:
        for index, retrier in enumerate(map(object_of, list_of(self.fields.get("Retry", [])))):
            if _matches(retrier, failure):
                most = retrier.get("MaxAttempts", 3)
                assert isinstance(most, int)
                self.retries[index] += 1
                return self.retries[index] <= most
        return False

    def _caught(self, failure: Failed) -> tuple[str | None, Json]:
        for catcher in map(object_of, list_of(self.fields.get("Catch", []))):
            if _matches(catcher, failure):
                error: JsonObject = {"Error": failure.error, "Cause": failure.cause}
                return self._by(catcher, "Next", {"errorOutput": error}, error)
        raise failure

    # --- expressions ---------------------------------------------------------------------------------------------

    def _at_entry(self, name: str, otherwise: Json, task: JsonObject | None = None) -> Json:
        return self._filled(self.fields[name], {}, task=task) if name in self.fields else otherwise

    def _filled(self, template: Json, more: JsonObject, *, task: JsonObject | None = None, item: tuple[int, Json] | None = None) -> Json:
        context: JsonObject = {
            "Execution": {"Id": "arn", "Name": "run", "Input": self.execution.given},
            "State": {"Name": self.name, "RetryCount": self.retries.total()},
        }
        context |= {"Task": task} if task else {}
        context |= {"Map": {"Item": {"Index": item[0], "Value": item[1]}}} if item else {}
        return self._evaluated(template, self.variables.new_child({"states": {"input": self.value, "context": context, **more}}))

    def _evaluated(self, template: Json, variables: Mapping[str, Json]) -> Json:
        match template:
            case str():
                return self._expression(template, variables)
            case dict():
                return {name: self._evaluated(member, variables) for name, member in template.items()}
            case list():
                return [self._evaluated(member, variables) for member in template]
            case _:
                return template

    def _expression(self, text: str, variables: Mapping[str, Json]) -> Json:
        inner = expression_of(text)
        if inner is None:
            return text
        try:
            result: Json = evaluate(inner.strip(), variables)
        except EvaluationFault as fault:
            raise Failed("States.QueryEvaluationError", f"{self.name}: {inner}: {fault}") from None
        return result


def _matches(handler: JsonObject, failure: Failed) -> bool:
    names = list_of(handler["ErrorEquals"])
    everything = "States.ALL" in names and failure.error not in _NOT_CAUGHT_BY_ALL
    return everything or failure.error in names or ("States.TaskFailed" in names and failure.error != "States.Timeout")
