"""The machine-readable rules of FOCUS held against rows of charges: pass, fail or not applicable, rule by rule."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from collectors.schema import CHARGES

Row = Mapping[str, Any]
Verdict = Literal["pass", "fail", "not applicable"]
_BINDING = {"MUST", "MUST NOT"}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?", re.IGNORECASE)
_EXACT = Decimal("0.000001")
"""A product of quantity and price may differ from the cost by the rounding of either."""
_MISTAKES = {
    "CommitmentDiscountStatus-C-005-M": "it lists Active, Expired and Pending; the specification has Used and Unused",
    "InvoiceId-C-004-C": "it stands without its condition, and against InvoiceId-C-005-C",
    "InvoiceId-C-005-C": "it stands without its condition, and against InvoiceId-C-004-C",
    "PricingQuantity-C-008-M": "it forbids null, which the specification allows",
}
"""Rules that the model 1.2.0.1 spells otherwise than the specification that it stands for."""


@dataclass(frozen=True)
class Result:
    """What became of one rule; `rows` are the first rows (from 0) that break it."""

    rule: str
    verdict: Verdict
    reason: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Model:
    """The rules by id, and the currencies of ISO 4217."""

    rules: Mapping[str, Mapping[str, Any]]
    currencies: AbstractSet[str]


class NotExpressedError(Exception):
    """A check that this reader has no means to make."""


def read_model(path: Path) -> Model:
    """Read a model of rules and the list of currencies beside it."""
    rules = json.loads(path.read_text(encoding="utf-8"))["ModelRules"]
    listed = (path.parent / "currency_codes.csv").read_text(encoding="utf-8")
    return Model(rules, frozenset(re.findall(r"\b[A-Z]{3}\b", listed)))


def check_rows(model: Model, rows: Sequence[Row], supported: AbstractSet[str]) -> list[Result]:
    """Hold every rule against the rows; `supported` are the criteria of applicability that the provider meets.

    The table of charges has every column of FOCUS, so that all are present; the rules of a column without any value,
    that need not be there, do not apply.
    """
    present = frozenset(name for row in rows for name, value in row.items() if value is not None)
    return [_result(model, name, rule, rows, present, supported) for name, rule in model.rules.items()]


def _result(
    model: Model,
    name: str,
    rule: Mapping[str, Any],
    rows: Sequence[Row],
    present: AbstractSet[str],
    supported: AbstractSet[str],
) -> Result:
    criteria = rule["ValidationCriteria"]
    requirement, condition = criteria["Requirement"], criteria["Condition"]
    if name in _MISTAKES:
        return Result(name, "not applicable", f"a mistake of the model: {_MISTAKES[name]}")
    if lacking := sorted(set(rule["ApplicabilityCriteria"]) - supported):
        return Result(name, "not applicable", f"the provider has no {', '.join(lacking)}")
    if criteria["Keyword"] not in _BINDING:
        return Result(name, "not applicable", f"{criteria['Keyword']} binds nobody")
    if not requirement or rule["EntityType"] == "Attribute":
        return Result(name, "not applicable", "the model gives no check")
    if requirement["CheckFunction"] == "ColumnPresent":
        verdict: Verdict = "pass" if requirement["ColumnName"] in CHARGES.names else "fail"
        return Result(name, verdict, criteria["MustSatisfy"])
    if rule["Type"] == "Dynamic" and not condition:
        return Result(name, "not applicable", "it depends on what rows do not tell")
    if rule["Function"] == "Composite":
        return Result(name, "not applicable", "its parts are told by themselves")
    if rule["EntityType"] == "Column" and rule["Reference"] not in present and _may_be_absent(model, rule["Reference"]):
        return Result(name, "not applicable", f"there is no {rule['Reference']}")
    try:
        if requirement["CheckFunction"] == "CheckDistinctCount":
            broken = _not_distinct(requirement, rows)
        else:
            listed = _listed_column(requirement)
            bound = [
                number
                for number, row in enumerate(rows)
                if (not condition or holds(model, condition, row)) and not (listed and row.get(listed) is None)
            ]
            if not bound:
                return Result(name, "not applicable", "no row meets its condition")
            broken = [number for number in bound if not holds(model, requirement, rows[number])]
    except NotExpressedError as error:
        return Result(name, "not applicable", f"{error} is not expressed here")
    return Result(name, "fail" if broken else "pass", criteria["MustSatisfy"], tuple(broken[:5]))


def _listed_column(requirement: Mapping[str, Any]) -> str | None:
    """Return the column whose allowed values a check lists: whether it may be null is told by another rule."""
    items = requirement.get("Items", [])
    columns = {item.get("ColumnName") for item in items if item["CheckFunction"] == "CheckValue"}
    only = requirement["CheckFunction"] == "OR" and all(item["CheckFunction"] == "CheckValue" for item in items)
    return columns.pop() if only and len(columns) == 1 else None


def _may_be_absent(model: Model, column: str) -> bool:
    """A mandatory column that is not there is judged as one of nulls."""
    return not any(
        rule["Function"] == "Presence"
        and rule["Reference"] == column
        and rule["ValidationCriteria"]["Keyword"] == "MUST"
        and not rule["ApplicabilityCriteria"]
        for rule in model.rules.values()
    )


def _not_distinct(requirement: Mapping[str, Any], rows: Sequence[Row]) -> list[int]:
    groups: dict[Any, set[Any]] = {}
    broken = []
    for number, row in enumerate(rows):
        key = row.get(requirement["ColumnAName"])
        if key is not None:
            group = groups.setdefault(key, set())
            group.add(row.get(requirement["ColumnBName"]))
            if len(group) > requirement["ExpectedCount"]:
                broken.append(number)
    return broken


def holds(model: Model, check: Mapping[str, Any], row: Row) -> bool:
    """Tell whether a row meets a check; raise NotExpressedError for one that is not known here."""
    kind = check["CheckFunction"]
    if kind in {"AND", "OR"}:
        parts = (holds(model, item, row) for item in check["Items"])
        return all(parts) if kind == "AND" else any(parts)
    if kind == "CheckModelRule":
        criteria = model.rules[check["ModelRuleId"]]["ValidationCriteria"]
        if criteria["Condition"] and not holds(model, criteria["Condition"], row):
            return True
        return holds(model, criteria["Requirement"], row)
    if kind == "CheckNationalCurrency":
        return row.get(check["ColumnName"]) in model.currencies
    if kind in _TWO_COLUMNS:
        return _TWO_COLUMNS[kind](check, row)
    if kind not in _ONE_COLUMN:
        raise NotExpressedError(kind or "an empty check")
    return _ONE_COLUMN[kind](row.get(check["ColumnName"]), check.get("Value"))


def _same_text(value: Any, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is wanted
    return value == Decimal(str(wanted)) if isinstance(value, Decimal) else str(value) == str(wanted)


def _is(*kinds: type) -> Callable[[Any, Any], bool]:
    return lambda value, _wanted: value is None or isinstance(value, kinds)


def _key_values(value: Any, _wanted: Any) -> bool:
    if value is None or isinstance(value, list):  # a map of Arrow
        return True
    read = json.loads(value)
    return isinstance(read, dict) and not any(isinstance(item, (dict, list)) for item in read.values())


def _product(check: Mapping[str, Any], row: Row) -> bool:
    one, other, result = (row.get(check[key]) for key in ("ColumnAName", "ColumnBName", "ResultColumnName"))
    if one is None or other is None or result is None:
        return True
    return bool(abs(one * other - result) <= max(_EXACT, abs(result) * _EXACT))


_TWO_COLUMNS: Mapping[str, Callable[[Mapping[str, Any], Row], bool]] = {
    "CheckSameValue": lambda check, row: row.get(check["ColumnAName"]) == row.get(check["ColumnBName"]),
    "CheckNotSameValue": lambda check, row: row.get(check["ColumnAName"]) != row.get(check["ColumnBName"]),
    "ColumnByColumnEqualsColumnValue": _product,
}
_ONE_COLUMN: Mapping[str, Callable[[Any, Any], bool]] = {
    "CheckValue": _same_text,
    "CheckNotValue": lambda value, wanted: not _same_text(value, wanted),
    "CheckGreaterOrEqualThanValue": lambda value, wanted: value is None or value >= Decimal(str(wanted)),
    "CheckDecimalValue": _is(Decimal),
    "TypeDecimal": _is(Decimal),
    "TypeString": _is(str),
    "TypeDateTime": _is(datetime),
    "FormatString": _is(str),
    "FormatNumeric": lambda value, _wanted: value is None or bool(_NUMBER.fullmatch(str(value))),
    "FormatDateTime": lambda value, _wanted: value is None or value.utcoffset() is not None,
    "FormatKeyValue": _key_values,
    "FormatUnit": lambda value, _wanted: value is None or value == value.strip(),
    "FormatCurrency": lambda value, _wanted: value is None or bool(re.fullmatch(r"[A-Z]{3}|[^\W\d].{2,}", value)),
}
