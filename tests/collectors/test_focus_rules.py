"""The rows that collectors of bills write, held against the FOCUS 1.2 rules.

The model is no part of this repository: it is read where it lies beside the checkout.
`golden/NAME/focus.json` says what a provider supports (`supported`) and which rules its own export breaks, each with
why (`known`): a rule that is broken and not known fails, and so does one that is known and not broken any more.
"""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from focus_rules import Model, Result, check_rows, read_model

from collectors.bills.focus import TYPE as FOCUS
from collectors.schema import CHARGES, INSTANT, MONEY, QUANTITY

GOLDEN = Path(__file__).parent / "golden"
MODEL = Path(__file__).parents[3] / "shared" / "data" / "focus" / "model-1.2.0.1.json"
NAMES = sorted(path.parent.name for path in GOLDEN.glob("*/focus.json"))
OF_THE_SAMPLE = {
    "BilledCost-C-005-C",
    "ChargeFrequency-C-003-M",
    "CommitmentDiscountStatus-C-004-C",
    "ConsumedQuantity-C-004-C",
    "ContractedCost-C-003-M",
    "ContractedCost-C-004-M",
    "ContractedUnitPrice-C-006-C",
    "ContractedUnitPrice-C-009-C",
    "ContractedUnitPrice-C-011-C",
    "ListCost-C-009-C",
    "ListUnitPrice-C-010-C",
    "PricingCategory-C-004-C",
    "RegionName-C-004-C",
    "RegionName-C-005-C",
    "ResourceType-C-004-C",
    "ResourceType-C-005-C",
    "ServiceName-C-005-C",
    "SkuPriceId-C-005-C",
}
"""What the sample, which is of FOCUS 1.0, has otherwise than FOCUS 1.2 wants it."""


@pytest.fixture(scope="module")
def model() -> Model:
    if not MODEL.exists():
        pytest.skip("the rules of FOCUS 1.2 are not beside this checkout")
    return read_model(MODEL)


@pytest.mark.parametrize("name", NAMES)
def test_a_providers_rows_break_no_rule_that_its_export_keeps(name: str, model: Model) -> None:
    told = json.loads((GOLDEN / name / "focus.json").read_text(encoding="utf-8"))
    rows = golden_rows(name)
    results = check_rows(model, rows, set(told["supported"]))
    counts = Counter(result.verdict for result in results)
    print(f"{name}: " + ", ".join(f"{counts[word]} {word}" for word in ("pass", "fail", "not applicable")))
    failed = {result.rule: result for result in results if result.verdict == "fail"}
    unknown = [f"{rule}: {failed[rule].reason} {failed[rule].rows}" for rule in failed if rule not in told["known"]]
    assert unknown == []
    assert set(told["known"]) - set(failed) == set(), "these hold now: take them out"
    assert counts["pass"] > 50


def test_the_official_sample_breaks_few_rules_and_each_is_its_own(model: Model, collecting) -> None:
    sample = MODEL.parent / "focus_1.0_sample_1000.csv"
    if not sample.exists():
        pytest.skip("the official sample of FOCUS is not beside this checkout")
    rows = collecting.read(FOCUS, path=str(sample)).rows
    failed = {result.rule for result in check_rows(model, rows, {"TAGGING_SUPPORTED"}) if result.verdict == "fail"}
    assert failed == OF_THE_SAMPLE


def golden_rows(name: str) -> list[dict]:
    """Return the rows of a golden table, in the types of the table of charges."""
    convert = {MONEY: Decimal, QUANTITY: Decimal, INSTANT: datetime.fromisoformat}
    table = json.loads((GOLDEN / name / "table.json").read_text(encoding="utf-8"))
    return [
        {column: convert.get(CHARGES.field(column).type, lambda value: value)(value) for column, value in row.items()}
        for row in table["rows"]
    ]


def whole_row(**changed: object) -> dict[str, object]:
    return {"ChargeCategory": "Usage", "BillingCurrency": "USD", "BilledCost": Decimal(1), "Tags": [], **changed}


@pytest.mark.parametrize(
    ("rule", "changed", "verdict"),
    [
        ("BillingCurrency-C-006-M", {}, "pass"),
        ("BillingCurrency-C-006-M", {"BillingCurrency": "QQQ"}, "fail"),
        ("ChargeCategory-C-003-M", {}, "pass"),
        ("ChargeCategory-C-003-M", {"ChargeCategory": "Rent"}, "fail"),
        ("CostAndUsage-D-006-M", {}, "pass"),
        ("InvoiceId-C-004-C", {}, "not applicable"),
        ("InvoiceIssuerName-C-003-M", {}, "fail"),
        ("InvoiceIssuerName-C-003-M", {"InvoiceIssuerName": "AWS"}, "pass"),
        ("CommitmentDiscountName-C-004-C", {}, "not applicable"),
        ("CommitmentDiscountName-C-004-C", {"CommitmentDiscountName": "plan"}, "fail"),
        ("CostAndUsage-D-003-C", {}, "not applicable"),
    ],
)
def test_a_rule_tells_right_from_wrong(rule: str, changed: dict, verdict: str, model: Model) -> None:
    found: dict[str, Result] = {result.rule: result for result in check_rows(model, [whole_row(**changed)], set())}
    assert found[rule].verdict == verdict
