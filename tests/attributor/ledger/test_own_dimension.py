"""A configured dimension is a column like any other, on both databases, whatever it is called and holds."""

import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select

from attributor.ledger.money_columns import money_values
from attributor.ledger.own_dimension import OwnDimension
from attributor.ledger.owner_filter import OwnerFilter
from attributor.ledger.tables import rollup

VALUES = ["chat", "", 'it\'s "quoted"', "a\\b", "\u00fcber", None]


@pytest.fixture
def engine(ledger_engine):
    texts = ("project", "environment", "cost_center", "model", "rule", "shared_step", "idle_cause", "fallback")
    row = dict.fromkeys(texts, "") | {"source": "aws", "service": "S3", "provider": "AWS", "account": "1"}
    row |= {"category": "Usage", "currency": "USD", "basis": "billed", "method": "direct", "day": date(2026, 11, 3)}
    row |= {"billing_month": "2026-11"}
    for name in ("effective", "billed", "list"):
        row |= money_values(name, Decimal(1))
    rows = [
        row | {"team": team, "dimensions": "" if value is None else json.dumps({"feature": value, "app_2": "x"})}
        for value in VALUES
        for team in ("search", "ads")
    ]
    with ledger_engine.begin() as connection:
        connection.execute(insert(rollup), rows)
    return ledger_engine


def test_it_groups_and_keeps_and_what_says_nothing_is_empty(engine):
    feature = OwnDimension("feature")
    with engine.connect() as connection:
        groups = dict(connection.execute(select(feature, func.count()).group_by(feature)).all())
        assert groups == {"chat": 2, "": 4, 'it\'s "quoted"': 2, "a\\b": 2, "\u00fcber": 2}
        for value, count in groups.items():
            assert connection.scalar(select(func.count()).select_from(rollup).where(feature.in_((value,)))) == count
        assert connection.scalar(select(func.count()).select_from(rollup).where(OwnDimension("app_2") == "x")) == 10
        assert connection.scalar(select(func.count()).select_from(rollup).where(OwnDimension("none") == "")) == 12


def test_it_is_kept_to_the_owners_that_may_be_read(engine):
    feature = OwnDimension("feature")
    with OwnerFilter(engine).seen_by(frozenset({"ads"})), engine.connect() as connection:
        assert dict(connection.execute(select(feature, func.count()).group_by(feature)).all())["chat"] == 1
