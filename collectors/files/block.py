"""A block: some rows of a file as named columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

NULL_WORDS = ("", "NULL", "null", "Null")
"""What stands for a missing value in text."""


class UnreadableError(Exception):
    """A file cannot be read as the table wanted; the message is for the user."""


Chooser = Callable[[list[str]], Mapping[str, str]]
"""Takes a file's column names and returns the ones to read, each with the name it gets; raises UnreadableError."""


@dataclass(frozen=True)
class Block:
    """Rows of one file: equally long columns of text, or of time, map, struct and list types from Parquet.

    `first_row` counts the file's data rows from 1, the header not included.
    """

    place: str
    first_row: int
    rows: int
    columns: Mapping[str, pa.Array]
