"""What `attributor run` does the first time, and when it is run again: after nothing, a restatement, a broken file."""

import pytest


def test_costs_come_out_exactly(company) -> None:
    assert company.run().code == 0
    assert company.costs() == {"search": "33", "ads": "11", "unattributed": "2"}
    assert company.command("reconcile", "--period", "2026-11").code == 0


def test_a_second_run_finds_nothing_to_do(company) -> None:
    first, second = company.run().json, company.run().json
    assert first["attributed_days"] == ["2026-11-10", "2026-11-11"]
    assert (second["attributed_days"], [source["rows"] for source in second["sources"]]) == ([], [0, 0])


def test_a_restated_day_is_attributed_alone(company) -> None:
    company.run()
    company.bill("november", "10,30,team=Srch", "10,9,cluster=prod", "11,6,team=ads", "11,2,owner=unknown")
    report = company.run().json
    assert report["sources"][0]["changed_days"] == report["attributed_days"] == ["2026-11-11"]
    assert company.costs() == {"search": "33", "ads": "12", "unattributed": "2"}


def test_changed_usage_moves_the_day_that_leans_on_it(company) -> None:
    company.run()
    company.usage("10,08,search,2", "10,09,ads,1")
    assert company.run().json["attributed_days"] == ["2026-11-10"]
    assert company.costs() == {"search": "36", "ads": "8", "unattributed": "2"}


def test_a_changed_rule_derives_every_day_again_from_the_stored_charges(company) -> None:
    company.run()
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config + "  - {name: rest, owner: ads}\n")
    report = company.run().json
    assert (report["attributed_days"], report["sources"][0]["rows"]) == (["2026-11-10", "2026-11-11"], 0)
    assert company.costs() == {"search": "33", "ads": "13"}


def test_a_changed_budget_derives_nothing_again(company) -> None:
    company.run()
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config.replace("ads: {}", "ads: {budget: 10}"))
    report = company.run().json
    assert report["attributed_days"] == []


def test_a_day_that_vanished_from_within_the_bill_is_emptied(company) -> None:
    company.bill("november", "09,1,team=ads", "10,30,team=search", "11,5,team=ads")
    company.run()
    company.bill("november", "09,1,team=ads", "11,5,team=ads")
    assert company.run().json["attributed_days"] == ["2026-11-10", "2026-11-11"], "the 11th moved up a row"
    assert company.costs() == {"ads": "6"}
    assert company.command("reconcile", "--period", "2026-11").code == 0


def test_a_file_that_was_taken_away_takes_no_charge_back(company) -> None:
    company.bill("october", "01,7,team=ads")
    company.run()
    (company.folder / "bills" / "october.csv").unlink()
    company.run()
    assert company.costs()["ads"] == "18"


def test_a_broken_file_harms_nothing_that_is_stored_and_stops_no_other_source(company) -> None:
    company.run()
    broken = (company.folder / "bills" / "november.csv").read_text().replace("30,30,30,USD", "30,thirty,30,USD")
    company.write("bills/november.csv", broken)
    company.usage("10,08,search,2", "10,09,ads,1")
    answer = company.run()
    failure = answer.json["failures"][0]
    assert answer.code == 1
    assert (failure["source"], failure["permanent"]) == ("aws", True)
    assert "november.csv, row 1, EffectiveCost = 'thirty'" in failure["problems"][0]
    assert answer.json["attributed_days"] == ["2026-11-10"], "the usage came in"
    assert company.costs() == {"search": "36", "ads": "8", "unattributed": "2"}


def test_a_mended_file_comes_in_and_the_failure_is_forgotten(company) -> None:
    good = (company.folder / "bills" / "november.csv").read_text()
    company.write("bills/november.csv", good.replace("2026-11-11T", "2026-13-11T"))
    assert company.run().code == 1
    assert company.costs() == {}
    company.write("bills/november.csv", good)
    assert company.run().code == 0
    assert company.costs() == {"search": "33", "ads": "11", "unattributed": "2"}


@pytest.mark.parametrize(
    "amount", ["0.000000000001", "-0.000000000001", "1000000000", "1E+9", "3.5E-7", "-999999999.999999999999", "0"]
)
def test_an_amount_survives_from_the_file_to_the_report(company, amount: str) -> None:
    from decimal import Decimal

    company.bill("november", f"10,{amount},team=ads")
    company.run()
    assert Decimal(company.costs().get("ads", "0")) == Decimal(amount)
    report = company.command("reconcile", "--period", "2026-11", "--format", "json").json
    assert (report["difference"], Decimal(report["sources"][0]["charges"])) == ("0", Decimal(amount))
