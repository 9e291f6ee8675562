"""The collector type `oci-cost`: cost reports of Oracle Cloud Infrastructure, in Oracle's own format."""

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.bills.oci.reports import cost_reports
from collectors.bills.oci.rows import CHARGES_FROM_REPORTS
from collectors.files.collector import FileCollector
from collectors.files.options import file_source, path_option
from collectors.files.reading import CSV, Layout, check_encoding
from collectors.options import duration, option_texts
from collectors.storage.access import ACCESS_OPTIONS

_OPTIONS = (
    path_option("s3://acme-billing/oci/reports/cost-csv"),
    Option("encoding", "The encoding of the files: utf-8, utf-16, latin-1, …", "utf-16", default="utf-8"),
    Option("restates", "How far back Oracle corrects what it billed before.", "60d", kind="duration", default="35d"),
    *ACCESS_OPTIONS,
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    layout = Layout((CSV,), CSV, check_encoding(texts["encoding"]))
    source = file_source(settings, _OPTIONS, layout, duration("restates", texts["restates"]))
    return FileCollector(source, CHARGES_FROM_REPORTS, cost_reports)


TYPE = CollectorType(
    name="oci-cost",
    table="charges",
    summary="Cost reports of Oracle Cloud Infrastructure, from files or what speaks S3.",
    options=_OPTIONS,
    build=_build,
)
