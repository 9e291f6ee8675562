"""The collector type `aws-cur`: Cost and Usage Reports, CUR 2.0 and legacy, as charges with FOCUS columns."""

from collectors.base import Collector, CollectorType, SourceSettings
from collectors.bills.aws.cur_rows import CHARGES_FROM_REPORTS
from collectors.bills.aws.options import EXPORT_OPTIONS, export_collector


def _build(settings: SourceSettings) -> Collector:
    return export_collector(settings, CHARGES_FROM_REPORTS)


TYPE = CollectorType(
    name="aws-cur",
    table="charges",
    summary="AWS Cost and Usage Reports, CUR 2.0 and legacy, from S3 or files, by their manifests.",
    options=EXPORT_OPTIONS,
    build=_build,
)
