"""The collector type `usage`: drivers by the hour from CSV, NDJSON or Parquet files."""

from datetime import timedelta

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.files.collector import FileCollector
from collectors.files.options import file_source, path_option
from collectors.files.reading import AUTOMATIC, CSV, NDJSON, PARQUET, Layout, check_encoding
from collectors.options import choice, option_texts
from collectors.storage.access import ACCESS_OPTIONS
from collectors.usage.rows import USAGE_FROM_FILES

_FORMS = (CSV, NDJSON, PARQUET)
_OPTIONS = (
    path_option("usage/*.csv"),
    Option("format", "csv, ndjson, parquet, or auto: by each file's name.", "ndjson", default=AUTOMATIC),
    Option("encoding", "The encoding of CSV files: utf-8, utf-16, latin-1, …", "utf-16", default="utf-8"),
    *ACCESS_OPTIONS,
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    layout = Layout(_FORMS, choice("format", texts["format"], (AUTOMATIC, *_FORMS)), check_encoding(texts["encoding"]))
    # Files are read whole whenever they change, so nothing is asked for again.
    source = file_source(settings, _OPTIONS, layout, restates=timedelta())
    return FileCollector(source, USAGE_FROM_FILES)


TYPE = CollectorType(
    name="usage",
    table="usage",
    summary="Usage by the hour (GPU hours, tokens, requests, any activity) from files, S3, GCS, Azure Blob or HTTPS.",
    options=_OPTIONS,
    build=_build,
)
