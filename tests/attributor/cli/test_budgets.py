"""`attributor budgets`: what holds, and what the rules file does not say yet."""

from decimal import Decimal

from attributor.app.clock import utc_now
from attributor.app.reading import open_ledger
from attributor.ledger.budget_edits import BudgetEdit, record_edit


def test_changed_budgets_are_listed_beside_the_files_and_written_as_yaml(ran):
    file = ran.folder / "attributor.yaml"
    file.write_text(file.read_text() + "\nweb: {edit_budgets: finance}\n")
    before = {each["team"]: each for each in ran.command("budgets", "--format", "json").json["budgets"]}
    in_file = before["search"]["in_file"]
    with open_ledger(file) as ledger:
        said = None if in_file is None else Decimal(in_file)
        record_edit(ledger.engine, BudgetEdit("search", Decimal(777), said, "more users", "ana", utc_now()), 0)
    after = {each["team"]: each for each in ran.command("budgets", "--format", "json").json["budgets"]}
    assert (after["search"]["monthly"], after["search"]["state"]) == ("777", "edited")
    assert {name: each for name, each in after.items() if name != "search"} == {
        name: each for name, each in before.items() if name != "search"
    }
    assert "more users" in ran.command("budgets").out
    assert "budget: " in ran.command("budgets", "--format", "yaml").out
    assert ran.command("budgets", "--format", "csv").out.startswith("team,monthly,in file,state,by,at,reason\n")
