"""How many examples a property is tried with, where each takes long."""

from hypothesis import settings


def at_most(count: int) -> int:
    """So many, or fewer where the profile tries fewer: the quick part does."""
    return min(count, settings.default.max_examples)
