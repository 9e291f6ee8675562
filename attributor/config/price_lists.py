"""`list:` in a price: usage that a published list prices, by its model."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.metadata import version

from attributor.config.settings import ConfiguredSource, PriceList
from rules.located import Located
from rules.reading.fields import Problems, choice, decimal, listed, word

GENAI_PRICES, NO_LIST = "genai-prices", "none"

_OF_TYPE = {"openai-usage": "openai", "anthropic-usage": "anthropic", "bedrock": "aws", "vertex": "google"}
"""Whose models a type of source tells of, by the list's id: their usage does not say it again in each row."""

_OWN = ("metric", "price", "per", "currency")
_LISTED = ("of", "models", "factor")
_FINEST_FACTOR = Decimal("0.0001")
_LARGEST_FACTOR = 100


def providers_of(sources: Sequence[ConfiguredSource]) -> Mapping[str, str]:
    """Return whose models each source tells of, by the source's name."""
    return {source.name: _OF_TYPE[source.type.name] for source in sources if source.type.name in _OF_TYPE}


def check_kind(node: Located, entries: Mapping[str, Located], what: str, problems: Problems) -> None:
    """Tell of a price that has neither a metric and a price of its own nor a list, or parts of both."""
    if "list" in entries:
        both = [key for key in _OWN if key in entries]
        if both:
            message = f"`{what}` has a `list` and {listed(both)}"
            fix = "the list says them; write what differs as a price of its own"
            problems.append(entries[both[0]].problem(message, fix))
        return
    for key, example in (("metric", "tokens.input"), ("price", "1.25")):
        if entries and key not in entries:
            fix = f"add `{key}: {example}`, or `list: {GENAI_PRICES}`"
            problems.append(node.problem(f"`{what}` has no `{key}`", fix))
    for key in _LISTED:
        if key in entries:
            problems.append(entries[key].problem(f"`{key}` belongs to a `list`", f"add `list: {GENAI_PRICES}`"))


def read_list(entries: Mapping[str, Located], by_source: Mapping[str, str], problems: Problems) -> PriceList | None:
    """Return the list that a price names, with what is said of it."""
    name = choice(entries["list"], "`list`", (GENAI_PRICES, NO_LIST), problems)
    provider = word(entries["of"], "`of`", problems) if "of" in entries else ""
    factor = _factor(entries["factor"], problems) if "factor" in entries else Decimal(1)
    models = _models(entries["models"], problems) if "models" in entries else {}
    if name is None or provider is None or factor is None:
        return None
    if name == NO_LIST:
        return PriceList(NO_LIST)
    return PriceList(name, version(GENAI_PRICES), provider, models, by_source, factor)


def _factor(node: Located, problems: Problems) -> Decimal | None:
    factor = decimal(node, "`factor`", problems)
    if factor is not None and (factor > _LARGEST_FACTOR or factor != factor.quantize(_FINEST_FACTOR)):
        problems.append(node.problem(f"`factor` is {node.text}", "write it from 0 to 100 with at most four decimals"))
        return None
    return factor


def _models(node: Located, problems: Problems) -> dict[str, str]:
    if node.entries is None:
        problems.append(node.problem("`models` is a map of names", "write `{my-deployment: gpt-5}`"))
        return {}
    found = {name: word(entry, f"the model `{name}`", problems) for name, entry in node.entries.items()}
    return {name: model for name, model in found.items() if model is not None}
