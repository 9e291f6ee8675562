"""Files of exports without manifests, by their folders: [NAME/]20261101-20261130/[NAME/][TIME/][RUN/]FILE."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collectors.base import CollectError, Window
from collectors.bills.azure.spans import range_of
from collectors.place import Place

_TIME = re.compile(r"20[0-9]{10}(?:[0-9]{2})?")
_PART = re.compile(r"part_?[0-9]", re.IGNORECASE)


@dataclass(frozen=True)
class _Spot:
    root: str
    span: Window
    run: str


@dataclass(frozen=True)
class Loose:
    """The files that count, and by folder of an export the spans that they tell."""

    places: tuple[Place, ...]
    told: Mapping[str, tuple[Window, ...]]


def exports_root(name: str) -> str | None:
    """Return the folder above a file's folder of days; None where it lies in none."""
    spot = _spot_of(name)
    return None if spot is None else spot.root


def loose_files(places: Iterable[Place]) -> Loose:
    """Choose the newest run of each export's month, and every file that lies outside this layout.

    Raises a permanent CollectError where there are several runs and nothing tells which is the newest.
    """
    found: list[Place] = []
    runs: dict[tuple[str, Window], dict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        spot = _spot_of(place.name)
        if spot is None:
            found.append(place)
        else:
            runs[spot.root, spot.span][spot.run].append(place)
    told: dict[str, tuple[Window, ...]] = defaultdict(tuple)
    for (root, span), by_run in runs.items():
        found += [place for place in _newest(root, span, by_run) if place.size]
        told[root] += (span,)
    return Loose(tuple(found), told)


def _newest(root: str, span: Window, runs: Mapping[str, list[Place]]) -> list[Place]:
    if len(runs) == 1:
        return next(iter(runs.values()))
    times = {run: _TIME.search(run) for run in runs}
    if all(times.values()):
        return runs[max(runs, key=lambda run: (time[0] if (time := times[run]) else "", run))]
    written = {
        run: max((place.modified for place in files if place.modified), default=None) for run, files in runs.items()
    }
    dated = {run: moment for run, moment in written.items() if moment is not None}
    if len(dated) < len(runs):
        where = f"{root or '.'}, {span.start:%Y-%m}"
        message = f"{where}: there are {len(runs)} runs and no manifest that tells which one counts"
        raise CollectError(f"{message}; copy the manifest.json files too, or let path: name one run", permanent=True)
    return runs[max(dated, key=lambda run: (dated[run], run))]


def _spot_of(name: str) -> _Spot | None:
    """Tell where a file lies; one that is no part (part_0_0001.csv) and lies beside others is a run of its own."""
    folders = name.split("/")
    file = folders.pop()
    for index in range(len(folders) - 1, -1, -1):
        span = range_of(folders[index])
        if span is not None:
            below = folders[index + 1 :]
            run = "/".join(below if _PART.match(file) or file.lower() == "manifest.json" else [*below, file])
            return _Spot("/".join(folders[:index]), span, run)
    return None
