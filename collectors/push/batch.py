"""Events made ready for the log by the thread that brings them, while they are still warm in its cache."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from collectors.push.digests import digest
from collectors.push.fields import UsageEvent
from collectors.push.records import pack_events


@dataclass(frozen=True, slots=True)
class Batch:
    """Events with the digests of their ids, and all of them packed as a record holds them."""

    events: Sequence[UsageEvent]
    digests: Sequence[bytes]
    packed: bytes

    @classmethod
    def of(cls, events: Sequence[UsageEvent]) -> "Batch":
        """Make events ready."""
        return cls(events, [digest(event.id) for event in events], pack_events(events))

    def only(self, places: Sequence[int]) -> "Batch":
        """Return the events at these places alone."""
        events = [self.events[place] for place in places]
        return Batch(events, [self.digests[place] for place in places], pack_events(events))


def joined_digests(batches: Iterable[Batch]) -> bytes:
    """Return the digests of all batches, joined."""
    return b"".join(chain.from_iterable(batch.digests for batch in batches))


def new_of(batches: Sequence[Batch], known: Sequence[bool]) -> list[Batch]:
    """Return of each batch what is new: not known, as is told of all ids in turn, and not said before among them."""
    digests = list(chain.from_iterable(batch.digests for batch in batches))
    if not any(known) and len(set(digests)) == len(digests):
        return list(batches)
    found: set[bytes] = set()
    told = iter(known)
    return [batch.only(_new_places(batch.digests, told, found)) for batch in batches]


def _new_places(digests: Sequence[bytes], known: Iterator[bool], found: set[bytes]) -> list[int]:
    places = []
    for place, name in enumerate(digests):
        if not next(known) and name not in found:
            found.add(name)
            places.append(place)
    return places
