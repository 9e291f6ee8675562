"""Recorded input in, golden table out. Record anew with ATTRIBUTOR_REGENERATE=1, then read the difference."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.bills.focus import TYPE as FOCUS
from collectors.usage.files import TYPE as USAGE

GOLDEN = Path(__file__).parent / "golden"
TYPES = {kind.name: kind for kind in (FOCUS, USAGE)}


@pytest.mark.parametrize("name", sorted(path.parent.name for path in GOLDEN.glob("*/source.json")))
def test_a_recorded_input_gives_its_golden_table(name: str, collecting, golden: Callable) -> None:
    options = json.loads((GOLDEN / name / "source.json").read_text(encoding="utf-8"))
    kind = TYPES[options.pop("type")]
    collected = type(collecting)(GOLDEN / name).read(kind, **options)
    golden(GOLDEN / name / "table.json", collected)
