"""The collector type `focus`: any FOCUS 1.0 to 1.4 export in CSV, CSV.gz or Parquet."""

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS
from collectors.files.collector import FileCollector
from collectors.files.options import file_source, path_option
from collectors.files.reading import AUTOMATIC, CSV, PARQUET, Layout, check_encoding
from collectors.options import choice, duration, option_texts
from collectors.storage.access import ACCESS_OPTIONS

_FORMS = (CSV, PARQUET)
_OPTIONS = (
    path_option("bills/*.csv"),
    Option("format", "csv, parquet, or auto: by each file's name.", "parquet", default=AUTOMATIC),
    Option("encoding", "The encoding of CSV files: utf-8, utf-16, latin-1, …", "utf-16", default="utf-8"),
    Option(
        "restates", "How far back the provider corrects what it billed before.", "30d", kind="duration", default="15d"
    ),
    *ACCESS_OPTIONS,
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    layout = Layout(_FORMS, choice("format", texts["format"], (AUTOMATIC, *_FORMS)), check_encoding(texts["encoding"]))
    restates = duration("restates", texts["restates"])
    source = file_source(settings, _OPTIONS, layout, restates)
    return FileCollector(source, CHARGES_FROM_FOCUS)


TYPE = CollectorType(
    name="focus",
    table="charges",
    summary="Bills in the FOCUS format, versions 1.0 to 1.4, from files, S3, GCS, Azure Blob or HTTPS.",
    options=_OPTIONS,
    build=_build,
)
