"""The options that Azure's exports have in common, and their source."""

from collectors.base import Option, SourceSettings
from collectors.files.collector import FileSource
from collectors.files.options import file_source, path_option
from collectors.files.reading import AUTOMATIC, CSV, PARQUET, Layout, check_encoding
from collectors.options import choice, duration, option_texts
from collectors.storage.access import ACCESS_OPTIONS

_FORMS = (CSV, PARQUET)
EXPORT_OPTIONS = (
    path_option("az://exports/acme"),
    Option("format", "csv, parquet, or auto: by each file's name.", "parquet", default=AUTOMATIC),
    Option("encoding", "The encoding of CSV files: utf-8, utf-16, latin-1, …", "utf-16", default="utf-8"),
    Option("restates", "How far back Azure corrects what it billed before.", "30d", kind="duration", default="40d"),
    *ACCESS_OPTIONS,
)


def export_source(settings: SourceSettings, options: tuple[Option, ...] = EXPORT_OPTIONS) -> FileSource:
    """Gather the source of an export; raise ValueError where an option is wrong."""
    texts = option_texts(settings, options)
    layout = Layout(_FORMS, choice("format", texts["format"], (AUTOMATIC, *_FORMS)), check_encoding(texts["encoding"]))
    return file_source(settings, options, layout, duration("restates", texts["restates"]))
