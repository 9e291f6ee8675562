"""Which columns of a file are read, and the two ways in which its header can be wrong."""

from collections.abc import Callable, Iterable, Sequence

from collectors.files.block import UnreadableError

_SHOWN = 8


def fields_by_column(names: Iterable[str], field_of: Callable[[str], str | None]) -> dict[str, str]:
    """Return the fields by the columns' names in the file; `field_of` returns None for one that is not read.

    Raises UnreadableError where a field comes twice.
    """
    chosen: dict[str, str] = {}
    for name in names:
        field = field_of(name.strip())
        if field is None:
            continue
        if field in chosen.values():
            raise UnreadableError(f"the column {field} comes twice")
        chosen[name] = field
    return chosen


def refuse_missing(names: Sequence[str], missing: Sequence[str], complaint: str, advice: str = "") -> None:
    """Raise UnreadableError where required columns are missing; `complaint` says what the file is not."""
    if missing:
        seen = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        message = f"{complaint}: it has no column {', '.join(missing)}; it begins with {seen}{advice}"
        raise UnreadableError(message)
