import os
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.push.digests import DIGEST_BYTES, DigestTable, DigestWindow, as_keys, digest

DAY = 86_400


def test_a_digest_is_sixteen_bytes_of_the_id_alone() -> None:
    assert len(digest("call-1")) == DIGEST_BYTES
    assert digest("call-1") == digest("call-1") != digest("call-2")


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=1, unique=True), max_size=12))
def test_a_table_knows_exactly_what_was_added_however_many_share_a_slot(batches: list[list[int]]) -> None:
    table, expected = DigestTable(0), set[int]()
    for batch in batches:
        # All of these begin their search at the same slot.
        digests = [b"\x07" * 8 + number.to_bytes(8, "little") for number in (2 * each for each in batch)]
        known = table.contains(as_keys(b"".join(digests)))
        assert [bool(each) for each in known] == [number in expected for number in batch]
        new = [each for each, number in zip(digests, batch, strict=True) if number not in expected]
        table.add(as_keys(b"".join(new)))
        expected |= set(batch)
    assert table.count == len(expected)


def test_a_table_that_grows_forgets_nothing() -> None:
    table = DigestTable(0)
    batches = [os.urandom(DIGEST_BYTES * 1000) for _ in range(20)]
    for batch in batches:
        table.add(as_keys(batch))
    assert all(table.contains(as_keys(batch)).all() for batch in batches)
    assert not table.contains(as_keys(os.urandom(DIGEST_BYTES * 1000))).any()


def test_an_id_is_known_for_the_whole_window_and_not_for_ever() -> None:
    window = DigestWindow(timedelta(hours=48), 1000)
    arrived = 10 * DAY + 80_000
    window.add(digest("first"), arrived)
    window.add(digest("later"), arrived + 48 * 3600)
    assert window.known(b"".join(map(digest, ["first", "later", "other"]))) == [True, True, False]
    window.add(digest("much later"), arrived + 72 * 3600)
    assert window.known(b"".join(map(digest, ["first", "later", "much later"]))) == [False, True, True]
    assert not window.shortened


def test_beyond_the_most_ids_the_oldest_day_goes_first_and_the_window_says_so() -> None:
    window = DigestWindow(timedelta(hours=48), 3)
    for day, names in enumerate((["a", "b"], ["c"], ["d"])):
        window.add(b"".join(digest(name) for name in names), day * DAY)
    assert window.known(b"".join(map(digest, "abcd"))) == [False, False, True, True]
    assert window.shortened
