"""The money behind required tags: of the charges that have each of them, and of those that lack it."""

import duckdb

from rules.cells import CELLS, TAGS
from rules.ruleset import RuleSet
from rules.sql import literal

COMPLIANCE = "attribution_tag_compliance"


def write_compliance(connection: duckdb.DuckDBPyConnection, allocations: str, ruleset: RuleSet) -> str | None:
    """Create the table COMPLIANCE from the allocations of the cells at hand; None where no tag is required.

    Columns: source, currency, account (SubAccountId), team, tag, and the effective cost as `present` and `missing`.
    The two of a tag sum exactly to the allocations. A tag is there where the charge has a value for it, whatever the
    rules made of it.
    """
    if not ruleset.required_tags:
        return None
    named = ", ".join(f"({position}, {literal(key)})" for position, key in enumerate(ruleset.required_tags, start=1))
    has_it = f"substr(a.{TAGS}, t.position, 1) = '1'"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {COMPLIANCE} AS SELECT a.source, a.currency, a.account, a.team, t.tag,"
        f" CAST(coalesce(sum(a.cost) FILTER ({has_it}), 0) AS DECIMAL(38,12)) AS present,"
        f" CAST(coalesce(sum(a.cost) FILTER (NOT {has_it}), 0) AS DECIMAL(38,12)) AS missing"
        f" FROM (SELECT p.x_Source AS source, p.BillingCurrency AS currency, p.SubAccountId AS account, p.team,"
        f" c.{TAGS}, sum(p.EffectiveCost) AS cost FROM {allocations} p JOIN {CELLS} c USING (cell) GROUP BY ALL) a"
        f" CROSS JOIN (VALUES {named}) t(position, tag) GROUP BY ALL"
    )
    return COMPLIANCE
