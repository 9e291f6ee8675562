"""The columns of one block of a provider's own report, by the report's names."""

import pyarrow as pa

from collectors.bills.focus_fields import text_of
from collectors.files.block import Block
from collectors.problems import Problems


class Report:
    """Columns as text, missing ones as nulls; what is wrong with a value is noted among the problems."""

    def __init__(self, block: Block, problems: Problems) -> None:
        self.block = block
        self.problems = problems

    def text(self, name: str) -> pa.Array:
        """Return a column."""
        column = self.block.columns.get(name)
        if column is None:
            return pa.nulls(self.block.rows, pa.string())
        return text_of(self.block, name, column, self.problems)

    def constant(self, word: str) -> pa.Array:
        """Return a column that says the same in every row."""
        return pa.repeat(pa.scalar(word), self.block.rows)
