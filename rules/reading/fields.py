"""Reading single values of a rules file; a wrong one becomes a problem and None (or an empty value)."""

import difflib
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Context, Decimal, InvalidOperation

from rules.columns import KINDS, TAG_PREFIX, could_be_column
from rules.located import Located
from rules.problem import Problem

Problems = list[Problem]

_FINEST = Decimal("1e-12")
_LARGEST = Decimal(10) ** 26
_EXACT = Context(prec=60)


def nearest(word: str, known: Collection[str], otherwise: str) -> str:
    """Return a fix that names the nearest known word, or `otherwise` where none is near."""
    by_lowered = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), list(by_lowered), n=1, cutoff=0.6)
    return f"did you mean `{by_lowered[found[0]]}`?" if found else otherwise


def listed(words: Collection[str]) -> str:
    """Return words as a list to read: "`a`, `b`"."""
    return ", ".join(f"`{word}`" for word in words)


def entries_of(node: Located, known: Collection[str], what: str, problems: Problems) -> Mapping[str, Located]:
    """Return the map's known keys; a node that is no map, and every unknown key, is a problem."""
    entries = node.entries
    if entries is None:
        problems.append(node.problem(f"{what} is a map of keys", f"write some of {listed(known)} below it"))
        return {}
    for key in entries:
        if key not in known:
            line = node.key_lines.get(key, node.line)
            fix = nearest(key, known, f"known here: {listed(known)}")
            problems.append(Problem(node.file, line, f"{what} has no key `{key}`", fix))
    return {key: entries[key] for key in entries if key in known}


def word(node: Located, what: str, problems: Problems) -> str | None:
    """Return one text that is not empty."""
    if not node.text:
        problems.append(node.problem(f"{what} is one text", "write it after the colon"))
        return None
    return node.text


def words(node: Located, what: str, problems: Problems) -> tuple[str, ...]:
    """Return a list of texts; a single text counts as a list of one."""
    if node.text:
        return (node.text,)
    if not node.items:
        problems.append(node.problem(f"{what} is a text or a list of texts", "write `[a, b]`"))
        return ()
    found = (word(item, f"an entry of {what}", problems) for item in node.items)
    return tuple(text for text in found if text is not None)


def decimal(node: Located, what: str, problems: Problems) -> Decimal | None:
    """Return a number >= 0 with at most twelve decimals."""
    try:
        number = Decimal(node.text or "")
    except InvalidOperation:
        problems.append(node.problem(f"{what} is a number, not {node.plain()!r}", "write it as in 1250.50"))
        return None
    if not number.is_finite() or number.is_signed() or number > _LARGEST:
        problems.append(node.problem(f"{what} is {node.text}", "write a number from 0 to 1e26"))
        return None
    if number != number.quantize(_FINEST, context=_EXACT):
        problems.append(node.problem(f"{what} is finer than twelve decimals", "round it"))
        return None
    return number


def day(node: Located, what: str, problems: Problems) -> date | None:
    """Return a UTC day written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(node.text or "")
    except ValueError:
        problems.append(node.problem(f"{what} is a day, not {node.plain()!r}", "write it as YYYY-MM-DD"))
        return None


def choice(node: Located, what: str, known: Collection[str], problems: Problems) -> str | None:
    """Return one of a few words."""
    if node.text in known:
        return node.text
    fix = nearest(node.text or "", known, f"choose one of {listed(known)}")
    problems.append(node.problem(f"{what} is {node.plain()!r}", fix))
    return None


def flag(node: Located, what: str, problems: Problems) -> bool | None:
    """Return true or false."""
    chosen = choice(node, what, ("true", "false"), problems)
    return None if chosen is None else chosen == "true"


def column(node: Located, what: str, problems: Problems) -> str | None:
    """Return the name of a FOCUS column, a tag (`tags.KEY`), `x_Source` or a usage fact."""
    name = word(node, what, problems)
    if name is None or could_be_column(name):
        return name
    problems.append(unknown_column(name, node.file, node.line))
    return None


def unknown_column(name: str, file: str, line: int) -> Problem:
    """Return the problem of a column that neither charges nor usage have."""
    otherwise = f"name a FOCUS column, a tag as `{TAG_PREFIX}KEY`, a usage fact or `x_Source`"
    return Problem(file, line, f"there is no column `{name}`", nearest(name, KINDS, otherwise))


def dates(entries: Mapping[str, Located], problems: Problems) -> tuple[date | None, date | None]:
    """Return `from:` and `until:`; an empty span is a problem."""
    start = day(entries["from"], "`from`", problems) if "from" in entries else None
    end = day(entries["until"], "`until`", problems) if "until" in entries else None
    if start is not None and end is not None and start >= end:
        problems.append(
            entries["until"].problem(f"holds on no day: from {start} until {end}", "`until` is the first day after it")
        )
    return start, end
