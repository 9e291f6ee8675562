"""A configured dimension as a column of the rollup: each database reads JSON in words of its own."""

from typing import Any

from sqlalchemy import String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from attributor.ledger.tables import rollup


class OwnDimension(FunctionElement[str]):
    """The value that a rollup row has in a dimension of the user's own naming, "" for none."""

    type = String()
    inherit_cache = True

    def __init__(self, name: str) -> None:
        # The name stands in the statement itself: PostgreSQL takes two parameters of a GROUP BY for different ones.
        super().__init__(rollup.c.dimensions, literal(name, String(), literal_execute=True))


@compiles(OwnDimension)
def _in_words(element: OwnDimension, compiler: SQLCompiler, **words: Any) -> str:
    text, name = (compiler.process(clause, **words) for clause in element.clauses)
    return f"dimension({text}, {name})"  # how it is written where no database is asked


@compiles(OwnDimension, "sqlite")
def _sqlite(element: OwnDimension, compiler: SQLCompiler, **words: Any) -> str:
    text, name = (compiler.process(clause, **words) for clause in element.clauses)
    return f"coalesce(json_extract(nullif({text}, ''), '$.\"' || {name} || '\"'), '')"


@compiles(OwnDimension, "postgresql")
def _postgresql(element: OwnDimension, compiler: SQLCompiler, **words: Any) -> str:
    text, name = (compiler.process(clause, **words) for clause in element.clauses)
    return f"coalesce(json_extract_path_text(CAST(nullif({text}, '') AS json), {name}), '')"


@compiles(OwnDimension, "columns")
def _columns(element: OwnDimension, compiler: SQLCompiler, **words: Any) -> str:
    text, name = (compiler.process(clause, **words) for clause in element.clauses)
    return f"coalesce(json_extract_string(nullif({text}, ''), '$.\"' || {name} || '\"'), '')"
