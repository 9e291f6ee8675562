"""The usage of one hour from the counters of inference servers: every token in one metric, all of them the total."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from collectors.api.rows import Row
from collectors.tokens.inference.counters import Counter, increase
from collectors.tokens.inference.presets import Preset

_NONE = Decimal(0)
_MODEL_LABELS = ("model_name", "model", "model_id")
_Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Labelling:
    """How labels become facts: the fixed pool or the label that names it, a model for servers that name none."""

    source: str
    pool: str | None
    pool_label: str
    model: str | None
    facts: tuple[str, ...]


def hour_rows(
    server: str,
    preset: Preset,
    hour: datetime,
    counters: Iterable[Counter],
    labelling: Labelling,
    from_nought: Callable[[Counter], bool],
) -> Iterator[Row]:
    """Yield the usage of one hour of one kind of server; `counters` are cut to what tells of that hour."""
    by_server: dict[tuple[str, str, _Facts], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in _meant(list(counters), preset):
        grown = increase(one, hour, from_nought=from_nought(one))
        by_server[*one.target, _facts(server, one, labelling)][one.metric] += grown
    sums: dict[_Facts, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (_, _, facts), grown_by in by_server.items():
        for metric, quantity in _normal_form(preset, grown_by).items():
            sums[facts][metric] += quantity
    for facts, quantities in sums.items():
        for metric, quantity in quantities.items():
            if quantity:
                yield {"hour": hour, "metric": metric, "quantity": quantity, **dict(facts)}


def _normal_form(preset: Preset, grown: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Part the input of one server: what came from a cache is counted as it is, so it may run ahead of the total."""
    total = grown.get(preset.input, _NONE)
    told = next((grown[name] for name in preset.cached if name in grown), _NONE)
    cached = min(told, total)
    return {
        "tokens.input": total - cached,
        "tokens.cached_input": cached,
        "tokens.output": grown.get(preset.output, _NONE),
        "requests": grown.get(preset.requests, _NONE),
    }


def _meant(counters: list[Counter], preset: Preset) -> list[Counter]:
    """Leave out requests of the other models of a chain, where a server has a model that counts tokens."""
    if not preset.chained:
        return counters
    models = {(one.target, _model(one)) for one in counters if one.metric != preset.requests}
    servers = {target for target, _ in models}
    return [
        one
        for one in counters
        if one.metric != preset.requests or one.target not in servers or (one.target, _model(one)) in models
    ]


def _facts(server: str, counter: Counter, labelling: Labelling) -> _Facts:
    labels = counter.labels
    facts = {
        **{name: labels.get(name) for name in labelling.facts},
        "pool": labelling.pool or labels.get(labelling.pool_label) or labelling.source,
        "model": _model(counter) or labelling.model,
        "namespace": labels.get("namespace"),
        "server": server,
    }
    return tuple((name, text) for name, text in facts.items() if text)


def _model(counter: Counter) -> str | None:
    return next((counter.labels[name] for name in _MODEL_LABELS if name in counter.labels), None)
