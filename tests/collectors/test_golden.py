"""Recorded input in, golden table out. Record anew with ATTRIBUTOR_REGENERATE=1, then read the difference.

A folder golden/NAME is picked up by itself. `source.json` has the source's options, `type` among them, and may have
`now` and `window` (two instants). Files lie beside it. Where there is an `answers.json` (see recorded_api), a local
server gives those answers, `${API}` in the options stands for its address, and `environment` is set meanwhile.
"""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from recorded_api import PLACEHOLDER, Answer, cut, expired, throttled

from collectors.base import ENTRY_POINT_GROUP, CollectError, Window
from collectors.registry import read_types

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.parent.name for path in GOLDEN.glob("*/source.json"))
ANSWERED = sorted(path.parent.name for path in GOLDEN.glob("*/answers.json"))
CLOCKED = [name for name in ANSWERED if name != "gcp-catalog"]
"""Whose units of time end by the server's clock; a catalog has today's prices alone."""
RENEWED = {"gcp-monitoring", "vertex"}
"""Who gets a new token here; others have one that does not expire, or none, and need somebody's hand."""
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
NOT_RECORDED = {"push"}
"""Types whose input is no recording: pushed events have tests of their own."""


def registered() -> dict[str, str]:
    """The types that pyproject.toml registers: what is installed may be older than the tree."""
    points: dict[str, str] = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"][ENTRY_POINT_GROUP]
    return points


TYPES = read_types(EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in registered().items())


def golden_types() -> set[str]:
    return {json.loads((GOLDEN / name / "source.json").read_text(encoding="utf-8"))["type"] for name in NAMES}


def truncated(value: Any) -> bytes:
    return json.dumps(value).encode()[:-1]


def foreign(value: Any) -> bytes:
    """A document in Latin-1."""
    return json.dumps({**value, "remark": "größer"}, ensure_ascii=False).encode("latin-1")


@pytest.fixture
def settings_of(api, monkeypatch) -> Callable[[str], tuple[Any, dict[str, Any]]]:
    """Gives the type and the settings of a golden folder, and sets its environment."""

    def settings_of(name: str) -> tuple[Any, dict[str, Any]]:
        settings = json.loads((GOLDEN / name / "source.json").read_text(encoding="utf-8").replace(PLACEHOLDER, api.url))
        for variable, value in settings.pop("environment", {}).items():
            monkeypatch.setenv(variable, value)
        return TYPES.loaded[settings.pop("type")], settings

    return settings_of


@pytest.fixture
def read_golden(collecting, settings_of) -> Callable[[str], Any]:
    """Reads the recorded input of a golden folder."""

    def read(name: str) -> Any:
        kind, settings = settings_of(name)
        return type(collecting)(GOLDEN / name).read(kind, **moments(settings), **settings)

    return read


@pytest.fixture
def build_golden(collecting, settings_of) -> Callable[[str], tuple[Any, str]]:
    """Builds the collector of a golden folder, its clock at the end of what is recorded, and names its type."""

    def build(name: str) -> tuple[Any, str]:
        kind, settings = settings_of(name)
        found = moments(settings)
        now = found.get("now") or found["window"].end
        return type(collecting)(GOLDEN / name).build(kind, lambda: now, **settings), kind.name

    return build


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_input_gives_its_golden_table(name: str, read_golden, golden: Callable, api) -> None:
    if name in ANSWERED:
        api.load(GOLDEN / name)
    collected = read_golden(name)
    assert [(asked.method, asked.path, asked.query) for asked in api.unexpected] == []
    golden(GOLDEN / name / "table.json", collected, replacing=(api.url, PLACEHOLDER))


@pytest.mark.parametrize("name", ANSWERED)
def test_a_rate_limit_is_waited_out_and_new_fields_are_passed_over(
    name: str, read_golden, golden: Callable, api
) -> None:
    """Objects of lists get a field more; others may be maps, of which each key says something."""
    api.load(GOLDEN / name)
    api.change(with_more)
    api.misbehave(throttled(0))
    golden(GOLDEN / name / "table.json", read_golden(name), replacing=(api.url, PLACEHOLDER))
    assert len(api.requests) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERED)
def test_answers_that_break_off_once_and_fields_in_another_order_change_nothing(
    name: str, read_golden, golden: Callable, api
) -> None:
    api.load(GOLDEN / name)
    api.change(turned_round)
    api.misbehave(cut({"data": "x" * 100}))
    golden(GOLDEN / name / "table.json", read_golden(name), replacing=(api.url, PLACEHOLDER))
    assert len(api.requests) > 1


@pytest.mark.parametrize("spoiled", [truncated, foreign], ids=["truncated", "foreign"])
@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_that_is_truncated_or_in_another_encoding_is_refused_and_nothing_is_read(
    name: str, spoiled: Callable[[Any], bytes], read_golden, api
) -> None:
    api.load(GOLDEN / name)
    api.change(spoiled)
    with pytest.raises(CollectError) as refused:
        read_golden(name)
    assert refused.value.permanent
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize("name", ANSWERED)
def test_a_probe_names_what_its_page_says_that_it_takes_where_it_is_refused(name: str, build_golden, api) -> None:
    api.load(GOLDEN / name)
    collector, type_name = build_golden(name)
    api.misbehave(*[Answer({"error": {"code": 403, "message": "forbidden"}}, 403)] * 5)
    (lacks,) = [need for need in collector.probe() if need.problem is not None]
    assert "403" in str(lacks.problem)
    page = (PYPROJECT.parent / "docs" / "sources" / f"{type_name}.md").read_text(encoding="utf-8")
    said = page.partition("**Least permissions.**")[2].partition("\n\n")[0].lower()
    words = re.findall(r"[\w.]+", lacks.permission.lower())
    assert sum(word in said for word in words) > len(words) / 2, f"{lacks.permission} is not what the page says: {said}"


@pytest.mark.parametrize("name", CLOCKED)
def test_what_is_not_over_by_the_servers_clock_is_left_for_the_next_time(name: str, read_golden, api) -> None:
    api.load(GOLDEN / name)
    usual = read_golden(name)
    end = usual.reading.coverage[-1].end
    api._routes.clear()
    api.load(GOLDEN / name)
    api.tell_time(end - timedelta(minutes=1))
    behind = read_golden(name)
    covered = behind.reading.coverage[-1].end if behind.reading.coverage else usual.reading.coverage[0].start
    assert covered < end
    period = "hour" if "hour" in usual.table.column_names else "ChargePeriodStart"
    assert behind.rows == [row for row in usual.rows if row[period] < covered]
    assert len(behind.rows) < len(usual.rows)


@pytest.mark.parametrize("name", ANSWERED)
def test_a_token_that_expires_midway_is_renewed_where_it_can_be_and_nothing_is_read_where_not(
    name: str, read_golden, golden: Callable, api
) -> None:
    api.load(GOLDEN / name)
    read_golden(name)
    usual = [None] * (len(api.requests) - 1)
    for fault in (expired(), None):
        api._routes.clear()
        api.load(GOLDEN / name)
        api.misbehave(*usual, fault)
        if fault is None or name in RENEWED:
            golden(GOLDEN / name / "table.json", read_golden(name), replacing=(api.url, PLACEHOLDER))
        else:
            with pytest.raises(CollectError, match=r"answered 401|cannot be refreshed") as refused:
                read_golden(name)
            assert refused.value.permanent


def with_more(value: Any) -> Any:
    if isinstance(value, list):
        return [{"brand_new": {"a": [1]}, **with_more(one)} if is_record(one) else with_more(one) for one in value]
    return {key: with_more(one) for key, one in value.items()} if isinstance(value, dict) else value


def is_record(value: Any) -> bool:
    return isinstance(value, dict) and not all(isinstance(one, dict) for one in value.values())


def turned_round(value: Any) -> Any:
    if isinstance(value, list):
        return [turned_round(one) for one in value]
    return {key: turned_round(one) for key, one in reversed(value.items())} if isinstance(value, dict) else value


def moments(settings: dict[str, Any]) -> dict[str, Any]:
    """Take `now` and `window` out of the settings."""
    found: dict[str, Any] = {}
    if now := settings.pop("now", None):
        found["now"] = datetime.fromisoformat(now)
    if window := settings.pop("window", None):
        found["window"] = Window(*map(datetime.fromisoformat, window))
    return found


def test_every_registered_type_can_be_loaded_and_has_a_golden_folder() -> None:
    assert not TYPES.broken
    recorded = golden_types() | {name for name in TYPES.loaded if (GOLDEN / name / "table.json").exists()}
    assert set(TYPES.loaded) - recorded - NOT_RECORDED == set()
