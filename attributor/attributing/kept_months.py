"""What rules were given of whole months, kept for the next question, for it takes longer than the day itself."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from attributor.attributing.days import WholeMonth

_MOST = 6


class KeptMonths:
    """The months that were asked about last, each as it was published by one set of rules and versions."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: OrderedDict[Hashable, WholeMonth] = OrderedDict()

    def of(self, published: Hashable, read: Callable[[], WholeMonth]) -> WholeMonth:
        """Return what is kept of a month that was published so; read it where nothing is.

        Two who ask at once may both read it: they read the same.
        """
        with self._lock:
            found = self._found.get(published)
        if found is None:
            found = read()
        with self._lock:
            self._found[published] = found
            self._found.move_to_end(published)
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        return found
