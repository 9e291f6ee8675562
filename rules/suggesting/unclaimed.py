"""Charges that no rule claims, gathered day by day with all that a new rule could go by."""

import duckdb

from rules.decide import NOBODY, Facts, decide
from rules.facts import charge_fact, columns_asked_for, columns_in
from rules.ruleset import RuleSet
from rules.sql import day_of, identifier, literal, units_of

UNCLAIMED = "suggesting_unclaimed"
"""day, SubAccountId, SubAccountName, ResourceName, ResourceId, Tags, and effective: the cost in units of 1e-12."""
_KEPT = ("SubAccountId", "SubAccountName", "ResourceName", "ResourceId")
_PROFILES, _DECIDED = "suggesting_profiles", "suggesting_decided"


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget what was gathered before."""
    texts = ", ".join(f"{identifier(name)} VARCHAR" for name in _KEPT)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {UNCLAIMED} (day DATE, {texts}, Tags MAP(VARCHAR, VARCHAR), effective HUGEINT)"
    )


def gather(connection: duckdb.DuckDBPyConnection, charges: str, ruleset: RuleSet, currency: str) -> None:
    """Add the charges of a table or view in one currency that no rule claims; an owner value may have been unknown."""
    available = columns_in(connection, charges)
    facts = {name: f"c{index}" for index, name in enumerate(columns_asked_for(ruleset.rules))}
    asked = "".join(f", {charge_fact(name, available)} AS {column}" for name, column in facts.items())
    kept = ", ".join(f"{charge_fact(name, available)} AS {identifier(name)}" for name in _KEPT)
    day = day_of('"ChargePeriodStart"')
    tags = "Tags" if "Tags" in available else "CAST(NULL AS MAP(VARCHAR, VARCHAR)) AS Tags"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PROFILES} AS SELECT row_number() OVER () AS id, s.* EXCLUDE (effective),"
        f" {units_of('s.effective')} AS effective FROM (SELECT {day} AS day, {kept}, {tags},"
        f" sum(EffectiveCost) AS effective{asked} FROM {identifier(charges)}"
        f" WHERE BillingCurrency = {literal(currency)} GROUP BY ALL) s"
    )
    decide(connection, Facts(_PROFILES, facts), ruleset.rules, ruleset.teams, _DECIDED)
    columns = ", ".join(identifier(name) for name in _KEPT)
    connection.execute(
        f"INSERT INTO {UNCLAIMED} SELECT day, {columns}, Tags, sum(effective) FROM {_PROFILES} JOIN {_DECIDED}"
        f" USING (id) WHERE rule = {NOBODY} GROUP BY ALL"
    )


def unclaimed_units(connection: duckdb.DuckDBPyConnection) -> int:
    """Return what all gathered charges cost, in units."""
    row = connection.execute(f"SELECT coalesce(sum(effective), 0) FROM {UNCLAIMED}").fetchone()
    return int(row[0]) if row else 0
