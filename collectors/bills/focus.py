"""The collector type `focus`: any FOCUS 1.0 to 1.4 export in CSV, CSV.gz or Parquet."""

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS
from collectors.files.collector import FileCollector, FileSource
from collectors.files.reading import AUTOMATIC, CSV, PARQUET, Layout, check_encoding
from collectors.options import choice, duration, option_texts

_FORMS = (CSV, PARQUET)
_OPTIONS = (
    Option(
        "path",
        "A file, a glob, a folder (read with all below it) or s3://bucket/prefix; relative to the configuration file.",
        "bills/*.csv",
        kind="path",
        required=True,
    ),
    Option("format", "csv, parquet, or auto: by each file's name.", "parquet", default=AUTOMATIC),
    Option("encoding", "The encoding of CSV files: utf-8, utf-16, latin-1, …", "utf-16", default="utf-8"),
    Option(
        "restates", "How far back the provider corrects what it billed before.", "30d", kind="duration", default="15d"
    ),
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    layout = Layout(_FORMS, choice("format", texts["format"], (AUTOMATIC, *_FORMS)), check_encoding(texts["encoding"]))
    restates = duration("restates", texts["restates"])
    source = FileSource(settings.name, texts["path"], settings.folder, layout, restates)
    return FileCollector(source, CHARGES_FROM_FOCUS)


TYPE = CollectorType(
    name="focus",
    table="charges",
    summary="Bills in the FOCUS format, versions 1.0 to 1.4, from files or S3.",
    options=_OPTIONS,
    build=_build,
)
