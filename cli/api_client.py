"""The API's operations as typed functions. Made of the API's document by `make reference`: not to be edited.

In: a `cli.client.Client`, which knows where the API is and who asks. Out: what the API answers, as its document promises it. Never: a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from cli.client import Client


GateStatus = Literal["open", "decided", "timed_out", "cancelled"]
JsonObject = dict[str, Any]
Priority = Literal["high", "normal", "low"]
RunStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "timed_out", "cancelled"]
Scope = Literal[
    "workflow:read",
    "workflow:write",
    "workflow:execute",
    "workflow:delete",
    "run:read",
    "run:cancel",
    "run:resume",
    "gate:decide",
    "channel:manage",
    "secret:manage",
    "org:admin",
    "audit:read",
]


class Acceptance(TypedDict):
    invitation: str
    username: str
    password: str


class AccessToSet(TypedDict):
    shares: NotRequired[list[ShareToMake]]
    public: NotRequired[bool]
    owner: NotRequired[str | None]
    revision: NotRequired[int | None]


class Agent(TypedDict):
    agent: str
    kind: Literal["preset", "workflow", "a2a"]
    name: str
    title: str
    description: str
    skills: list[Skill]
    source: Literal["built_in", "published", "setting", "registered"]
    from_outside: bool
    takes_text: bool
    card_url: str | None
    version: int | None
    fetched_at: str | None
    fault: str | None


class Agents(TypedDict):
    agents: list[FoundAgent]
    left_out_count: int


class Alerts(TypedDict):
    alerts: list[BudgetAlert]
    cursor: str | None


class ApiKey(TypedDict):
    id: str
    name: str
    owner: str
    scopes: list[str] | None
    created_at: str
    created_by: str
    lapses_at: str | None
    used_on: str


class ApiKeys(TypedDict):
    keys: list[ApiKey]


class Apis(TypedDict):
    apis: list[ImportedApi]
    cursor: str | None


class AppSecret(TypedDict):
    id: str
    made_at: str
    ends_at: str | None


class AppSecretGiven(TypedDict):
    app_secret: str
    overlap_seconds: NotRequired[int]


class Attempt(TypedDict):
    fence: Fence
    started_at: str
    ended_at: str | None
    error: Fault | None
    usage: Usage


class Audit(TypedDict):
    entries: list[AuditEntry]
    before: int | None
    cursor: str | None


class AuditChain(TypedDict):
    organisation_id: str
    entries: list[AuditEntry]
    head: ChainHead
    kept_since: str


class AuditEntry(TypedDict):
    id: str
    at: str
    by: str
    operation: str
    address: str
    correlation_id: str
    noun: str
    target: str
    verb: str
    before: str
    after: str
    previous: str
    hash: str
    organisation_id: str
    number: int


class AuditKey(TypedDict):
    fingerprint: str
    algorithm: str
    public_key: str


class AwaitedMessages(TypedDict):
    messages: list[Message]


class Backfill(TypedDict):
    times: list[str]
    firings: list[Firing]


class Blob(TypedDict):
    key: str
    bytes: int
    sha256: str
    count: int | None


class Budget(TypedDict):
    workflow_id: str | None
    per_run: int | None
    per_day: int | None
    per_month: int | None
    unpriced: Literal["refuse", "allow"]
    set_at: str
    set_by: str
    used: dict[str, BudgetUse]


class BudgetAlert(TypedDict):
    id: str
    workflow_id: str | None
    period: Literal["day", "month"]
    of: str
    level: int
    limit: int
    spent: int
    at: str
    scope: Literal["run", "workflow", "organisation"]


class BudgetToSet(TypedDict):
    per_day: NotRequired[int | None]
    per_month: NotRequired[int | None]
    unpriced: NotRequired[Literal["refuse", "allow"]]


class BudgetUse(TypedDict):
    limit: int
    spent: int
    reserved: int


class Budgets(TypedDict):
    budgets: list[Budget]


Cache = TypedDict("Cache", {"from": "str", "to": "str", "total": "CacheTotal", "days": "list[CacheDay]"})


class CacheDay(TypedDict):
    hit_count: int
    miss_count: int
    bypass_count: int
    kept_count: int
    saved: int
    unpriced_count: int
    day: str


class CacheTotal(TypedDict):
    hit_count: int
    miss_count: int
    bypass_count: int
    kept_count: int
    saved: int
    unpriced_count: int


class CallerImpact(TypedDict):
    workflow_id: str
    workflow_name: str
    version: int
    calls_version: int


class Cancellation(TypedDict):
    reason: NotRequired[str | None]


class Candidate(TypedDict):
    id: str
    provider: str
    model: str
    key: str
    state: Literal["closed", "open", "half_open"]
    opened_at: str | None
    open_until: str | None
    opened_for: str | None
    availability: float | None
    error_budget_left: float | None
    call_count: int
    success_ratio: float | None
    latency_p50_seconds: float | None
    latency_p95_seconds: float | None
    first_token_p50_seconds: float | None
    first_token_p95_seconds: float | None
    failures: dict[str, int]
    recent: RecentCalls


class CandidateChoice(TypedDict):
    candidate: str
    why: str


class ChainHead(TypedDict):
    count: int
    hash: str


class ChangedUse(TypedDict):
    kind: str
    added: list[str]
    removed: list[str]


class Channel(TypedDict):
    id: str
    type: Literal["whatsapp", "messenger", "instagram", "email"]
    name: str
    account: str
    settings: dict[str, Any]
    app_secrets: list[AppSecret]
    token_secret: str | None
    workflow_id: str | None
    webhook_path: str
    enabled: bool
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None
    revision: int


class ChannelGiven(TypedDict):
    settings: NotRequired[JsonObject]
    token_secret: NotRequired[str | None]
    workflow_id: NotRequired[str | None]
    enabled: NotRequired[bool]
    type: Literal["whatsapp", "messenger", "instagram", "email"]
    name: str
    account: str
    app_secret: NotRequired[str | None]
    verify_token: NotRequired[str | None]


class ChannelToChange(TypedDict):
    settings: NotRequired[JsonObject]
    token_secret: NotRequired[str | None]
    workflow_id: NotRequired[str | None]
    enabled: NotRequired[bool]
    revision: NotRequired[int | None]


class Channels(TypedDict):
    channels: list[Channel]
    cursor: str | None


class Checkpoint(TypedDict):
    organisation_id: str
    count: int
    hash: str
    at: str
    key: str
    signature: str


class Checkpoints(TypedDict):
    checkpoints: list[Checkpoint]
    keys: list[AuditKey]


class Child(TypedDict):
    workflow_id: str
    version_id: str
    version: int


class ClearedCache(TypedDict):
    generation: int | str


class ComparedNode(TypedDict):
    node: str
    item_path: str
    status: list[Literal["running", "waiting", "succeeded", "failed", "timed_out", "cancelled", "skipped"] | None]
    seconds: list[float | None]
    attempt_count: list[int | None]
    cost: list[int | None]
    error: list[Fault | None]
    input: Differences
    output: Differences


class Comparison(TypedDict):
    runs: list[Run]
    spec: Differences
    input: Differences
    output: Differences
    nodes: list[ComparedNode]
    is_cut: bool


class Conversation(TypedDict):
    id: str
    contact_id: str
    channel_id: str
    name: str
    text: str
    message_count: int
    created_at: str
    last_at: str


class ConversationMessage(TypedDict):
    id: str
    conversation_id: str
    number: int
    contact_id: str
    channel_id: str
    direction: Literal["inbound", "outbound"]
    kind: str
    vendor_id: str
    at: str
    received_at: str
    text: str
    reply_to: str | None
    echo: bool
    automatic: bool
    status: Literal["queued", "sent", "delivered", "read", "failed"] | None
    error_code: str
    error_text: str
    workflow_id: str | None
    run_id: str | None
    content: dict[str, Any]
    refused: Fault | None


class Conversations(TypedDict):
    conversations: list[Conversation]
    cursor: str | None


class Copy(TypedDict):
    name: str


class Cost(TypedDict):
    cost: int
    call_count: int
    unpriced_count: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int


class CostOfDay(TypedDict):
    cost: int
    call_count: int
    unpriced_count: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    day: str


class CostOfNode(TypedDict):
    cost: int
    call_count: int
    unpriced_count: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    node: str
    item_path: str


Costs = TypedDict("Costs", {"from": "str", "to": "str", "workflow_id": "str | None", "total": "Cost", "days": "list[CostOfDay]"})


class CostsOfRun(TypedDict):
    run_id: str
    total: Cost
    nodes: list[CostOfNode]


class Decision(TypedDict):
    gate_id: str
    is_final: bool
    choice: str
    reason: str | None
    form: Any
    by: list[str]
    at: str
    channel: str
    missing_count: int
    shown_sha256: str


class DecisionToMake(TypedDict):
    choice: str
    reason: NotRequired[str | None]
    form: NotRequired[Any]
    channel: NotRequired[Literal["api", "cli", "web"]]


class DeployedStarter(TypedDict):
    workflow_id: str
    name: str
    version: int | None
    is_new: bool
    workflows: list[ImportedWorkflow]
    lacks: Lacks


class Deployment(TypedDict):
    parameters: NotRequired[JsonObject]
    name: NotRequired[str | None]
    publish: NotRequired[bool]


class Diagnostic(TypedDict):
    code: str
    severity: Literal["error", "warning"]
    message: str
    hint: str | None
    line: int | None
    column: int | None
    path: str


class Difference(TypedDict):
    path: str
    kind: Literal["added", "removed", "changed"]
    before: str | None
    after: str | None


class Differences(TypedDict):
    found: list[Difference]
    is_cut: bool


class Document(TypedDict):
    text: NotRequired[str | None]
    spec: NotRequired[JsonObject | None]


class Draft(TypedDict):
    workflow_id: str
    person: str
    text: str
    base_version: int
    saved_at: str
    saved_by: str
    revision: int
    etag: str


class DraftSummary(TypedDict):
    workflow_id: str
    person: str
    base_version: int
    saved_at: str
    saved_by: str
    revision: int
    etag: str


class DraftToSave(TypedDict):
    text: NotRequired[str | None]
    spec: NotRequired[JsonObject | None]
    base_version: NotRequired[int | None]


class Drafts(TypedDict):
    drafts: list[DraftSummary]


class EmptiedQueue(TypedDict):
    workflow_id: str
    workflow_name: str
    limit: int | None
    is_paused: bool
    running_count: int
    waiting: dict[str, int]
    waiting_count: int
    cancelled_count: int


class Emptying(TypedDict):
    reason: NotRequired[str | None]


class EventGiven(TypedDict):
    pattern: JsonObject


class EventSource(TypedDict):
    pattern: dict[str, Any]


class Fault(TypedDict):
    name: str
    message: str
    code: str
    retryable: bool


class Fence(TypedDict):
    resume: int
    again: int
    visit: int
    entry: int
    retry: int


class FieldFault(TypedDict):
    field: str
    message: str


class FileToImport(TypedDict):
    text: str
    publish: NotRequired[bool]
    dry_run: NotRequired[bool]


class Firing(TypedDict):
    trigger_id: str
    key: str
    at: str
    recorded_at: str
    run_id: str | None
    error: Fault | None


class Firings(TypedDict):
    firings: list[Firing]
    cursor: str | None


class Forecast(TypedDict):
    transitions: dict[str, Any]
    invocations: dict[str, Any]
    writes: dict[str, Any]
    models: NotRequired[dict[str, Any]]
    price_microdollars: NotRequired[dict[str, Any]]


class FoundAgent(TypedDict):
    agent: str
    kind: Literal["preset", "workflow", "a2a"]
    name: str
    title: str
    description: str
    skills: list[Skill]
    source: Literal["built_in", "published", "setting", "registered"]
    from_outside: bool
    takes_text: bool
    card_url: str | None
    version: int | None
    fetched_at: str | None
    fault: str | None
    score: NotRequired[float]
    fit: NotRequired[str]


class Gate(TypedDict):
    id: str
    run_id: str
    workflow_id: str
    workflow_name: str
    node: str
    item_path: str
    call: int | str | None
    status: Literal["open", "decided", "timed_out", "cancelled"]
    ask: str
    choices: list[GateChoice]
    any_of: list[str]
    at_least: int
    allow_self_approval: bool
    started_by: str
    channels: list[str]
    form: dict[str, Any] | None
    reason_rule: Literal["none", "optional", "required"]
    opened_at: str
    deadline_at: str | None
    shown_sha256: str
    votes: list[Vote]
    decision: Decision | None
    delivered_at: str | None
    details: Any


class GateChoice(TypedDict):
    choice: str
    title: str
    approves: bool
    fields: list[str] | None


class Gates(TypedDict):
    gates: list[Gate]
    cursor: str | None


class Heard(TypedDict):
    heard: bool


class Impact(TypedDict):
    workflow_id: str
    latest_version: int
    in_flight_count: int
    open_gate_count: int
    versions: list[VersionImpact]
    callers: list[CallerImpact]
    triggers: list[TriggerImpact]
    is_whole: bool


class Imported(TypedDict):
    root: str
    workflows: list[ImportedWorkflow]
    lacks: Lacks
    diagnostics: list[Diagnostic]


class ImportedApi(TypedDict):
    name: str
    title: str
    version: str
    base_url: str
    operation_count: int
    imported_at: str
    imported_by: str


class ImportedApiWithOperations(TypedDict):
    name: str
    title: str
    version: str
    base_url: str
    operation_count: int
    imported_at: str
    imported_by: str
    operations: list[ImportedOperation]
    skipped: list[SkippedOperation]


class ImportedOperation(TypedDict):
    name: str
    description: str
    method: str
    url: str
    arguments: dict[str, Any]
    auth: list[str]


class ImportedWorkflow(TypedDict):
    name: str
    status: Literal["new", "unchanged", "taken"]
    workflow_id: str | None
    version: int | None


class Invitation(TypedDict):
    id: str
    roles: list[str]
    note: str
    created_at: str
    created_by: str
    expires_at: int


class Invitations(TypedDict):
    invitations: list[Invitation]


class KeySet(TypedDict):
    keys: list[dict[str, Any]]


class Lacks(TypedDict):
    secrets: list[str]
    channels: list[str]
    workflows: list[str]
    mcp_servers: list[str]
    a2a_agents: list[str]
    apis: list[str]
    databases: list[str]


class Login(TypedDict):
    username: str
    password: str
    organisation_id: NotRequired[str]
    scopes: NotRequired[list[str] | None]


class LoginForm(TypedDict):
    username: str
    password: str
    scope: NotRequired[str]
    grant_type: NotRequired[str]
    client_id: NotRequired[str]
    client_secret: NotRequired[str]


class MadeApiKey(TypedDict):
    id: str
    name: str
    owner: str
    scopes: list[str] | None
    created_at: str
    created_by: str
    lapses_at: str | None
    used_on: str
    key: str


class MadeChannel(TypedDict):
    id: str
    type: Literal["whatsapp", "messenger", "instagram", "email"]
    name: str
    account: str
    settings: dict[str, Any]
    app_secrets: list[AppSecret]
    token_secret: str | None
    workflow_id: str | None
    webhook_path: str
    enabled: bool
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None
    revision: int
    verify_token: str


class MadeInvitation(TypedDict):
    id: str
    roles: list[str]
    note: str
    created_at: str
    created_by: str
    expires_at: int
    invitation: str


class MadeTrigger(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    name: str
    kind: Literal["schedule", "webhook", "event", "run_end"]
    version: int | None
    enabled: bool
    priority: Literal["high", "normal", "low"]
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None
    revision: int
    input: NotRequired[Any]
    start_within_seconds: NotRequired[int]
    schedule: NotRequired[Schedule]
    webhook: NotRequired[Webhook]
    event: NotRequired[EventSource]
    run_end: NotRequired[RunEnd]
    secret: NotRequired[str]


class MappedState(TypedDict):
    state: str
    node: str
    role: str
    line: int


class Me(TypedDict):
    person: str
    kind: str
    organisation_id: str
    roles: list[str]
    scopes: list[str]
    organisations: list[str]


class MemberToChange(TypedDict):
    roles: NotRequired[list[str] | None]
    disabled: NotRequired[bool | None]


class Message(TypedDict):
    id: str
    run_id: str
    node: str
    item_path: str
    fence: Fence
    to: str | None
    text: str
    channels: list[str]
    waits_for_reply: bool
    sent_at: str
    deadline_at: str | None
    reply: str | None
    replied_by: str | None
    replied_at: str | None
    delivered_at: str | None


class MissingTools(TypedDict):
    source: ToolSource
    code: str
    message: str


class ModelRoute(TypedDict):
    name: str
    strategy: str
    order: list[CandidateChoice]
    keyless: list[str]
    why: str


class NewAgent(TypedDict):
    name: str
    url: str
    headers: NotRequired[dict[str, Any]]
    signed_by: NotRequired[SignersSetting | None]


class NewApi(TypedDict):
    name: str
    document: str
    base_url: NotRequired[str]


class NewInvitation(TypedDict):
    roles: list[str]
    note: NotRequired[str]


class NewKey(TypedDict):
    name: str
    owner: NotRequired[str]
    scopes: NotRequired[list[Scope] | None]
    expires_in_days: NotRequired[int | None]


class NewOrganisation(TypedDict):
    title: str


class NewPassword(TypedDict):
    person: str
    password: str


class NewServiceAccount(TypedDict):
    name: str
    roles: list[str]


class NewWorkflow(TypedDict):
    text: NotRequired[str | None]
    spec: NotRequired[JsonObject | None]
    name: NotRequired[str | None]


class NodeFate(TypedDict):
    node: str
    fate: Literal["kept", "set", "replayed", "computed", "retried", "again", "first", "dropped"]
    why: str
    effect: Literal["none", "notify", "write", "money", "external"]
    warning: str | None
    settled_count: int
    open_count: int


class NodeRun(TypedDict):
    run_id: str
    node: str
    item_path: str
    fence: Fence
    status: Literal["running", "waiting", "succeeded", "failed", "timed_out", "cancelled", "skipped"]
    started_at: str
    ended_at: str | None
    error: Fault | None
    usage: Usage
    visit_usage: Usage
    earlier: list[Stored]
    attempts: list[Attempt]
    attempt_count: int
    is_container: bool
    waiting_for: Literal["gate", "reply", "child", "wait"] | None
    reference: str | None
    until: str | None
    details: dict[str, Any]
    input: Any
    input_bytes: int
    output: Any
    output_bytes: int
    input_url: NotRequired[str | None]
    output_url: NotRequired[str | None]


class NodeRuns(TypedDict):
    nodes: list[NodeRun]
    cursor: str | None


class Organisation(TypedDict):
    id: str
    title: str
    preset: Literal["default", "locked"]
    created_at: str
    created_by: str


class OrganisationToChange(TypedDict):
    title: NotRequired[str | None]
    preset: NotRequired[Literal["default", "locked"] | None]


class Parameter(TypedDict):
    name: str
    title: str
    schema: JsonObject
    sets: list[str]


class ParentNode(TypedDict):
    run_id: str
    node: str
    item_path: str
    visit: int


class PasswordChange(TypedDict):
    current_password: str
    new_password: str


class People(TypedDict):
    people: list[Person]
    cursor: str | None


class Person(TypedDict):
    name: str
    kind: Literal["person", "service"]
    roles: list[str]
    disabled: bool
    created_at: str
    created_by: str


class PinnedAgent(TypedDict):
    kind: str
    name: str
    why: str
    skill: str
    url: str
    candidates: list[dict[str, Any]]
    passed_over: dict[str, Any]


class PlaceInLine(TypedDict):
    position: int
    waiting_count: int
    estimated_start_at: str | None
    is_paused: bool


class PlacedRun(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    version_id: str
    version: int
    title: str
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "timed_out", "cancelled"]
    machine_arn: str
    execution_name: str
    started_by: str
    trigger: Trigger
    parent: ParentNode | None
    key: str | None
    priority: Literal["high", "normal", "low"]
    slot: Literal["none", "waiting", "held"]
    created_at: str
    updated_at: str
    admitted_at: str | None
    start_by_at: str | None
    started_at: str | None
    ended_at: str | None
    deadline_at: str | None
    cancel_requested_by: str | None
    cancel_reason: str | None
    lingers: bool
    resume: int
    again: dict[str, int]
    error: Fault | None
    failed_node: str | None
    event_count: int
    invocation_count: int
    usage: Usage
    of_items: Spent
    write_count: int
    queue: PlaceInLine | None


class Problem(TypedDict):
    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldFault]


class ProvidersHealth(TypedDict):
    at: str
    availability_target: float
    window_seconds: int
    candidates: list[Candidate]
    routes: list[ModelRoute]


class Publication(TypedDict):
    text: NotRequired[str | None]
    spec: NotRequired[JsonObject | None]
    note: NotRequired[str]
    labels: NotRequired[dict[str, str]]
    base_version: NotRequired[int | None]


class PublicationPreview(TypedDict):
    is_new: bool
    digest: str
    diff: VersionDifference | None
    forecast: dict[str, Any]
    impact: Impact
    diagnostics: list[Diagnostic]


class PublishedVersion(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    number: int
    digest: str
    spec_digest: str
    title: str
    note: str
    labels: dict[str, str]
    rollback_of: int | None
    machine_arn: str
    spec: dict[str, Any]
    children: dict[str, Child]
    agents: dict[str, PinnedAgent]
    context_fields: list[str]
    warnings: list[dict[str, Any]]
    created_at: str
    created_by: str
    is_new: bool
    impact: Impact


class Queue(TypedDict):
    limit: int
    running_count: int
    waiting_count: int
    workflows: list[WorkflowQueue]


class QueueToSet(TypedDict):
    limit: NotRequired[int | None]
    is_paused: NotRequired[bool]


class Queued(TypedDict):
    queued_count: int


class RecentCalls(TypedDict):
    call_count: int
    success_ratio: float | None
    latency_p50_seconds: float | None
    latency_p95_seconds: float | None
    first_token_p50_seconds: float | None
    first_token_p95_seconds: float | None
    failures: dict[str, int]


class RefreshToken(TypedDict):
    refresh_token: str


class Repetition(TypedDict):
    input: NotRequired[Any]
    version: NotRequired[int | str | None]


class Reply(TypedDict):
    text: str
    node: NotRequired[str | None]
    message_id: NotRequired[str | None]


class RequestToWarm(TypedDict):
    prompt: str
    model: NotRequired[str]
    system: NotRequired[str | None]
    output: NotRequired[JsonObject | None]
    max_output_tokens: NotRequired[int | None]


class ResumePlan(TypedDict):
    run_id: str
    resume: int
    version: int
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "timed_out", "cancelled"]
    nodes: list[NodeFate]
    warnings: list[str]
    forecast: dict[str, Any]
    plan: str


Resuming = TypedDict(
    "Resuming",
    {
        "from": "NotRequired[str | None]",
        "input": "NotRequired[Any]",
        "outputs": "NotRequired[dict[str, Any]]",
        "version": "NotRequired[int | str | None]",
    },
)

Resumption = TypedDict(
    "Resumption",
    {
        "from": "NotRequired[str | None]",
        "input": "NotRequired[Any]",
        "outputs": "NotRequired[dict[str, Any]]",
        "version": "NotRequired[int | str | None]",
        "plan": "str",
        "reason": "NotRequired[str | None]",
    },
)


class Rollback(TypedDict):
    version: int
    note: NotRequired[str]


class RotatedKey(TypedDict):
    kid: str
    signs_in_seconds: int


class Rotation(TypedDict):
    secret: NotRequired[str | None]
    overlap_seconds: NotRequired[int]


class Rpc(TypedDict):
    jsonrpc: Literal["2.0"]
    method: str
    id: NotRequired[int | str | None]
    params: NotRequired[JsonObject | None]


class RpcError(TypedDict):
    code: int
    message: str
    data: NotRequired[Any]


class RpcReply(TypedDict):
    jsonrpc: Literal["2.0"]
    id: int | str | None
    result: NotRequired[dict[str, Any]]
    error: NotRequired[RpcError]


class Run(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    version_id: str
    version: int
    title: str
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "timed_out", "cancelled"]
    machine_arn: str
    execution_name: str
    started_by: str
    trigger: Trigger
    parent: ParentNode | None
    key: str | None
    priority: Literal["high", "normal", "low"]
    slot: Literal["none", "waiting", "held"]
    created_at: str
    updated_at: str
    admitted_at: str | None
    start_by_at: str | None
    started_at: str | None
    ended_at: str | None
    deadline_at: str | None
    cancel_requested_by: str | None
    cancel_reason: str | None
    lingers: bool
    resume: int
    again: dict[str, int]
    error: Fault | None
    failed_node: str | None
    event_count: int
    invocation_count: int
    usage: Usage
    of_items: Spent
    write_count: int


class RunEnd(TypedDict):
    workflow_id: str
    statuses: list[str]


class RunEndGiven(TypedDict):
    workflow: str
    statuses: list[str]


class RunEvent(TypedDict):
    type: Literal[
        "run_queued",
        "run_started",
        "run_waiting",
        "run_resumed",
        "run_succeeded",
        "run_failed",
        "run_timed_out",
        "run_cancelled",
        "node_started",
        "node_waiting",
        "node_resumed",
        "node_retrying",
        "node_succeeded",
        "node_failed",
        "node_skipped",
        "gate_opened",
        "gate_decided",
        "gate_timed_out",
    ]
    run_id: str
    workflow_id: str
    number: int
    at: str
    data: dict[str, Any]
    occurred_at: NotRequired[str]
    node: NotRequired[str]
    item_path: NotRequired[str]


class RunEvents(TypedDict):
    events: list[RunEvent]
    next_since: int | None


class RunToStart(TypedDict):
    input: NotRequired[Any]
    version: NotRequired[int | None]
    priority: NotRequired[Priority]
    start_within_seconds: NotRequired[int | None]


class RunWithValues(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    version_id: str
    version: int
    title: str
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "timed_out", "cancelled"]
    machine_arn: str
    execution_name: str
    started_by: str
    trigger: Trigger
    parent: ParentNode | None
    key: str | None
    priority: Literal["high", "normal", "low"]
    slot: Literal["none", "waiting", "held"]
    created_at: str
    updated_at: str
    admitted_at: str | None
    start_by_at: str | None
    started_at: str | None
    ended_at: str | None
    deadline_at: str | None
    cancel_requested_by: str | None
    cancel_reason: str | None
    lingers: bool
    resume: int
    again: dict[str, int]
    error: Fault | None
    failed_node: str | None
    event_count: int
    invocation_count: int
    usage: Usage
    of_items: Spent
    write_count: int
    queue: PlaceInLine | None
    input: Any
    input_bytes: int
    output: Any
    output_bytes: int
    transition_count: NotRequired[int | None]


class Runs(TypedDict):
    runs: list[Run]
    cursor: str | None


class Sample(TypedDict):
    title: str
    input: JsonObject


class Schedule(TypedDict):
    expression: str
    timezone: str
    start_at: str | None
    end_at: str | None
    anchor_at: str
    catch_up: Literal["none", "latest", "all"]


class ScheduleGiven(TypedDict):
    cron: NotRequired[str | None]
    rate: NotRequired[str | None]
    at: NotRequired[str | None]
    timezone: NotRequired[str]
    start_at: NotRequired[str | None]
    end_at: NotRequired[str | None]
    catch_up: NotRequired[Literal["none", "latest", "all"]]


class Secret(TypedDict):
    name: str
    created_at: str
    changed_at: str
    mine: Literal["none", "see", "use", "rotate", "manage"]


class SecretAccess(TypedDict):
    name: str
    everybody: Literal["none", "see", "use"]
    shares: list[SecretShare]
    set_at: str | None
    set_by: str | None
    revision: int


class SecretAccessToSet(TypedDict):
    everybody: NotRequired[Literal["none", "see", "use"]]
    shares: NotRequired[list[SecretShareToMake]]
    revision: NotRequired[int | None]


class SecretShare(TypedDict):
    who: str
    level: Literal["see", "use", "rotate"]


class SecretShareToMake(TypedDict):
    who: str
    level: Literal["see", "use", "rotate"]


class SecretText(TypedDict):
    secret: str
    prefix: NotRequired[str]


class Secrets(TypedDict):
    secrets: list[Secret]


class Share(TypedDict):
    who: str
    level: Literal["read", "run", "edit"]


class ShareToMake(TypedDict):
    who: str
    level: Literal["read", "run", "edit"]


class SignersSetting(TypedDict):
    keys: NotRequired[list[JsonObject]]
    jwks_url: NotRequired[str | None]


class Skill(TypedDict):
    id: str
    name: str
    description: str
    tags: list[str]


class SkippedOperation(TypedDict):
    operation: str
    reason: str


Span = TypedDict("Span", {"from": "str", "to": "str", "dry_run": "NotRequired[bool]"})


class Spent(TypedDict):
    usage: Usage
    invocation_count: int


class Starter(TypedDict):
    name: str
    title: str
    description: str
    tags: list[str]
    version: int
    source: Literal["built_in", "organisation"]
    use_count: int


StarterEdge = TypedDict("StarterEdge", {"from": "str", "to": "str", "when": "Any", "map": "str | None"})


class StarterGraph(TypedDict):
    nodes: list[StarterNode]
    edges: list[StarterEdge]


class StarterNode(TypedDict):
    id: str
    type: str
    title: str | None
    map: str | None


class StarterParameter(TypedDict):
    name: str
    title: str
    schema: dict[str, Any]
    sets: list[str]
    default: Any


class StarterSample(TypedDict):
    title: str
    input: dict[str, Any]


class StarterToShare(TypedDict):
    workflow_id: str
    version: NotRequired[int | None]
    tags: NotRequired[list[str]]
    parameters: NotRequired[list[Parameter]]
    samples: NotRequired[list[Sample]]


class StarterWithAll(TypedDict):
    name: str
    title: str
    description: str
    tags: list[str]
    version: int
    source: Literal["built_in", "organisation"]
    use_count: int
    parameters: list[StarterParameter]
    samples: list[StarterSample]
    uses: Uses
    lacks: Lacks
    plan: str
    graph: StarterGraph
    forecast: dict[str, Any]
    workflows: list[str]
    text: str


class Starters(TypedDict):
    starters: list[Starter]
    cursor: str | None


class Stored(TypedDict):
    text: str | None
    blob: Blob | None


class Switch(TypedDict):
    organisation_id: str


class TakenCall(TypedDict):
    run_id: str | None


class Ticket(TypedDict):
    ticket: str
    url: str
    expires_in_seconds: int


class Times(TypedDict):
    times: list[str]


class ToWarm(TypedDict):
    requests: list[RequestToWarm]
    ttl_seconds: NotRequired[int]


class Tokens(TypedDict):
    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str | None
    organisation_id: str
    person: str


class Tool(TypedDict):
    name: str
    source: ToolSource
    description: str
    arguments: dict[str, Any]
    output: JsonObject | None
    effect: Literal["none", "notify", "write", "money", "external"]
    call: dict[str, Any]


class ToolSource(TypedDict):
    kind: Literal["built_in", "mcp", "openapi"]
    name: str | None


class Tools(TypedDict):
    tools: list[Tool]
    left_out_count: int
    missing: list[MissingTools]


class Trial(TypedDict):
    input: NotRequired[Any]
    outputs: NotRequired[dict[str, Any]]
    run_id: NotRequired[str | None]
    version: NotRequired[int | None]
    allow_effects: NotRequired[bool]


class Trigger(TypedDict):
    type: Literal["manual", "schedule", "webhook", "event", "run_end", "message", "workflow", "on_failure", "repeat", "trial"]
    source: str
    depth: int


class TriggerGiven(TypedDict):
    name: str
    version: NotRequired[int | None]
    input: NotRequired[Any]
    enabled: NotRequired[bool]
    priority: NotRequired[Priority]
    start_within_seconds: NotRequired[int | None]
    schedule: NotRequired[ScheduleGiven | None]
    webhook: NotRequired[WebhookGiven | None]
    event: NotRequired[EventGiven | None]
    run_end: NotRequired[RunEndGiven | None]


class TriggerImpact(TypedDict):
    trigger_id: str
    name: str
    kind: Literal["schedule", "webhook", "event", "run_end"]
    enabled: bool
    version: int | None


class TriggerToChange(TypedDict):
    name: str
    version: NotRequired[int | None]
    input: NotRequired[Any]
    enabled: NotRequired[bool]
    priority: NotRequired[Priority]
    start_within_seconds: NotRequired[int | None]
    schedule: NotRequired[ScheduleGiven | None]
    webhook: NotRequired[WebhookGiven | None]
    event: NotRequired[EventGiven | None]
    run_end: NotRequired[RunEndGiven | None]
    revision: NotRequired[int | None]


class TriggerWithTally(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    name: str
    kind: Literal["schedule", "webhook", "event", "run_end"]
    version: int | None
    enabled: bool
    priority: Literal["high", "normal", "low"]
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None
    revision: int
    fired_count: int
    failed_count: int
    last_at: str | None
    last_run_id: str | None
    last_error: Fault | None
    input: NotRequired[Any]
    start_within_seconds: NotRequired[int]
    schedule: NotRequired[Schedule]
    webhook: NotRequired[Webhook]
    event: NotRequired[EventSource]
    run_end: NotRequired[RunEnd]


class Triggers(TypedDict):
    triggers: list[TriggerWithTally]
    cursor: str | None


class TriggersOfWorkflow(TypedDict):
    triggers: list[TriggerWithTally]


class Usage(TypedDict):
    input_tokens: int
    output_tokens: int
    cost: int


class Uses(TypedDict):
    effects: list[str]
    tools: list[str]
    models: list[str]
    deciders: list[str]
    secrets: list[str]
    channels: list[str]
    workflows: list[str]
    mcp_servers: list[str]
    a2a_agents: list[str]
    apis: list[str]
    databases: list[str]


class Validation(TypedDict):
    valid: bool
    digest: str | None
    plan: str | None
    diagnostics: list[Diagnostic]


class Value(TypedDict):
    value: str


class Version(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    number: int
    digest: str
    spec_digest: str
    title: str
    note: str
    labels: dict[str, str]
    rollback_of: int | None
    machine_arn: str
    spec: dict[str, Any]
    children: dict[str, Child]
    agents: dict[str, PinnedAgent]
    context_fields: list[str]
    warnings: list[dict[str, Any]]
    created_at: str
    created_by: str


class VersionChange(TypedDict):
    kind: Literal["added", "removed", "changed", "renamed", "moved"]
    aspect: Literal["node", "edge", "prompt", "text", "binding", "schema", "retry", "timeout", "gate", "permission", "model", "setting"]
    path: str
    node: str | None
    before: Any
    after: Any
    words: list[list[str]]


VersionDifference = TypedDict(
    "VersionDifference",
    {
        "from": "str",
        "to": "str",
        "is_same": "bool",
        "summary": "list[str]",
        "changes": "list[VersionChange]",
        "uses": "list[ChangedUse]",
        "forecast": "dict[str, Any]",
        "text": "str",
    },
)


class VersionImpact(TypedDict):
    version: int
    in_flight_count: int
    open_gate_count: int


class VersionRuns(TypedDict):
    started_count: int
    in_flight_count: int
    succeeded_count: int
    failed_count: int
    timed_out_count: int
    cancelled_count: int
    success_rate: float | None
    median_seconds: float | None
    cost: int
    cost_per_run: int | None


class VersionSummary(TypedDict):
    id: str
    workflow_id: str
    number: int
    digest: str
    spec_digest: str
    title: str
    note: str
    labels: dict[str, str]
    rollback_of: int | None
    created_at: str
    created_by: str
    runs: VersionRuns | None


class Versions(TypedDict):
    versions: list[VersionSummary]
    cursor: str | None


class Vote(TypedDict):
    person: str
    choice: str
    reason: str | None
    form: Any
    channel: str
    at: str


class WarmJob(TypedDict):
    id: str
    ttl_seconds: int
    request_count: int
    status: Literal["queued", "running", "done"]
    created_at: str
    created_by: str
    updated_at: str
    done_count: int
    requests: list[WarmedRequest]
    cost: int
    unpriced_count: int


class WarmedRequest(TypedDict):
    status: Literal["new", "there", "failed", "left"]
    key: str
    cost: int | None
    error: str | None


class Webhook(TypedDict):
    scheme: Literal["token", "sha256", "standard", "stripe"]
    header: str
    prefix: str
    key_headers: list[str]
    path: str
    secrets: list[WebhookSecret]


class WebhookGiven(TypedDict):
    scheme: Literal["token", "sha256", "standard", "stripe"]
    header: NotRequired[str | None]
    prefix: NotRequired[str | None]
    key_headers: NotRequired[list[str]]
    secret: NotRequired[str | None]


class WebhookSecret(TypedDict):
    id: str
    made_at: str
    ends_at: str | None


class WholeConversation(TypedDict):
    id: str
    contact_id: str
    channel_id: str
    name: str
    text: str
    message_count: int
    created_at: str
    last_at: str
    messages: list[ConversationMessage]
    cursor: str | None


class Workflow(TypedDict):
    id: str
    name: str
    title: str
    description: str
    labels: dict[str, str]
    latest_version: int
    created_at: str
    created_by: str
    updated_at: str
    owner: str
    public: bool


class WorkflowAccess(TypedDict):
    owner: str
    public: bool
    mine: list[str]
    revision: int
    shares: NotRequired[list[Share]]


class WorkflowBudgetToSet(TypedDict):
    per_day: NotRequired[int | None]
    per_month: NotRequired[int | None]
    unpriced: NotRequired[Literal["refuse", "allow"]]
    per_run: NotRequired[int | None]


class WorkflowQueue(TypedDict):
    workflow_id: str
    workflow_name: str
    limit: int | None
    is_paused: bool
    running_count: int
    waiting: dict[str, int]
    waiting_count: int


class WorkflowTrigger(TypedDict):
    id: str
    workflow_id: str
    workflow_name: str
    name: str
    kind: Literal["schedule", "webhook", "event", "run_end"]
    version: int | None
    enabled: bool
    priority: Literal["high", "normal", "low"]
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None
    revision: int
    input: NotRequired[Any]
    start_within_seconds: NotRequired[int]
    schedule: NotRequired[Schedule]
    webhook: NotRequired[Webhook]
    event: NotRequired[EventSource]
    run_end: NotRequired[RunEnd]


class WorkflowWithDraft(TypedDict):
    id: str
    name: str
    title: str
    description: str
    labels: dict[str, str]
    latest_version: int
    created_at: str
    created_by: str
    updated_at: str
    owner: str
    public: bool
    draft: Draft


class Workflows(TypedDict):
    workflows: list[Workflow]
    cursor: str | None


@dataclass(frozen=True)
class Api:
    """Each operation of the API."""

    client: Client

    def as_tools_card(self) -> dict[str, Any]:
        """The card of the deployment."""
        return cast("dict[str, Any]", self.client.send("GET", "/.well-known/agent-card.json"))

    def as_tools_a2a(self, body: Rpc, *, key: str | None = None) -> RpcReply:
        """One call of A2A."""
        return cast("RpcReply", self.client.send("POST", "/a2a", body=body, key=key))

    def as_tools_card_of_workflow(self, workflow: str) -> dict[str, Any]:
        """The card of one workflow."""
        return cast("dict[str, Any]", self.client.send("GET", f"/a2a/{quote(workflow, safe='')}/.well-known/agent-card.json"))

    def agents_list_all(self, *, skill: str | None = None, kind: str | None = None) -> Agents:
        """The directory, or who in it has a skill."""
        return cast("Agents", self.client.send("GET", "/api/v1/agents", query={"skill": skill, "kind": kind}))

    def agents_register(self, body: NewAgent, *, key: str = "") -> Agent:
        """Register an external agent, whose card is read now. The same again is harmless."""
        return cast("Agent", self.client.send("POST", "/api/v1/agents", body=body, key=key))

    def agents_delete_one(self, name: str) -> None:
        """Forget a registered external agent."""
        self.client.send("DELETE", f"/api/v1/agents/{quote(name, safe='')}")

    def agents_get_one(self, name: str, *, kind: str | None = None) -> Agent:
        """An agent with its skills."""
        return cast("Agent", self.client.send("GET", f"/api/v1/agents/{quote(name, safe='')}", query={"kind": kind}))

    def audit_list_newest(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before: int | None = None,
        by: str | None = None,
        verb: str | None = None,
        operation: str | None = None,
        noun: str | None = None,
        target: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Audit:
        """Entries, newest first: all, one thing's, or those that fit."""
        return cast(
            "Audit",
            self.client.send(
                "GET",
                "/api/v1/audit",
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "before": before,
                    "by": by,
                    "verb": verb,
                    "operation": operation,
                    "noun": noun,
                    "target": target,
                    "since": since,
                    "until": until,
                },
            ),
        )

    def audit_list_checkpoints(self, *, after: int | None = None, limit: int | None = None) -> Checkpoints:
        """Signed checkpoints in order, and the public keys that signed them."""
        return cast("Checkpoints", self.client.send("GET", "/api/v1/audit/checkpoints", query={"after": after, "limit": limit}))

    def audit_list_in_order(self, *, after: int | None = None, limit: int | None = None) -> AuditChain:
        """The chain in order with its end, to check or to export it."""
        return cast("AuditChain", self.client.send("GET", "/api/v1/audit/entries", query={"after": after, "limit": limit}))

    def sign_in_exchange_signature(self) -> Tokens:
        """A token for whoever signed the request with AWS credentials."""
        return cast("Tokens", self.client.send("POST", "/api/v1/auth/iam"))

    def people_list_invitations(self) -> Invitations:
        """Open invitations."""
        return cast("Invitations", self.client.send("GET", "/api/v1/auth/invitations"))

    def people_invite(self, body: NewInvitation) -> MadeInvitation:
        """Invite somebody."""
        return cast("MadeInvitation", self.client.send("POST", "/api/v1/auth/invitations", body=body))

    def people_accept(self, body: Acceptance) -> Person:
        """Become a member."""
        return cast("Person", self.client.send("POST", "/api/v1/auth/invitations/acceptance", body=body))

    def people_withdraw(self, invitation_id: str) -> None:
        """Take an invitation back."""
        self.client.send("DELETE", f"/api/v1/auth/invitations/{quote(invitation_id, safe='')}")

    def sign_in_jwks(self) -> KeySet:
        """The public keys of access tokens."""
        return cast("KeySet", self.client.send("GET", "/api/v1/auth/jwks"))

    def sign_in_rotate(self, *, key: str = "") -> RotatedKey:
        """A new signing key, which signs once everybody knows it."""
        return cast("RotatedKey", self.client.send("POST", "/api/v1/auth/jwks/rotation", key=key))

    def sign_in_login(self, body: Login) -> Tokens:
        """Sign in."""
        return cast("Tokens", self.client.send("POST", "/api/v1/auth/login/json", body=body))

    def sign_in_logout(self) -> None:
        """End the session."""
        self.client.send("POST", "/api/v1/auth/logout")

    def sign_in_me(self) -> Me:
        """Who one is, and what one may do."""
        return cast("Me", self.client.send("GET", "/api/v1/auth/me"))

    def sign_in_change_password(self, body: PasswordChange) -> Tokens:
        """A new password; every other session ends."""
        return cast("Tokens", self.client.send("POST", "/api/v1/auth/password", body=body))

    def sign_in_refresh(self, body: RefreshToken) -> Tokens:
        """The next pair of tokens."""
        return cast("Tokens", self.client.send("POST", "/api/v1/auth/refresh", body=body))

    def sign_in_switch(self, body: Switch) -> Tokens:
        """A session in another of one's organisations."""
        return cast("Tokens", self.client.send("POST", "/api/v1/auth/switch", body=body))

    def budgets_list_all(self) -> Budgets:
        """All budgets, the organisation's first."""
        return cast("Budgets", self.client.send("GET", "/api/v1/budgets"))

    def budgets_list_of_alerts(self, *, limit: int | None = None, cursor: str | None = None) -> Alerts:
        """Which limits were used to 50, 80 and 100 percent, newest first."""
        return cast("Alerts", self.client.send("GET", "/api/v1/budgets/alerts", query={"limit": limit, "cursor": cursor}))

    def budgets_remove_of_organisation(self) -> None:
        """Take the organisation's budget away."""
        self.client.send("DELETE", "/api/v1/budgets/organisation")

    def budgets_get_of_organisation(self) -> Budget:
        """The organisation's budget, and how far it is used."""
        return cast("Budget", self.client.send("GET", "/api/v1/budgets/organisation"))

    def budgets_set_of_organisation(self, body: BudgetToSet) -> Budget:
        """Set the organisation's budget."""
        return cast("Budget", self.client.send("PUT", "/api/v1/budgets/organisation", body=body))

    def budgets_remove_of_workflow(self, workflow_id: str) -> None:
        """Take a workflow's budget away."""
        self.client.send("DELETE", f"/api/v1/budgets/workflows/{quote(workflow_id, safe='')}")

    def budgets_get_of_workflow(self, workflow_id: str) -> Budget:
        """A workflow's budget, and how far it is used."""
        return cast("Budget", self.client.send("GET", f"/api/v1/budgets/workflows/{quote(workflow_id, safe='')}"))

    def budgets_set_of_workflow(self, workflow_id: str, body: WorkflowBudgetToSet) -> Budget:
        """Set a workflow's budget."""
        return cast("Budget", self.client.send("PUT", f"/api/v1/budgets/workflows/{quote(workflow_id, safe='')}", body=body))

    def cache_clear(self) -> ClearedCache:
        """Forget all answers."""
        return cast("ClearedCache", self.client.send("DELETE", "/api/v1/cache"))

    def cache_get_analytics(self, *, from_: str | None = None, to: str | None = None) -> Cache:
        """Hits, misses and money saved, by day."""
        return cast("Cache", self.client.send("GET", "/api/v1/cache", query={"from": from_, "to": to}))

    def cache_warm_cache(self, body: ToWarm, *, key: str | None = None) -> WarmJob:
        """Have asked what is not there yet: a job of the function that has the vendors' keys."""
        return cast("WarmJob", self.client.send("POST", "/api/v1/cache/warm", body=body, key=key))

    def cache_get_warming(self, job_id: str) -> WarmJob:
        """How a job stands; jobs are kept for a week."""
        return cast("WarmJob", self.client.send("GET", f"/api/v1/cache/warm/{quote(job_id, safe='')}"))

    def channels_list_all(self, *, limit: int | None = None, cursor: str | None = None) -> Channels:
        """The organisation's channels by name."""
        return cast("Channels", self.client.send("GET", "/api/v1/channels", query={"limit": limit, "cursor": cursor}))

    def channels_create(self, body: ChannelGiven) -> MadeChannel:
        """Add a channel: a number, a page or a mailbox of the organisation."""
        return cast("MadeChannel", self.client.send("POST", "/api/v1/channels", body=body))

    def channels_remove(self, channel_id: str) -> None:
        """Take a channel away; its conversations stay."""
        self.client.send("DELETE", f"/api/v1/channels/{quote(channel_id, safe='')}")

    def channels_get_one(self, channel_id: str) -> Channel:
        """A channel; of its secrets, when they were made and how long they are taken."""
        return cast("Channel", self.client.send("GET", f"/api/v1/channels/{quote(channel_id, safe='')}"))

    def channels_change(self, channel_id: str, body: ChannelToChange) -> Channel:
        """Replace a channel's settings, token, workflow and state; its type, name and account stay."""
        return cast("Channel", self.client.send("PUT", f"/api/v1/channels/{quote(channel_id, safe='')}", body=body))

    def channels_pause(self, channel_id: str, *, key: str = "") -> Channel:
        """Let its messages start no runs; they are kept all the same. Twice is harmless."""
        return cast("Channel", self.client.send("POST", f"/api/v1/channels/{quote(channel_id, safe='')}/pause", key=key))

    def channels_resume(self, channel_id: str, *, key: str = "") -> Channel:
        """Let its messages start runs again: those that come from now on."""
        return cast("Channel", self.client.send("POST", f"/api/v1/channels/{quote(channel_id, safe='')}/resume", key=key))

    def channels_rotate(self, channel_id: str, body: AppSecretGiven) -> Channel:
        """Tell another secret of the vendor's app."""
        return cast("Channel", self.client.send("POST", f"/api/v1/channels/{quote(channel_id, safe='')}/rotate", body=body))

    def channels_list_conversations(self, *, limit: int | None = None, cursor: str | None = None) -> Conversations:
        """The organisation's conversations, those with the latest message first."""
        return cast("Conversations", self.client.send("GET", "/api/v1/conversations", query={"limit": limit, "cursor": cursor}))

    def channels_get_conversation(self, conversation_id: str, *, limit: int | None = None, cursor: str | None = None) -> WholeConversation:
        """A conversation with its messages, the latest first."""
        return cast(
            "WholeConversation",
            self.client.send("GET", f"/api/v1/conversations/{quote(conversation_id, safe='')}", query={"limit": limit, "cursor": cursor}),
        )

    def costs_get_costs(
        self, *, from_: str | None = None, to: str | None = None, workflow_id: str | None = None, run_id: str | None = None
    ) -> Costs | CostsOfRun:
        """Costs of the organisation or a workflow by day, or of a run by node."""
        return cast(
            "Costs | CostsOfRun",
            self.client.send("GET", "/api/v1/costs", query={"from": from_, "to": to, "workflow_id": workflow_id, "run_id": run_id}),
        )

    def reference_get_page(self) -> str:
        """This document as a page to read."""
        return self.client.text("GET", "/api/v1/docs")

    def gates_list_gates(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: str | None = None,
        workflow_id: str | None = None,
        run_id: str | None = None,
        mine: bool | None = None,
        sort: str | None = None,
    ) -> Gates:
        """Open gates, oldest first; or those that have ended, of a run, of a workflow."""
        return cast(
            "Gates",
            self.client.send(
                "GET",
                "/api/v1/gates",
                query={"limit": limit, "cursor": cursor, "status": status, "workflow_id": workflow_id, "run_id": run_id, "mine": mine, "sort": sort},
            ),
        )

    def gates_decide_gate(self, gate_id: str, body: DecisionToMake, *, key: str = "") -> Decision:
        """Decide, or cast a vote where several must agree (`is_final` says which). The first valid decision wins."""
        return cast("Decision", self.client.send("POST", f"/api/v1/gates/{quote(gate_id, safe='')}/decision", body=body, key=key))

    def people_list_keys(self) -> ApiKeys:
        """One's own API keys; for admins, all of the organisation."""
        return cast("ApiKeys", self.client.send("GET", "/api/v1/keys"))

    def people_make_key(self, body: NewKey) -> MadeApiKey:
        """An API key, shown once."""
        return cast("MadeApiKey", self.client.send("POST", "/api/v1/keys", body=body))

    def people_delete_key(self, key_id: str) -> None:
        """Delete an API key; it is refused from then on."""
        self.client.send("DELETE", f"/api/v1/keys/{quote(key_id, safe='')}")

    def live_issue_ticket(self) -> Ticket:
        """A ticket opens one WebSocket connection, once, within half a minute."""
        return cast("Ticket", self.client.send("POST", "/api/v1/live/tickets"))

    def reference_get_document(self) -> dict[str, Any]:
        """This document: OpenAPI 3.1."""
        return cast("dict[str, Any]", self.client.send("GET", "/api/v1/openapi.json"))

    def people_get_organisation(self) -> Organisation:
        """The organisation that the credentials are for."""
        return cast("Organisation", self.client.send("GET", "/api/v1/organisation"))

    def people_change_organisation(self, body: OrganisationToChange) -> Organisation:
        """Its title, and who may create and change workflows in it."""
        return cast("Organisation", self.client.send("PATCH", "/api/v1/organisation", body=body))

    def people_create_organisation(self, body: NewOrganisation, *, key: str = "") -> Organisation:
        """Another organisation of the deployment; its maker is its admin."""
        return cast("Organisation", self.client.send("POST", "/api/v1/organisations", body=body, key=key))

    def people_list_people(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        role: str | None = None,
        kind: str | None = None,
        disabled: bool | None = None,
        sort: str | None = None,
    ) -> People:
        """People and service accounts by name."""
        return cast(
            "People",
            self.client.send(
                "GET", "/api/v1/people", query={"limit": limit, "cursor": cursor, "role": role, "kind": kind, "disabled": disabled, "sort": sort}
            ),
        )

    def people_remove_person(self, name: str) -> None:
        """Take somebody out of the organisation."""
        self.client.send("DELETE", f"/api/v1/people/{quote(name, safe='')}")

    def people_change_person(self, name: str, body: MemberToChange) -> Person:
        """Other roles, or shut out."""
        return cast("Person", self.client.send("PATCH", f"/api/v1/people/{quote(name, safe='')}", body=body))

    def people_reset_password(self, name: str) -> NewPassword:
        """A new random password, told once."""
        return cast("NewPassword", self.client.send("POST", f"/api/v1/people/{quote(name, safe='')}/password"))

    def providers_providers_health(self) -> ProvidersHealth:
        """Each candidate's breaker and record of the last day, and whom each alias leads to."""
        return cast("ProvidersHealth", self.client.send("GET", "/api/v1/providers/health"))

    def queue_get_all(self) -> Queue:
        """Who runs and who waits, in all workflows."""
        return cast("Queue", self.client.send("GET", "/api/v1/queue"))

    def replies_list_awaited(self, run_id: str) -> AwaitedMessages:
        """The run's messages that wait for a reply, oldest first."""
        return cast("AwaitedMessages", self.client.send("GET", f"/api/v1/runs/{quote(run_id, safe='')}/replies"))

    def replies_reply_to_message(self, run_id: str, body: Reply, *, key: str = "") -> Message:
        """Reply to a message. The first reply wins."""
        return cast("Message", self.client.send("POST", f"/api/v1/runs/{quote(run_id, safe='')}/replies", body=body, key=key))

    def secrets_list_all(self, *, scope: str | None = None) -> Secrets:
        """Names and times of those that the caller may see, and what they may do with each."""
        return cast("Secrets", self.client.send("GET", "/api/v1/secrets", query={"scope": scope}))

    def secrets_delete(self, name: str, *, scope: str | None = None) -> None:
        """Delete it; twice is harmless."""
        self.client.send("DELETE", f"/api/v1/secrets/{quote(name, safe='')}", query={"scope": scope})

    def secrets_put(self, name: str, body: Value, *, scope: str | None = None) -> Secret:
        """Create it or replace its value."""
        return cast("Secret", self.client.send("PUT", f"/api/v1/secrets/{quote(name, safe='')}", query={"scope": scope}, body=body))

    def secrets_get_access(self, name: str) -> SecretAccess:
        """Who may do what with a secret of the organisation."""
        return cast("SecretAccess", self.client.send("GET", f"/api/v1/secrets/{quote(name, safe='')}/access"))

    def secrets_put_access(self, name: str, body: SecretAccessToSet) -> SecretAccess:
        """Say who may do what with a secret of the organisation."""
        return cast("SecretAccess", self.client.send("PUT", f"/api/v1/secrets/{quote(name, safe='')}/access", body=body))

    def people_add_service_account(self, body: NewServiceAccount, *, key: str = "") -> Person:
        """An account of a machine, which comes in by API keys."""
        return cast("Person", self.client.send("POST", "/api/v1/service-accounts", body=body, key=key))

    def starters_list_all(
        self, *, limit: int | None = None, cursor: str | None = None, search: str | None = None, tag: str | None = None, sort: str | None = None
    ) -> Starters:
        """Starters by name, or by how often they were used: those that ship and the organisation's own."""
        return cast(
            "Starters",
            self.client.send("GET", "/api/v1/starters", query={"limit": limit, "cursor": cursor, "search": search, "tag": tag, "sort": sort}),
        )

    def starters_withdraw_one(self, name: str) -> None:
        """Take a starter out of the organisation's gallery; what was made of it stays."""
        self.client.send("DELETE", f"/api/v1/starters/{quote(name, safe='')}")

    def starters_get_one(self, name: str) -> StarterWithAll:
        """A starter with what it does and takes: plan, graph, forecast, parameters, samples, what is lacking here."""
        return cast("StarterWithAll", self.client.send("GET", f"/api/v1/starters/{quote(name, safe='')}"))

    def starters_share_one(self, name: str, body: StarterToShare) -> Starter:
        """Put a workflow into the organisation's gallery, or change what is there."""
        return cast("Starter", self.client.send("PUT", f"/api/v1/starters/{quote(name, safe='')}", body=body))

    def starters_deploy_one(self, name: str, body: Deployment, *, key: str = "") -> DeployedStarter:
        """Make a workflow of a starter. The same again finds the same workflow."""
        return cast("DeployedStarter", self.client.send("POST", f"/api/v1/starters/{quote(name, safe='')}/deploy", body=body, key=key))

    def tools_list_all(self) -> Tools:
        """Every tool with its schemas."""
        return cast("Tools", self.client.send("GET", "/api/v1/tools"))

    def tools_list_imported(self, *, limit: int | None = None, cursor: str | None = None) -> Apis:
        """Imported APIs by name."""
        return cast("Apis", self.client.send("GET", "/api/v1/tools/openapi", query={"limit": limit, "cursor": cursor}))

    def tools_import_openapi(self, body: NewApi, *, key: str = "") -> ImportedApiWithOperations:
        """Import a document under a name, in place of the one before."""
        return cast("ImportedApiWithOperations", self.client.send("POST", "/api/v1/tools/openapi", body=body, key=key))

    def tools_delete_imported(self, name: str) -> None:
        """Forget an imported API."""
        self.client.send("DELETE", f"/api/v1/tools/openapi/{quote(name, safe='')}")

    def tools_get_imported(self, name: str) -> ImportedApiWithOperations:
        """An imported API with its operations."""
        return cast("ImportedApiWithOperations", self.client.send("GET", f"/api/v1/tools/openapi/{quote(name, safe='')}"))

    def triggers_list_all(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        kind: str | None = None,
        workflow_id: str | None = None,
        enabled: bool | None = None,
        sort: str | None = None,
    ) -> Triggers:
        """Triggers by workflow and name: all, or those that fit."""
        return cast(
            "Triggers",
            self.client.send(
                "GET",
                "/api/v1/triggers",
                query={"limit": limit, "cursor": cursor, "kind": kind, "workflow_id": workflow_id, "enabled": enabled, "sort": sort},
            ),
        )

    def triggers_remove(self, trigger_id: str) -> None:
        """Take a trigger away; its runs stay."""
        self.client.send("DELETE", f"/api/v1/triggers/{quote(trigger_id, safe='')}")

    def triggers_get_one(self, trigger_id: str) -> TriggerWithTally:
        """A trigger with what it did so far."""
        return cast("TriggerWithTally", self.client.send("GET", f"/api/v1/triggers/{quote(trigger_id, safe='')}"))

    def triggers_change(self, trigger_id: str, body: TriggerToChange) -> WorkflowTrigger:
        """Replace a trigger; its name and kind stay."""
        return cast("WorkflowTrigger", self.client.send("PUT", f"/api/v1/triggers/{quote(trigger_id, safe='')}", body=body))

    def triggers_backfill(self, trigger_id: str, body: Span, *, key: str = "") -> Backfill:
        """Fire for the times of a span; those that have their run keep it."""
        return cast("Backfill", self.client.send("POST", f"/api/v1/triggers/{quote(trigger_id, safe='')}/backfill", body=body, key=key))

    def triggers_fire(self, trigger_id: str, *, key: str | None = None) -> Firing:
        """Fire a schedule out of turn. With an `Idempotency-Key`, asking again finds the same firing."""
        return cast("Firing", self.client.send("POST", f"/api/v1/triggers/{quote(trigger_id, safe='')}/fire", key=key))

    def triggers_firings(
        self, trigger_id: str, *, limit: int | None = None, cursor: str | None = None, outcome: str | None = None, sort: str | None = None
    ) -> Firings:
        """What a trigger did in the last 30 days, newest first."""
        return cast(
            "Firings",
            self.client.send(
                "GET",
                f"/api/v1/triggers/{quote(trigger_id, safe='')}/firings",
                query={"limit": limit, "cursor": cursor, "outcome": outcome, "sort": sort},
            ),
        )

    def triggers_pause(self, trigger_id: str, *, key: str = "") -> WorkflowTrigger:
        """Let it fire no more. Twice is harmless."""
        return cast("WorkflowTrigger", self.client.send("POST", f"/api/v1/triggers/{quote(trigger_id, safe='')}/pause", key=key))

    def triggers_resume(self, trigger_id: str, *, key: str = "") -> WorkflowTrigger:
        """Let it fire again; a schedule makes up for what it missed as its `catch_up` says."""
        return cast("WorkflowTrigger", self.client.send("POST", f"/api/v1/triggers/{quote(trigger_id, safe='')}/resume", key=key))

    def triggers_rotate(self, trigger_id: str, body: Rotation) -> MadeTrigger:
        """Give a webhook another secret, which is told this once."""
        return cast("MadeTrigger", self.client.send("POST", f"/api/v1/triggers/{quote(trigger_id, safe='')}/rotate", body=body))

    def triggers_times(self, trigger_id: str, *, count: int | None = None) -> Times:
        """When a schedule fires next; none while it is paused."""
        return cast("Times", self.client.send("GET", f"/api/v1/triggers/{quote(trigger_id, safe='')}/times", query={"count": count}))

    def workflows_list_all(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        search: str | None = None,
        label: list[str] | str | None = None,
        owner: str | None = None,
        published: bool | None = None,
        sort: str | None = None,
    ) -> Workflows:
        """Workflows by name, or by when they were changed or created: all, or those that fit."""
        return cast(
            "Workflows",
            self.client.send(
                "GET",
                "/api/v1/workflows",
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "name": name,
                    "search": search,
                    "label": label,
                    "owner": owner,
                    "published": published,
                    "sort": sort,
                },
            ),
        )

    def workflows_create_workflow(self, body: NewWorkflow, *, key: str = "") -> Workflow:
        """Create a workflow with its first draft, valid or not."""
        return cast("Workflow", self.client.send("POST", "/api/v1/workflows", body=body, key=key))

    def exchange_import_file(self, body: FileToImport, *, key: str = "") -> Imported:
        """Bring a file in; the same file twice is harmless."""
        return cast("Imported", self.client.send("POST", "/api/v1/workflows/import", body=body, key=key))

    def runs_list_runs(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        workflow_id: str | None = None,
        status: str | None = None,
        version: int | None = None,
        error: str | None = None,
        since: str | None = None,
        until: str | None = None,
        label: list[str] | str | None = None,
        where: list[str] | str | None = None,
    ) -> Runs:
        """Runs, newest first: all, or those that fit what is asked."""
        return cast(
            "Runs",
            self.client.send(
                "GET",
                "/api/v1/workflows/runs",
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "workflow_id": workflow_id,
                    "status": status,
                    "version": version,
                    "error": error,
                    "since": since,
                    "until": until,
                    "label": label,
                    "where": where,
                },
            ),
        )

    def runs_get_run(self, run_id: str, *, counts: bool | None = None) -> RunWithValues:
        """A run with its input and output."""
        return cast("RunWithValues", self.client.send("GET", f"/api/v1/workflows/runs/{quote(run_id, safe='')}", query={"counts": counts}))

    def runs_cancel_run(self, run_id: str, body: Cancellation, *, key: str = "") -> Run:
        """Cancel a run. Cancelling twice is harmless."""
        return cast("Run", self.client.send("POST", f"/api/v1/workflows/runs/{quote(run_id, safe='')}/cancel", body=body, key=key))

    def runs_compare_runs(self, run_id: str, *, to: str) -> Comparison:
        """A run beside another: versions, inputs, outputs, and node by node."""
        return cast("Comparison", self.client.send("GET", f"/api/v1/workflows/runs/{quote(run_id, safe='')}/compare", query={"to": to}))

    def runs_list_events(self, run_id: str, *, since: int | None = None, limit: int | None = None) -> RunEvents:
        """Events with a number above `since`."""
        return cast(
            "RunEvents", self.client.send("GET", f"/api/v1/workflows/runs/{quote(run_id, safe='')}/events", query={"since": since, "limit": limit})
        )

    def runs_list_nodes(
        self, run_id: str, *, node: str | None = None, item_path: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> NodeRuns:
        """Node runs in the order in which they started."""
        return cast(
            "NodeRuns",
            self.client.send(
                "GET",
                f"/api/v1/workflows/runs/{quote(run_id, safe='')}/nodes",
                query={"node": node, "item_path": item_path, "limit": limit, "cursor": cursor},
            ),
        )

    def resume_repeat_run(self, run_id: str, body: Repetition, *, key: str | None = None) -> PlacedRun:
        """Start a new run with the input of an earlier one."""
        return cast("PlacedRun", self.client.send("POST", f"/api/v1/workflows/runs/{quote(run_id, safe='')}/repeat", body=body, key=key))

    def resume_resume_run(self, run_id: str, body: Resumption, *, key: str | None = None) -> PlacedRun:
        """Resume a run by the plan that was shown."""
        return cast("PlacedRun", self.client.send("POST", f"/api/v1/workflows/runs/{quote(run_id, safe='')}/resume", body=body, key=key))

    def resume_plan_resume(self, run_id: str, body: Resuming) -> ResumePlan:
        """What a resume would keep and run again, with its digest. Nothing happens."""
        return cast("ResumePlan", self.client.send("POST", f"/api/v1/workflows/runs/{quote(run_id, safe='')}/resume/plan", body=body))

    def validation_validate_workflow(self, body: Document) -> Validation:
        """Check a spec as publishing would. Answers 200 for an invalid one too: `valid` says so."""
        return cast("Validation", self.client.send("POST", "/api/v1/workflows/validate", body=body))

    def workflows_delete_workflow(self, workflow_id: str) -> None:
        """Delete a workflow; its versions and runs stay readable."""
        self.client.send("DELETE", f"/api/v1/workflows/{quote(workflow_id, safe='')}")

    def workflows_get_one(self, workflow_id: str) -> WorkflowWithDraft:
        """A workflow with one's own draft."""
        return cast("WorkflowWithDraft", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}"))

    def drafts_save_by_workflow(self, workflow_id: str, body: DraftToSave, *, person: str | None = None, match: str = "") -> Draft:
        """Save a draft, under the workflow's own path."""
        return cast(
            "Draft", self.client.send("PUT", f"/api/v1/workflows/{quote(workflow_id, safe='')}", query={"person": person}, body=body, match=match)
        )

    def sharing_get_access(self, workflow_id: str) -> WorkflowAccess:
        """Whose it is, and what the caller may do with it; to its owner also with whom it is shared."""
        return cast("WorkflowAccess", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/access"))

    def sharing_put_access(self, workflow_id: str, body: AccessToSet) -> WorkflowAccess:
        """Share it, make it public, give it away."""
        return cast("WorkflowAccess", self.client.send("PUT", f"/api/v1/workflows/{quote(workflow_id, safe='')}/access", body=body))

    def sharing_copy_workflow(self, workflow_id: str, body: Copy, *, key: str = "") -> Workflow:
        """A workflow of one's own under another name."""
        return cast("Workflow", self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/copy", body=body, key=key))

    def versions_compare(self, workflow_id: str, *, from_: str | None = None, to: str | None = None) -> VersionDifference:
        """What differs between two versions, or a version and one's own draft."""
        return cast(
            "VersionDifference", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/diff", query={"from": from_, "to": to})
        )

    def drafts_discard(self, workflow_id: str, *, match: str = "") -> None:
        """Give one's own draft up; twice is harmless."""
        self.client.send("DELETE", f"/api/v1/workflows/{quote(workflow_id, safe='')}/draft", match=match)

    def drafts_get_one(self, workflow_id: str, *, person: str | None = None) -> Draft:
        """A draft, with its ETag; revision 0 is what one would begin with."""
        return cast("Draft", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/draft", query={"person": person}))

    def drafts_save(self, workflow_id: str, body: DraftToSave, *, person: str | None = None, match: str = "") -> Draft:
        """Save a draft over the one that `If-Match` names."""
        return cast(
            "Draft",
            self.client.send("PUT", f"/api/v1/workflows/{quote(workflow_id, safe='')}/draft", query={"person": person}, body=body, match=match),
        )

    def drafts_list_all(self, workflow_id: str) -> Drafts:
        """All drafts of a workflow, by person, without their texts."""
        return cast("Drafts", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/drafts"))

    def exchange_export(self, workflow_id: str, *, format_: str | None = None, version: int | None = None, bundle: bool | None = None) -> str:
        """A workflow's text as a file, as it was written where that is the format."""
        return self.client.text(
            "GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/export", query={"format": format_, "version": version, "bundle": bundle}
        )

    def versions_get_impact(self, workflow_id: str) -> Impact:
        """What a publication touches: runs in flight, open gates, callers, triggers."""
        return cast("Impact", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/impact"))

    def resume_try_one(self, workflow_id: str, node: str, body: Trial, *, key: str | None = None) -> PlacedRun:
        """Try one node by itself."""
        return cast(
            "PlacedRun",
            self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/nodes/{quote(node, safe='')}/try", body=body, key=key),
        )

    def queue_get_one(self, workflow_id: str) -> WorkflowQueue:
        """Who runs and who waits of one workflow."""
        return cast("WorkflowQueue", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/queue"))

    def queue_set_one(self, workflow_id: str, body: QueueToSet) -> WorkflowQueue:
        """Set a workflow's limit; pause its queue, or go on."""
        return cast("WorkflowQueue", self.client.send("PUT", f"/api/v1/workflows/{quote(workflow_id, safe='')}/queue", body=body))

    def queue_empty_one(self, workflow_id: str, body: Emptying, *, key: str = "") -> EmptiedQueue:
        """Cancel runs of a workflow that wait."""
        return cast("EmptiedQueue", self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/queue/empty", body=body, key=key))

    def versions_roll_back(self, workflow_id: str, body: Rollback, *, key: str = "") -> PublishedVersion:
        """Publish an earlier version's document again, as a new version. Twice is harmless."""
        return cast("PublishedVersion", self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/rollback", body=body, key=key))

    def runs_start_run(self, workflow_id: str, body: RunToStart, *, key: str | None = None) -> PlacedRun:
        """Start a run. With an `Idempotency-Key`, asking again finds the same run."""
        return cast("PlacedRun", self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/run", body=body, key=key))

    def triggers_list_of_workflow(self, workflow_id: str, *, kind: str | None = None, enabled: bool | None = None) -> TriggersOfWorkflow:
        """The triggers of a workflow by name, each with what it did so far."""
        return cast(
            "TriggersOfWorkflow",
            self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/triggers", query={"kind": kind, "enabled": enabled}),
        )

    def triggers_create(self, workflow_id: str, body: TriggerGiven) -> MadeTrigger:
        """Add a trigger to a workflow."""
        return cast("MadeTrigger", self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/triggers", body=body))

    def versions_list_all(
        self,
        workflow_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        label: list[str] | str | None = None,
        created_by: str | None = None,
        sort: str | None = None,
    ) -> Versions:
        """Versions, newest first, with what their runs came to, to those who may see the runs."""
        return cast(
            "Versions",
            self.client.send(
                "GET",
                f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions",
                query={"limit": limit, "cursor": cursor, "label": label, "created_by": created_by, "sort": sort},
            ),
        )

    def versions_publish(
        self, workflow_id: str, body: Publication, *, dry_run: bool | None = None, key: str = ""
    ) -> PublishedVersion | PublicationPreview:
        """Publish one's draft, or the document in the body. What does not differ from the latest version is that version."""
        return cast(
            "PublishedVersion | PublicationPreview",
            self.client.send("POST", f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions", query={"dry_run": dry_run}, body=body, key=key),
        )

    def versions_get_one(self, workflow_id: str, number: str) -> Version:
        """A version with its canonical spec."""
        return cast("Version", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions/{quote(number, safe='')}"))

    def versions_get_asl(self, workflow_id: str, number: str) -> dict[str, Any]:
        """The state machine, as it was created."""
        return cast(
            "dict[str, Any]", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions/{quote(number, safe='')}/asl")
        )

    def versions_get_forecast(self, workflow_id: str, number: str) -> Forecast:
        """What a run will count and cost, and what the last runs spent on models."""
        return cast(
            "Forecast", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions/{quote(number, safe='')}/forecast")
        )

    def versions_get_map(self, workflow_id: str, number: str) -> list[MappedState]:
        """The source map: line, node and states."""
        return cast(
            "list[MappedState]", self.client.send("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions/{quote(number, safe='')}/map")
        )

    def versions_get_plan(self, workflow_id: str, number: str) -> str:
        """The plan, as text for people."""
        return self.client.text("GET", f"/api/v1/workflows/{quote(workflow_id, safe='')}/versions/{quote(number, safe='')}/plan")

    def as_tools_no_stream(self) -> Problem:
        """No stream is offered."""
        return cast("Problem", self.client.send("GET", "/mcp"))

    def as_tools_mcp(self, body: Rpc, *, key: str | None = None) -> RpcReply:
        """One message of MCP."""
        return cast("RpcReply", self.client.send("POST", "/mcp", body=body, key=key))
