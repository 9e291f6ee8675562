"""The collector type `azure-focus`: Azure Cost Management exports in the FOCUS format."""

from collectors.base import Collector, CollectorType, SourceSettings
from collectors.bills.azure.deliveries import Wanted, newest_runs
from collectors.bills.azure.options import EXPORT_OPTIONS, export_source
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS
from collectors.files.collector import FileCollector

_WANTED = Wanted(frozenset({"focuscost"}))


def _build(settings: SourceSettings) -> Collector:
    return FileCollector(export_source(settings), CHARGES_FROM_FOCUS, newest_runs(_WANTED, settings.clock))


TYPE = CollectorType(
    name="azure-focus",
    table="charges",
    summary="Azure Cost Management exports in the FOCUS format, from Blob storage or files, by their manifests.",
    options=EXPORT_OPTIONS,
    build=_build,
)
