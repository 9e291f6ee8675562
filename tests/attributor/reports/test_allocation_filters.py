"""Filters in OpenCost's manner: what is read, what is refused and how it is said."""

import pytest

from attributor.reports.allocations.filters import Comparison, FilterError, Joined, parse_filter

SEARCH = Comparison("team", "is", ("search",), negated=False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('team:"search"', SEARCH),
        ("team:search", SEARCH),
        (' team : "search" ', SEARCH),
        ('((team:"search"))', SEARCH),
        ('service!:"A","B c"', Comparison("service", "is", ("A", "B c"), negated=True)),
        ('service~:"S3"', Comparison("service", "contains", ("S3",), negated=False)),
        ('service!<~:"Amazon"', Comparison("service", "begins", ("Amazon",), negated=True)),
        ('account~>:"9"', Comparison("account", "ends", ("9",), negated=False)),
        (r'service:"say \"a\\b\""', Comparison("service", "is", (r'say "a\b"',), negated=False)),
        ('label[floor]:"2"', Comparison("floor", "is", ("2",), negated=False)),
        ('floor:"__unallocated__"', Comparison("floor", "is", ("",), negated=False)),
        ('team:"__unallocated__"', Comparison("team", "is", ("unattributed",), negated=False)),
        (
            'team:"search"+(rule:"r"|project:"p")',
            Joined(
                "+",
                (
                    SEARCH,
                    Joined(
                        "|",
                        (
                            Comparison("rule", "is", ("r",), negated=False),
                            Comparison("project", "is", ("p",), negated=False),
                        ),
                    ),
                ),
            ),
        ),
    ],
)
def test_a_filter_is_read_as_it_is_meant(text, read):
    assert parse_filter(text, ("floor",)) == read


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the filter needs a dimension"),
        ("team", "needs a comparison after team"),
        ("team:", "write a value"),
        ('team="search"', "cannot be read from character 5"),
        ('pod:"x"', "cannot filter by 'pod'; write one of account, "),
        ('day:"2026-11-01"', "cannot filter by 'day'"),
        ('label[team]:"x"', "cannot filter by"),
        ('team:"a"+rule:"b"|rule:"c"', r"say with \( \) what goes first"),
        ('(team:"a"', "the bracket at character 1 of the filter is not closed"),
        ('team:"a")', "has nothing to join it"),
        ('team:"a" rule:"b"', "has nothing to join it"),
        ('team~:""', "needs text to look for"),
        ("(" * 30 + 'team:"a"' + ")" * 30, "more than 20 brackets"),
        ("x" * 5000, "longer than 4000"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place_and_the_form(text, says):
    with pytest.raises(FilterError, match=says):
        parse_filter(text, ("floor",))
