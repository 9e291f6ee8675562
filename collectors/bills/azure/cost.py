"""The collector type `azure-cost`: Azure Cost Management exports of actual and amortised costs."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.bills.azure.cost_columns import choose_cost_columns
from collectors.bills.azure.cost_rows import Part, convert_costs
from collectors.bills.azure.deliveries import Wanted, newest_deliveries, newest_runs
from collectors.bills.azure.joined import JoinedCosts
from collectors.bills.azure.options import EXPORT_OPTIONS, export_source
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS
from collectors.files.collector import FileCollector, FileSource
from collectors.options import choice, option_texts

_KINDS = ("actual", "amortized", "both")
_NAMES_ACTUAL = re.compile(r"actual", re.IGNORECASE)
_NAMES_AMORTIZED = re.compile(r"amorti[sz]ed", re.IGNORECASE)
_ACTUAL = Wanted(frozenset({"actualcost"}), lambda name: _NAMES_AMORTIZED.search(name) is None)
_AMORTIZED = Wanted(frozenset({"amortizedcost"}), lambda name: _NAMES_ACTUAL.search(name) is None)
_NAMED_AMORTIZED = replace(_AMORTIZED, is_named=lambda name: _NAMES_AMORTIZED.search(name) is not None)
_OPTIONS = (
    *EXPORT_OPTIONS,
    Option("kind", "Which exports are read: actual, amortized, or both, joined.", "actual", default="both"),
)


def _collector(source: FileSource, part: Part, wanted: Wanted, clock: Callable[[], datetime]) -> FileCollector:
    table = replace(CHARGES_FROM_FOCUS, choose=choose_cost_columns, convert=partial(convert_costs, part))
    return FileCollector(source, table, newest_runs(wanted, clock))


def _build(settings: SourceSettings) -> Collector:
    kind = choice("kind", option_texts(settings, _OPTIONS)["kind"], _KINDS)
    source, clock = export_source(settings, _OPTIONS), settings.clock
    if kind == "actual":
        return _collector(source, Part.ACTUAL, _ACTUAL, clock)
    if kind == "amortized":
        return _collector(source, Part.AMORTIZED, _AMORTIZED, clock)
    return JoinedCosts(
        source,
        _collector(source, Part.PURCHASES, _ACTUAL, clock),
        _collector(source, Part.AMORTIZED, _NAMED_AMORTIZED, clock),
        lambda: (newest_deliveries(source, _ACTUAL, clock()), newest_deliveries(source, _NAMED_AMORTIZED, clock())),
    )


TYPE = CollectorType(
    name="azure-cost",
    table="charges",
    summary="Azure Cost Management exports of actual and amortised costs, from Blob storage or files.",
    options=_OPTIONS,
    build=_build,
)
