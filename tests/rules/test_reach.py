"""Rules that never match, or not all that they ask for, are told; what is told is always true."""

from datetime import date

import duckdb
import pytest
from examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.decide import Facts, decide
from rules.matchers import AllOf, AnyOf, Matcher, Not, OneOf, Prefix, Present, Range, Regex
from rules.outcomes import Owner
from rules.reading.points import MOST_POINTS, contradicting, points
from rules.reading.reach import check_reach
from rules.ruleset import Rule, Team

TWO = """
teams: {{a: , b: }}
rules:
  - {{name: first, match: {{{first}}}, owner: a}}
  - {{name: second, match: {{{second}}}, owner: b}}
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tags.x: present", "tags.x: [p, q]"),
        ("tags.x: [p, q, r]", "tags.x: [q, r]"),
        ("tags.x: {prefix: pro}", "tags.x: [prod, production]"),
        ("tags.x: {prefix: pro}", "tags.x: {prefix: prod-}"),
        ("tags.x: 'pro*'", "tags.x: {prefix: prod-}"),
        ("tags.x: {prefix: pro}", "tags.x: 'prod-*-eu'"),
        ("tags.x: 'p*d-?'", "tags.x: prod-1"),
        ("tags.x: {prefix: PRO, match_case: false}", "tags.x: Production"),
        ("tags.x: {regex: '^a'}", "tags.x: {regex: ['^a']}, tags.y: q"),
        ("tags.x: {range: [1, 10]}", "tags.x: {range: [2, 3]}"),
        ("tags.x: {range: [1, '']}", "tags.x: '7'"),
        ("not: {tags.x: p}", "tags.x: q"),
        ("not: {tags.x: {prefix: pro}}", "tags.x: absent"),
        ("not: {any: [{tags.x: p}, {tags.y: q}]}", "tags.x: absent, tags.y: absent"),
        ("any: [{tags.x: p}, {tags.y: q}]", "tags.y: q, tags.z: r"),
        ("tags.x: p", "all: [{tags.x: [p, q]}, {not: {tags.x: q}}]"),
        ("EffectiveCost: {range: [0, 5]}", "EffectiveCost: {range: [1, 2]}"),
    ],
)
def test_a_rule_behind_one_that_takes_all_that_it_asks_for_is_a_warning(read, first, second):
    (problem,) = read(TWO.format(first=first, second=second)).problems
    assert problem.severity == "warning"
    assert problem.line == 5
    assert problem.message == "rule `second` never matches: `first` on line 4 takes all that it asks for"
    assert problem.fix == "move it up, or take it out"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tags.x: [p, q]", "tags.x: present"),
        ("tags.x: prod", "tags.x: {prefix: prod}"),
        ("tags.x: {prefix: prod-}", "tags.x: {prefix: pro}"),
        ("tags.x: p, tags.y: q", "tags.x: p"),
        ("tags.x: p", "tags.y: p"),
        ("tags.x: P", "tags.x: {equals: p, match_case: false}"),
        ("tags.x: {regex: a}", "tags.x: a"),
        ("tags.x: {range: [1, 10]}", "tags.x: {range: [5, 20]}"),
        ("not: {tags.x: p}", "tags.x: present"),
        ("tags.x: 'p*q'", "tags.x: {prefix: p}"),
        ("tags.x: {prefix: k, match_case: false}", 'tags.x: "\\u212Aelvin"'),
    ],
)
def test_a_narrow_rule_before_a_wide_one_is_no_mistake(read, first, second):
    assert read(TWO.format(first=first, second=second)).problems == ()


def test_several_rules_may_take_everything_together(read):
    text = """
    teams: {a: , b: , c: }
    rules:
      - {name: one, match: {SubAccountId: ["1", "2"]}, owner: a}
      - {name: two, match: {SubAccountId: {prefix: "3"}}, owner: b}
      - {name: three, match: {SubAccountId: ["1", "33"]}, owner: c}
    """
    (problem,) = read(text).problems
    message = "rule `three` never matches: `one` on line 4, `two` on line 5 take all that it asks for"
    assert (problem.message, problem.line, problem.severity) == (message, 6, "warning")


def test_the_same_match_with_another_outcome_is_a_contradiction(read):
    (problem,) = read(TWO.format(first="tags.x: p", second="tags.x: p")).problems
    assert problem.message == "rule `second` contradicts `first` on line 4: it asks for the same, and never matches"


def test_what_is_taken_in_part_by_another_owner_is_a_note(read):
    first, second = "SubAccountId: ['1', '2', '3']", "SubAccountId: ['2', '4', '3']"
    (problem,) = read(TWO.format(first=first, second=second)).problems
    told = "rule `second` gets nothing of `SubAccountId` '2'; `SubAccountId` '3': `first` on line 4 takes it"
    assert (problem.message, problem.severity, problem.line) == (told, "note", 5)
    assert str(problem) == f"rules.yaml:5: note: {told} — take it out of one of the two"
    assert read(TWO.format(first=first, second=second).replace("owner: b", "owner: a")).problems == ()


@pytest.mark.parametrize(
    ("match", "columns"),
    [
        ("all: [{tags.x: a}, {tags.x: b}]", "`tags.x`"),
        ("all: [{tags.x: [a, b]}, {tags.x: {prefix: c}}]", "`tags.x`"),
        ("tags.x: present, not: {tags.x: present}", "`tags.x`"),
        ("tags.x: a, not: {tags.x: 'a*'}", "`tags.x`"),
        ("tags.x: absent, all: [{tags.x: 'a*'}]", "`tags.x`"),
        ("EffectiveCost: {range: [5, 1]}", "`EffectiveCost`"),
        ("ChargePeriodStart: {range: [2026-05-01, 2026-04-01]}", "`ChargePeriodStart`"),
        ("tags.x: {range: [b, a]}", "`tags.x`"),
        ("all: [{tags.x: {range: [1, 2]}}, {tags.x: {range: [3, '']}}]", "`tags.x`"),
        ("any: [{tags.x: a, all: [{tags.x: b}]}, {tags.y: {range: [2, 1]}}]", "`tags.x`, `tags.y`"),
    ],
)
def test_a_match_that_contradicts_itself_is_a_warning(read, match, columns):
    (problem,) = read(f"teams: {{a: }}\nrules:\n  - {{name: r, match: {{{match}}}, owner: a}}\n").problems
    assert problem.severity == "warning"
    assert problem.message == f"rule `r` never matches: what it asks of {columns} cannot hold together"


@pytest.mark.parametrize(
    ("dates", "others", "reached"),
    [
        ("", "from: 2026-05-01", False),
        ("from: 2026-05-01", "", True),
        ("from: 2026-05-01", "from: 2026-06-01", False),
        ("until: 2026-05-01", "until: 2026-06-01", True),
        ("until: 2026-05-01", "from: 2026-01-01, until: 2026-05-01", False),
    ],
)
def test_a_rule_that_holds_on_some_days_takes_nothing_on_the_others(read, dates, others, reached):
    first, second = (f", {said}" if said else "" for said in (dates, others))
    text = TWO.format(first="tags.x: p", second="tags.x: p").replace("owner: a", f"owner: a{first}")
    assert (read(text.replace("owner: b", f"owner: b{second}")).problems == ()) is reached


def test_what_may_fall_through_takes_nothing_for_certain(read):
    text = TWO.format(first="tags.team: present", second="tags.team: legacy")
    assert read(text.replace("owner: a", "owner: {team: tags.team}")).problems == ()


def test_a_split_takes_charges_alone_so_that_usage_still_reaches_an_owner_behind_it(read):
    text = TWO.format(first="tags.x: p", second="tags.x: p").replace("owner: a", "split: {even: [a, b]}")
    assert read(text).problems == ()
    assert len(read(text.replace("tags.x", "SubAccountId")).problems) == 1
    assert len(read(text.replace("owner: b", "split: {by: cost}")).problems) == 1


def test_of_a_match_with_too_many_alternatives_nothing_is_said():
    many = OneOf("tags.x", tuple(map(str, range(MOST_POINTS))))
    assert points(AllOf((many, OneOf("tags.y", ("a", "b"))))) is None
    assert len(points(many) or ()) == MOST_POINTS


@pytest.mark.slow
def test_ten_thousand_rules_alike_are_read_at_once():
    same = OneOf("tags.x", ("p",))
    rules = [
        Rule(f"r{number}", Owner("a"), AllOf((same, Not(OneOf("tags.y", (str(number),)))))) for number in range(10_000)
    ]
    assert check_reach(rules) == []


TEXTS = ("", "a", "A", "ab", "b", "ba", "1", "2", "15")
COLUMNS = ("tags.x", "tags.y")
NAMES = st.sampled_from(COLUMNS)
SOME = st.lists(st.sampled_from(TEXTS[1:]), min_size=1, max_size=2).map(tuple)
GLOBS = st.lists(st.sampled_from(["a*", "*", "?", "?b", "*a", "a?"]), min_size=1, max_size=2).map(tuple)
SINGLE = st.one_of(
    st.builds(OneOf, NAMES, SOME, st.just(()), st.booleans()),
    st.builds(OneOf, NAMES, st.just(()), GLOBS, st.booleans()),
    st.builds(Prefix, NAMES, SOME, st.booleans()),
    st.builds(Regex, NAMES, st.sampled_from([("^a",), ("b$", "a")]), st.booleans()),
    st.builds(Range, NAMES, st.sampled_from(["", "1", "3", "a"]), st.sampled_from(["2", "15", "b"])),
    st.builds(Present, NAMES),
)
MATCHERS: st.SearchStrategy[Matcher] = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
DAYS = (date(2026, 5, 1), date(2026, 5, 2))
RULES = st.lists(
    st.tuples(MATCHERS, st.sampled_from("ab"), st.sampled_from([None, DAYS[1]]), st.sampled_from([None, DAYS[1]])),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def every_charge():
    """A charge of every text in two columns, on two days."""
    connection = duckdb.connect()
    rows = [(x or None, y or None, day) for x in TEXTS for y in TEXTS for day in DAYS]
    connection.execute("CREATE TABLE facts (id BIGINT, c0 VARCHAR, c1 VARCHAR, day DATE)")
    connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", [(at, *row) for at, row in enumerate(rows)])
    yield connection, Facts("facts", dict(zip(COLUMNS, ("c0", "c1"), strict=True)))
    connection.close()


@pytest.mark.slow
@settings(max_examples=at_most(100))
@given(RULES)
def test_a_rule_that_is_said_never_to_match_claims_nothing(every_charge, written):
    rules = [
        Rule(f"r{at}", Owner(team), match, start, end if start is None else None, "f", at)
        for at, (match, team, start, end) in enumerate(written)
    ]
    connection, facts = every_charge
    decide(connection, facts, rules, (Team("a"), Team("b")), "decided")
    claimed = {
        rules[at].name for (at,) in connection.execute("SELECT DISTINCT rule FROM decided").fetchall() if at >= 0
    }
    never = {problem.line for problem in check_reach(rules) if problem.severity == "warning"}
    assert claimed.isdisjoint({rules[line].name for line in never})


@pytest.mark.slow
@settings(max_examples=at_most(100))
@given(MATCHERS)
def test_the_alternatives_of_a_match_are_the_match(every_charge, match):
    connection, facts = every_charge
    found = points(match)
    assert found is not None
    live = [point for point in found if contradicting(point) is None]
    apart = AnyOf(tuple(AllOf(tuple(test for tests in point.values() for test in tests)) for point in live))
    assert _met(connection, facts, apart) == _met(connection, facts, match)


def _met(connection, facts: Facts, match: Matcher) -> list[tuple[int]]:
    decide(connection, facts, [Rule("r", Owner("a"), match)], (Team("a"),), "decided")
    return connection.execute("SELECT id FROM decided WHERE rule = 0 ORDER BY id").fetchall()
