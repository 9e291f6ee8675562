"""Looking, between readings, at sources that show the present alone."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from collectors.base import CollectError, Collector, Sampling

logger = logging.getLogger(__name__)


@dataclass
class Sampler:
    """Lets every source look that wants to; what stands in the way is told once, and when it is over."""

    _failing: dict[str, str] = field(default_factory=dict)

    def look(self, collectors: Mapping[str, Collector]) -> None:
        """Let them look, each in a thread of its own, and wait for all of them."""
        sampling = {name: found for name, found in collectors.items() if isinstance(found, Sampling)}
        if not sampling:
            return
        with ThreadPoolExecutor(len(sampling)) as pool:
            failures = dict(zip(sampling, pool.map(_failure, sampling.values()), strict=True))
        for name, failure in failures.items():
            self._tell(name, failure)

    def _tell(self, name: str, failure: str | None) -> None:
        before = self._failing.pop(name, None)
        if failure is None:
            if before is not None:
                logger.info("source %s: is seen again", name)
            return
        self._failing[name] = failure
        if failure != before:
            logger.warning("source %s: %s", name, failure)


def _failure(collector: Sampling) -> str | None:
    try:
        collector.sample()
    except CollectError as error:
        return str(error)
    return None
