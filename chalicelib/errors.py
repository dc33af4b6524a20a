"""What can go wrong, as one tree. The name of a class is a wire contract: machines match worker errors by it and APIs show `code`.

In: nothing. Out: exception classes with `code` (stable, kebab-case), `retryable` (whether the same call may succeed later) and `status` (HTTP).
Never: a secret, a task token or a foreign body in a message.

    SluiceError
    ├── Invalid                      the caller's words cannot be taken (422)
    │   ├── SettingInvalid           a setting of the deployment cannot be read (500)
    │   ├── SpecInvalid              a workflow spec with errors; carries its diagnostics
    │   ├── FieldsInvalid            carries the faults by JSON pointer
    │   │   ├── InputInvalid         a run's input that its version's schema refuses
    │   │   ├── DecisionInvalid      an unknown choice, a missing reason, a form that its schema refuses
    │   │   ├── TriggerInputInvalid  a trigger's template that makes no input of its workflow
    │   │   └── DocumentInvalid      an OpenAPI document, a bundle or a starter that cannot be read
    │   ├── AgentInvalid             an external agent whose address or card cannot be taken
    │   ├── NameInvalid              no name for a person, a service account or a role
    │   ├── PasswordInvalid          a password that is too short, too long or too easy to guess
    │   ├── TriggerInvalid           a trigger that cannot be kept: what it says, its pattern, its input
    │   │   └── ScheduleInvalid      an expression, a time zone or bounds that make no schedule
    │   ├── BodyTooLarge             more than a webhook takes (413)
    │   ├── ChannelInvalid           a channel that cannot be kept: its name, its account, a secret
    │   ├── SecretInvalid            a secret's name or value that the store of secrets does not take
    │   ├── CursorInvalid            a list cursor that was not issued for this list, its filter and order, or has lapsed (400)
    │   ├── ListTooLong              a list that is longer than the order asked for allows
    │   ├── KeyReused                one idempotency key with two different requests
    │   ├── KeyInvalid               no idempotency key
    │   ├── ModelUnpriced            a model without a price, under a budget that takes none such
    │   └── TooLarge                 a body above what its route takes (413)
    ├── NotFound                     no such thing in this organisation (404)
    │   ├── WorkflowNotFound
    │   ├── VersionNotFound
    │   ├── RunNotFound
    │   ├── GateNotFound
    │   ├── MessageNotFound
    │   ├── DraftNotFound
    │   ├── StarterNotFound
    │   ├── BudgetNotFound
    │   ├── JobNotFound              no such job, or one from more than a week ago
    │   ├── ApiNotFound              no imported API of that name
    │   ├── AgentNotFound            no external agent of that name is registered
    │   ├── PersonNotFound           no member of that name in this organisation
    │   ├── OrganisationNotFound     none that this person belongs to
    │   ├── KeyNotFound              no API key of that id
    │   ├── InvitationNotFound       unknown, used up, withdrawn or too old
    │   ├── TriggerNotFound
    │   ├── ChannelNotFound          no such channel, or it takes no webhooks
    │   ├── ConversationNotFound
    │   └── NotificationUnknown      an agent's notification that nobody waits for, or with a wrong token
    ├── Conflict                     the thing is in another state than the caller thinks (409)
    │   ├── WorkflowNameTaken
    │   ├── NameTaken                of a person, a service account or an organisation
    │   ├── TriggerNameTaken         a trigger of the workflow has that name
    │   ├── TriggerChanged           the trigger was changed by somebody else since it was read
    │   ├── TriggerChainTooLong      ends of runs that start runs, one after the other, too often
    │   ├── TriggerPaused            a paused trigger takes nothing
    │   ├── ChannelTaken             another channel has the name, or the account
    │   ├── ChannelChanged           the channel was changed by somebody else since it was read
    │   ├── AgentNameTaken           the name stands for another external agent
    │   ├── NameReserved             a starter that ships has the name
    │   ├── DraftRefused             a draft that would be written over unread; carries the draft that is there, and what differs
    │   │   ├── DraftChanged         it was saved since it was read (412)
    │   │   └── MatchRequired        the request does not say which draft was read (428)
    │   ├── AccessChanged            who may use the workflow was changed since it was read
    │   ├── VersionMoved             somebody published since the draft was begun; carries that version, and what it changed
    │   ├── NotPublished             the workflow has no version to run
    │   ├── RunEnded                 the run has a terminal status
    │   ├── RunOpen                  the run has not ended, or somebody else has resumed it
    │   ├── RunNotResumable          a run that succeeded, that tried a node, or that belongs to another
    │   ├── PlanChanged              a resume's plan that is another by now than the one that was shown
    │   ├── EffectsNotAllowed        a node on trial that would do something to the world outside
    │   ├── StaleAttempt             a newer attempt of this node has begun
    │   ├── GateAlreadyDecided       carries the decision that won
    │   ├── AlreadyReplied           a message that has its reply
    │   ├── RequestInFlight          the first request with this idempotency key is being answered
    │   ├── BudgetExceeded           a call that may cost more than a budget has left; carries which budget, and its figures
    │   └── ConditionLost            a conditional write that another one won; repositories turn it into one of the above
    ├── Refused                      this person may not (403)
    │   ├── NotSignedIn              no credentials, or none that hold (401)
    │   ├── CredentialsInvalid       a name and a password that do not belong together (401)
    │   ├── TooManyAttempts          sign-ins that failed too often; carries when to try again (429)
    │   ├── ScopeMissing             their credentials lack a scope; carries its name
    │   ├── NotADecider
    │   ├── SelfApproval             the person who started the run decides
    │   ├── SignatureInvalid         a webhook's call that does not prove that it knows the secret (401)
    │   └── TicketInvalid            a connection's ticket that is unknown, used or too old (401)
    ├── RateLimited                  too many calls; carries when to try again (429)
    ├── Unavailable                  try again later (503, retryable)
    │   ├── Contention               one record is written by too many at once
    │   ├── EngineUnavailable        Step Functions throttles or fails
    │   └── PublisherUnavailable     the compiler function cannot be reached
    ├── BlobMissing                  a pointer whose object is gone (500)
    ├── SealBroken                   a sealed secret that does not open: changed, or sealed by another key (500)
    ├── BlobCorrupt                  a pointer whose object has another content (500)
    └── NodeFailed                   a node's failure, raised in a worker
        ├── GateTimedOut             a gate whose time-out fails the run
        ├── ChildRunFailed           a sub-workflow's run that failed
        ├── ChildRunTimedOut         a sub-workflow's run that took too long
        ├── ChildRunCancelled        a sub-workflow's run that was cancelled
        ├── OutputTooLarge           a field that the machine must hold does not fit
        ├── SecretMissing            a secret that is named and not there
        ├── WorkerLost               a worker that ended without a word
        └── Interrupted              a run that a restart of the local stack broke

Failures of tools, providers and bindings are named where they arise: `tools.failures`, `providers`, `workers`.
"""
# ruff: noqa: N818  (names are what machines match; they say what happened, without the word error)

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chalicelib.spec.diagnostic import Diagnostic
    from chalicelib.spec.model import Json


class SluiceError(Exception):
    """Root of the tree. `detail` is what an API adds to its problem document."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 500

    @property
    def detail(self) -> "Mapping[str, Json]":
        return {}

    @property
    def headers(self) -> Mapping[str, str]:
        """What an answer says beside its document."""
        return {"Retry-After": "1"} if self.retryable else {}


class Invalid(SluiceError):
    code = "invalid"
    status = 422


class SettingInvalid(Invalid):
    code = "setting-invalid"
    status = 500


class SpecInvalid(Invalid):
    """`diagnostics` holds every finding, warnings included."""

    code = "spec-invalid"

    def __init__(self, diagnostics: "Sequence[Diagnostic]") -> None:
        self.diagnostics = tuple(diagnostics)
        count = sum(found.is_error for found in self.diagnostics)
        super().__init__(f"the workflow has {count} error{'' if count == 1 else 's'}")


class FieldsInvalid(Invalid):
    """What InputInvalid and DecisionInvalid share: faults by JSON pointer."""

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        self.faults = dict(faults or {})
        super().__init__(message)

    @property
    def detail(self) -> "Mapping[str, Json]":
        return {"fields": dict(self.faults)} if self.faults else {}


class InputInvalid(FieldsInvalid):
    code = "input-invalid"


class DecisionInvalid(FieldsInvalid):
    code = "decision-invalid"


class NameInvalid(Invalid):
    code = "name-invalid"


class PasswordInvalid(Invalid):
    code = "password-invalid"


class TriggerInputInvalid(FieldsInvalid):
    code = "trigger-input-invalid"


class SecretInvalid(Invalid):
    code = "secret-invalid"


class DocumentInvalid(FieldsInvalid):
    code = "document-invalid"


class AgentInvalid(Invalid):
    code = "agent-invalid"


class TriggerInvalid(Invalid):
    code = "trigger-invalid"


class ScheduleInvalid(TriggerInvalid):
    code = "schedule-invalid"


class BodyTooLarge(Invalid):
    code = "body-too-large"
    status = 413


class ChannelInvalid(Invalid):
    code = "channel-invalid"


class CursorInvalid(Invalid):
    code = "cursor-invalid"
    status = 400


class ListTooLong(Invalid):
    code = "list-too-long"


class KeyReused(Invalid):
    code = "key-reused"


class KeyInvalid(Invalid):
    code = "key-invalid"
    status = 400


class ModelUnpriced(Invalid):
    code = "model-unpriced"


class TooLarge(Invalid):
    code = "too-large"
    status = 413


class NotFound(SluiceError):
    code = "not-found"
    status = 404


class WorkflowNotFound(NotFound):
    code = "workflow-not-found"


class VersionNotFound(NotFound):
    code = "version-not-found"


class RunNotFound(NotFound):
    code = "run-not-found"


class GateNotFound(NotFound):
    code = "gate-not-found"


class MessageNotFound(NotFound):
    code = "message-not-found"


class DraftNotFound(NotFound):
    code = "draft-not-found"


class StarterNotFound(NotFound):
    code = "starter-not-found"


class BudgetNotFound(NotFound):
    code = "budget-not-found"


class ApiNotFound(NotFound):
    code = "api-not-found"


class AgentNotFound(NotFound):
    code = "agent-not-found"


class JobNotFound(NotFound):
    code = "job-not-found"


class NotificationUnknown(NotFound):
    code = "notification-not-found"


class TriggerNotFound(NotFound):
    code = "trigger-not-found"


class ChannelNotFound(NotFound):
    code = "channel-not-found"


class ConversationNotFound(NotFound):
    code = "conversation-not-found"


class Conflict(SluiceError):
    code = "conflict"
    status = 409


class PersonNotFound(NotFound):
    code = "person-not-found"


class OrganisationNotFound(NotFound):
    code = "organisation-not-found"


class KeyNotFound(NotFound):
    code = "key-not-found"


class InvitationNotFound(NotFound):
    code = "invitation-not-found"


class NameTaken(Conflict):
    code = "name-taken"


class WorkflowNameTaken(Conflict):
    code = "workflow-name-taken"


class AgentNameTaken(Conflict):
    code = "agent-name-taken"


class TriggerNameTaken(Conflict):
    code = "trigger-name-taken"


class TriggerChanged(Conflict):
    code = "trigger-changed"


class TriggerPaused(Conflict):
    code = "trigger-paused"


class ChannelTaken(Conflict):
    code = "channel-taken"


class ChannelChanged(Conflict):
    code = "channel-changed"


class TriggerChainTooLong(Conflict):
    code = "trigger-chain-too-long"


class NameReserved(Conflict):
    code = "name-reserved"


class AccessChanged(Conflict):
    code = "access-changed"


class DraftRefused(Conflict):
    """`detail`: `current` is the draft that is there (whose it is, who saved it, when, its `etag`), `change` what the refused one would change
    of it."""

    code = "draft-refused"

    def __init__(self, message: str, current: "Mapping[str, Json]", change: Sequence[str]) -> None:
        self._detail: dict[str, Json] = {"current": dict(current), "change": [*change]}
        super().__init__(message)

    @property
    def detail(self) -> "Mapping[str, Json]":
        return self._detail


class DraftChanged(DraftRefused):
    code = "draft-changed"
    status = 412


class MatchRequired(DraftRefused):
    code = "match-required"
    status = 428


class VersionMoved(Conflict):
    """`detail`: `latest` is the version that came in between (`number`, `created_by`, `created_at`, `note`), `change` what it changed."""

    code = "version-moved"

    def __init__(self, message: str, latest: "Mapping[str, Json]", change: Sequence[str]) -> None:
        self._detail: dict[str, Json] = {"latest": dict(latest), "change": [*change]}
        super().__init__(message)

    @property
    def detail(self) -> "Mapping[str, Json]":
        return self._detail


class NotPublished(Conflict):
    code = "not-published"


class RunEnded(Conflict):
    code = "run-ended"


class RunOpen(Conflict):
    code = "run-open"


class RunNotResumable(Conflict):
    code = "run-not-resumable"


class PlanChanged(Conflict):
    code = "plan-changed"


class EffectsNotAllowed(Conflict):
    code = "effects-not-allowed"


class StaleAttempt(Conflict):
    code = "stale-attempt"


class GateAlreadyDecided(Conflict):
    """`decision` is the one that won, as the API shows it: `{choice, by, at, channel}`."""

    code = "gate-already-decided"

    def __init__(self, message: str, decision: "Mapping[str, Json]") -> None:
        self.decision = dict(decision)
        super().__init__(message)

    @property
    def detail(self) -> "Mapping[str, Json]":
        return {"decision": self.decision}


class AlreadyReplied(Conflict):
    code = "already-replied"


class RequestInFlight(Conflict):
    code = "request-in-flight"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class BudgetExceeded(Conflict):
    """`detail`: `scope` (`run`, `workflow` or `organisation`), `period` (`run`, `day` or `month`), of a run its `run_id`, and in micro-dollars
    `limit`, `spent`, `reserved` and `wanted`, what the refused call might have cost."""

    code = "budget-exceeded"

    def __init__(self, message: str, figures: "Mapping[str, Json]") -> None:
        self.figures = dict(figures)
        super().__init__(message)

    @property
    def detail(self) -> "Mapping[str, Json]":
        return self.figures


class ConditionLost(Conflict):
    """`positions` are those of the writes whose condition did not hold."""

    code = "condition-lost"

    def __init__(self, positions: Sequence[int] = (0,)) -> None:
        self.positions = tuple(positions)
        super().__init__("another write came first")


class Refused(SluiceError):
    code = "refused"
    status = 403


class NotSignedIn(Refused):
    code = "not-signed-in"
    status = 401


class CredentialsInvalid(Refused):
    code = "credentials-invalid"
    status = 401


class TooManyAttempts(Refused):
    """`retry_after_seconds` says when the next one is looked at."""

    code = "too-many-attempts"
    status = 429

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"too many sign-ins have failed; try again in {retry_after_seconds} seconds")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.retry_after_seconds)}

    @property
    def detail(self) -> "Mapping[str, Json]":
        return {"retry_after_seconds": self.retry_after_seconds}


class ScopeMissing(Refused):
    """`scope` is the one that is missing."""

    code = "scope-missing"

    def __init__(self, scope: str) -> None:
        self.scope = str(scope)
        super().__init__(f"this needs the scope {self.scope}, which your credentials do not have")

    @property
    def detail(self) -> "Mapping[str, Json]":
        return {"scope": self.scope}


class NotADecider(Refused):
    code = "not-a-decider"


class SelfApproval(Refused):
    code = "self-approval"


class SignatureInvalid(Refused):
    code = "signature-invalid"
    status = 401


class TicketInvalid(Refused):
    code = "ticket-invalid"
    status = 401


class RateLimited(SluiceError):
    """`limits` are the headers that say which limit it is, and what is left. Not `retryable`, which is what machines go by: only callers meet it."""

    code = "rate-limited"
    status = 429

    def __init__(self, message: str, retry_after_seconds: int, limits: Mapping[str, str]) -> None:
        self.retry_after_seconds = retry_after_seconds
        self.limits = dict(limits)
        super().__init__(message)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.retry_after_seconds), **self.limits}

    @property
    def detail(self) -> "Mapping[str, Json]":
        return {"retry_after_seconds": self.retry_after_seconds}


class Unavailable(SluiceError):
    code = "unavailable"
    retryable = True
    status = 503


class Contention(Unavailable):
    code = "contention"


class EngineUnavailable(Unavailable):
    code = "engine-unavailable"


class PublisherUnavailable(Unavailable):
    code = "publisher-unavailable"


class BlobMissing(SluiceError):
    code = "blob-missing"


class SealBroken(SluiceError):
    code = "seal-broken"


class BlobCorrupt(SluiceError):
    code = "blob-corrupt"


class NodeFailed(SluiceError):
    code = "node-failed"


class GateTimedOut(NodeFailed):
    code = "gate-timed-out"


class ChildRunFailed(NodeFailed):
    code = "child-run-failed"


class ChildRunTimedOut(NodeFailed):
    code = "child-run-timed-out"


class ChildRunCancelled(NodeFailed):
    code = "child-run-cancelled"


class OutputTooLarge(NodeFailed):
    code = "output-too-large"


class SecretMissing(NodeFailed):
    code = "secret-missing"


class WorkerLost(NodeFailed):
    code = "worker-lost"


class Interrupted(NodeFailed):
    code = "interrupted"
