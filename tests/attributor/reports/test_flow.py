"""The way of the money: every column sums to the total, and every node to what goes in and out of it."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from attributor.money import total
from attributor.periods import Month
from attributor.reports.flow import Flow, FlowLink, FlowNode, flow
from attributor.reports.view import View, frame
from rules.ruleset import Team

OCTOBER = Month(2026, 10)
TEAMS = {"search": Team("search", "Search")}


@pytest.fixture
def see(engine, now):
    def see(**view) -> Flow:
        with engine.connect() as connection:
            return flow(connection, frame(connection, View(OCTOBER, now, **view)), TEAMS)

    return see


def assert_balanced(nodes: Sequence[FlowNode], links: Sequence[FlowLink], end: str) -> None:
    for node in nodes:
        assert total(link.cost for link in links if getattr(link, end) == node.key) == node.cost


def test_money_goes_from_services_through_rules_to_teams(see, put_cost):
    put_cost("7", service="GPU", rule="cluster")
    put_cost("2", service="GPU", rule="cluster", team="ads")
    put_cost("1", service="Storage", rule="", team="unattributed")
    found = see()
    assert found.services == (FlowNode("GPU", "GPU", Decimal(9)), FlowNode("Storage", "Storage", Decimal(1)))
    assert found.rules == (FlowNode("cluster", "cluster", Decimal(9)), FlowNode("", "", Decimal(1)))
    assert [(node.name, node.cost) for node in found.teams] == [("Search", 7), ("ads", 2), ("Unattributed", 1)]
    assert found.to_teams[0] == FlowLink("cluster", "search", Decimal(7))


def test_what_is_small_is_one_node_and_nothing_is_lost(see, put_cost):
    for number in range(12):
        put_cost(str(100 - number), service=f"service {number}", rule=f"rule {number}", team=f"team {number}")
    put_cost("-60", service="credits", rule="credits", team="team 0")
    found = see()
    assert [len(nodes) for nodes in (found.services, found.rules, found.teams)] == [8, 7, 9]
    assert {nodes[-1].key for nodes in (found.services, found.rules, found.teams)} == {None}
    assert found.services[-1].cost == 93 + 92 + 91 + 90 + 89 - 60
    assert_balanced(found.services, found.to_rules, "source")
    assert_balanced(found.rules, found.to_rules, "target")
    assert_balanced(found.rules, found.to_teams, "source")
    assert_balanced(found.teams, found.to_teams, "target")


def test_a_single_value_more_stands_by_itself_and_not_as_others(see, put_cost):
    for number in range(8):
        put_cost("1", service=f"service {number}")
    assert None not in {node.key for node in see().services}
