"""Statements sent once a month is closed, and drafts before where they are wanted: each once, until it is taken."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType

from sqlalchemy import Engine

from attributor.config.statement_settings import DeliverySettings, Place
from attributor.jobs.places.base import DeliveryError, SendableFile, Shipment
from attributor.jobs.places.email import send_by_email
from attributor.jobs.places.folder import send_to_folder
from attributor.jobs.places.s3 import send_to_s3
from attributor.ledger.engine import reading
from attributor.ledger.statement_deliveries import (
    DRAFT,
    Parcel,
    ParcelFailure,
    TrackedParcel,
    claim_parcel,
    due_parcels,
    is_planned,
    mark_sent,
    mark_superseded,
    plan_parcels,
    retry_parcel,
)
from attributor.ledger.statements import closed_months
from attributor.periods import Month, month_of
from attributor.reports.finality import Finality
from attributor.reports.owner_statement import NoStatementError, Owner, OwnerKind, OwnerStatement, owner_statement
from attributor.reports.owners import UnknownTeamError
from attributor.reports.statement_list import owner_lines
from rules.ruleset import Team

logger = logging.getLogger(__name__)
RECENT = timedelta(days=31)
"""Closings that are older are not sent any more: whoever turns delivery on does not get the years before."""
_CLAIM = timedelta(minutes=10)
_FIRST, _LONGEST, _REFUSED = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SENDERS: Mapping[Place, Callable[[DeliverySettings, Shipment], str | None]] = MappingProxyType(
    {"folder": send_to_folder, "s3": send_to_s3, "email": send_by_email}
)


class CannotRenderError(Exception):
    """A statement cannot be written in a form here; the message says the fix."""


@dataclass(frozen=True)
class Post:
    """What is sent where. `render` makes a statement's file of a form, and raises CannotRenderError."""

    engine: Engine
    teams: Mapping[str, Team]
    deliver: Sequence[DeliverySettings]
    render: Callable[[OwnerStatement, str], SendableFile]
    clock: Callable[[], datetime]


def deliver_statements(post: Post) -> int:
    """Note what became due and send what waits; return how many statements were sent. Failures are tried again."""
    by_name = {each.name: each for each in post.deliver}
    for each in by_name.values():
        _plan(post, each)
    sent = 0
    for tracked in due_parcels(post.engine, post.clock()):
        settings = by_name.get(tracked.parcel.destination)
        now = post.clock()
        if settings is not None and claim_parcel(post.engine, tracked.parcel, now, now + _CLAIM):
            sent += _sent(post, settings, tracked)
    return sent


def _plan(post: Post, settings: DeliverySettings) -> None:
    for month, revision in _months(post, settings):
        if not is_planned(post.engine, settings.name, month, revision):
            parcels = [
                Parcel(settings.name, month, revision, owner.kind, owner.id) for owner in _owners(post, settings, month)
            ]
            plan_parcels(post.engine, parcels, post.clock())


def _months(post: Post, settings: DeliverySettings) -> Iterator[tuple[Month, int]]:
    now, closed = post.clock(), closed_months(post.engine)
    for month, statement in closed.items():
        if now - statement.closed_at < RECENT:
            yield month, statement.revision
    before = month_of(now.date()).plus(-1)
    if settings.draft_on is not None and now.day >= settings.draft_on and before not in closed:
        yield before, DRAFT


def _owners(post: Post, settings: DeliverySettings, month: Month) -> list[Owner]:
    globs = {"team": settings.teams, "cost_center": settings.cost_centers}
    with reading(post.engine) as connection:
        lines = [
            *(owner_lines(connection, month, "team", post.teams) if settings.teams else ()),
            *(owner_lines(connection, month, "cost_center", {}) if settings.cost_centers else ()),
        ]
    return [line.owner for line in lines if any(fnmatchcase(line.owner.id, glob) for glob in globs[line.owner.kind])]


def _sent(post: Post, settings: DeliverySettings, tracked: TrackedParcel) -> bool:
    parcel = tracked.parcel
    try:
        report = _report(post, parcel)
        if not _is_still_meant(parcel, report.finality):
            mark_superseded(post.engine, parcel)
            return False
        refused = _SENDERS[settings.to](settings, _shipment(post, settings, report, parcel))
    except (CannotRenderError, UnknownTeamError, NoStatementError) as error:
        _try_again(post, tracked, str(error), permanent=True)
        return False
    except DeliveryError as error:
        _try_again(post, tracked, str(error), permanent=error.permanent)
        return False
    mark_sent(post.engine, parcel, post.clock(), refused)
    if refused:
        logger.warning("statement of %s %s: %s", parcel.owner, parcel.month, refused)
    return True


def _report(post: Post, parcel: Parcel) -> OwnerStatement:
    kind: OwnerKind = "team" if parcel.owner_kind == "team" else "cost_center"
    return owner_statement(post.engine, post.teams, Owner(kind, parcel.owner), parcel.month, post.clock())


def _is_still_meant(parcel: Parcel, finality: Finality) -> bool:
    if parcel.revision == DRAFT:
        return finality.revision is None
    return finality.is_final and finality.revision == parcel.revision


def _shipment(post: Post, settings: DeliverySettings, report: OwnerStatement, parcel: Parcel) -> Shipment:
    draft = "" if report.finality.is_final else "Draft: "
    title = f"{draft}statement of {report.month}: {report.name}"
    totals = [f"{part.total.effective:,.2f} {part.currency} effective cost" for part in report.parts]
    state = (
        f"Final, closed {report.finality.closed_at:%Y-%m-%d %H:%M} UTC, revision {report.finality.revision}."
        if report.finality.closed_at is not None
        else "Not final: the month is not closed, and every number can change."
    )
    text = "\n".join([f"{report.name}, {report.month}", *(totals or ["nothing was charged"]), state, report.digest, ""])
    files = tuple(post.render(report, form) for form in settings.formats)
    return Shipment(report.month, title, text, repr(parcel), report.finality.closed_at or post.clock(), files)


def _try_again(post: Post, tracked: TrackedParcel, error: str, *, permanent: bool) -> None:
    """What was refused is tried once a day, as the fix is made elsewhere; anything else soon, and then ever later."""
    wait = _REFUSED if permanent else min(_FIRST * 2 ** min(tracked.attempts, 10), _LONGEST)
    parcel, now = tracked.parcel, post.clock()
    logger.warning("statement of %s %s to %s: %s", parcel.owner, parcel.month, parcel.destination, error)
    retry_parcel(post.engine, parcel, now + wait, ParcelFailure(error, permanent, now))
