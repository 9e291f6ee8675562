"""The configuration while the program runs: taken up whole, or not at all."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from attributor.app.reload import reloaded
from attributor.app.wiring import App, open_app

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
web: {listen: 127.0.0.1:8081}
sources:
  aws: {type: focus, path: "bills/*.csv"}
teams: {search: {}, ads: {}}
rules:
  - {name: listed, owner: {mapping: {file: owners.csv, column: SubAccountId}}}
alerts: {channels: {here: {type: console}}}
"""


@pytest.fixture
def company(make_company):
    made = make_company(CONFIG)
    made.write("owners.csv", "value,team\n1,search\n")
    return made


@pytest.fixture
def app(company) -> Iterator[App]:
    with open_app(company.folder / "attributor.yaml") as opened:
        yield opened


def rewrite(company, old: str, new: str) -> None:
    company.write("attributor.yaml", (company.folder / "attributor.yaml").read_text().replace(old, new))


def test_what_did_not_change_is_not_read_again(app: App) -> None:
    assert reloaded(app) is app


def test_sources_rules_teams_and_channels_are_taken_up(app: App, company) -> None:
    rewrite(company, "aws: {type: focus", "gcp: {type: focus")
    rewrite(company, "ads: {}", "ads: {}, data: {budget: 7}")
    rewrite(company, "here: {type: console}", "there: {type: console}")
    after = reloaded(app)
    assert (list(after.collectors), list(after.channels)) == (["gcp"], ["there"])
    assert [team.id for team in after.settings.ruleset.teams] == ["search", "ads", "data"]
    assert reloaded(after) is after


def test_where_things_are_kept_and_where_it_listens_hold_until_the_next_start(app: App, company) -> None:
    rewrite(company, "./lake", "./elsewhere")
    rewrite(company, "8081", "8082")
    after = reloaded(app)
    assert after is not app
    assert (after.settings.store, after.settings.web) == (app.settings.store, app.settings.web)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("owner: {mapping", "ownr: {mapping", "`rule 1` has no key `ownr`"),
        ("teams: {search: {}", "teams: {search: [", "attributor.yaml:6"),
        ('path: "bills/*.csv"', 'path: "bills/*.csv", encoding: martian', "source `aws`"),
        ("type: console", "type: webhook, url: http://x/y, headers: {A: ü}", "channel `here`"),
    ],
)
def test_a_mistake_changes_nothing_and_is_told_once(app: App, company, caplog, old: str, new: str, said: str) -> None:
    rewrite(company, old, new)
    with caplog.at_level(logging.ERROR):
        first = reloaded(app)
        second = reloaded(first)
    told = [record.getMessage() for record in caplog.records]
    assert any(said in message for message in told), told
    assert len(told) == len(set(told))
    assert replace(second, refused=()) == replace(app, refused=())
    rewrite(company, new, old)
    mended = reloaded(second)
    assert (mended.refused, mended.settings) == ((), app.settings)


def test_a_table_of_owners_that_changes_is_read_again(app: App, company) -> None:
    company.write("owners.csv", "value,team\n1,search\n2,ads\n")
    after = reloaded(app)
    assert after.settings.ruleset.digest != app.settings.ruleset.digest
    assert reloaded(after) is after


def test_a_table_that_vanished_changes_nothing_until_it_is_back(app: App, company, caplog) -> None:
    (company.folder / "owners.csv").unlink()
    without = reloaded(app)
    assert without.settings is app.settings
    assert "cannot read owners.csv" in caplog.text
    company.write("owners.csv", "value,team\n1,ads\n")
    assert reloaded(without).settings.ruleset.digest != app.settings.ruleset.digest


def test_a_file_that_is_being_replaced_and_not_there_for_a_moment_changes_nothing(app: App, company) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    (company.folder / "attributor.yaml").unlink()
    missing = reloaded(app)
    assert missing.settings is app.settings
    company.write("attributor.yaml", text.replace("ads: {}", "ads: {budget: 3}"))
    assert reloaded(missing).settings.ruleset.teams[1].budget is not None
