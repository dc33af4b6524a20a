"""What forecasts are told of models: whom a workflow's agents ask in this deployment, and what those take for a token.

In: a spec, perhaps the vendors' keys. Out: `ModelFacts`, plain data for the compiler. With keys, only those count who have one, and where nobody
has, the offline provider, which is free; without, all whom an alias leads to may answer. Never makes a call, never looks at a key's text.
"""

from collections.abc import Iterator, Mapping

from chalicelib.agents.directory import choose
from chalicelib.agents.failures import AgentUnknown
from chalicelib.agents.presets import PRESETS, Preset
from chalicelib.compiler.model_costs import DEFAULT_MODEL
from chalicelib.compiler.model_rates import Asked, ModelFacts, Rates
from chalicelib.providers.failures import ModelRequestInvalid
from chalicelib.providers.prices import Price, price_of, table
from chalicelib.providers.select import OFFLINE, Keys, candidates_of, keys_of, route_of
from chalicelib.settings import settings
from chalicelib.spec.agent_parts import Skill
from chalicelib.spec.nodes import AgentCall, Map, Node
from chalicelib.spec.workflow import WorkflowSpec


def facts_of_deployment(spec: WorkflowSpec) -> ModelFacts:
    """As this deployment's settings say. Where it is deployed the keys are the worker's alone, so that all candidates count."""
    deployment = settings()
    return model_facts(spec, keys=keys_of(deployment) if deployment.stage == "local" else None, embeddings=deployment.embeddings)


def model_facts(spec: WorkflowSpec, *, keys: Keys | None = None, embeddings: str = "") -> ModelFacts:
    """`embeddings` is the `provider:model` that makes vectors; empty: nobody does."""
    agents = {name: _asked(node, keys) for name, node in _agents(spec.nodes)}
    return ModelFacts(agents, _candidates(embeddings, keys) if embeddings else None, table().priced_at)


def _agents(nodes: Mapping[str, Node]) -> Iterator[tuple[str, AgentCall]]:
    for name, node in nodes.items():
        match node:
            case AgentCall():
                yield name, node
            case Map():
                yield from _agents(node.nodes)
            case _:
                pass


def _asked(node: AgentCall, keys: Keys | None) -> Asked:
    preset = _preset(node.agent)
    name = node.model or (preset.model if preset is not None else DEFAULT_MODEL)
    return _candidates(name, keys, system=preset.system if preset is not None else "")


def _preset(asked: str | Skill | None) -> Preset | None:
    """The preset that the node asks; None also where there is no such, which its run will say."""
    if asked is None:
        return None
    try:
        chosen = choose({"skill": asked.skill} if isinstance(asked, Skill) else {"name": asked}, [preset.card for preset in PRESETS.values()])
    except AgentUnknown:
        return None
    return PRESETS[chosen.card.name]


def _candidates(name: str, keys: Keys | None, *, system: str = "") -> Asked:
    """Whom a name leads to; nobody where it leads nowhere, which is unpriced."""
    try:
        candidates = candidates_of(name, models=settings().models)
        route = None if keys is None else route_of(name, models=settings().models, keys=keys)
    except ModelRequestInvalid:
        return Asked(name, system=system)
    answering = candidates if route is None else route.candidates
    rates = {f"{each.provider}:{each.model}": _rates(each.provider, each.model) for each in answering}
    return Asked(name, rates, system, why=f"{route.why}: answers are offline and free" if route is not None and route.why else "")


def _rates(provider: str, model: str) -> Rates | None:
    if provider == OFFLINE:
        return Rates((0, 0), (0, 0))
    price = price_of(provider, model)
    if price is None:
        return None
    steps = [price, *([price.then] if price.then is not None else [])]
    return Rates(_span([one for step in steps for one in _read(step)]), _span([step.output for step in steps]))


def _read(price: Price) -> tuple[int, int, int, int]:
    return price.fresh, price.cache_read, price.cache_write, price.cache_write_hour


def _span(values: list[int]) -> tuple[int, int]:
    return min(values), max(values)
