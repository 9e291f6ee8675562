"""What rules see of a charge and of a usage row: text columns in which absent is NULL and never empty."""

from collections.abc import Collection, Iterable, Sequence

import duckdb

from rules.columns import KINDS, TAG_PREFIX
from rules.matchers import columns_of
from rules.outcomes import Follow, MappingOwner, Owner
from rules.ruleset import Rule, RuleSet
from rules.schema import ESTIMATES
from rules.sql import identifier, literal

_ABSENT = "CAST(NULL AS VARCHAR)"
_COLUMNS_OF_ESTIMATES = {"metric": "SkuMeter", "pool": "ResourceId"}
"""Where an estimated charge keeps what its usage has in a column of its own."""
_USAGE_COLUMNS = ("x_Source", "metric", "pool")


def columns_in(connection: duckdb.DuckDBPyConnection, table: str) -> frozenset[str]:
    """Return the names of a table's columns."""
    described = connection.execute(f"SELECT * FROM {identifier(table)} LIMIT 0").description or []
    return frozenset(column[0] for column in described)


def charge_fact(name: str, available: Collection[str]) -> str:
    """Return the SQL text expression of a column of a charge, of a tag (`Tags` or its own column) or of a fact.

    An estimated charge is of the source that it stands for, so that the rules for the bill hold for it too.
    """
    if name.startswith(TAG_PREFIX):
        if name in available:
            return f"nullif({identifier(name)}, '')"
        key = literal(name.removeprefix(TAG_PREFIX))
        return f"nullif(Tags[{key}], '')" if "Tags" in available else _ABSENT
    if name == "x_Source" and name in available:
        return f"nullif({billed_source(identifier(name))}, '')"
    if name not in KINDS and name not in available:
        return _fact_of_estimate(name, available)
    if name not in available:
        return _ABSENT
    column = identifier(name)
    if KINDS.get(name) == "time":
        return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%SZ')"
    return f"nullif(CAST({column} AS VARCHAR), '')"


def billed_source(source: str) -> str:
    """Return the SQL text expression of the source of the bill that a charge is of, or that its estimate stands for."""
    name = f"left({source}, len({source}) - {len(ESTIMATES)})"
    return f"CASE WHEN suffix({source}, {literal(ESTIMATES)}) THEN {name} ELSE {source} END"


def estimate_column(name: str) -> str:
    """Return the column or tag of an estimated charge that holds a fact of usage."""
    return _COLUMNS_OF_ESTIMATES.get(name, f"{TAG_PREFIX}{name}")


def _fact_of_estimate(name: str, available: Collection[str]) -> str:
    """A fact that no bill has is that of the usage which an estimated charge was made from."""
    column = _COLUMNS_OF_ESTIMATES.get(name, "Tags")
    if not {"x_Basis", column} <= set(available):
        return _ABSENT
    value = identifier(column) if column != "Tags" else f"Tags[{literal(name)}]"
    return f"CASE WHEN \"x_Basis\" = 'estimated' THEN nullif({value}, '') END"


def dimension(name: str, available: Collection[str]) -> str:
    """Return the SQL text expression of a dimension; the provider is the service provider where given."""
    fact = charge_fact(name, available)
    if name == "ProviderName":
        fact = f"coalesce({charge_fact('ServiceProviderName', available)}, {fact})"
    return f"coalesce({fact}, '')"


def usage_fact(name: str) -> str:
    """Return the SQL text expression of a fact of a usage row; what a charge has as a tag, usage has as a fact."""
    if name in _USAGE_COLUMNS:
        return f"nullif({name}, '')"
    fact = f"nullif(facts[{literal(name)}], '')"
    if name.startswith(TAG_PREFIX):
        return f"coalesce({fact}, nullif(facts[{literal(name.removeprefix(TAG_PREFIX))}], ''))"
    return fact


def is_for_usage(rule: Rule) -> bool:
    """Return whether a rule asks for a fact that no charge has, as `namespace` without `tags.`."""
    return any(name not in KINDS and not name.startswith(TAG_PREFIX) for name in columns_of(rule.match))


def columns_asked_for(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return every column that the rules' matchers and outcomes look at, sorted."""
    return tuple(sorted(frozenset().union(columns_given(rules), *(columns_of(rule.match) for rule in rules))))


def columns_given(rules: Iterable[Rule]) -> frozenset[str]:
    """Return every column whose value the rules' outcomes take."""
    names: set[str] = set()
    for rule in rules:
        if isinstance(rule.outcome, Owner):
            owner = rule.outcome
            names |= {owner.team_column, owner.project_column, owner.environment_column, owner.cost_center_column}
            names |= {column for _, column in owner.dimension_columns}
        elif isinstance(rule.outcome, MappingOwner):
            names.add(rule.outcome.column)
    return frozenset(names - {""})


def followed_columns(ruleset: RuleSet) -> tuple[str, ...]:
    """Return every column that a `follow` names, sorted."""
    outcomes = (rule.outcome for rule in ruleset.rules)
    return tuple(sorted({name for outcome in outcomes if isinstance(outcome, Follow) for name in outcome.columns}))
