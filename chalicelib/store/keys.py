"""The one table: its definition, every key that stands in it, and the question each key answers.

Infra must declare exactly `TABLE` (below): keys `PK`, `SK` (texts); global indexes `GSI1` (`GSI1PK`, `GSI1SK`) and `GSI2` (`GSI2PK`, `GSI2SK`), both
projecting
KEYS_ONLY, so that a run's many updates never rewrite an index; on-demand billing; a stream of NEW_AND_OLD_IMAGES; TTL on `expires_at` (epoch
seconds);
point-in-time recovery. Every PK starts with `ORG#<organisation>`; what is known before the organisation is (connections, tickets, people, sessions,
API keys) belongs to `ORG#_`.

    item                PK (after ORG#<o>#)       SK                        GSI1PK / GSI1SK                   GSI2PK / GSI2SK (sparse)
    workflow            WORKFLOW#<wf>             WORKFLOW                  WORKFLOWS / <name>
    draft               WORKFLOW#<wf>             DRAFT#<person>
    version summary     WORKFLOW#<wf>             VERSION#<number>
    digest reservation  WORKFLOW#<wf>             DIGEST#<sha256>#<latest version then>
    caller              WORKFLOW#<wf>             CALLER#<calling wf>
    tally of a version  TALLY#<wf>                <number>#<shard>
    workflow name       NAME#<name>               NAME
    version             VERSION#<ver>             VERSION
    documents           VERSION#<ver>             DOCUMENTS
    run                 RUN#<run>                 RUN                       WORKFLOW#<wf>#RUNS / <run>        OPEN#RUNS / <run>
    trial               RUN#<run>                 RUN                       WORKFLOW#<wf>#TRIALS / <run>    OPEN#RUNS / <run>
    run with retention  RUN#<run>                 RUN                       (as a run)                        ended: EXPIRING / <when>#<run>
    run input           RUN#<run>                 INPUT                     RUNS / <run>                      VERSION#<ver>#RUNS / <run>
    mark of a run       RUN#<run>                 MARK#<criterion>          RUNS#<mark> / <run>               WORKFLOW#<wf>#RUNS#<mark> / <run>
    run output          RUN#<run>                 OUTPUT
    waiting parent      RUN#<run>                 PARENT                                                      UNDELIVERED / <run>
    node run            RUN#<run>                 NODE#<node>#<item path>
    run event           RUN#<run>                 EVENT#<number>
    transcript          RUN#<run>                 TALK#<node>#<item path>#<visit>#<agent delegated to>[#<resume it began in>]
    agent's task        RUN#<run>                 TASK#<node>#<item path>#<visit>
    whom to tell of it  RUN#<run>                 PUSH#<configuration>
    residual            RUN#<run>                 RESIDUAL#<resume>
    start key           KEY#<wf>#<sha256>         KEY
    slots of all        SLOTS                     ORGANISATION                                                (PK ORG#_) WAITING / <organisation>
    slots of a workflow SLOTS                     WORKFLOW#<wf>
    token bucket        BUCKET#<kind>#<caller>    BUCKET                    (caller empty: of the organisation; `auth`: PK ORG#_)
    run in line         LINE#<wf>#<priority>      RUN#<run>
    slots, all together SLOTS                     DEPLOYMENT                (PK ORG#_)
    gate                GATE#<gate>               GATE                      RUN#<run>#GATES / <gate>          OPEN#GATES / <opened>#<gate>
                                                                                                     decided: UNDELIVERED / <gate>
                                                                                                     ended: ENDED#GATES / <opened>#<gate>
    hook of a task      HOOK#<hook>               HOOK                                                        UNDELIVERED / <hook>
    message             MESSAGE#<msg>             MESSAGE                   RUN#<run>#MESSAGES / <msg>        UNDELIVERED / <msg>
    watchers            WATCH#<run or workflow>   WATCHERS
    connection          CONNECTION#<connection>   CONNECTION                (PK ORG#_)
    ticket              TICKET#<sha256>           TICKET                    (PK ORG#_)
    providers           PROVIDERS                 PROVIDERS                 (PK ORG#_; the routes, the candidates seen)
    breaker             PROVIDER#<candidate>      BREAKER                   (PK ORG#_)
    counts of calls     PROVIDER#<candidate>      COUNTS#<quarter hour>     (PK ORG#_)
    memory              MEMORY#<namespace>        <key>
    call                RUN#<run>                 CALL#<node>#<item path>#<sha256>
    call of no run      CALLS                     CALL#<sha256>
    cost of a run       RUN#<run>                 COST#<shard>
    cost of those below RUN#<run>                 BELOW#<shard>
    cost of a workflow  COST#<wf>                 DAY#<day>#<shard>
    cost of all         COST                      DAY#<day>#<shard>
    budget              BUDGET                    ORGANISATION, WORKFLOW#<wf>
    spent of a budget   BUDGET#<wf, or empty>     <DAY or MONTH>#<period>#<generation>
    spent of a run      RUN#<run>                 SPENT
    rights to a secret  SECRETS                   <name>
    alert of a budget   ALERT#<sha256>            ALERT                     ALERTS / <at>#<sha256>
                                                                                    nobody was told: UNTOLD#ALERTS / <sha256>
    reservation         RESERVATION#<sha256>      RESERVATION                                                 RESERVED / <lapses at>#<sha256>
    cached answer       CACHE#<sha256>            ANSWER
    cache generation    CACHE                     GENERATION
    cache analytics     CACHE                     DAY#<day>#<shard>
    job of the cache    JOB#<job>                 JOB
    remembered words    WORDS#<namespace>         ENTRY#<key>
    their tally         WORDS#<namespace>         TALLY
    imported API        API#<name>                API                       APIS / <name>
    act                 ACTS                      <nanoseconds>#<act>
    audit entry         AUDIT                     ENTRY#<number>            AUDIT#<noun>#<target> / <number>
    audit head          AUDIT                     HEAD
    external agent      AGENT#<name>              AGENT                     AGENTS / <name>
    its card, as kept   AGENT#<name>              CARD
    organisation        ORGANISATION              ORGANISATION              ORG#_#ORGANISATIONS / <id>
    member              MEMBER#<name>             MEMBER                    ORG#_#PERSON#<name>#MEMBER / <id>  MEMBERS / <name>
    person              PERSON#<name>             PERSON                    (PK ORG#_)
    session             SESSION#<session>         SESSION                   (PK ORG#_)
    API key             APIKEY#<key id>           APIKEY                    (PK ORG#_) ORG#<o>#APIKEYS / <key id>
    invitation          INVITATION#<sha256>       INVITATION                (PK ORG#_) ORG#<o>#INVITATIONS / <id>
    failed sign-ins     ATTEMPTS#<sha256>         ATTEMPTS                  (PK ORG#_)
    seal of cursors     SEAL                      SEAL                      (PK ORG#_)
    trigger             TRIGGER#<trg>             TRIGGER                   TRIGGERS / <workflow>#<name>#<trg>
                                                                                    to be told to EventBridge: UNSYNCED#TRIGGERS / <trg>
    its tally           TRIGGER#<trg>             TALLY
    its firing          TRIGGER#<trg>             FIRING#<at>#<sha256>
    trigger's name      WORKFLOW#<wf>             TRIGGER#<name>
    trigger of its ends WORKFLOW#<wf>             AFTER#<trg>
    webhook's owner     HOOK#<trg>                HOOK                      (PK ORG#_)
    own starter         STARTER#<name>            STARTER                   STARTERS / <name>
    uses of a starter   STARTER#<name>            USES                      (also of one that ships)
    answer given        REPLAY#<sha256>           REPLAY
    channel             CHANNEL#<chan>            CHANNEL                   CHANNELS / <name>
    its name            CHANNELNAME#<name>        NAME
    its account         ACCOUNT#<type>#<account>  ACCOUNT
    channel's owner     CHANNEL#<chan>            OWNER                     (PK ORG#_)
    vendor's message    CHANNEL#<chan>            VENDOR#<sha256>
    early word of one   CHANNEL#<chan>            WORD#<sha256>
    received event      RECEIVED#<sha256>         RECEIVED
    contact             CONTACT#<con>             CONTACT
    identity            IDENTITY#<chan>#<sha256>  IDENTITY
    conversation        CONVERSATION#<conv>       CONVERSATION              CONVERSATIONS / <last at>#<conv>
    message in it       CONVERSATION#<conv>       MESSAGE#<number>

    question                                                  answered by
    a workflow, its draft, its versions (newest first)        PK WORKFLOW#<wf>, SK exact or prefix
    the workflow of a name                                    PK NAME#<name>
    a person's draft of a workflow; all drafts of it          PK WORKFLOW#<wf>, SK DRAFT#<person>; prefix DRAFT#
    the number that this digest has on top of that version    PK WORKFLOW#<wf>, SK DIGEST#<sha256>#<number>
    which workflows were published as callers of this one     PK WORKFLOW#<wf>, SK prefix CALLER#
    what a workflow's versions came to: runs, times, costs    PK TALLY#<wf>; one version's: SK prefix <number>#
    all workflows by name                                     GSI1 WORKFLOWS
    the version that a worker's payload names                 PK VERSION#<ver>
    runs of a workflow / of the organisation, newest first    GSI1 WORKFLOW#<wf>#RUNS / RUNS, descending
    runs of a version, newest first                           GSI2 VERSION#<ver>#RUNS, descending
    runs by end, error, label or input field, newest first    GSI1 RUNS#<mark>; of a workflow GSI2 WORKFLOW#<wf>#RUNS#<mark>
    whether a run carries a mark                              PK RUN#<run>, SK MARK#<criterion>, exact
    runs whose retention is over, oldest first                GSI2 EXPIRING
    trials of a workflow's nodes, newest first                GSI1 WORKFLOW#<wf>#TRIALS, descending
    runs that have not ended (lists by open status, sweeper)  GSI2 OPEN#RUNS
    how much of a bucket is left                              PK BUCKET#<kind>#<caller>
    who holds slots, who waits, of an organisation            PK SLOTS
    the first in a line; how many stand before a run          PK LINE#<wf>#<priority>, ascending; range below RUN#<run>
    organisations with runs in line                           GSI2 WAITING
    a run with its node runs; events since n                  PK RUN#<run>, SK RUN, prefix NODE#, range of EVENT#
    what a resumed run's machine is made of                   PK RUN#<run>, SK RESIDUAL#<resume>; all resumes: prefix
    open gates, oldest first; the gates of a run              GSI2 OPEN#GATES; GSI1 RUN#<run>#GATES
    gates that nothing is left to do for, by when they opened GSI2 ENDED#GATES
    answers that have not reached the engine                  GSI2 UNDELIVERED
    who is to be told of a run's end                          PK RUN#<run>, SK exact or prefix PUSH#
    the hook that an agent elsewhere tells at                 PK HOOK#<hook>
    what a namespace remembers in words, and how much it is   PK WORDS#<namespace>, SK prefix ENTRY#; TALLY
    an agent's conversation in a resumed run: the latest      PK RUN#<run>, SK TALK#… exact, for each resume so far
    imported APIs by name                                     GSI1 APIS
    registered external agents by name; their kept cards      GSI1 AGENTS; PK AGENT#<name>, SK CARD
    an organisation's starters by name; how often one is used GSI1 STARTERS; PK STARTER#<name>, SK USES
    who watches this run or workflow                          PK WATCH#<topic>: one item with sets of connection ids
    how a candidate stands; its calls of the last day         PK PROVIDER#<candidate>, SK BREAKER, range of COUNTS#
    what a run's calls cost, call by call                     PK RUN#<run>, prefix CALL#
    costs by day, of a workflow or of all; of a run           PK COST#<wf> or COST, range of DAY#; PK RUN#<run>, prefix COST#
    costs of the runs that a run started, and of theirs       PK RUN#<run>, prefix BELOW#
    all budgets; those that a call falls under, with the run  PK BUDGET; their keys, exact
    reservations that have lapsed, oldest first               GSI2 RESERVED
    who may use a secret                                      PK SECRETS, SK exact
    which limits were used to which share, newest first       GSI1 ALERTS, descending
    alerts that nobody was told of                            GSI2 UNTOLD#ALERTS
    what people did that is not in the chain yet, in order    PK ACTS
    the audit chain, forwards or newest first; its end        PK AUDIT, SK prefix ENTRY#; HEAD
    what was done to one thing                                GSI1 AUDIT#<noun>#<target>
    the answer to a request, if it is of this generation      PK CACHE#<sha256> with CACHE / GENERATION
    what the cache saved, by day                              PK CACHE, range of DAY#
    all organisations; those of a person                      GSI1 ORG#_#ORGANISATIONS; GSI1 ORG#_#PERSON#<name>#MEMBER
    the members of an organisation by name                    GSI2 MEMBERS
    what a request's credentials stand for                    their keys, exact: PERSON#, MEMBER#, ORGANISATION, SESSION#, or APIKEY#
    an organisation's API keys; its open invitations          GSI1 APIKEYS; GSI1 INVITATIONS
    how often a sign-in failed, of a name and of an address   their keys, exact
    a job that fills the cache, with its results              PK JOB#<job>
    triggers of a workflow, by name                           PK WORKFLOW#<wf>, SK prefix TRIGGER#, then PK TRIGGER#<trg>
    all triggers, by workflow                                 GSI1 TRIGGERS
    triggers that wait for the end of a workflow's runs       PK WORKFLOW#<wf>, SK prefix AFTER#
    triggers that EventBridge has to be told of               GSI2 UNSYNCED#TRIGGERS
    what a trigger did, newest first                          PK TRIGGER#<trg>, SK prefix FIRING#, descending
    whose webhook it is                                       PK HOOK#<trg>
    what a request with this idempotency key was answered     PK REPLAY#<sha256 of who, route and key>
    channels by name; the channel of an account               GSI1 CHANNELS; PK ACCOUNT#<type>#<account>
    whose channel a webhook calls                             PK CHANNEL#<chan>, SK OWNER (PK ORG#_)
    whether an event was received, and where it is kept       PK RECEIVED#<sha256 of channel and vendor's id>
    whose address it is                                       PK IDENTITY#<chan>#<sha256 of kind and value>
    conversations, the latest first; the messages of one      GSI1 CONVERSATIONS, descending; PK CONVERSATION#<conv>, SK prefix MESSAGE#
    the message that a vendor calls so; what it said too early PK CHANNEL#<chan>, SK exact VENDOR#; WORD#
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Literal

PLATFORM: Final = "_"

_TEXT_ATTRIBUTES: Final = ("PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK")


def _index(name: str) -> dict[str, Any]:
    schema = [{"AttributeName": f"{name}PK", "KeyType": "HASH"}, {"AttributeName": f"{name}SK", "KeyType": "RANGE"}]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "KEYS_ONLY"}}


TABLE: Final[dict[str, Any]] = {  # CreateTable's arguments, less the name
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in _TEXT_ATTRIBUTES],
    "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [_index("GSI1"), _index("GSI2")],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
TIME_TO_LIVE: Final = {"Enabled": True, "AttributeName": "expires_at"}


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Where an item stands."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class IndexKey:
    """Where an item stands in GSI1 or GSI2."""

    index: int
    pk: str
    sk: str


def workflow(organisation_id: str, workflow_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#WORKFLOW#{workflow_id}", "WORKFLOW")


def workflow_list(organisation_id: str, name: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#WORKFLOWS", name)


def draft(organisation_id: str, workflow_id: str, person: str) -> Key:
    return Key(workflow(organisation_id, workflow_id).pk, f"DRAFT#{person}")


def version_summary(organisation_id: str, workflow_id: str, number: int) -> Key:
    return Key(workflow(organisation_id, workflow_id).pk, f"VERSION#{number:09d}")


def digest(organisation_id: str, workflow_id: str, sha256: str, after: int) -> Key:
    """`after` is the version that was the latest when the digest got its number."""
    return Key(workflow(organisation_id, workflow_id).pk, f"DIGEST#{sha256}#{after:09d}")


def caller(organisation_id: str, workflow_id: str, caller_id: str) -> Key:
    return Key(workflow(organisation_id, workflow_id).pk, f"CALLER#{caller_id}")


def tallies(organisation_id: str, workflow_id: str) -> str:
    """The partition of what a workflow's versions came to."""
    return f"ORG#{organisation_id}#TALLY#{workflow_id}"


def tally(organisation_id: str, workflow_id: str, number: int, shard: int) -> Key:
    return Key(tallies(organisation_id, workflow_id), f"{number:09d}#{shard}")


def workflow_name(organisation_id: str, name: str) -> Key:
    return Key(f"ORG#{organisation_id}#NAME#{name}", "NAME")


def version(organisation_id: str, version_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#VERSION#{version_id}", "VERSION")


def documents(organisation_id: str, version_id: str) -> Key:
    return Key(version(organisation_id, version_id).pk, "DOCUMENTS")


def run(organisation_id: str, run_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#RUN#{run_id}", "RUN")


def run_input(organisation_id: str, run_id: str) -> Key:
    return Key(run(organisation_id, run_id).pk, "INPUT")


def run_output(organisation_id: str, run_id: str) -> Key:
    return Key(run(organisation_id, run_id).pk, "OUTPUT")


def run_parent(organisation_id: str, run_id: str) -> Key:
    return Key(run(organisation_id, run_id).pk, "PARENT")


def node_run(organisation_id: str, run_id: str, node: str, item_path: str) -> Key:
    return Key(run(organisation_id, run_id).pk, f"NODE#{node}#{item_path}")


def transcript(organisation_id: str, run_id: str, node: str, place: str) -> Key:
    return Key(run(organisation_id, run_id).pk, f"TALK#{node}#{place}")


def agent_task(organisation_id: str, run_id: str, node: str, place: str) -> Key:
    return Key(run(organisation_id, run_id).pk, f"TASK#{node}#{place}")


def residual(organisation_id: str, run_id: str, number: int) -> Key:
    return Key(run(organisation_id, run_id).pk, f"RESIDUAL#{number:06d}")


def event(organisation_id: str, run_id: str, number: int) -> Key:
    return Key(run(organisation_id, run_id).pk, f"EVENT#{number:010d}")


def runs_of_workflow(organisation_id: str, workflow_id: str, run_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#WORKFLOW#{workflow_id}#RUNS", run_id)


def trials_of_workflow(organisation_id: str, workflow_id: str, run_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#WORKFLOW#{workflow_id}#TRIALS", run_id)


def runs_of_organisation(organisation_id: str, run_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#RUNS", run_id)


def runs_of_version(organisation_id: str, version_id: str, run_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#VERSION#{version_id}#RUNS", run_id)


def run_mark(organisation_id: str, run_id: str, criterion: str) -> Key:
    return Key(run(organisation_id, run_id).pk, f"MARK#{criterion}")


def runs_with_mark(organisation_id: str, mark: str, run_id: str = "") -> IndexKey:
    """`mark` is `<criterion>=<value>`."""
    return IndexKey(1, f"ORG#{organisation_id}#RUNS#{mark}", run_id)


def workflow_runs_with_mark(organisation_id: str, workflow_id: str, mark: str, run_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#WORKFLOW#{workflow_id}#RUNS#{mark}", run_id)


def open_runs(organisation_id: str, run_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#OPEN#RUNS", run_id)


def expiring_runs(organisation_id: str, at: int = 0, run_id: str = "") -> IndexKey:
    """`at`: when the run may be deleted, in seconds since the epoch."""
    return IndexKey(2, f"ORG#{organisation_id}#EXPIRING", f"{at:012d}#{run_id}")


def start_key(organisation_id: str, workflow_id: str, key_sha256: str) -> Key:
    return Key(f"ORG#{organisation_id}#KEY#{workflow_id}#{key_sha256}", "KEY")


def organisation_slots(organisation_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#SLOTS", "ORGANISATION")


def workflow_slots(organisation_id: str, workflow_id: str) -> Key:
    return Key(organisation_slots(organisation_id).pk, f"WORKFLOW#{workflow_id}")


def deployment_slots() -> Key:
    return Key(f"ORG#{PLATFORM}#SLOTS", "DEPLOYMENT")


def organisations_in_line(organisation_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{PLATFORM}#WAITING", organisation_id)


def bucket(organisation_id: str, kind: str, caller: str) -> Key:
    return Key(f"ORG#{organisation_id}#BUCKET#{kind}#{caller}", "BUCKET")


def line(organisation_id: str, workflow_id: str, priority: str) -> str:
    """The partition of those who wait for a slot of a workflow with one priority."""
    return f"ORG#{organisation_id}#LINE#{workflow_id}#{priority}"


def line_entry(organisation_id: str, workflow_id: str, priority: str, run_id: str) -> Key:
    return Key(line(organisation_id, workflow_id, priority), f"RUN#{run_id}")


def gate(organisation_id: str, gate_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#GATE#{gate_id}", "GATE")


def gates_of_run(organisation_id: str, run_id: str, gate_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#RUN#{run_id}#GATES", gate_id)


def open_gates(organisation_id: str, opened_at: str = "", gate_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#OPEN#GATES", f"{opened_at}#{gate_id}")


def ended_gates(organisation_id: str, opened_at: str = "", gate_id: str = "") -> IndexKey:
    """Gates that were decided, and the engine knows it; that timed out; or whose run ended first."""
    return IndexKey(2, f"ORG#{organisation_id}#ENDED#GATES", f"{opened_at}#{gate_id}")


def message(organisation_id: str, message_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#MESSAGE#{message_id}", "MESSAGE")


def messages_of_run(organisation_id: str, run_id: str, message_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#RUN#{run_id}#MESSAGES", message_id)


def push(organisation_id: str, run_id: str, push_id: str) -> Key:
    return Key(run(organisation_id, run_id).pk, f"PUSH#{push_id}")


def task_hook(organisation_id: str, hook_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#HOOK#{hook_id}", "HOOK")


def undelivered(organisation_id: str, waiter_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#UNDELIVERED", waiter_id)


def waiter(organisation_id: str, waiter_id: str) -> Key:
    """Where the token of a waiter stands: a gate, a message, a hook, or a child's link to its parent."""
    match waiter_id.partition("_")[0]:
        case "gate":
            return gate(organisation_id, waiter_id)
        case "msg":
            return message(organisation_id, waiter_id)
        case "hook":
            return task_hook(organisation_id, waiter_id)
        case "run":
            return run_parent(organisation_id, waiter_id)
        case kind:
            raise ValueError(f"nothing of kind {kind!r} waits for an answer")


def watchers(organisation_id: str, topic: str) -> Key:
    return Key(f"ORG#{organisation_id}#WATCH#{topic}", "WATCHERS")


def connection(connection_id: str) -> Key:
    return Key(f"ORG#{PLATFORM}#CONNECTION#{connection_id}", "CONNECTION")


def ticket(secret_sha256: str) -> Key:
    return Key(f"ORG#{PLATFORM}#TICKET#{secret_sha256}", "TICKET")


def providers() -> Key:
    return Key(f"ORG#{PLATFORM}#PROVIDERS", "PROVIDERS")


def breaker(candidate: str) -> Key:
    return Key(f"ORG#{PLATFORM}#PROVIDER#{candidate}", "BREAKER")


def call_counts(candidate: str, quarter: int) -> Key:
    """`quarter`: whole quarter hours since the epoch."""
    return Key(breaker(candidate).pk, f"COUNTS#{quarter:010d}")


def memory(organisation_id: str, namespace: str, key: str) -> Key:
    return Key(f"ORG#{organisation_id}#MEMORY#{namespace}", key)


def call(organisation_id: str, run_id: str, place: str, call_sha256: str) -> Key:
    """One model call; `place` is `<node>#<item path>`. Calls of no run stand together."""
    if not run_id:
        return Key(f"ORG#{organisation_id}#CALLS", f"CALL#{call_sha256}")
    return Key(run(organisation_id, run_id).pk, f"CALL#{place}#{call_sha256}")


def run_cost(organisation_id: str, run_id: str, shard: int) -> Key:
    return Key(run(organisation_id, run_id).pk, f"COST#{shard}")


def cost_below(organisation_id: str, run_id: str, shard: int) -> Key:
    """What the runs cost that a run started, and those that they did."""
    return Key(run(organisation_id, run_id).pk, f"BELOW#{shard}")


def day_cost(organisation_id: str, workflow_id: str, day: str, shard: int) -> Key:
    """A day's cost of one workflow; without one, of the whole organisation."""
    return Key(day_costs(organisation_id, workflow_id), f"DAY#{day}#{shard}")


def day_costs(organisation_id: str, workflow_id: str = "") -> str:
    """The partition of a workflow's or the organisation's days."""
    return f"ORG#{organisation_id}#COST#{workflow_id}" if workflow_id else f"ORG#{organisation_id}#COST"


def budget(organisation_id: str, workflow_id: str = "") -> Key:
    """A workflow's budget; without one, the organisation's."""
    return Key(f"ORG#{organisation_id}#BUDGET", f"WORKFLOW#{workflow_id}" if workflow_id else "ORGANISATION")


def spent_of_period(organisation_id: str, workflow_id: str, period: str, generation: str) -> Key:
    """`period` is `DAY#2026-11-27` or `MONTH#2026-11`; the generation is that of its limit."""
    return Key(f"ORG#{organisation_id}#BUDGET#{workflow_id}", f"{period}#{generation}")


@dataclass(frozen=True, slots=True)
class CounterPlace:
    """What the counter of a day or a month is of. `of`: `2026-11-27` or `2026-11`."""

    organisation_id: str
    workflow_id: str
    period: Literal["day", "month"]
    of: str
    generation: str


def place_of_counter(pk: str, sk: str) -> CounterPlace | None:
    """Of a counter that `spent_of_period` is the key of; None for any other key."""
    where, when = pk.split("#"), sk.split("#")
    if len(where) != 4 or where[2] != "BUDGET" or len(when) != 3 or when[0] not in ("DAY", "MONTH"):
        return None
    return CounterPlace(where[1], where[3], "day" if when[0] == "DAY" else "month", when[1], when[2])


def organisation_of_budget(pk: str) -> str:
    """The organisation of the partition of budgets; empty where it is none."""
    return _organisation_of(pk, "BUDGET")


def spent_of_run(organisation_id: str, run_id: str) -> Key:
    return Key(run(organisation_id, run_id).pk, "SPENT")


def untold_alerts(organisation_id: str, alert_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#UNTOLD#ALERTS", alert_id)


def secret_rights(organisation_id: str, name: str) -> Key:
    return Key(f"ORG#{organisation_id}#SECRETS", name)


def budget_alert(organisation_id: str, alert_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#ALERT#{alert_id}", "ALERT")


def budget_alerts(organisation_id: str, at: str = "", alert_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#ALERTS", f"{at}#{alert_id}")


def reservation(organisation_id: str, call_sha256: str) -> Key:
    return Key(f"ORG#{organisation_id}#RESERVATION#{call_sha256}", "RESERVATION")


def open_reservations(organisation_id: str, lapses_at: int = 0, call_sha256: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#RESERVED", f"{lapses_at:012d}#{call_sha256}")


def cached_answer(organisation_id: str, request_sha256: str) -> Key:
    return Key(f"ORG#{organisation_id}#CACHE#{request_sha256}", "ANSWER")


def cache_generation(organisation_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#CACHE", "GENERATION")


def cache_day(organisation_id: str, day: str, shard: int) -> Key:
    return Key(f"ORG#{organisation_id}#CACHE", f"DAY#{day}#{shard}")


def warm_job(organisation_id: str, job_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#JOB#{job_id}", "JOB")


def words(organisation_id: str, namespace: str, key: str) -> Key:
    return Key(f"ORG#{organisation_id}#WORDS#{namespace}", f"ENTRY#{key}")


def words_tally(organisation_id: str, namespace: str) -> Key:
    return Key(words(organisation_id, namespace, "").pk, "TALLY")


def imported_api(organisation_id: str, name: str) -> Key:
    return Key(f"ORG#{organisation_id}#API#{name}", "API")


def imported_apis(organisation_id: str, name: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#APIS", name)


def act(organisation_id: str, order: str = "", act_id: str = "") -> Key:
    return Key(f"ORG#{organisation_id}#ACTS", f"{order}#{act_id}")


def organisation_of_act(pk: str) -> str:
    """The organisation of an act's partition; empty where it is none."""
    return _organisation_of(pk, "ACTS")


def _organisation_of(pk: str, partition: str) -> str:
    match pk.split("#"):
        case ["ORG", organisation_id, found] if found == partition:
            return organisation_id
        case _:
            return ""


def audit_entry(organisation_id: str, number: int) -> Key:
    return Key(audit_head(organisation_id).pk, f"ENTRY#{number:012d}")


def audit_head(organisation_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#AUDIT", "HEAD")


def audit_of(organisation_id: str, noun: str, target: str, number: int = 0) -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#AUDIT#{noun}#{target}", f"{number:012d}")


def external_agent(organisation_id: str, name: str) -> Key:
    return Key(f"ORG#{organisation_id}#AGENT#{name}", "AGENT")


def external_agents(organisation_id: str, name: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#AGENTS", name)


def agent_card(organisation_id: str, name: str) -> Key:
    return Key(external_agent(organisation_id, name).pk, "CARD")


def organisation(organisation_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#ORGANISATION", "ORGANISATION")


def organisation_list(organisation_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{PLATFORM}#ORGANISATIONS", organisation_id)


def member(organisation_id: str, name: str) -> Key:
    """A person's or a service account's place in an organisation."""
    return Key(f"ORG#{organisation_id}#MEMBER#{name}", "MEMBER")


def members(organisation_id: str, name: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#MEMBERS", name)


def organisations_of(name: str, organisation_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{PLATFORM}#PERSON#{name}#MEMBER", organisation_id)


def person(name: str) -> Key:
    return Key(f"ORG#{PLATFORM}#PERSON#{name}", "PERSON")


def session(session_id: str) -> Key:
    return Key(f"ORG#{PLATFORM}#SESSION#{session_id}", "SESSION")


def api_key(key_id: str) -> Key:
    return Key(f"ORG#{PLATFORM}#APIKEY#{key_id}", "APIKEY")


def api_keys(organisation_id: str, key_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#APIKEYS", key_id)


def invitation(secret_sha256: str) -> Key:
    return Key(f"ORG#{PLATFORM}#INVITATION#{secret_sha256}", "INVITATION")


def invitations(organisation_id: str, invitation_id: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#INVITATIONS", invitation_id)


def attempts(whose_sha256: str) -> Key:
    """Failed sign-ins of a name, or from an address."""
    return Key(f"ORG#{PLATFORM}#ATTEMPTS#{whose_sha256}", "ATTEMPTS")


def replay(organisation_id: str, asked_sha256: str) -> Key:
    return Key(f"ORG#{organisation_id}#REPLAY#{asked_sha256}", "REPLAY")


def seal() -> Key:
    return Key(f"ORG#{PLATFORM}#SEAL", "SEAL")


def trigger(organisation_id: str, trigger_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#TRIGGER#{trigger_id}", "TRIGGER")


def trigger_list(organisation_id: str, order: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#TRIGGERS", order)


def unsynced_triggers(organisation_id: str, trigger_id: str = "") -> IndexKey:
    return IndexKey(2, f"ORG#{organisation_id}#UNSYNCED#TRIGGERS", trigger_id)


def trigger_tally(organisation_id: str, trigger_id: str) -> Key:
    return Key(trigger(organisation_id, trigger_id).pk, "TALLY")


def firing(organisation_id: str, trigger_id: str, at: str, key_sha256: str) -> Key:
    return Key(trigger(organisation_id, trigger_id).pk, f"FIRING#{at}#{key_sha256}")


def trigger_name(organisation_id: str, workflow_id: str, name: str) -> Key:
    return Key(workflow(organisation_id, workflow_id).pk, f"TRIGGER#{name}")


def trigger_after(organisation_id: str, workflow_id: str, trigger_id: str) -> Key:
    return Key(workflow(organisation_id, workflow_id).pk, f"AFTER#{trigger_id}")


def hook(trigger_id: str) -> Key:
    return Key(f"ORG#{PLATFORM}#HOOK#{trigger_id}", "HOOK")


def starter(organisation_id: str, name: str) -> Key:
    return Key(f"ORG#{organisation_id}#STARTER#{name}", "STARTER")


def starters(organisation_id: str, name: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#STARTERS", name)


def starter_uses(organisation_id: str, name: str) -> Key:
    return Key(starter(organisation_id, name).pk, "USES")


def channel(organisation_id: str, channel_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#CHANNEL#{channel_id}", "CHANNEL")


def channel_list(organisation_id: str, name: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#CHANNELS", name)


def channel_name(organisation_id: str, name: str) -> Key:
    return Key(f"ORG#{organisation_id}#CHANNELNAME#{name}", "NAME")


def channel_account(organisation_id: str, kind: str, account: str) -> Key:
    return Key(f"ORG#{organisation_id}#ACCOUNT#{kind}#{account}", "ACCOUNT")


def channel_owner(channel_id: str) -> Key:
    return Key(f"ORG#{PLATFORM}#CHANNEL#{channel_id}", "OWNER")


def vendor_message(organisation_id: str, channel_id: str, vendor_id: str) -> Key:
    return Key(channel(organisation_id, channel_id).pk, f"VENDOR#{_sha256(vendor_id)}")


def delivery_word(organisation_id: str, channel_id: str, vendor_id: str) -> Key:
    return Key(channel(organisation_id, channel_id).pk, f"WORD#{_sha256(vendor_id)}")


def received(organisation_id: str, event_sha256: str) -> Key:
    return Key(f"ORG#{organisation_id}#RECEIVED#{event_sha256}", "RECEIVED")


def contact(organisation_id: str, contact_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#CONTACT#{contact_id}", "CONTACT")


def identity(organisation_id: str, channel_id: str, kind: str, value: str) -> Key:
    """By digest: nobody's number stands in a key."""
    return Key(f"ORG#{organisation_id}#IDENTITY#{channel_id}#{_sha256(kind, value)}", "IDENTITY")


def conversation(organisation_id: str, conversation_id: str) -> Key:
    return Key(f"ORG#{organisation_id}#CONVERSATION#{conversation_id}", "CONVERSATION")


def conversation_list(organisation_id: str, order: str = "") -> IndexKey:
    return IndexKey(1, f"ORG#{organisation_id}#CONVERSATIONS", order)


def conversation_message(organisation_id: str, conversation_id: str, number: int) -> Key:
    return Key(conversation(organisation_id, conversation_id).pk, f"MESSAGE#{number:010d}")


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
