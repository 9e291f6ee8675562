"""What asking AWS through boto3 takes."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal


@dataclass
class Asking:
    """What a reading asked so far: requests, and what AWS charges for them in dollars."""

    requests: int = 0
    cost: Decimal = Decimal(0)

    def count(self, price: Decimal) -> None:
        """Count one request."""
        self.requests += 1
        self.cost += price


def opened_asking() -> AbstractContextManager[Asking]:
    """Begin to count; boto3 opens and closes its connections itself."""
    return nullcontext(Asking())
