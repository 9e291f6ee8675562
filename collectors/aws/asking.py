"""What asking AWS through boto3 takes."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from collectors.http import told_time


@dataclass
class Asking:
    """What a reading asked so far: requests, and what AWS charges for them in dollars."""

    requests: int = 0
    cost: Decimal = Decimal(0)
    told: datetime | None = None
    """When AWS answered last, by its own clock."""

    def count(self, price: Decimal) -> None:
        """Count one request."""
        self.requests += 1
        self.cost += price

    def hear(self, answer: Mapping[str, Any]) -> None:
        """Take the time from an answer, as boto3 gives it."""
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.told = told_time(headers.get("date", "")) or self.told

    def now(self) -> datetime:
        """Return the time by AWS' clock; where that has not said it, nothing is held back."""
        return self.told or datetime.max.replace(tzinfo=UTC)


def opened_asking() -> AbstractContextManager[Asking]:
    """Begin to count; boto3 opens and closes its connections itself."""
    return nullcontext(Asking())
