"""A month that a day leans on is read once for all that is asked about it, and anew once anything of it changed."""

from threading import Thread

from attributor.attributing.days import WholeMonth
from attributor.attributing.kept_months import KeptMonths


def test_a_month_that_is_kept_is_not_read_again():
    kept, read = KeptMonths(), []

    def once() -> WholeMonth:
        read.append(1)
        return WholeMonth()

    assert kept.of(("2026-11", 1), once) is kept.of(("2026-11", 1), once)
    assert len(read) == 1


def test_a_month_of_other_versions_is_another_one():
    kept = KeptMonths()
    assert kept.of(("2026-11", 1), WholeMonth) is not kept.of(("2026-11", 2), WholeMonth)


def test_the_month_that_nobody_asked_for_longest_goes_first():
    kept = KeptMonths()
    first = kept.of(0, WholeMonth)
    for number in range(1, 6):
        kept.of(number, WholeMonth)
    assert kept.of(0, WholeMonth) is first
    kept.of(6, WholeMonth)
    assert kept.of(0, WholeMonth) is first
    again = []
    kept.of(1, lambda: again.append(1) or WholeMonth())
    assert again


def test_a_question_does_not_wait_for_another_months_reading():
    kept, found = KeptMonths(), []

    def slowly() -> WholeMonth:
        other = Thread(target=lambda: found.append(kept.of("other", WholeMonth)))
        other.start()
        other.join(5)
        return WholeMonth()

    kept.of("slow", slowly)
    assert found
