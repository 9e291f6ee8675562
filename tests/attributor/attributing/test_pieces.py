"""Days may be computed in pieces by anybody: what the ledger then says is the same."""

import pickle
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from attributor.app.wiring import open_app, open_duckdb, works
from attributor.attributing import pieces
from attributor.attributing.attribute import DayWork
from attributor.attributing.beside import work_beside
from attributor.attributing.spread import Cluster, shared_out, spread_month
from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.ingest.progress import Silent
from attributor.jobs.attribution import attribute_outdated
from attributor.jobs.cycle import Works, collect
from attributor.ledger.dump import canonical_dump
from attributor.ledger.lease import acquire

NOW = datetime(2026, 11, 5, 9, tzinfo=UTC)


class Elsewhere(Executor):
    """Whoever does the work sees no more of it than what was pickled, and answers pickled."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.before = before
        self.pieces: list[pieces.Piece] = []

    def submit(self, work, /, piece):
        answer: Future[object] = Future()
        self.pieces.append(piece)
        try:
            self.before()
            work, piece = pickle.loads(pickle.dumps((work, piece)))
            answer.set_result(pickle.loads(pickle.dumps(work(piece))))
        except (OSError, pieces.OtherProgramError) as error:
            answer.set_exception(pickle.loads(pickle.dumps(error)))
        return answer


@contextmanager
def at_work(folder: Path) -> Iterator[Works]:
    with open_app(folder / "attributor.yaml", lambda: NOW) as app, open_duckdb() as connection:
        lease = acquire(app.engine, "leader", "test:1:1", NOW, timedelta(minutes=1))
        assert lease is not None
        yield works(app, lease, connection)


def by(found: Works, work: DayWork) -> Works:
    return replace(found, day_work=lambda: nullcontext(work))


def spread(found: Works, executor: Executor) -> Works:
    return by(found, partial(spread_month, Cluster(executor, 2, lambda: None)))


def dump(found: Works) -> str:
    return canonical_dump(found.engine).replace(found.lake.uri.removesuffix("/data/lake"), "")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose days, of two months, are read but not attributed; some of its rules lean on a whole month."""
    folder = tmp_path_factory.mktemp("company") / "collected"
    write_company(folder, DemoPlan(days=10, charges=300, seed=3, now=NOW))
    config = folder / "attributor.yaml"
    by_day, by_month = "pool: training, rest: platform}", "pool: training, rest: platform, per: month}"
    assert by_day in config.read_text()
    config.write_text(config.read_text().replace(by_day, by_month))
    with open_app(folder / "attributor.yaml", lambda: NOW) as app, open_duckdb() as connection:
        lease = acquire(app.engine, "leader", "test:1:1", NOW, timedelta(minutes=1))
        assert lease is not None
        assert collect(works(app, lease, connection), app.collectors, lambda _: Silent()).failures == ()
    return folder


@pytest.fixture
def copy(collected: Path, tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: Path(shutil.copytree(collected, tmp_path / name))


def stored(folder: Path) -> dict[str, bytes]:
    """The files of allocations by their partition: each has one."""
    root = folder / "data" / "lake" / "allocations"
    return {str(path.parent.relative_to(root)): path.read_bytes() for path in root.glob("x_Source=*/*/*.parquet")}


@pytest.mark.slow
def test_ledger_and_files_are_the_same_whoever_computes_the_days_and_how_many_at_once(copy) -> None:
    executor = Elsewhere()
    works = {
        "alone": partial(work_beside, 1),
        "beside": partial(work_beside, 4),
        "elsewhere": partial(spread_month, Cluster(executor, 2, lambda: None)),
    }
    dumps, files = [], []
    for name, work in works.items():
        with at_work(copy(name)) as found:
            days = attribute_outdated(by(found, work), Silent()).days
            dumps.append(dump(found))
            files.append(stored(Path(found.lake.uri).parents[1]))
    assert dumps[0] == dumps[1] == dumps[2]
    assert files[0] == files[1] == files[2]
    assert len(files[0]) > len(days) >= 10
    assert {len(piece.days) for piece in executor.pieces} == {1, 2}
    known = [(piece.whole.pools is not None, piece.whole.costs is not None) for piece in executor.pieces[:12]]
    in_order = [(False, False)] * 4 + [(True, False)] * 4 + [(True, True)] * 4
    assert known == in_order, "a month's pools come first, then its costs"


@pytest.mark.slow
def test_a_piece_that_fails_leaves_what_was_published_and_is_done_the_next_time(copy) -> None:
    folder, count = copy("failing"), 0

    def fail_late() -> None:
        nonlocal count
        count += 1
        if count > 10:
            raise ConnectionError("the store does not answer")

    with at_work(folder) as found:
        with pytest.raises(ConnectionError, match="does not answer"):
            attribute_outdated(spread(found, Elsewhere(fail_late)), Silent())
        first = dump(found)
        again = attribute_outdated(spread(found, Elsewhere()), Silent()).days
        after = dump(found)
    with at_work(copy("undisturbed")) as found:
        attribute_outdated(found, Silent())
        assert dump(found) == after
    told = 'publications {{"day": "{}"'.format
    published = {day for day in again if told(day) in first}
    assert 'publications {"day": ' in first
    assert published == set()


@pytest.mark.slow
def test_a_worker_of_another_version_does_nothing(copy, monkeypatch: pytest.MonkeyPatch) -> None:
    with at_work(copy("old")) as found:
        before = dump(found)
        other = partial(monkeypatch.setattr, pieces, "version", lambda _: "0.0.1")
        with pytest.raises(pieces.OtherProgramError, match=r"runs attributor 0\.0\.1, not"):
            attribute_outdated(spread(found, Elsewhere(other)), Silent())
        assert dump(found) == before


@pytest.mark.parametrize(
    ("days", "slots", "lengths"),
    [(31, 2, [7, 8, 8, 8]), (31, 1, [7, 8, 8, 8]), (10, 2, [2, 2, 3, 3]), (3, 2, [1, 1, 1])],
)
def test_days_are_shared_out_in_their_order(days: int, slots: int, lengths: list[int]) -> None:
    all_days = [date(2026, 10, 1) + timedelta(days=number) for number in range(days)]
    found = shared_out(all_days, slots)
    assert [day for piece in found for day in piece] == all_days
    assert sorted(len(piece) for piece in found) == lengths


def test_no_days_are_no_pieces() -> None:
    assert shared_out([], 2) == []
