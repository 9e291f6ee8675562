"""A mistake of the user is a value: where it is, what it is, and the fix."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a file of the user's; `line` counts from 1. A note tells what may well be meant."""

    file: str
    line: int
    message: str
    fix: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        fix = f" — {self.fix}" if self.fix else ""
        word = "" if self.severity == "error" else f"{self.severity}: "
        return f"{self.file}:{self.line}: {word}{self.message}{fix}"
