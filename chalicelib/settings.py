"""The settings of a deployment, read once from the environment.

In: environment variables. Out: one frozen `Settings`. Nothing else of ours reads the environment; every setting has its entry in docs/SETTINGS.md.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chalicelib.errors import SettingInvalid
from chalicelib.model_settings import AliasTarget, CompatibleEndpoints, EmbeddingModel, KeyText, Region
from chalicelib.remote_settings import AgentSetting, DatabaseSetting, EndpointSetting
from chalicelib.throttle_settings import Rates, with_defaults

LOCAL_STAGE: Final = "local"
RatesSetting = Annotated[Rates, BeforeValidator(with_defaults)]


class OwnPrice(BaseModel):
    """What a model costs this deployment, in micro-dollars per million tokens; what is left out costs what it costs without a cache."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    fresh: int = Field(ge=0)
    output: int = Field(ge=0)
    cache_read: int | None = Field(default=None, ge=0)
    cache_write: int | None = Field(default=None, ge=0)
    cache_write_hour: int | None = Field(default=None, ge=0)


class OidcIssuer(BaseModel):
    """An OpenID Connect issuer whose tokens are taken: what they must hold, and what their claims mean here.

    `organisation` names the organisation of all its people; or `organisation_claim` the claim that holds its id. `roles` translates the values of
    `roles_claim`; what it does not name gives no role. A person is called `<name>:<person_claim>`, which no person of ours can be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    audience_claim: str = "aud"  # Cognito's access tokens have `client_id`
    jwks_url: str = Field(pattern=r"^https://|^http://(127\.0\.0\.1|localhost)[:/]")
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"], ...] = ("RS256", "ES256")
    person_claim: str = "sub"
    organisation: str = ""
    organisation_claim: str = ""
    roles_claim: str = ""
    roles: Mapping[str, str] = Field(default_factory=dict)
    default_roles: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_organisation(self) -> "OidcIssuer":
        if bool(self.organisation) == bool(self.organisation_claim):
            raise ValueError("give an issuer's organisation or its organisation_claim")
        return self


class Settings(BaseModel):
    """What a deployment decides. The alias is the name of the environment variable; an empty text means: not set."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)  # an input may be a key

    table: str = Field(default="sluice", alias="SLUICE_TABLE")
    bucket: str = Field(default="sluice-data", alias="SLUICE_BUCKET")
    audit_bucket: str = Field(default="sluice-audit", alias="SLUICE_AUDIT_BUCKET")
    audit_days: int = Field(default=400, ge=1, le=3650, alias="SLUICE_AUDIT_DAYS")  # how long entries of the audit are kept
    deployment: str = Field(default="sluice", alias="SLUICE_DEPLOYMENT")  # the first part of the names of its secrets
    stage: str = Field(default=LOCAL_STAGE, alias="SLUICE_STAGE")
    worker_arn: str = Field(default="", alias="SLUICE_WORKER_ARN")
    compiler_function: str = Field(default="publisher", alias="SLUICE_COMPILER_FUNCTION")
    errands_function: str = Field(default="errands", alias="SLUICE_ERRANDS_FUNCTION")
    machine_role_arn: str = Field(default="", alias="SLUICE_MACHINE_ROLE_ARN")
    trigger_arn: str = Field(default="", alias="SLUICE_TRIGGER_ARN")  # the function that schedules and events invoke
    scheduler_role_arn: str = Field(default="", alias="SLUICE_SCHEDULER_ROLE_ARN")  # under which EventBridge Scheduler invokes it
    missed_queue: str = Field(default="", alias="SLUICE_MISSED_QUEUE")  # URL; empty: the sweeper looks for nothing
    missed_queue_arn: str = Field(default="", alias="SLUICE_MISSED_QUEUE_ARN")  # empty: what Scheduler gives up on is lost
    inbound_queue: str = Field(default="", alias="SLUICE_INBOUND_QUEUE")  # URL; empty: channels take no webhooks
    websocket_endpoint: str = Field(
        default="", alias="SLUICE_WEBSOCKET_ENDPOINT"
    )  # https://…/stage, of apigatewaymanagementapi; empty: nobody is pushed to
    websocket_url: str = Field(default="", alias="SLUICE_WEBSOCKET_URL")  # wss://…, told to clients
    public_url: str = Field(default="", pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$", alias="SLUICE_PUBLIC_URL")  # of the API, for agents elsewhere
    card_key: str = Field(default="", pattern=r"^(secret:[a-z][a-z0-9_-]{0,62})?$", alias="SLUICE_CARD_KEY")  # what our agent cards are signed with
    allowed_hosts: tuple[str, ...] = Field(default=(), alias="SLUICE_ALLOWED_HOSTS")  # comma-separated; empty: any public host
    max_running_of_organisation: int = Field(default=1_000, ge=0, alias="SLUICE_MAX_RUNNING_OF_ORGANISATION")  # runs with a slot; 0: no limit
    max_running: int = Field(default=0, ge=0, alias="SLUICE_MAX_RUNNING")  # of the whole deployment; 0: no limit
    queue_ageing_seconds: int = Field(default=600, ge=1, alias="SLUICE_QUEUE_AGEING_SECONDS")  # after which a line that nobody serves moves up
    rates: RatesSetting = Field(default_factory=Rates, alias="SLUICE_RATES")  # JSON {kind: {caller, organisation: {per_second, burst}}}
    people: Mapping[str, tuple[str, ...]] = Field(default_factory=dict, alias="SLUICE_PEOPLE")  # JSON {person: [roles]}
    prices: Mapping[str, OwnPrice] = Field(default_factory=dict, alias="SLUICE_PRICES")  # JSON {"provider:model": {fresh, output, …}}
    models: Mapping[str, AliasTarget] = Field(default_factory=dict, alias="SLUICE_MODELS")  # JSON {alias: "provider:model" or a route}
    anthropic_api_key: KeyText = Field(default="", alias="ANTHROPIC_API_KEY", repr=False)  # a key, or JSON {name: key}; so are the next two
    openai_api_key: KeyText = Field(default="", alias="OPENAI_API_KEY", repr=False)
    gemini_api_key: KeyText = Field(default="", alias="GEMINI_API_KEY", repr=False)
    bedrock_region: Region = Field(default="", alias="SLUICE_BEDROCK")  # empty: off
    compatible: CompatibleEndpoints = Field(default_factory=dict, alias="SLUICE_COMPATIBLE", repr=False)  # JSON {name: {"url", "key"}}
    embeddings: EmbeddingModel = Field(default="", alias="SLUICE_EMBEDDINGS")  # "provider:model"; empty: memory goes by words alone
    availability_target: float = Field(default=0.99, gt=0, lt=1, alias="SLUICE_AVAILABILITY_TARGET")
    mcp_servers: Mapping[str, EndpointSetting] = Field(default_factory=dict, alias="SLUICE_MCP_SERVERS", repr=False)  # JSON {name: {url, headers}}
    a2a_agents: Mapping[str, AgentSetting] = Field(
        default_factory=dict, alias="SLUICE_A2A_AGENTS", repr=False
    )  # JSON {name: {url, headers, signed_by}}
    databases: Mapping[str, DatabaseSetting] = Field(
        default_factory=dict, alias="SLUICE_DATABASES", repr=False
    )  # JSON {name: {url | sqlite_key, write}}
    password_memory_kib: int = Field(default=19_456, ge=8, alias="SLUICE_PASSWORD_MEMORY_KIB")  # of argon2id
    password_passes: int = Field(default=2, ge=1, alias="SLUICE_PASSWORD_PASSES")
    oidc: tuple[OidcIssuer, ...] = Field(default=(), alias="SLUICE_OIDC")  # JSON [{name, issuer, audience, jwks_url, …}]
    native_tools: frozenset[str] = Field(default=frozenset(), alias="SLUICE_NATIVE_TOOLS")  # JSON [ARNs of roles]; empty: off


_JSON: Final = frozenset(
    ("SLUICE_PEOPLE", "SLUICE_MODELS", "SLUICE_PRICES", "SLUICE_COMPATIBLE", "SLUICE_MCP_SERVERS", "SLUICE_A2A_AGENTS", "SLUICE_DATABASES")
)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Tests that change the environment call `settings.cache_clear()`."""
    return read_settings(os.environ)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from an environment. Raises SettingInvalid with the variable's name when one cannot be read."""
    given = {name: _parse(name, text) for name in _names() if (text := environment.get(name))}
    try:
        return Settings.model_validate(given)
    except ValidationError as fault:
        first = fault.errors()[0]
        raise SettingInvalid(f"{_place(first['loc'])}: {first['msg'].removeprefix('Value error, ')}") from fault


def _place(location: tuple[int | str, ...]) -> str:
    """Where a fault is. Third in an alias stands which of its forms was read, which the setting does not show."""
    shown = (*location[:2], *location[3:]) if location[0] == "SLUICE_MODELS" else location
    return ".".join(str(step) for step in shown)


def _names() -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in Settings.model_fields.items())


def _parse(name: str, text: str) -> object:
    match name:
        case "SLUICE_ALLOWED_HOSTS":
            return tuple(host.strip().lower() for host in text.split(",") if host.strip())
        case (
            "SLUICE_PEOPLE"
            | "SLUICE_MODELS"
            | "SLUICE_PRICES"
            | "SLUICE_COMPATIBLE"
            | "SLUICE_MCP_SERVERS"
            | "SLUICE_A2A_AGENTS"
            | "SLUICE_DATABASES"
            | "SLUICE_NATIVE_TOOLS"
            | "SLUICE_OIDC"
            | "SLUICE_RATES"
        ):
            try:
                return json.loads(text)
            except json.JSONDecodeError as fault:
                raise SettingInvalid(f"{name}: not JSON, {fault.msg} at character {fault.pos}") from fault
        case _:
            return text
