"""When alerts are told: quiet hours, digests and maintenance, by the clocks of a time zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.calendar import EVERY_DAY, WEEKDAYS, QuietHours, Rounds
from alerts.policy import Match, Silence
from attributor.config.keys import MAINTENANCE, QUIET_HOURS, ROUNDS
from attributor.config.options import unknown_keys
from rules.located import Located
from rules.problem import Problem

MATCH_KEYS = ("team", "severity", "kind")
"""What a `match` of alerts may name."""
T = TypeVar("T")


def read_zone(node: Located | None) -> tuple[tzinfo, list[Problem]]:
    """Return the time zone, UTC where none is named."""
    problems: list[Problem] = []
    return parsed({"time_zone": node} if node else {}, "time_zone", _zone, problems) or UTC, problems


def read_quiet_hours(node: Located | None, zone: tzinfo) -> tuple[dict[str, QuietHours], list[Problem]]:
    """Return the quiet hours by name."""
    if node is None or node.is_empty:
        return {}, []
    if node.entries is None:
        return {}, [node.problem("`quiet_hours` must be a map", 'write `nights: {from: "22:00", until: "07:00"}`')]
    found: dict[str, QuietHours] = {}
    problems: list[Problem] = []
    for name, entry in node.entries.items():
        entries = _entries(entry, QUIET_HOURS, f"`{name}`", problems)
        found[name] = QuietHours(
            name,
            parsed(entries, "from", _clock, problems) or time(0),
            parsed(entries, "until", _clock, problems) or time(0),
            _days(entries, problems),
            parsed(entries, "time_zone", _zone, problems) or zone,
        )
    return found, problems


def read_rounds(
    node: Located, zone: tzinfo, problems: list[Problem], known: Mapping[str, str] = ROUNDS
) -> Rounds | None:
    """Return a moment that comes again, as of a digest; `known` are all keys that may stand beside it."""
    entries = _entries(node, known, "this", problems)
    at = parsed(entries, "at", _clock, problems)
    if at is None:
        if "at" not in entries:
            problems.append(node.problem("`at` is missing", 'write `{at: "09:00"}`'))
        return None
    return Rounds(at, _days(entries, problems), parsed(entries, "time_zone", _zone, problems) or zone)


def read_maintenance(node: Located | None, zone: tzinfo) -> tuple[tuple[Silence, ...], list[Problem]]:
    """Return planned maintenance as silences."""
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        form = "write `- {from: 2026-12-01T20:00, until: 2026-12-02T06:00, reason: …}`"
        return (), [node.problem("`maintenance` must be a list", form)]
    problems: list[Problem] = []
    found = [_maintenance(item, zone, problems) for item in node.items]
    return tuple(silence for silence in found if silence is not None), problems


def _maintenance(item: Located, zone: tzinfo, problems: list[Problem]) -> Silence | None:
    entries = _entries(item, MAINTENANCE, "an entry of `maintenance`", problems)
    start = parsed(entries, "from", lambda text: _moment(text, zone), problems)
    end = parsed(entries, "until", lambda text: _moment(text, zone), problems)
    match = read_match(entries.get("match"), problems)
    problems += [
        item.problem(f"`{key}` is missing", "write `from`, `until` and `reason`")
        for key in ("from", "until", "reason")
        if key not in entries
    ]
    if start is None or end is None or "reason" not in entries:
        return None
    if start >= end:
        problems.append(item.problem("`until` is not later than `from`", "a span ends after it begins"))
    return Silence(start, end, entries["reason"].text or "", match, texts(entries.get("keys")))


def read_match(node: Located | None, problems: list[Problem]) -> Match:
    """Return which alerts are meant; all where nothing is said."""
    if node is None or node.is_empty:
        return Match()
    if node.entries is None:
        problems.append(node.problem("`match` must be a map", "write `match: {team: search}`"))
        return Match()
    problems += unknown_keys(node, MATCH_KEYS)
    return Match(**{key: texts(value) for key, value in node.entries.items() if key in MATCH_KEYS})


def parsed(entries: Mapping[str, Located], key: str, parse: Callable[[str], T], problems: list[Problem]) -> T | None:
    """Return the value of a key, None where it is absent or, with a problem, malformed."""
    given = entries.get(key)
    if given is None:
        return None
    try:
        return parse(given.text or "")
    except ValueError as error:
        problems.append(given.problem(f"`{key}`: {error}"))
        return None


def texts(node: Located | None) -> tuple[str, ...]:
    """Return a text or a list of texts as a tuple."""
    if node is None:
        return ()
    if node.text is not None:
        return (node.text,)
    return tuple(item.text or "" for item in node.items or ())


def _entries(node: Located, known: Mapping[str, str], what: str, problems: list[Problem]) -> Mapping[str, Located]:
    if node.entries is None:
        problems.append(node.problem(f"{what} must be a map", f"its keys are {', '.join(known)}"))
        return {}
    problems += unknown_keys(node, list(known))
    return node.entries


def _days(entries: Mapping[str, Located], problems: list[Problem]) -> frozenset[int]:
    given = entries.get("days")
    if given is None:
        return EVERY_DAY
    names = texts(given)
    wrong = [name for name in names if name not in WEEKDAYS]
    if wrong or not names:
        problems.append(given.problem(f"`days`: {', '.join(wrong) or 'nothing'} is no weekday", ", ".join(WEEKDAYS)))
    return frozenset(WEEKDAYS.index(name) for name in names if name in WEEKDAYS)


def _clock(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no date to be aware on
    except ValueError:
        raise ValueError(f"{text!r} is not a time of day; write it as 22:00") from None


def _zone(text: str) -> tzinfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is not a time zone; write it as Europe/Berlin") from None


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a moment; write it as 2026-12-01T20:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
