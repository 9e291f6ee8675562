"""Models without a price: who is told what, under a key that stays."""

from datetime import date
from decimal import Decimal

import yaml

from alerts.detect.unpriced import UnpricedModel, unpriced_models


def model(**changed) -> UnpricedModel:
    values = {
        "team": "search",
        "provider": "openai",
        "model": "mystery-9",
        "sources": ("gateway",),
        "bills": ("llm",),
        "first": date(2026, 11, 18),
        "last": date(2026, 11, 20),
        "quantities": (("tokens.input", Decimal(12_000)), ("web_searches", Decimal(4))),
        "reasons": ("the model is not in the list",),
        **changed,
    }
    return UnpricedModel(**values)


def test_a_model_without_a_price_is_told_with_its_tokens_and_no_amount() -> None:
    [alert] = unpriced_models([model()]).alerts
    assert (alert.key, alert.team, alert.amount) == ("unpriced:search:openai:mystery-9", "search", None)
    assert (alert.facts["tokens"], alert.facts["provider"], alert.facts["model"]) == ("12,000", "openai", "mystery-9")
    assert [(each.label, each.amount, each.note) for each in alert.contributors] == [
        ("tokens.input", None, "12,000 units"),
        ("web_searches", None, "4 units"),
    ]
    assert alert.link == "/teams/search?month=2026-11"


def test_what_to_add_is_yaml_whatever_a_model_is_called() -> None:
    odd = 'a: "b" #c, {d}\n- e'
    [alert] = unpriced_models([model(model=odd)]).alerts
    prices = yaml.safe_load(alert.facts["yaml"])
    assert [(price["metric"], price["match"]["model"], price["per"]) for price in prices] == [
        ("tokens.input", odd, 1_000_000),
        ("web_searches", odd, 1_000),
    ]
    assert prices[0]["replaces"]["source"] == "llm"
    [unnamed] = unpriced_models([model(model="", provider="", bills=())]).alerts
    assert unnamed.key == "unpriced:search::"
    assert yaml.safe_load(unnamed.facts["yaml"])[0]["match"] == {"model": "absent"}
    assert "replaces" not in unnamed.facts["yaml"]


def test_every_team_and_model_has_an_alert_of_its_own_and_none_is_none() -> None:
    keys = [alert.key for alert in unpriced_models([model(), model(team="ads"), model(model="new")]).alerts]
    assert len(set(keys)) == 3
    assert unpriced_models([]).alerts == ()
    long = unpriced_models([model(model="m" * 900, provider="p" * 900)]).alerts[0]
    assert len(long.key) < 500
