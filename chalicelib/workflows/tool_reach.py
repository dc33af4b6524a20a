"""What a deployment lets its tools reach, as tools are handed it.

In: the settings, what an organisation registered, and who resolves the secrets that they name. Out: destinations, MCP servers, external agents,
databases, each made when it is asked for, so that a call resolves the secrets of its own server alone; and surroundings for looking around without a
run, which resolve none.
Never: outside the local stage, a credential that stands in the settings in plain text (SettingInvalid says where).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

from chalicelib.errors import SettingInvalid
from chalicelib.remote_settings import (
    AgentSetting,
    DatabaseSetting,
    EndpointSetting,
    SecretText,
    SignersSetting,
    has_plain_password,
    is_plain_credential,
)
from chalicelib.settings import LOCAL_STAGE, settings
from chalicelib.store import external_agents
from chalicelib.store.external_agents import ExternalAgent
from chalicelib.tools.destination import Destinations
from chalicelib.tools.failures import NotAvailableHere
from chalicelib.tools.ports import Database, Endpoint, NoKeyValue, Signers
from chalicelib.tools.tool import Surroundings

_NONE: Final[Mapping[str, Endpoint]] = MappingProxyType({})
Resolve = Callable[[str], str]
"""The value of a secret of whoever configured what is reached, by its name."""
Setting = TypeVar("Setting")
Thing = TypeVar("Thing")
_PUT: Final = "put it with `sluice secrets put NAME --deployment` and write"


class Reached(Mapping[str, Thing]):
    """By name; each is made anew when it is asked for."""

    def __init__(self, configured: Mapping[str, Setting], make: Callable[[str, Setting], Thing]) -> None:
        self._made = {name: partial(make, name, setting) for name, setting in configured.items()}

    def __getitem__(self, name: str) -> Thing:
        return self._made[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def nobody(name: str) -> str:
    """For those who may read no secret. Raises NotAvailableHere."""
    raise NotAvailableHere(f"the secret {name} is read by workers alone")


def destinations() -> Destinations:
    return Destinations(allowed_hosts=frozenset(settings().allowed_hosts))


def mcp_servers(resolve: Resolve = nobody) -> Mapping[str, Endpoint]:
    return Reached(settings().mcp_servers, partial(_endpoint, "SLUICE_MCP_SERVERS", resolve))


def own_a2a_agents(resolve: Resolve = nobody) -> Mapping[str, Endpoint]:
    """Those that the deployment's settings name."""
    return Reached(settings().a2a_agents, partial(_endpoint, "SLUICE_A2A_AGENTS", resolve))


@dataclass(frozen=True)
class OrganisationAgents(Mapping[str, Endpoint]):
    """The external agents that an organisation may ask: those of the settings, then its own, which are looked up when they are named. Whether there
    is one resolves no secret."""

    organisation_id: str
    of_deployment: Resolve = nobody
    of_organisation: Resolve = nobody
    _looked_up: dict[str, ExternalAgent] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Endpoint:
        own = own_a2a_agents(self.of_deployment)
        if name in own:
            return own[name]
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        return registered(found, self.of_organisation)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in settings().a2a_agents or self._find(name) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*settings().a2a_agents, *(agent.name for agent in external_agents.list_all(self.organisation_id)))))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _find(self, name: str) -> ExternalAgent | None:
        if name not in self._looked_up:
            found = None if "://" in name else external_agents.find(self.organisation_id, name)
            if found is None:
                return None
            self._looked_up[name] = found
        return self._looked_up[name]


def registered(agent: ExternalAgent, resolve: Resolve = nobody) -> Endpoint:
    """Where a registered agent is. `resolve` knows the organisation's secrets: none of the deployment's goes to an agent that it did not choose."""
    headers = {header: _value(text, resolve) for header, text in agent.headers.items()}
    return Endpoint(agent.url, headers, is_own=False, signed_by=_signers(agent.signed_by))


def databases(resolve: Resolve = nobody) -> Mapping[str, Database]:
    return Reached(settings().databases, partial(_database, resolve))


def outlook(seconds: float, resolve: Resolve = nobody, *, a2a_agents: Mapping[str, Endpoint] = _NONE) -> Surroundings:
    """Surroundings in which servers and agents can be asked what they are, and nothing can be done."""
    return Surroundings(
        destinations=destinations(),
        key_values=NoKeyValue(),
        now=lambda: datetime.now(UTC),
        seconds_left=lambda: seconds,
        idempotency_key="",
        mcp_servers=mcp_servers(resolve),
        a2a_agents=a2a_agents,
    )


def _endpoint(variable: str, resolve: Resolve, name: str, setting: EndpointSetting) -> Endpoint:
    for header, text in setting.headers.items():
        if is_plain_credential(header, text):
            _refuse_deployed(f"{variable}.{name}.headers.{header}", '{"secret": "NAME"}, with a prefix where one belongs before it')
    headers = {header: _value(text, resolve) for header, text in setting.headers.items()}
    return Endpoint(setting.url, headers, signed_by=_signers(setting.signed_by) if isinstance(setting, AgentSetting) else None)


def _signers(setting: SignersSetting | None) -> Signers | None:
    return None if setting is None else Signers(tuple(setting.keys), setting.jwks_url or "")


def _database(resolve: Resolve, name: str, setting: DatabaseSetting) -> Database:
    if has_plain_password(setting.url):
        _refuse_deployed(f"SLUICE_DATABASES.{name}.url", '{"secret": "NAME"} in place of the URL')
    return Database(url=_value(setting.url, resolve), sqlite_key=setting.sqlite_key, write=setting.write)


def _value(text: str | SecretText, resolve: Resolve) -> str:
    return text if isinstance(text, str) else text.prefix + resolve(text.secret)


def _refuse_deployed(place: str, form: str) -> None:
    if settings().stage != LOCAL_STAGE:
        raise SettingInvalid(f"{place}: a credential in plain text is taken on the local stage alone; {_PUT} {form}")
