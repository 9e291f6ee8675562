"""What no rule claims of a published month, gathered from the charges as they were published."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from attributor.attributing.replaying import Archive, Published
from attributor.lake.views import Pin, open_view
from rules.ruleset import RuleSet
from rules.suggesting.unclaimed import begin, gather

_CHARGES = "suggesting_charges"


def gather_days(archive: Archive, published: Published, ruleset: RuleSet, currency: str) -> Iterator[date]:
    """Gather the published days one after the other; yield each once it is done."""
    lake = replace(archive.lake, known={})
    begin(archive.connection)
    pins: dict[date, list[Pin]] = {}
    for (source, day), found in sorted(published.items()):
        if found.source.charges_version >= 0:
            pins.setdefault(day, []).append(Pin(source, day, found.source.charges_version))
    for day, of_day in sorted(pins.items()):
        open_view(lake, archive.connection, _CHARGES, "charges", of_day)
        gather(archive.connection, _CHARGES, ruleset, currency)
        yield day
