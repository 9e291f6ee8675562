"""Which files of Oracle's reports count: cost reports, each once.

Oracle lays out a bucket a tenancy: reports/cost-csv/0001000000603499-00001.csv.gz, beside them usage reports under
reports/usage-csv/ and, under "FOCUS Reports/", the same costs once more.
"""

import re
from collections.abc import Iterable

from collectors.base import CollectError
from collectors.files.collector import Chosen, FileSource, every_file
from collectors.place import Place

_OTHERS = frozenset({"usage-csv", "FOCUS Reports"})
_REPORT = re.compile(r"([0-9]{10,}(?:-[0-9]{5})?)\.csv(?:\.gz)?")


def cost_reports(source: FileSource) -> Chosen:
    """Return the cost reports of all paths; raise CollectError where listing fails, or a report lies there twice."""
    places = [place for place in every_file(source).places if not _OTHERS & set(place.name.split("/"))]
    _refuse_doubled(source.name, places)
    return Chosen(tuple(places))


def _refuse_doubled(source: str, places: Iterable[Place]) -> None:
    """Refuse a report that lies in two places: a copied one, or an unpacked one beside the packed."""
    seen: dict[str, str] = {}
    for place in places:
        report = _REPORT.fullmatch(place.name.rpartition("/")[2])
        if report is None:
            continue
        if report[1] in seen:
            message = f"{source}: {seen[report[1]]} and {place.name} are the same report; leave one of them"
            raise CollectError(message, permanent=True)
        seen[report[1]] = place.name
