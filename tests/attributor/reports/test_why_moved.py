"""A change is taken apart exactly, and each part says what it is of."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from attributor.money import from_units, total
from attributor.reports.why_moved import Cell, Known, why_moved

ONE = 10**12
UNITS = st.integers(min_value=-(10**18), max_value=10**18)
TOKENS = st.one_of(st.none(), st.integers(min_value=0, max_value=10**15).map(Decimal))


def cell(cost=0, previous=0, rule="team tag", place=("1", ""), **more):
    given = {"is_usage": True, "is_estimated": False, "listed": cost, "previous_listed": previous} | more
    given |= {name: value * ONE for name, value in given.items() if name.endswith("listed")}
    return Cell(rule=rule, place=place, cost=cost * ONE, previous=previous * ONE, **given)


def told(cells, **known):
    return [(part.reason, part.amount, part.named) for part in why_moved(cells, Known(**known))]


def test_tokens_are_told_from_what_one_of_them_cost():
    used = {"tokens": Decimal(300), "previous_tokens": Decimal(100)}
    assert told([cell(240, 100)], **used) == [("tokens", 200, ()), ("token_price", -60, ())]


def test_without_tokens_the_list_price_tells_use_from_discount():
    assert told([cell(180, 100, listed=300, previous_listed=200)]) == [("volume", 50, ()), ("discount", 30, ())]
    assert told([cell(180, 100, listed=0, previous_listed=0)]) == [("unknown", 80, ())]
    assert told([cell(180, 100)], is_at_list=True) == [("unknown", 80, ())]


def test_what_cost_nothing_before_is_new_and_names_where():
    assert told([cell(5, 0), cell(9, 0, place=("2", "ads"))]) == [("new", 14, ("1", "2, ads"))]
    assert told([cell(0, 5)]) == [("gone", -5, ("1",))]


def test_a_new_account_is_told_from_more_use_of_the_others():
    assert told([cell(12, 10), cell(50, 0, place=("2", ""))]) == [("new", 50, ("2",)), ("volume", 2, ())]


def test_a_bill_in_place_of_its_estimate_is_no_new_account():
    cells = [cell(5, 10, place=("1", "")), cell(7, 0, place=("", ""), rule="usage", is_estimated=True)]
    assert told(cells, rules_changed=True) == [("volume", 2, ())]


def test_other_rules_are_named_only_where_rules_changed():
    cells = [cell(0, 10, rule="old"), cell(12, 0, rule="new"), cell(3, 3)]
    assert told(cells, rules_changed=True) == [("rules", 12, ("new",)), ("rules", -10, ("old",))]
    assert told(cells) == [("volume", 2, ())]


def test_purchases_and_credits_stand_apart_from_use():
    assert told([cell(5, 4), cell(100, 0, is_usage=False)]) == [("contract", 100, ()), ("volume", 1, ())]


cells_of = st.lists(
    st.builds(
        Cell,
        rule=st.sampled_from(["team tag", "cluster", ""]),
        place=st.tuples(st.sampled_from(["1", "2", ""]), st.sampled_from(["ads", ""])),
        is_usage=st.booleans(),
        is_estimated=st.booleans(),
        cost=UNITS,
        previous=UNITS,
        listed=UNITS,
        previous_listed=UNITS,
    ),
    max_size=8,
)
knowns = st.builds(Known, tokens=TOKENS, previous_tokens=TOKENS, rules_changed=st.booleans(), is_at_list=st.booleans())


@given(cells_of, knowns)
def test_the_parts_of_any_change_sum_to_it(cells, known):
    change = sum(each.cost - each.previous for each in cells)
    assert total(part.amount for part in why_moved(cells, known)) == from_units(change)
