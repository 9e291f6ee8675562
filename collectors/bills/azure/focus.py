"""The collector type `azure-focus`: Azure Cost Management exports in the FOCUS format."""

from collections.abc import Callable
from datetime import datetime

from collectors.base import Collector, CollectorType, SourceSettings
from collectors.bills.azure.deliveries import Wanted, newest_deliveries
from collectors.bills.azure.options import EXPORT_OPTIONS, export_source
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS
from collectors.files.collector import Chosen, FileCollector, FileSource

_WANTED = Wanted(frozenset({"focuscost"}))


def _newest_runs(clock: Callable[[], datetime]) -> Callable[[FileSource], Chosen]:
    def choose(source: FileSource) -> Chosen:
        found = newest_deliveries(source, _WANTED, clock())
        return Chosen(found.places, found.whole)

    return choose


def _build(settings: SourceSettings) -> Collector:
    return FileCollector(export_source(settings), CHARGES_FROM_FOCUS, _newest_runs(settings.clock))


TYPE = CollectorType(
    name="azure-focus",
    table="charges",
    summary="Azure Cost Management exports in the FOCUS format, from Blob storage or files, by their manifests.",
    options=EXPORT_OPTIONS,
    build=_build,
)
