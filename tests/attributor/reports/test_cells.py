"""What a spreadsheet gets: text that it might run is made text, and numbers stay numbers."""

import pytest

from attributor.reports.cells import neutral


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "@x", "+1-1", "-1+1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff20x", "-", "+1", "--1", "-1.2.3", "-²"],
)
def test_what_begins_like_a_formula_is_text(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [" =1+1", "  @x", "\ufeff=1", "\u200b \u200b=1", "\u3000\uff1d1", " -1", "\x0b=1", "\xa0+1"],
)
def test_a_formula_behind_what_has_no_ink_is_text_too(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["-1", "-0.000000000001", "12", "", "team", "a=b", " team", "\ufeffteam", " ", None, -3, 7]
)
def test_everything_else_stays_as_it_is(cell: object) -> None:
    assert neutral(cell) == cell
