"""`alerts.policies:` as rules, and every mistake in them with its line."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from alerts.detect.policies.rules import PolicyRule
from attributor.app.configuration import known_types
from attributor.config.load import LoadedConfig, load_config
from attributor.config.policies import RULES


@pytest.fixture
def load(tmp_path: Path):
    def loaded(policies: str) -> LoadedConfig:
        path = tmp_path / "attributor.yaml"
        path.write_text(f"rules: []\nalerts:\n  policies:\n    - {policies}\n")
        return load_config(path, known_types(), str)

    return loaded


def rule_of(loaded: LoadedConfig) -> PolicyRule:
    (rule,) = loaded.settings.alerts.policies
    return rule


def test_a_rule_needs_no_more_than_its_kind(load) -> None:
    assert rule_of(load("{rule: daily_spend}")) == PolicyRule("daily_spend", "daily_spend", factor=Decimal(2))
    defaults = {kind: rule_of(load(f"{{rule: {kind}}}")).factor for kind in ("hour", "daily_budget", "expected_day")}
    assert defaults == {"hour": 3, "daily_budget": 120, "expected_day": 80}


def test_every_option_of_a_rule_is_read(load) -> None:
    text = "{rule: metric, name: full, metric: queue, below: 5, pool: llm, for: 2h, teams: a, floor: 0, severity: info}"
    assert rule_of(load(text)) == PolicyRule(
        name="full",
        kind="metric",
        teams=("a",),
        floor=Decimal(0),
        severity="info",
        limit=Decimal(5),
        metric="queue",
        pool="llm",
        lasts=timedelta(hours=2),
        below=True,
    )
    share = rule_of(load("{rule: expensive_share, models: [opus*, gpt-5]}"))
    assert (share.models, share.factor, share.metric) == (("opus*", "gpt-5"), 15, "requests")
    assert rule_of(load("{rule: request_cost, limit: 0.05}")).limit == Decimal("0.05")


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("{rule: dayly_spend}", "needs a known `rule`", "did you mean `daily_spend`?"),
        ("{times: 3}", "needs a known `rule`", ", ".join(RULES)),
        ("{rule: hour, percent: 3}", "unknown key `percent`", "times"),
        ("{rule: unit_cost}", "`metric` is missing", "metric: queries"),
        ("{rule: metric, metric: queue}", "either `above` or `below`", "above: 100"),
        ("{rule: metric, metric: queue, above: 1, below: 2}", "either `above` or `below`", "above: 100"),
        ("{rule: hour, severity: bad}", "`severity` is not known", "info, warning, critical"),
        ("{rule: hour}\n    - {rule: hour}", "two policies are called `hour`", "give one of them a `name`"),
        ("{rule: hour, floor: much}", "not a number", "floor: 50"),
    ],
)
def test_a_mistake_has_its_line_and_the_fix(load, text: str, problem: str, fix: str) -> None:
    (found,) = load(text).errors
    assert found.line == (5 if "\n" in text else 4)
    assert problem in found.message
    assert fix in found.fix
