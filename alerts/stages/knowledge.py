"""What one channel believes about one group, beside what is so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import AlertState
from alerts.calendar import Rounds
from alerts.ports import Sent
from alerts.stages.batch import Batch, Target, is_active
from alerts.stages.silence import is_acknowledged
from alerts.told import Told, rank_of, unpack

_HANDLED = frozenset({"acknowledged", "snoozed"})


@dataclass(frozen=True)
class Knowledge:
    """What one channel believes about one group, and what is so. Keys are digests; `shown` are active and not muted.

    `told` is what it was told of and still may believe; `resolved` and `handled` are what it does not know yet.
    """

    target: Target
    before: Sent | None
    told: Mapping[str, Told]
    shown: Mapping[str, AlertState]
    active: Mapping[str, AlertState]
    resolved: Mapping[str, AlertState]
    handled: Mapping[str, AlertState]
    repeat: timedelta
    group_wait: timedelta
    digest: Rounds | None
    reasons: tuple[str, ...]
    note: str

    @property
    def fingerprint(self) -> str:
        """What the channel believes, as it is stored; "" where it was never told."""
        return "" if self.before is None else self.before.fingerprint

    def last(self, now: datetime) -> datetime:
        """Return when the channel was told last; `now` where it never was."""
        return now if self.before is None else self.before.at

    def is_news(self, digest: str) -> bool:
        """Say whether the channel does not know that this alert fires, or fires so badly, or fires again."""
        told, state = self.told.get(digest), self.shown[digest]
        return told is None or rank_of(state.alert) > told.rank or (told.answered and state.status == "firing")


def knowledge_of(target: Target, everything: Mapping[str, AlertState], batch: Batch) -> Knowledge:
    """Gather it; `everything` holds all states by digest."""
    before = batch.sent.get(target)
    told = {} if before is None else unpack(before.fingerprint)
    told = {digest: each for digest, each in told.items() if digest in everything}
    keys = batch.groups.get(target, ())
    active = {digest: everything[digest] for digest in _digests(keys, batch)}
    routes = [batch.routes[key] for key in keys]
    muted = [batch.muted[key] for key in keys if key in batch.muted]
    notes = [batch.escalated[key][target[1]] for key in keys if target[1] in batch.escalated.get(key, {})]
    return Knowledge(
        target=target,
        before=before,
        told=told,
        shown={digest: state for digest, state in active.items() if _is_shown(state, told.get(digest), batch)},
        active=active,
        resolved={digest: everything[digest] for digest in told if _ended(everything[digest], batch)},
        handled={digest: everything[digest] for digest, each in told.items() if _taken_up(everything[digest], each)},
        repeat=min((route.repeat for route in routes), default=timedelta(0)),
        group_wait=min((route.group_wait for route in routes), default=timedelta(0)),
        digest=next((route.digest for route in routes if route.digest), None),
        reasons=tuple(dict.fromkeys(muted)),
        note=notes[0] if notes else "",
    )


def _digests(keys: tuple[str, ...], batch: Batch) -> list[str]:
    return [batch.digests[key] for key in keys]


def _is_shown(state: AlertState, told: Told | None, batch: Batch) -> bool:
    """Say whether the alert may be told; one that got worse since it was acknowledged may."""
    reason = batch.muted.get(state.alert.key)
    worse = told is not None and rank_of(state.alert) > told.rank
    return reason is None or (is_acknowledged(reason) and worse)


def _ended(state: AlertState, batch: Batch) -> bool:
    return not is_active(state) and state.alert.key not in batch.muted


def _taken_up(state: AlertState, told: Told) -> bool:
    return state.status in _HANDLED and not told.answered
