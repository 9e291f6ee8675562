"""One file in, blocks out: which form it has, and how that form is read."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.files.block import Block, Chooser, UnreadableError
from collectors.files.columnar import read_columnar
from collectors.files.delimited import TextFile, read_delimited
from collectors.files.lines import read_lines
from collectors.problems import Problems

AUTOMATIC = "auto"
CSV, PARQUET, NDJSON = "csv", "parquet", "ndjson"
_FORMS = {
    ".csv": CSV,
    ".csv.gz": CSV,
    ".parquet": PARQUET,
    ".ndjson": NDJSON,
    ".ndjson.gz": NDJSON,
    ".jsonl": NDJSON,
    ".jsonl.gz": NDJSON,
}


@dataclass(frozen=True)
class Layout:
    """How a source's files are read: `form` is one of `forms` or "auto", by each file's name."""

    forms: tuple[str, ...]
    form: str = AUTOMATIC
    encoding: str = "utf-8"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the names of the files end that count in a folder."""
        forms = self.forms if self.form == AUTOMATIC else (self.form,)
        return tuple(suffix for suffix, form in _FORMS.items() if form in forms)


def check_encoding(text: str) -> str:
    """Return the name of an encoding of text that Python knows; raise ValueError otherwise."""
    try:
        "".encode(text)
        return codecs.lookup(text).name
    except LookupError as error:
        raise ValueError(f"encoding: {text!r} is not known; write for example utf-8, utf-16 or latin-1") from error


def read_blocks(path: Path, place: str, layout: Layout, choose: Chooser, problems: Problems) -> Iterator[Block]:
    """Yield the blocks of one file; whatever is wrong with the file itself goes to `problems` and ends it."""
    try:
        form = _form_of(place, layout)
        if form == PARQUET:
            yield from read_columnar(path, place, choose, problems)
        elif form == NDJSON:
            yield from read_lines(path, place, choose, problems)
        else:
            yield from read_delimited(TextFile(path, place, layout.encoding), choose, problems)
    except UnreadableError as error:
        problems.add(place, str(error))


def _form_of(name: str, layout: Layout) -> str:
    if layout.form != AUTOMATIC:
        return layout.form
    for suffix, form in _FORMS.items():
        if form in layout.forms and name.lower().endswith(suffix):
            return form
    raise UnreadableError(f"its name does not tell what it is; name it with format: {' or '.join(layout.forms)}")
