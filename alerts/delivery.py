"""Empty the outbox: claim, send, and record after the channel accepted.

A crash between accepting and recording repeats that one message after the claim's end. A channel that asked for rest
or cannot be reached rests as a whole, and no message overtakes an earlier one of its group.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from alerts.channels.base import Accepted, Answer, Channel, Postponed, Refused
from alerts.ports import AlertLog, Delivery

Clock = Callable[[], datetime]
Result = Literal["sent", "postponed", "failed"]


@dataclass(frozen=True)
class Patience:
    """How long to try. Waits double from `first` to `longest`; a message older than `give_up_after` is given up.

    `claim` must be longer than a channel can take to answer.
    """

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)
    give_up_after: timedelta = timedelta(days=3)
    claim: timedelta = timedelta(minutes=2)


@dataclass(frozen=True)
class Attempt:
    """One message that was tried, and what became of it; `error` never holds an address or a secret."""

    message_id: str
    channel: str
    result: Result
    error: str = ""


@dataclass(frozen=True)
class DeliveryReport:
    """What a pass over the outbox did: every message that was tried, in order."""

    attempts: tuple[Attempt, ...]

    def having(self, result: Result) -> tuple[Attempt, ...]:
        """Return the attempts with one result."""
        return tuple(attempt for attempt in self.attempts if attempt.result == result)


def deliver(
    log: AlertLog, channels: Mapping[str, Channel], clock: Clock, patience: Patience | None = None, limit: int = 100
) -> DeliveryReport:
    """Try each due message once and return what became of each; `channels` is by name, `clock` gives aware UTC."""
    limits = patience or Patience()
    now = clock()
    resting = _resting(log.failures(), now)
    attempts: list[Attempt] = []
    for delivery in _in_order(log.due(now, limit)):
        message = delivery.message
        rest = resting.get(message.channel)
        if not log.claim(message.id, clock(), rest or clock() + limits.claim) or rest is not None:
            continue
        answer = _send(delivery, channels.get(message.channel))
        attempt, again = _record(delivery, answer, log, clock(), limits)
        attempts.append(attempt)
        if again is not None:
            resting[message.channel] = again
    return DeliveryReport(tuple(attempts))


def _resting(failures: Sequence[Delivery], now: datetime) -> dict[str, datetime]:
    """Return until when channels rest: to the first retry of what they did not take."""
    resting: dict[str, datetime] = {}
    for delivery in failures:
        if delivery.state == "pending" and delivery.due_at > now:
            channel = delivery.message.channel
            resting[channel] = min(delivery.due_at, resting.get(channel, delivery.due_at))
    return resting


def _in_order(due: Sequence[Delivery]) -> list[Delivery]:
    """Sort so that groups keep their order, and one message that a channel cannot take does not starve the others."""
    oldest: dict[tuple[str, str], Delivery] = {}
    by_age = sorted(due, key=lambda delivery: delivery.message.created_at)
    for delivery in by_age:
        oldest.setdefault(_target(delivery), delivery)
    return sorted(by_age, key=lambda delivery: oldest[_target(delivery)].attempts)


def _target(delivery: Delivery) -> tuple[str, str]:
    return delivery.message.group, delivery.message.channel


def _send(delivery: Delivery, channel: Channel | None) -> Answer:
    if channel is None:
        return Refused(f"no channel named {delivery.message.channel} is configured")
    return channel.send(delivery.message)


def _record(
    delivery: Delivery, answer: Answer, log: AlertLog, now: datetime, patience: Patience
) -> tuple[Attempt, datetime | None]:
    """Record the answer; return the attempt and, where it is tried again, when."""
    message = delivery.message
    if isinstance(answer, Accepted):
        log.mark_sent(message.id, now)
        return Attempt(message.id, message.channel, "sent"), None
    if isinstance(answer, Postponed) and now - message.created_at < patience.give_up_after:
        again = now + (_backoff(delivery.attempts, patience) if answer.retry_after is None else answer.retry_after)
        log.retry_at(message.id, again, answer.error)
        return Attempt(message.id, message.channel, "postponed", answer.error), again
    tries = delivery.attempts + 1
    error = answer.error if isinstance(answer, Refused) else f"given up after {tries} attempts: {answer.error}"
    log.mark_failed(message.id, error)
    return Attempt(message.id, message.channel, "failed", error), None


def _backoff(attempts: int, patience: Patience) -> timedelta:
    """Return the wait after so many earlier attempts; no jitter, because one daemon sends at a time."""
    return min(patience.first * (1 << min(attempts, 16)), patience.longest)
