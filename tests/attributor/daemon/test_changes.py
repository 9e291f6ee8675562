"""What changes while the daemon runs: rules, a table of owners, a bill; and what an earlier leader left half done."""

import pytest
from sqlalchemy import delete

from attributor.ledger.engine import open_engine
from attributor.ledger.tables import publications, rollup

pytestmark = pytest.mark.slow
COSTS = {"search": "33", "ads": "11", "unattributed": "2"}
HOURLY = "every: 1h"
"""So seldom that only what is under test can be the cause."""


def changed(company, old: str, new: str) -> None:
    """Change the configuration, as an editor does: write beside it, then put it in its place."""
    text = (company.folder / "attributor.yaml").read_text()
    assert old in text
    company.write("attributor.yaml.new", text.replace(old, new))
    (company.folder / "attributor.yaml.new").replace(company.folder / "attributor.yaml")


def test_a_changed_rule_holds_without_a_restart_and_without_reading_a_source_again(company, start, waiting) -> None:
    changed(company, "every: 1s", HOURLY)
    start(company.folder)
    waiting(lambda: company.costs() == COSTS, "the bill is attributed")
    changed(company, "rules:\n", "rules:\n  - {name: known, match: {tags.owner: unknown}, owner: ads}\n")
    waiting(lambda: company.costs() == {"search": "33", "ads": "13"}, "the rule is taken up")


def test_a_broken_rule_changes_nothing_and_is_logged_once_until_it_is_mended(company, start, waiting) -> None:
    daemon = start(company.folder)
    waiting(lambda: company.costs() == COSTS, "the bill is attributed")
    changed(company, "owner: {team: tags.team}", "ownr: {team: tags.team}")
    waiting(lambda: "not reloaded" in daemon.said, "the mistake is logged")
    company.bill("november", "10,31,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
    waiting(lambda: company.costs() == COSTS | {"search": "34"}, "the old rules go on")
    told = [line for line in daemon.said.splitlines() if "not reloaded" in line]
    assert len(told) == len(set(told)), "a mistake is not told every time it is looked at"
    assert "attributor.yaml:11" in told[0]
    assert "ownr" in told[0]
    changed(company, "ownr: {team: tags.team}", "owner: ads")
    waiting(lambda: company.costs() == {"search": "3", "ads": "42", "unattributed": "2"}, "the mended rule holds")
    assert daemon.end() == 0


def test_a_changed_table_of_owners_is_taken_up_and_a_missing_one_as_soon_as_it_is_there(
    company, start, waiting
) -> None:
    changed(company, "every: 1s", HOURLY)
    daemon = start(company.folder)
    waiting(lambda: company.costs() == COSTS, "the bill is attributed")
    mapping = "  - {name: listed, match: {tags.owner: present}, owner: {mapping: {file: o.csv, column: tags.owner}}}\n"
    changed(company, "rules:\n", f"rules:\n{mapping}")
    waiting(lambda: "cannot read o.csv" in daemon.said, "the missing table is logged")
    company.write("o.csv", "value,team\nunknown,ads\n")
    waiting(lambda: company.costs() == {"search": "33", "ads": "13"}, "the table is there")
    company.write("o.csv", "value,team\nunknown,search\n")
    waiting(lambda: company.costs() == {"search": "35", "ads": "11"}, "the table changed")


def test_a_bill_that_changes_is_read_again_after_its_time_and_not_before(company, start, waiting) -> None:
    changed(company, 'usage/*.csv", every: 1s', f'usage/*.csv", {HOURLY}')
    start(company.folder)
    waiting(lambda: company.costs() == COSTS, "the bill is attributed")
    company.usage("10,08,search,2", "10,09,ads,1")
    company.bill("november", "10,40,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
    waiting(lambda: company.costs() == COSTS | {"search": "43"}, "the bill is read again, the usage is not")


def test_what_an_earlier_leader_collected_and_did_not_attribute_is_not_left_until_a_source_is_due(
    company, start, waiting
) -> None:
    changed(company, "every: 1s", HOURLY)
    first = start(company.folder)
    waiting(lambda: company.costs() == COSTS, "the bill is attributed")
    first.process.kill()
    first.process.wait(30)
    forget_what_was_published(f"sqlite:///{company.folder}/ledger.db")
    assert company.costs() == {}
    start(company.folder)
    waiting(lambda: company.costs() == COSTS, "the new leader attributes what was collected")


def forget_what_was_published(ledger: str) -> None:
    engine = open_engine(ledger)
    with engine.begin() as connection:
        for table in (publications, rollup):
            connection.execute(delete(table))
    engine.dispose()
