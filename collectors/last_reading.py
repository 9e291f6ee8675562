"""What every collector that reads to the end keeps of it."""

from collectors.base import Reading


class LastReading:
    """Keeps the reading of the last `collect`, which sets it where it came to its end and takes it away before."""

    _reading: Reading | None = None

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered; raise RuntimeError where there was none."""
        if self._reading is None:
            raise RuntimeError("nothing was collected to the end yet")
        return self._reading
