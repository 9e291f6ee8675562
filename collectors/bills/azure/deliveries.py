"""Which files of Azure's exports count: of each scope and month those of the newest run that is complete."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.base import CollectError, Window
from collectors.bills.azure.loose import exports_root, loose_files
from collectors.bills.azure.manifests import SUFFIX, Run, is_manifest, read_run
from collectors.bills.azure.spans import each_month, is_covered, overlaps
from collectors.bills.under_way import refuse_unfinished
from collectors.files.collector import Chosen, FileSource, listed
from collectors.place import Place


@dataclass(frozen=True)
class Wanted:
    """Which exports a type reads: the export types of manifests, in small letters, and the names of other files."""

    datasets: frozenset[str]
    is_named: Callable[[str], bool] = lambda _name: True


@dataclass(frozen=True)
class Deliveries:
    """The files that count, by scope the spans that they tell wholly, and the runs that have manifests."""

    places: tuple[Place, ...]
    told: Mapping[str, tuple[Window, ...]]
    runs: tuple[Run, ...] = ()

    @property
    def whole(self) -> tuple[Window, ...]:
        """The months that every scope tells."""
        months = [{month for span in spans for month in each_month(span)} for spans in self.told.values()]
        return tuple(sorted(set.intersection(*months))) if months else ()


def newest_deliveries(source: FileSource, wanted: Wanted, now: datetime) -> Deliveries:
    """Choose the files of a source.

    Where an export has manifests, they name the files, wherever they lie, and what else lies there is left over.
    Without manifests the newest run of each month counts, and files outside Azure's layout all count. Raises
    CollectError: not permanent where a run is under way, permanent where two runs overlap that neither replaces the
    other, or nothing tells which is the newest.
    """
    places = listed(source, (*source.layout.suffixes, SUFFIX))
    runs = [read_run(place, source.access) for place in places if is_manifest(place)]
    data = [place for place in places if not is_manifest(place)]
    counted = _newest([run for run in runs if run.dataset in wanted.datasets])
    found = [place for run in counted for place in _named(run, data, source, now)]
    told_of = {_home(run.place) for run in runs}
    rest = [place for place in data if _home(place) not in told_of and wanted.is_named(place.name)]
    loose = loose_files(rest)
    if runs and not counted and not loose.places:
        others = ", ".join(sorted({run.dataset or "no type" for run in runs}))
        these = " or ".join(sorted(wanted.datasets))
        raise CollectError(f"{source.name}: there is no export of type {these}, but of {others}", permanent=True)
    told: dict[str, tuple[Window, ...]] = defaultdict(tuple)
    for run in counted:
        told[run.scope] += (run.span,)
    for scope, spans in loose.told.items():
        told[scope] += spans
    chosen = {place.name: place for place in (*found, *loose.places)}
    return Deliveries(tuple(chosen[name] for name in sorted(chosen)), told, tuple(counted))


def _home(place: Place) -> tuple[bool, str]:
    """Return where a manifest has its word: over an export's folder, and outside Azure's layout over its own folder."""
    root = exports_root(place.name)
    return (False, place.name.rpartition("/")[0]) if root is None else (True, root)


def newest_runs(wanted: Wanted, clock: Callable[[], datetime]) -> Callable[[FileSource], Chosen]:
    """Return what chooses the files of a source, as `newest_deliveries` does."""

    def choose(source: FileSource) -> Chosen:
        found = newest_deliveries(source, wanted, clock())
        return Chosen(found.places, found.whole)

    return choose


def _newest(runs: Iterable[Run]) -> list[Run]:
    """Keep the runs that no newer run of their scope replaces; one of whole months replaces one of some of its days.

    A monthly and a daily export of one scope tell the same charges: the scope counts, not the export.
    """
    kept: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: (bool(each_month(run.span)), run.submitted, run.place.name), reverse=True):
        taken = [other.span for other in kept[run.scope]]
        if not overlaps(run.span, taken):
            kept[run.scope].append(run)
        elif not is_covered(run.span, taken):
            other = next(one for one in kept[run.scope] if overlaps(run.span, [one.span]))
            message = f"{run.place.name} and {other.place.name} tell some of the same days, and neither tells all of"
            raise CollectError(f"{message} the other's; delete one, or let path: name the other", permanent=True)
    return [run for runs_of_scope in kept.values() for run in runs_of_scope]


def _named(run: Run, data: Iterable[Place], source: FileSource, now: datetime) -> list[Place]:
    """Find the files that a manifest names: beside it, as Azure writes them, or where their whole path says."""
    known = {place.name: place for place in data}
    folder = run.place.name.rpartition("/")[0]
    found: list[Place] = []
    for blob in run.blobs:
        if not blob.name.lower().endswith(source.layout.suffixes):
            forms = ", ".join(source.layout.suffixes)
            raise CollectError(f"{run.place.name} names {blob.name}, not read here; there are {forms}", permanent=True)
        beside = f"{folder}/{blob.name.rpartition('/')[2]}".lstrip("/")
        place = known.get(beside) or next((one for one in known.values() if one.name.endswith(f"/{blob.name}")), None)
        if place is None:
            raise CollectError(f"{run.place.name} names {blob.name}, which is not there", permanent=False)
        if blob.size is not None and place.size < blob.size and place.name.lower().endswith(".csv"):
            message = f"{place.name} has {place.size} of the {blob.size} bytes that its manifest tells"
            raise CollectError(f"{message}: a copy is under way, or was broken off", permanent=False)
        found.append(place)
    refuse_unfinished(run.place, found, now)
    return [place for place in found if place.size]
