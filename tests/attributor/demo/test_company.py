"""The demo as a whole: the same plan gives the same bytes, at any size, and harms nothing."""

import hashlib
import time
from datetime import UTC, datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from attributor.app.configuration import read_settings
from attributor.config.environment import substitution
from attributor.demo.company import write_company
from attributor.demo.later import apply_later
from attributor.demo.plan import DemoPlan
from rules.located import read_yaml


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_plan_gives_the_same_bytes_and_another_seed_others(write_demo):
    first, second, other = write_demo(), write_demo(), write_demo(seed=8)
    assert digests(first.folder) == digests(second.folder)
    assert digests(first.folder)["usage/tokens-2026-11.csv"] != digests(other.folder)["usage/tokens-2026-11.csv"]


def test_the_defaults_take_a_few_seconds_at_most(write_demo):
    started = time.perf_counter()
    write_demo(days=45, charges=20_000)
    assert time.perf_counter() - started < 10


@pytest.mark.slow
def test_a_million_charges_are_written_within_a_minute(write_demo):
    started = time.perf_counter()
    demo = write_demo(days=45, charges=1_000_000)
    assert time.perf_counter() - started < 60
    assert sum(demo.report.charges.values()) == 1_000_000


@pytest.mark.slow
@settings(max_examples=6, deadline=None, phases=[Phase.generate])
@given(
    now=st.integers(1_704_000_000, 1_890_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
    days=st.integers(10, 20),
    charges=st.integers(1, 12_000),
    seed=st.integers(0, 2**32),
)
def test_any_plan_gives_a_company_with_at_least_the_charges_asked_for(tmp_path_factory, now, days, charges, seed):
    folder = tmp_path_factory.mktemp("any")
    report = write_company(folder, DemoPlan(now, days, charges, seed))
    written = sum(report.charges.values())
    assert written == charges or charges < written < 150 * days
    assert len(report.incidents) == 7


def test_progress_is_told_from_the_first_step_to_the_last(tmp_path):
    told = []
    write_company(tmp_path, DemoPlan(datetime(2026, 11, 21, tzinfo=UTC), 10, 1), lambda *step: told.append(step))
    names, done, steps = zip(*told, strict=True)
    assert "bill of aws" in names
    assert done[-1] == steps[-1] == len(told) - 2


def test_a_second_demo_in_the_same_folder_leaves_nothing_of_the_first(tmp_path):
    write_company(tmp_path, DemoPlan(datetime(2026, 9, 21, tzinfo=UTC), 10, 1))
    write_company(tmp_path, DemoPlan(datetime(2026, 11, 21, tzinfo=UTC), 10, 1))
    assert not [name for name in digests(tmp_path) if "2026-09" in name]


def test_a_folder_with_bills_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "real.csv").write_text("mine")
    with pytest.raises(FileExistsError, match="bills"):
        write_company(tmp_path, DemoPlan(datetime(2026, 11, 21, tzinfo=UTC), 10, 1))
    assert (tmp_path / "bills" / "real.csv").read_text() == "mine"


def test_what_came_later_cannot_be_applied_where_there_is_no_demo(tmp_path):
    with pytest.raises(FileNotFoundError, match="write a demo first"):
        apply_later(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"now": datetime(2026, 11, 21, tzinfo=UTC).replace(tzinfo=None)}, "aware"),
        ({"days": 9}, "at least 10 days"),
        ({"charges": 0}, "charges"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_makes_no_company_is_refused_with_the_number(changes, message):
    with pytest.raises(ValueError, match=message):
        DemoPlan(**({"now": datetime(2026, 11, 21, tzinfo=UTC)} | changes))


def test_the_settings_have_no_problem_at_all(demo):
    loaded = read_settings(demo.folder / "attributor.yaml", {})
    assert [str(problem) for problem in loaded.problems] == []


def test_the_settings_are_yaml_that_names_the_schema_and_a_budget_for_every_team(demo):
    text = (demo.folder / "attributor.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./attributor.schema.json\n")
    root, problems = read_yaml(text, "attributor.yaml", substitution({}))
    assert problems == []
    document = root.plain()
    assert set(document) == {
        "company",
        "store",
        "web",
        "sources",
        "teams",
        "rules",
        "dimensions",
        "required_tags",
        "prices",
        "alerts",
    }
    assert len(document["teams"]) == 8
    assert all(int(team["budget"]) > 0 for team in document["teams"].values())
