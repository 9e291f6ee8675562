"""Installed collector types: a broken outside one is told, and spoils no other."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from collectors.base import ENTRY_POINT_GROUP
from collectors.registry import installed_types, read_types


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, ENTRY_POINT_GROUP)


def test_ours_are_there() -> None:
    types = installed_types()
    assert {"focus", "usage", "prometheus"} <= set(types.loaded)
    assert not types.broken


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module_at_all:TYPE", "cannot be loaded: ModuleNotFoundError"),
        ("collectors.bills.focus:NOTHING", "cannot be loaded: AttributeError"),
        ("broken_plugin:TYPE", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("collectors.schema:CHARGES", "is a Schema, not a CollectorType"),
        ("collectors.usage.files:TYPE", "calls itself 'usage'"),
    ],
)
def test_a_broken_type_is_told_and_the_others_are_loaded(value, message, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "broken_plugin.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    types = read_types([point("theirs", value), point("focus", "collectors.bills.focus:TYPE")])
    assert set(types.loaded) == {"focus"}
    assert message in types.broken["theirs"]


def test_a_type_is_loaded_when_it_is_asked_for_and_no_other(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "expensive_plugin.py").write_text("raise AssertionError('nobody asked')\n")
    monkeypatch.syspath_prepend(tmp_path)
    types = read_types([point("dear", "expensive_plugin:TYPE"), point("focus", "collectors.bills.focus:TYPE")])
    assert types.loaded["focus"].name == "focus"
    assert "focus" not in types.broken
    assert types.loaded.get("dear") is None
    assert types.broken["dear"].endswith("AssertionError: nobody asked")


def test_a_name_that_two_packages_claim_is_told() -> None:
    one = point("focus", "collectors.bills.focus:TYPE")
    types = read_types([one, one])
    assert types.loaded == {}
    assert "both provide a collector type 'focus'" in types.broken["focus"]


def test_a_name_of_ours_that_another_package_claims_stays_ours() -> None:
    ours = next(each for each in entry_points(group=ENTRY_POINT_GROUP) if each.name == "focus")
    types = read_types([point("focus", "no_such_module_at_all:TYPE"), ours])
    assert types.loaded["focus"].name == "focus"
    assert "focus" not in types.broken
