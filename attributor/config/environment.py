"""`${NAME}` anywhere in a value is replaced from the environment."""

import re
from collections.abc import Callable, Mapping

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def substitution(environment: Mapping[str, str]) -> Callable[[str], str]:
    """Return the function that replaces references; it raises KeyError with the name of a missing variable."""

    def substitute(text: str) -> str:
        if "${" not in text:
            return text
        return _REFERENCE.sub(lambda match: environment[match[1]], text)

    return substitute


def placeholder(text: str) -> str:
    """Leave every reference as it stands: for checking a file on a machine that has not its secrets."""
    return text
