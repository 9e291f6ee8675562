"""The collector type `aws-focus`: AWS Data Exports in the FOCUS format."""

from dataclasses import replace

import pyarrow as pa

from collectors.base import Collector, CollectorType, SourceSettings
from collectors.bills.aws.options import EXPORT_OPTIONS, export_collector
from collectors.bills.aws.tags import USER_TAG, renamed
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS, convert_charges
from collectors.files.block import Block
from collectors.files.rows import ReadRows
from collectors.problems import Problems
from collectors.schema import CHARGES


def convert_aws_charges(block: Block, source: str, problems: Problems) -> ReadRows | None:
    """Convert a block of a FOCUS export; tags of yours come under the keys you gave them."""
    rows = convert_charges(block, source, problems)
    if rows is None:
        return None
    index = CHARGES.get_field_index("Tags")
    columns = rows.batch.columns
    columns[index] = renamed(rows.batch.column(index), USER_TAG)
    return replace(rows, batch=pa.RecordBatch.from_arrays(columns, schema=CHARGES))


def _build(settings: SourceSettings) -> Collector:
    return export_collector(settings, replace(CHARGES_FROM_FOCUS, convert=convert_aws_charges))


TYPE = CollectorType(
    name="aws-focus",
    table="charges",
    summary="AWS Data Exports in the FOCUS format (1.0, 1.2), from S3 or files, by their manifests.",
    options=EXPORT_OPTIONS,
    build=_build,
)
