"""Patterns that could run away are refused, others are not."""

import pytest

from rules.reading.regex import runs_away


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a*)*",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(?:x+x+)+y",
        "(a{1,9})+",
        "(a{2,})*",
        "(a+){12}",
        "(a+){2,40}",
        "((ab)+c)*",
        "(a|a)+",
        "(a|aa)+",
        "(?:a|b|ab)*$",
        "(.|x)+",
        r"(\w|\d)+",
        r"(\d|[0-9]|7)*",
        "^(prod|test|prodtest){3,}$",
    ],
)
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    assert runs_away(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "^nightly-[0-9]+$",
        "(prod|test)-[a-z]+",
        "(a|b)+",
        "(prod|production)-",
        "(prod|prefix)+",
        r"^(\d{1,3}\.){3}\d{1,3}$",
        "(a{3})+",
        r"[(a+)+]",
        r"\(a+\)+",
        "(a+)?",
        "(ab)+c+",
        ".*foo.*",
        "",
    ],
)
def test_other_patterns_are_taken(pattern: str) -> None:
    assert not runs_away(pattern)
