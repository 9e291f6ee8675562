"""Which files of AWS' deliveries count: of each export and billing period those of the newest run that is complete."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from collectors.base import CollectError
from collectors.bills.aws.layout import Delivered, Spot, spot_of
from collectors.bills.aws.manifests import SUFFIX, is_manifest, named_files
from collectors.bills.under_way import refuse_unfinished
from collectors.files.collector import Chosen, FileSource, listed
from collectors.place import Place
from collectors.storage.access import Access

_Laid = list[tuple[Spot, Place]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def newest_deliveries(clock: Callable[[], datetime]) -> Callable[[FileSource], Chosen]:
    """Return what chooses the files of a source.

    Where an export has manifests, they name the files, and what else lies there is left over. Without manifests the
    newest run of each billing period counts, and files outside AWS' layout all count. Files of no bytes never do.
    Raises CollectError: not permanent where a run is under way, permanent where nothing tells which run is the newest.
    """

    def choose(source: FileSource) -> Chosen:
        places = listed(source, (*source.layout.suffixes, SUFFIX))
        manifests = _by_delivery(place for place in places if is_manifest(place))
        data = [place for place in places if not is_manifest(place)]
        laid = _by_delivery(data)
        told = {delivered.root for delivered in manifests}
        found = [place for place in data if spot_of(place.name) is None]
        for delivered, files in laid.items():
            if delivered.root not in told:
                found += _newest_run(delivered, files)
        for delivered, candidates in manifests.items():
            manifest = _newest_manifest(candidates, source.access)
            named = _named(manifest, laid.get(delivered, []), source)
            refuse_unfinished(manifest, named, clock())
            found += [place for place in named if place.size]
        roots = {delivered.root for delivered in (*laid, *manifests)}
        whole = sorted({delivered.period for delivered in (*laid, *manifests)}) if len(roots) == 1 else []
        return Chosen(tuple(sorted(found, key=lambda place: place.name)), tuple(whole))

    return choose


def _by_delivery(places: Iterable[Place]) -> Mapping[Delivered, _Laid]:
    found: dict[Delivered, _Laid] = defaultdict(list)
    for place in places:
        spot = spot_of(place.name)
        if spot is not None:
            found[spot.delivered].append((spot, place))
    return found


def _newest_run(delivered: Delivered, files: _Laid) -> list[Place]:
    runs = {spot.run: spot for spot, _ in files}
    if len(runs) > 1 and not all(spot.is_dated for spot in runs.values()):
        where = f"{delivered.root}, {delivered.period.start:%Y-%m}"
        message = f"{where}: there are {len(runs)} runs and no manifest that tells which one counts"
        raise CollectError(f"{message}; let path: be the export's folder, its manifests included", permanent=True)
    newest = max(runs)
    return [place for spot, place in files if spot.run == newest and place.size]


def _newest_manifest(candidates: _Laid, access: Access) -> Place:
    """Choose the manifest of the newest run: the one at the period's top, unless a later run has one of its own."""
    runs = sorted((spot.run, place) for spot, place in candidates if spot.run and spot.is_dated)
    tops = [place for spot, place in candidates if not spot.run]
    if not tops:
        return runs[-1][1] if runs else max((place for _, place in candidates), key=_age)
    top = max(tops, key=_age)
    if runs:
        told = max((run for run, _ in named_files(top, access)), default="")
        if told and told < runs[-1][0]:
            return runs[-1][1]
    return top


def _age(place: Place) -> tuple[datetime, str]:
    return place.modified or _EPOCH, place.name


def _named(manifest: Place, laid: _Laid, source: FileSource) -> list[Place]:
    known = {(spot.run, spot.file): place for spot, place in laid}
    found: list[Place] = []
    for run, file in named_files(manifest, source.access):
        if not file.lower().endswith(source.layout.suffixes):
            forms = ", ".join(source.layout.suffixes)
            raise CollectError(f"{manifest.name} names {file}, which is not read; there are {forms}", permanent=True)
        if (run, file) not in known:
            raise CollectError(f"{manifest.name} names {file}, which is not there", permanent=False)
        found.append(known[run, file])
    return found
