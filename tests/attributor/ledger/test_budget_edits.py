"""Changes of budgets are kept one after the other, on both databases; who had not seen the last one is told."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from attributor.ledger.budget_edits import BudgetEdit, EditedMeanwhileError, edits_of, last_edits, record_edit
from attributor.ledger.owner_filter import OwnerFilter

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
EDIT = BudgetEdit("search", Decimal("45000.5"), Decimal(42000), "more users", "ana", NOW)


def test_the_last_change_counts_and_all_of_them_stay(ledger_engine):
    first = record_edit(ledger_engine, EDIT, 0)
    second = record_edit(ledger_engine, replace(EDIT, monthly=None, reason="back"), 1)
    other = record_edit(ledger_engine, replace(EDIT, team="ads", in_file=None), 0)
    assert last_edits(ledger_engine) == {"search": second, "ads": other}
    assert edits_of(ledger_engine, "search") == (second, first)
    assert (first.revision, second.revision, first.monthly) == (1, 2, Decimal("45000.5"))
    assert edits_of(ledger_engine, "data") == ()


@pytest.mark.parametrize("seen", [0, 2])
def test_who_had_not_seen_the_last_change_changes_nothing(ledger_engine, seen):
    kept = record_edit(ledger_engine, EDIT, 0)
    with pytest.raises(EditedMeanwhileError):
        record_edit(ledger_engine, replace(EDIT, monthly=Decimal(1)), seen)
    assert edits_of(ledger_engine, "search") == (kept,)


def test_a_viewer_reads_those_of_their_own_teams(ledger_engine):
    record_edit(ledger_engine, EDIT, 0)
    with OwnerFilter(ledger_engine).seen_by(frozenset({"ads"})):
        assert last_edits(ledger_engine) == {}
