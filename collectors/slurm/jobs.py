"""Jobs in the words of `sacct --parsable2`: each allocation once, with the GPUs that it held and when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from collectors.api.rows import Row
from collectors.api.windows import HOUR, floored
from collectors.base import Window
from collectors.problems import Problems

COLUMNS = ("JobIDRaw", "User", "Account", "Partition", "QOS", "Start", "End", "AllocTRES")
_REQUIRED = ("Start", "End", "AllocTRES")
_FACTS = {"User": "user", "Account": "account", "Partition": "partition", "QOS": "qos"}
_NOT_YET = frozenset({"Unknown", "None", "", "N/A"})
_UNIT = 10**12


@dataclass(frozen=True)
class Job:
    """One allocation of GPUs: half-open, `end` None while it runs."""

    start: datetime
    end: datetime | None
    gpus: int
    facts: tuple[tuple[str, str], ...]


def read_jobs(text: str, place: str, problems: Problems) -> list[Job]:
    """Return the jobs that held GPUs; note every line that cannot be read.

    Steps of jobs are within their allocations, jobs that never began held nothing, and a line that comes twice counts
    once. Times are Unix seconds or ISO 8601; without an offset they are UTC.
    """
    lines = text.splitlines()
    if not lines or not text.endswith("\n"):
        problems.add(place, "ends in the middle of a line" if lines else "is empty; it has not even a header")
        return []
    header = lines[0].split("|")
    missing = [name for name in _REQUIRED if name not in header]
    if not {"JobID", "JobIDRaw"} & set(header):
        missing.append("JobIDRaw")
    if missing:
        problems.add(place, f"has no column {', '.join(missing)}; write --format={','.join(COLUMNS)}")
        return []
    found: dict[Job, None] = {}
    for number, line in enumerate(lines[1:], 1):
        values = line.split("|")
        if len(values) != len(header):
            problems.add(place, f"has {len(values)} values, and the header has {len(header)}", row=number)
            continue
        try:
            job = _job(dict(zip(header, values, strict=True)))
        except ValueError as error:
            problems.add(place, str(error), row=number)
            continue
        if job is not None:
            found[job] = None
    return list(found)


def by_hour(jobs: Sequence[Job], span: Window) -> dict[datetime, list[Job]]:
    """Return the jobs of each hour of a span of whole hours in which there were any."""
    found: dict[datetime, list[Job]] = {}
    for job in jobs:
        hour = max(span.start, floored(job.start, HOUR))
        while hour < min(span.end, job.end or span.end):
            found.setdefault(hour, []).append(job)
            hour += HOUR
    return found


def hour_rows(jobs: Sequence[Job], hour: datetime, pool: str) -> Iterator[Row]:
    """Yield what each job held in one hour; parts are rounded down at the twelfth decimal."""
    for job in jobs:
        held = min(job.end or hour + HOUR, hour + HOUR) - max(job.start, hour)
        if held > timedelta():
            quantity = Fraction(job.gpus * (held // timedelta(seconds=1)), 3600)
            yield {
                "hour": hour,
                "metric": "gpu.hours",
                "pool": pool,
                "quantity": Decimal(quantity * _UNIT // 1).scaleb(-12),
                **dict(job.facts),
            }


def _job(values: Mapping[str, str]) -> Job | None:
    name = values.get("JobIDRaw") or values.get("JobID", "")
    gpus, model = _gpus(values["AllocTRES"])
    if "." in name or not gpus or values["Start"] in _NOT_YET:
        return None
    start = _instant(values["Start"], "Start")
    end = None if values["End"] in _NOT_YET else _instant(values["End"], "End")
    if end is not None and end < start:
        raise ValueError(f"End = {values['End']!r}: is before Start, {values['Start']}")
    facts = {"job": name, **{ours: values.get(theirs, "") for theirs, ours in _FACTS.items()}, "gpu_model": model}
    return Job(start, end, gpus, tuple((key, text) for key, text in facts.items() if text))


def _gpus(tres: str) -> tuple[int, str]:
    """Return how many GPUs, and their type where it is one; typed entries are parts of `gres/gpu`, not more of them."""
    total, typed = None, dict[str, int]()
    for entry in tres.split(","):
        key, _, count = entry.partition("=")
        if key == "gres/gpu" or key.startswith("gres/gpu:"):
            if not count.isdecimal():
                raise ValueError(f"AllocTRES = {tres!r}: {entry} is no number of GPUs")
            if key == "gres/gpu":
                total = int(count)
            else:
                typed[key.removeprefix("gres/gpu:")] = int(count)
    return sum(typed.values()) if total is None else total, next(iter(typed)) if len(typed) == 1 else ""


def _instant(text: str, field: str) -> datetime:
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"{field} = {text!r}: is no time; write it as 2026-11-20T13:00:00Z or in Unix seconds"
        ) from error
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
