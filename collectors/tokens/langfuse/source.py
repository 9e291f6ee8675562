"""The collector type `langfuse`: tokens and calls from Langfuse's export files."""

from datetime import timedelta

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.files.options import file_source, path_option
from collectors.files.reading import Layout
from collectors.options import choice, option_list, option_texts
from collectors.storage.access import ACCESS_OPTIONS
from collectors.tokens.langfuse.collector import ObservationsCollector
from collectors.tokens.langfuse.observations import DEFAULT_FACTS, FACTS, Sorting

_OPTIONS = (
    path_option("s3://acme-langfuse/exports"),
    Option("facts", "By which facts observations are told apart.", f"[{', '.join(DEFAULT_FACTS)}]", kind="list"),
    Option("metadata", "Keys of the metadata that are facts too.", "[team]", kind="list"),
    Option("tags", "Keys of tags, written as KEY:VALUE, that are facts too.", "[team]", kind="list"),
    Option("inclusive", "Whether input and output hold what their details count.", "true", "boolean", default="false"),
    *ACCESS_OPTIONS,
)
_ALREADY = frozenset({"hour", "metric", "pool", "quantity"})


def _build(settings: SourceSettings) -> Collector:
    inclusive = choice("inclusive", option_texts(settings, _OPTIONS)["inclusive"], ("true", "false"))
    source = file_source(settings, _OPTIONS, Layout(forms=()), restates=timedelta())
    return ObservationsCollector(source, _sorting(settings, inclusive=inclusive == "true"))


def _sorting(settings: SourceSettings, *, inclusive: bool) -> Sorting:
    facts = option_list(settings, "facts") or DEFAULT_FACTS
    unknown = sorted(set(facts) - set(FACTS))
    if unknown:
        raise ValueError(f"facts: {unknown[0]!r} is not one of {', '.join(FACTS)}")
    metadata, tags = option_list(settings, "metadata"), option_list(settings, "tags")
    named = (*facts, *metadata, *tags)
    taken = next((name for name in named if name in _ALREADY or named.count(name) > 1), None)
    if taken is not None:
        raise ValueError(f"{taken!r} names two facts, or one that every row has")
    return Sorting(facts, metadata, tags, inclusive)


TYPE = CollectorType(
    name="langfuse",
    table="usage",
    summary="Tokens and model calls that Langfuse traced, from its export files.",
    options=_OPTIONS,
    build=_build,
)
