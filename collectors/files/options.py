"""What every type that reads files can be told: where they lie, and who reads them."""

from datetime import timedelta

from collectors.base import Option, SourceSettings
from collectors.files.collector import FileSource
from collectors.files.reading import Layout
from collectors.options import option_list, option_texts
from collectors.places import store_of
from collectors.storage.access import access_of

_PATH = (
    "A file, a glob, a folder (read with all below it), s3://bucket/prefix, gs://bucket/prefix, az://container/prefix "
    "or the https:// address of a file, or a list of these; relative to the configuration file."
)


def path_option(example: str) -> Option:
    """Return the option `path` with an example that fits the type."""
    return Option("path", _PATH, example, kind="list", required=True)


def file_source(
    settings: SourceSettings, options: tuple[Option, ...], layout: Layout, restates: timedelta
) -> FileSource:
    """Gather where a source's files lie and who reads them, of a type that has `path` and `ACCESS_OPTIONS`.

    Raises ValueError where there is no path, and where a library is missing that reads it.
    """
    paths = option_list(settings, "path")
    if not paths:
        raise ValueError(f"path is missing; write for example path: {options[0].example}")
    for path in paths:
        store = store_of(path)
        if store is not None and store.extra is not None and store.extra.problem is not None:
            raise ValueError(f"path: {path.partition('?')[0]} {store.extra.problem}")
    access = access_of(option_texts(settings, options))
    return FileSource(settings.name, paths, settings.folder, layout, restates, access)
