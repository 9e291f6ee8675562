"""`prices:`: what is read, what stands in for what is unsaid, and every mistake at once."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from attributor.app.configuration import known_types
from attributor.config.estimates_rule import ESTIMATES_RULE
from attributor.config.keys import PRICE, REPLACES
from attributor.config.load import LoadedConfig, load_config
from attributor.config.settings import Price
from rules.matchers import EVERYTHING, OneOf

SOURCES = """
sources:
  llm: {type: focus, path: "bills/*.csv"}
  cloud: {type: focus, path: "bills/*.csv"}
  gateway: {type: usage, path: "usage/*.csv"}
"""


@pytest.fixture
def read(tmp_path: Path):
    def load(prices: str, more: str = SOURCES) -> LoadedConfig:
        (tmp_path / "attributor.yaml").write_text(more + prices)
        return load_config(tmp_path / "attributor.yaml", known_types(), str)

    return load


@pytest.fixture
def prices_of(read):
    def prices(text: str) -> tuple[Price, ...]:
        loaded = read(text)
        assert loaded.problems == ()
        assert loaded.settings is not None
        return loaded.settings.prices

    return prices


def test_a_price_says_everything_or_leaves_it_to_what_is_usual(prices_of) -> None:
    whole, least = prices_of(
        """
prices:
  - name: gpt-5 input
    metric: tokens.input
    match: {model: gpt-5*}
    price: 1.250000000001
    per: 1000000
    currency: EUR
    from: 2026-08-01
    until: 2026-09-01
    provider: OpenAI
    service: Chat
    replaces: {source: llm, match: {ServiceName: Completions}, lag: 2d}
  - {metric: gpu.hours, price: 0}
"""
    )
    assert (whole.price, whole.per, whole.currency) == (Decimal("1.250000000001"), 1_000_000, "EUR")
    assert (whole.provider, whole.service) == ("OpenAI", "Chat")
    assert [whole.holds_on(date(2026, month, day)) for month, day in ((7, 31), (8, 1), (8, 31), (9, 1))] == [
        False,
        True,
        True,
        False,
    ]
    assert whole.match == OneOf("model", (), ("gpt-5*",))
    assert whole.replaces is not None
    assert (whole.replaces.source, whole.replaces.lag) == ("llm", timedelta(days=2))
    assert (least.name, least.per, least.currency, least.provider, least.service) == (
        "price 2",
        1,
        "USD",
        "",
        "gpu.hours",
    )
    assert (least.match, least.replaces) == (EVERYTHING, None)


def test_provider_and_service_are_those_that_the_replaced_charges_have_alone(prices_of) -> None:
    known, listed, unknown = prices_of(
        """
prices:
  - {name: a, metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat, ProviderName: OpenAI}}}
  - {name: b, metric: m, price: 1, replaces: {source: llm, match: {ServiceName: [Chat, Images]}}}
  - {name: c, metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat*}}}
"""
    )
    assert (known.provider, known.service) == ("OpenAI", "Chat")
    assert (listed.provider, listed.service) == ("llm", "m")
    assert (unknown.provider, unknown.service) == ("llm", "m")


def test_the_accounts_are_those_that_the_replaced_charges_have_alone(prices_of) -> None:
    known, listed = prices_of(
        """
prices:
  - {name: a, metric: m, price: 1, replaces: {source: llm, match: {SubAccountId: 0042, BillingAccountId: b}}}
  - {name: b, metric: m, price: 1, replaces: {source: llm, match: {SubAccountId: ["1", "2"]}}}
"""
    )
    assert (known.account, known.billing_account) == ("0042", "b")
    assert (listed.account, listed.billing_account) == ("", "")


def test_the_lag_of_a_source_is_said_once_and_a_day_where_it_is_not_said(prices_of) -> None:
    found = prices_of(
        """
prices:
  - {name: a, metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat}}}
  - {name: b, metric: n, price: 1, replaces: {source: llm, match: {ServiceName: Images}, lag: 3d}}
  - {name: c, metric: o, price: 1, replaces: {source: cloud, match: {ServiceName: EC2}}}
"""
    )
    assert [price.replaces.lag.days for price in found if price.replaces] == [3, 3, 1]


def test_lines_and_the_lag_change_no_estimate_and_everything_else_does(prices_of) -> None:
    text = "prices: [{{metric: m, price: {}, replaces: {{source: llm, match: {{ServiceName: Chat}}, lag: {}}}}}]"
    first, later, dearer = (
        prices_of(more)[0] for more in (text.format(1, "1d"), "\n" + text.format(1, "2d"), text.format(2, "1d"))
    )
    assert first.digest == later.digest != dearer.digest


def test_every_mistake_is_told_at_once_with_its_line_and_the_fix(read, tmp_path: Path) -> None:
    loaded = read(
        """prices:
  - {price: 1}
  - {metric: m}
  - {metric: m, price: -1}
  - {metric: m, price: 1.0000000000001}
  - {metric: m, price: 12345678901234}
  - {metric: m, price: 1, per: 0.5}
  - {metric: m, price: 1, pre: 1000}
  - {metric: m, price: 1, match: {model: {regex: "(a+)+"}}}
  - {metric: m, price: 1, from: 2026-02-01, until: 2026-02-01}
  - {metric: m, price: 1, replaces: {source: lmm, match: {ServiceName: Chat}}}
  - {metric: m, price: 1, replaces: {source: gateway, match: {ServiceName: Chat}}}
  - {metric: m, price: 1, replaces: {source: llm}}
  - {metric: m, price: 1, replaces: {source: llm, match: {ServiceNam: Chat}}}
  - {metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat}, lag: soon}}
  - {name: twice, metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat}, lag: 1d}}
  - {name: twice, metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat}, lag: 2d}}
  - {metric: m, price: 1, match: {model: {regex: "a(?=b)"}}}
  - free
  - {metric: m, price: cheap}
"""
    )
    assert loaded.settings is None
    first = SOURCES.count("\n") + 1
    said = {problem.line - first: problem.message for problem in loaded.problems}
    expected = {
        1: "has no `metric`",
        2: "has no `price`",
        3: "`price` is -1",
        4: "finer than twelve decimals",
        5: "`price` is 12345678901234",
        6: "`per` is 0.5",
        7: "no key `pre`",
        8: "could run away",
        9: "holds on no day",
        10: "no source `lmm`",
        11: "source `gateway` is no bill",
        12: "has no `match`",
        13: "no column `ServiceNam`",
        14: "`lag`",
        17: "cannot be read",
        18: "is a map of keys",
        19: "is a number, not 'cheap'",
    }
    for line, message in expected.items():
        assert message in said[line], line
    of_16 = [problem.message for problem in loaded.problems if problem.line - first == 16]
    assert any("two prices are called `twice`" in message for message in of_16)
    assert any("another `lag`" in message for message in of_16)
    assert all(problem.fix for problem in loaded.problems)
    assert all(problem.file == str(tmp_path / "attributor.yaml") for problem in loaded.problems)


def test_prices_that_are_no_list_and_a_source_called_like_estimates_are_refused(read) -> None:
    assert "`prices` is a list" in read("prices: {a: 1}\n").errors[0].message
    named = read("", 'sources: {llm.estimated: {type: focus, path: "bills/*.csv"}}\n')
    assert "ends with `.estimated`" in named.errors[0].message


def test_a_source_with_a_mistake_of_its_own_is_not_complained_of_by_its_prices(read) -> None:
    loaded = read(
        "prices: [{metric: m, price: 1, replaces: {source: llm, match: {ServiceName: Chat}}}]\n",
        "sources: {llm: {type: focus}}\n",
    )
    assert [problem.message for problem in loaded.problems] == ["`path` is missing"]


@pytest.mark.parametrize("rules", ["", "rules: []\n", "rules: [{name: all, owner: a}]\n"])
def test_prices_bring_the_rule_that_gives_estimates_to_the_team_their_usage_names(read, rules: str) -> None:
    loaded = read(f"teams: {{a: }}\n{rules}prices: [{{metric: m, price: 1}}]\n")
    assert loaded.problems == ()
    assert loaded.settings is not None
    assert loaded.settings.ruleset.rules[0].name == ESTIMATES_RULE
    without = read(f"teams: {{a: }}\n{rules}prices: []\n").settings
    assert without is not None
    assert ESTIMATES_RULE not in [rule.name for rule in without.ruleset.rules]


def test_every_key_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "prices.md").read_text()
    assert [key for key in (*PRICE, *REPLACES) if f"`{key}`" not in text] == []
