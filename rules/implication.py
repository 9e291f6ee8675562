"""What one test of a column says of another: that it implies it, or that both cannot hold.

Both answers err on the side of no: an implication or an exclusion that is not found is only a warning less.
"""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from rules.columns import KINDS
from rules.matchers import AllOf, AnyOf, Not, OneOf, Prefix, Present, Range, Regex

Positive = OneOf | Prefix | Regex | Range | Present
Test = Positive | Not
"""A test of one column; `Not` holds a positive one. `OneOf`, `Prefix` and `Regex` have one text each."""

_HEAD = re.compile(r"[^*?]*")


def implies(narrow: Test, wide: Test) -> bool:
    """Return whether everything that meets `narrow` meets `wide`; both are of the same column."""
    if narrow == wide:
        return True
    if isinstance(wide, Not):
        refused = inner(wide)
        return implies(refused, inner(narrow)) if isinstance(narrow, Not) else excludes(narrow, refused)
    if isinstance(narrow, Not):
        return False
    if isinstance(wide, Present):
        return True
    if isinstance(wide, Range):
        return _within(narrow, wide)
    return _text_implies(narrow, wide)


def excludes(one: Test, other: Test) -> bool:
    """Return whether no value meets both tests of the same column."""
    if isinstance(one, Not) and isinstance(other, Not):
        return False
    if isinstance(one, Not) or isinstance(other, Not):
        positive, negative = (other, one) if isinstance(one, Not) else (one, other)
        return isinstance(negative, Not) and implies(positive, inner(negative))
    if isinstance(one, Range) or isinstance(other, Range):
        return _apart(one, other)
    return _texts_exclude(one, other) or _texts_exclude(other, one)


def is_empty(test: Test) -> bool:
    """Return whether a test holds for no value: a range whose low end is above its high end."""
    if not isinstance(test, Range) or not test.low or not test.high:
        return False
    ends = _ends(test)
    if ends is not None:
        return _above(*ends)
    alike = _is_text(test) or len(test.low) == len(test.high)
    return alike and _number(test.low) is None and _number(test.high) is None and test.low > test.high


def head(glob: str) -> str:
    """Return what a glob begins with before its first wildcard."""
    return _HEAD.match(glob)[0]  # type: ignore[index]  # an empty text matches too


def exact_text(test: Test) -> str | None:
    """Return the text that a test asks for exactly, or None."""
    return test.exact[0] if isinstance(test, OneOf) and test.exact else None


def inner(test: Not) -> Positive:
    """Return the positive test that a negative one holds."""
    if isinstance(test.part, Not | AllOf | AnyOf):
        raise TypeError(f"{test.part} is no test of one column")
    return test.part


def _is_text(test: Positive) -> bool:
    return KINDS.get(test.column, "text") == "text"


def _text_implies(narrow: Positive, wide: Positive) -> bool:
    if not _is_text(wide) or not isinstance(narrow, OneOf | Prefix) or not isinstance(wide, OneOf | Prefix):
        return False
    if wide.match_case and not narrow.match_case:
        return False
    folded = not wide.match_case
    if folded and not (_is_ascii(narrow) and _is_ascii(wide)):
        return False
    if isinstance(wide, Prefix):
        return _folded(_beginning(narrow), folded=folded).startswith(_folded(wide.prefixes[0], folded=folded))
    text = exact_text(narrow)
    if wide.exact:
        return text is not None and _folded(text, folded=folded) == _folded(wide.exact[0], folded=folded)
    if text is not None:
        return _glob(_folded(wide.globs[0], folded=folded)).fullmatch(_folded(text, folded=folded)) is not None
    stem = head(wide.globs[0])
    return wide.globs[0] == f"{stem}*" and _folded(_beginning(narrow), folded=folded).startswith(
        _folded(stem, folded=folded)
    )


def _texts_exclude(one: Positive, other: Positive) -> bool:
    if not _is_text(one) or not isinstance(one, OneOf | Prefix) or not isinstance(other, OneOf | Prefix):
        return False
    folded = not (one.match_case and other.match_case)
    if folded and not (_is_ascii(one) and _is_ascii(other)):
        return False
    begins, begins_too = (_folded(_beginning(test), folded=folded) for test in (one, other))
    text = exact_text(one)
    if text is None:
        return exact_text(other) is None and not (begins.startswith(begins_too) or begins_too.startswith(begins))
    if isinstance(other, Prefix):
        return not begins.startswith(begins_too)
    if other.exact:
        return begins != begins_too
    return _glob(_folded(other.globs[0], folded=folded)).fullmatch(begins) is None


def _beginning(test: OneOf | Prefix) -> str:
    if isinstance(test, Prefix):
        return test.prefixes[0]
    return test.exact[0] if test.exact else head(test.globs[0])


def _is_ascii(test: OneOf | Prefix) -> bool:
    """Whether the database and Python agree on what is the same in any case."""
    texts = test.prefixes if isinstance(test, Prefix) else (*test.exact, *test.globs)
    return all(text.isascii() for text in texts)


def _folded(text: str, *, folded: bool) -> str:
    return text.lower() if folded else text


@lru_cache(maxsize=4096)
def _glob(glob: str) -> re.Pattern[str]:
    parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in glob)
    return re.compile("".join(parts), re.DOTALL)


def _within(narrow: Positive, wide: Range) -> bool:
    ends, within = _ends(wide), _ends(narrow)
    if ends is None or within is None:
        return False
    low, high = ends
    return (low is None or (within[0] is not None and low <= within[0])) and (
        high is None or (within[1] is not None and within[1] <= high)
    )


def _apart(one: Positive, other: Positive) -> bool:
    ends, others = _ends(one), _ends(other)
    if ends is None or others is None:
        return False
    return _above(ends[0], others[1]) or _above(others[0], ends[1])


def _above(low: Decimal | None, high: Decimal | None) -> bool:
    return low is not None and high is not None and low > high


def _ends(test: Positive) -> tuple[Decimal | None, Decimal | None] | None:
    """Return the numbers that a test lies between, both included, None where an end is open; None for other tests."""
    if KINDS.get(test.column) == "time":
        return None
    if isinstance(test, Range):
        low, high = (_number(end) if end else None for end in (test.low, test.high))
        numeric = (low is not None or not test.low) and (high is not None or not test.high)
        return (low, high) if numeric else None
    text = exact_text(test)
    number = None if text is None else _number(text)
    return None if number is None else (number, number)


def _number(text: str) -> Decimal | None:
    """Return a number written plainly, as the engine's columns hold one; None for all that may be read otherwise."""
    if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,12})?", text, re.ASCII):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
