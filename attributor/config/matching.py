"""Reading a `match:` that stands outside the rules: the same grammar, and its patterns are tried at once."""

from rules.located import Located
from rules.matchers import Matcher, patterns_of
from rules.owners import directory
from rules.reading.context import Context
from rules.reading.fields import Problems
from rules.reading.match import read_match
from rules.reading.regex import unreadable


def read_plain_match(node: Located, problems: Problems) -> Matcher:
    """Return the matcher; mistakes are added to the problems. Whether its patterns can be read is not asked."""
    return read_match(node, Context(problems, (), directory(()), _no_table))


def check_patterns(match: Matcher, node: Located, problems: Problems) -> None:
    """Add a problem for every pattern of a matcher that cannot be read."""
    for pattern, complaint in unreadable(patterns_of(match)).items():
        message = f"the pattern {pattern!r} cannot be read: {complaint}"
        problems.append(node.problem(message, "write RE2 syntax, without look-around and back-references"))


def _no_table(file: str) -> str:
    raise FileNotFoundError(file)
