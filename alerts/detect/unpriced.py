"""Usage without a price: its cost is unknown, which is not nothing, and somebody has to say what it costs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from alerts.alert import Alert, Contributor, Findings
from alerts.amounts import total
from alerts.detect.presenting import midnight, team_link

_PER = {"tokens": 1_000_000, "web_searches": 1_000, "file_searches": 1_000, "speech": 1_000_000}
"""Units that prices are usually given for, by the first word of the metric."""
_LONGEST_NAME = 150


@dataclass(frozen=True)
class UnpricedModel:
    """What a team used of a model that no price is known of, on UTC days from `first` to `last`.

    `quantities` are (metric, units). `sources` are where the usage is from, `bills` the sources of the bills that a
    price would stand for. `provider` and `model` may be empty: the usage does not say.
    """

    team: str
    provider: str
    model: str
    sources: tuple[str, ...]
    bills: tuple[str, ...]
    first: date
    last: date
    quantities: tuple[tuple[str, Decimal], ...]
    reasons: tuple[str, ...]


def unpriced_models(found: Sequence[UnpricedModel]) -> Findings:
    """Return one alert for each team and model; key `unpriced:<team>:<provider>:<model>`."""
    return Findings("unpriced", tuple(_alert(each) for each in found))


def _alert(each: UnpricedModel) -> Alert:
    model = each.model or "an unnamed model"
    by = f" of {each.provider}" if each.provider else ""
    yaml = "\n".join(_yaml(each))
    return Alert(
        key=":".join(("unpriced", each.team, each.provider[:_LONGEST_NAME], each.model[:_LONGEST_NAME])),
        kind="unpriced",
        team=each.team,
        severity="warning",
        title=f"{model} has no price",
        summary=(
            f"{_listed(each.quantities)} of {model}{by}, told by {', '.join(each.sources)} since {each.first}, have an"
            f" unknown cost: {'; '.join(each.reasons)}. No total holds it. Add to `prices`:\n{yaml}"
        ),
        started_at=midnight(each.first),
        contributors=tuple(
            Contributor(metric, None, f"{_plain(units)} units")
            for metric, units in sorted(each.quantities, key=lambda pair: -pair[1])
        ),
        link=team_link(each.team, each.last),
        facts={
            "provider": each.provider,
            "model": each.model,
            "tokens": _plain(_tokens(each.quantities)),
            "sources": ", ".join(each.sources),
            "yaml": yaml,
        },
    )


def _yaml(each: UnpricedModel) -> list[str]:
    """Return a price for each metric, to be filled in; JSON texts are YAML too, whatever a model is called."""
    match = f"{{model: {json.dumps(each.model, ensure_ascii=False)}}}" if each.model else "{model: absent}"
    stands = f", replaces: {{source: {json.dumps(each.bills[0])}, match: …}}" if each.bills else ""
    return [
        f"- {{metric: {metric}, match: {match}, price: …, per: {_PER.get(metric.partition('.')[0], 1)},"
        f" from: {each.first}{stands}}}"
        for metric, _ in each.quantities
    ]


def _tokens(quantities: Iterable[tuple[str, Decimal]]) -> Decimal:
    return total(units for metric, units in quantities if metric.startswith("tokens."))


def _listed(quantities: Iterable[tuple[str, Decimal]]) -> str:
    return ", ".join(f"{_plain(units)} {metric}" for metric, units in quantities)


def _plain(units: Decimal) -> str:
    return f"{units.normalize():,f}"
