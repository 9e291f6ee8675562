"""Everything that tells of budgets takes those that hold: the file's, until one is changed, until the file changes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from attributor.app.assistant import _books, _Stores
from attributor.app.budgeting import HeldTeams, rules_in_use
from attributor.app.pages import build_metrics
from attributor.app.reading import budgets_in, open_ledger
from attributor.app.reload import reloaded
from attributor.app.wiring import lake_of, open_app, open_duckdb, works
from attributor.jobs.leadership import Leadership
from attributor.ledger.budget_edits import BudgetEdit, record_edit
from attributor.ledger.owner_filter import OwnerFilter

CONFIG = """
web: {edit_budgets: EDITORS}
sources:
  push: {type: push}
teams:
  search: {budget: BUDGET}
  ads: {}
rules: []
"""


@pytest.fixture
def write(tmp_path):
    file = tmp_path / "attributor.yaml"

    def write(editors, budget="42000"):
        file.write_text(CONFIG.replace("EDITORS", editors).replace("BUDGET", budget))
        return file

    return write


def test_every_consumer_takes_the_changed_budget_and_then_the_files_again(write):
    file = write("true")
    with open_app(file) as app:
        edit = BudgetEdit("search", Decimal(45000), Decimal(42000), "more users", "ana", app.clock())
        record_edit(app.engine, edit, 0)
        assert budgets_everywhere(app, file) == {Decimal(45000)}
        assert rules_in_use(app.engine, app.settings).digest == app.settings.ruleset.digest
        write("true", "50000")
        assert budgets_everywhere(reloaded(app), file) == {Decimal(50000)}


def test_the_same_teams_stay_the_same_objects_until_the_file_or_a_change_is_another(write):
    file = write("true")
    with open_app(file) as app:
        held, settings = HeldTeams(app.engine), app.settings
        assert held.of(settings)["search"] is settings.ruleset.teams[0]
        edit = BudgetEdit("search", Decimal(45000), Decimal(42000), "more users", "ana", app.clock())
        record_edit(app.engine, edit, 0)
        first = held.of(settings)
        assert first["search"].budget.monthly == 45000
        assert all(one is another for one, another in zip(first.values(), held.of(settings).values(), strict=True))
        record_edit(app.engine, replace(edit, monthly=Decimal(46000)), 1)
        assert held.of(settings)["search"].budget.monthly == 46000


def test_where_budgets_may_not_be_changed_the_file_alone_says_them(write):
    file = write("false")
    with open_app(file) as app:
        record_edit(app.engine, BudgetEdit("search", Decimal(1), Decimal(42000), "x", "ana", app.clock()), 0)
        assert budgets_everywhere(app, file) == {Decimal(42000)}


def test_what_a_variable_allows_is_allowed_and_what_it_says_is_the_budget_everywhere(write, monkeypatch):
    monkeypatch.setenv("WHO_MAY", "finance")
    monkeypatch.setenv("MONTHLY", "42000")
    file = write("'${WHO_MAY}'", "'${MONTHLY}'")
    with open_app(file) as app:
        assert budgets_everywhere(app, file) == {Decimal(42000)}
        record_edit(app.engine, BudgetEdit("search", Decimal(45000), Decimal(42000), "x", "ana", app.clock()), 0)
        assert budgets_everywhere(app, file) == {Decimal(45000)}
        _, edits = budgets_in(file, app.engine)
        assert edits.keys() == {"search"}


def budgets_everywhere(app, file):
    """Return search's budget as the daemon's cycle, metrics, commands and assistants have it."""
    with open_duckdb() as connection:
        lease = Leadership(app.engine, app.holder, app.clock).ensure()
        found = [{team.id: team for team in works(app, lease, connection).ruleset.teams}]
    build_metrics(app, lambda: app.settings)
    with open_ledger(file) as ledger:
        found.append(ledger.teams)
    stores = _Stores(file, app.engine, lake_of(app.settings.store, file), OwnerFilter(app.engine))
    with _books(stores, app.clock, "") as books:
        found.append(books.teams())
    return {teams["search"].budget.monthly for teams in found}
