from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attributor.config.values import parse_boolean, parse_decimal, parse_duration, parse_integer, parse_url


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), (" 2 h ", 7200), ("1d", 86_400), ("2w", 1_209_600)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-1h", "1.5h", "1y", "1h30m"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_survives_to_the_last_digit(number: Decimal) -> None:
    assert parse_decimal(str(number)) == number


@pytest.mark.parametrize("text", ["NaN", "inf", "12,5", "1 000", ""])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        parse_decimal(text)


def test_whole_numbers_and_booleans_are_read_as_people_write_them() -> None:
    assert (parse_integer("-12"), parse_boolean("Yes"), parse_boolean("off")) == (-12, True, False)
    with pytest.raises(ValueError, match="whole"):
        parse_integer("1.0")
    with pytest.raises(ValueError, match="true nor false"):
        parse_boolean("maybe")


def test_an_address_that_is_wrong_is_not_repeated_because_it_may_be_secret() -> None:
    with pytest.raises(ValueError, match="not a URL") as caught:
        parse_url("hooks.example/T0/secret")
    assert "secret" not in str(caught.value)
