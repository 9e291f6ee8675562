"""Spellings of one owner agree; a value that names nobody names nobody."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.owners import normal, resolve
from rules.ruleset import FormerName, RuleSet, Team

TODAY = date(2026, 10, 14)
WORDS = st.lists(st.text("abcXYZ09ß", min_size=1, max_size=5), min_size=1, max_size=3)
SEPARATORS = st.sampled_from([" ", "-", "_", ".", " - ", "__"])


@given(st.text())
def test_normalising_twice_changes_nothing(value):
    assert normal(normal(value)) == normal(value)


@given(WORDS, SEPARATORS, SEPARATORS, st.sampled_from(["", "@corp", "@corp.example"]))
def test_case_separators_and_domain_do_not_tell_owners_apart(words, one, other, domain):
    assert normal(f"  {one.join(words).upper()}{domain} ") == normal(other.join(words).lower())


@given(WORDS, WORDS)
def test_different_words_stay_different(one, other):
    folded = [[word.casefold() for word in words] for words in (one, other)]
    assert (normal("-".join(one)) == normal("-".join(other))) == (folded[0] == folded[1])


@pytest.mark.parametrize("value", ["", "   ", "@corp", "--", "nobody"])
def test_what_names_no_team_resolves_to_none(value):
    assert resolve(value, RuleSet(teams=(Team("search"),)), TODAY) is None


@pytest.mark.parametrize("value", ["Team_Search", "TEAM SEARCH", "search@corp", " srch ", "Team.Search"])
def test_ids_names_and_aliases_name_a_team(value):
    teams = (Team("search", name="Team Search", aliases=("srch",)), Team("ads"))
    assert resolve(value, RuleSet(teams=teams), TODAY) == "search"


def test_a_former_name_holds_until_its_day_and_not_on_it():
    ruleset = RuleSet(teams=(Team("search", was=(FormerName("Finders", date(2026, 5, 1)),)),))
    assert resolve("finders", ruleset, date(2026, 4, 30)) == "search"
    assert resolve("finders", ruleset, date(2026, 5, 1)) is None


def test_a_name_that_two_teams_had_one_after_the_other_names_each_in_its_time():
    first = Team("one", was=(FormerName("core", date(2026, 3, 1)),))
    second = Team("two", was=(FormerName("core", date(2026, 6, 1)),))
    ruleset = RuleSet(teams=(second, first))
    assert resolve("core", ruleset, date(2026, 2, 28)) == "one"
    assert resolve("core", ruleset, date(2026, 3, 1)) == "two"
    assert resolve("core", ruleset, date(2026, 6, 1)) is None


def test_the_name_of_today_comes_before_a_former_one():
    ruleset = RuleSet(teams=(Team("old", was=(FormerName("new", date(2026, 12, 1)),)), Team("new")))
    assert resolve("new", ruleset, TODAY) == "new"
