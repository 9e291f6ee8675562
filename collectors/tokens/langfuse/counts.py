"""Usage details of one observation in the normal form: every token in one metric, and all of them the total.

Langfuse's usage types are buckets that do not overlap: `input` leaves out what `input_cached_tokens` counts, and
`total` is their sum. Programs that send a provider's own counts, of which some hold others, break that; the total
tells.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Counts = dict[str, int]
"""Quantity by metric; only those that count something."""

OTHER = "tokens.other"
_TOTALS = ("total_tokens", "total_token_count", "total")
"""Where a provider's own is there, Langfuse made `total` of all that it got, that one among them."""

_BASES = {
    "input": ("input", "input_tokens", "prompt", "prompt_tokens", "prompt_token_count"),
    "output": ("output", "output_tokens", "completion", "completion_tokens", "candidates_token_count"),
}
_READINGS: tuple[tuple[str, ...], ...] = ((), ("input",), ("output",), ("input", "output"))
"""Which sides' bases hold what their details count."""

_LIFETIMES = ("1h", "12h", "30m")
_WRITTEN = re.compile(r"creat|write")


@dataclass(frozen=True)
class _Bucket:
    """One usage type: of the prompt, of the answer or neither; a base may hold its side's details."""

    side: str
    metric: str
    is_base: bool
    count: int


def observed_counts(usage: Mapping[str, int], *, inclusive: bool) -> Counts:
    """Return what an observation used.

    `inclusive` says that `input` and `output` hold what their details count, in spite of any total. Without it the
    reading is taken that agrees with the total: apart, or one side or both inclusive. What a total has beyond every
    reading is `tokens.other`; where even the least reading has more than the total says, it is taken as it is.
    """
    buckets = list(_buckets(usage))
    apart, *others = (_read(buckets, sides) for sides in _READINGS)
    least = others[-1]
    if inclusive:
        return least
    total = next((usage[name] for name in usage if _snake(name) in _TOTALS[:-1] and usage[name]), usage.get("total"))
    if not total or sum(apart.values()) == total:
        return apart
    agreeing = next((counts for counts in others if sum(counts.values()) == total), None)
    if agreeing is not None:
        return agreeing
    counts = apart if sum(apart.values()) < total else least
    missing = max(0, total - sum(counts.values()))
    return {**counts, OTHER: counts.get(OTHER, 0) + missing} if missing else counts


def _read(buckets: list[_Bucket], inclusive: tuple[str, ...]) -> Counts:
    """Add up the buckets; of the sides that are inclusive the base loses what its details count, where it has it."""
    counts = Counts()
    for bucket in buckets:
        count = bucket.count
        if bucket.is_base and bucket.side in inclusive:
            details = sum(one.count for one in buckets if one.side == bucket.side and not one.is_base)
            count = count - details if count >= details else count
        if count:
            counts[bucket.metric] = counts.get(bucket.metric, 0) + count
    return counts


def _buckets(usage: Mapping[str, int]) -> Iterator[_Bucket]:
    named = {_snake(name): count for name, count in usage.items() if _snake(name) not in _TOTALS}
    for name, count in _without_doubles(named).items():
        side = _side_of(name)
        is_base = name in _BASES.get(side, ())
        yield _Bucket(side, f"tokens.{side}" if is_base else _metric_of(name, side), is_base, count)


def _without_doubles(named: Mapping[str, int]) -> Mapping[str, int]:
    """Leave out a base that comes under a second name, and cache writes that are told once more by lifetime."""
    left_out: set[str] = set()
    for names in _BASES.values():
        left_out |= set([name for name in names if name in named][1:])
    writes = {name: count for name, count in named.items() if "cache" in name and _WRITTEN.search(name)}
    by_lifetime = {name for name in writes if re.search(r"[0-9]+[mh]", name)}
    sum_of_lifetimes = sum(writes[name] for name in by_lifetime)
    left_out |= {name for name in writes.keys() - by_lifetime if by_lifetime and writes[name] == sum_of_lifetimes}
    return {name: count for name, count in named.items() if name not in left_out}


def _side_of(name: str) -> str:
    if re.search(r"output|completion|reasoning|thought|candidates", name):
        return "output"
    return "input" if re.search(r"input|prompt|cache", name) else ""


def _metric_of(name: str, side: str) -> str:
    if "cache" in name and side == "input":
        if not _WRITTEN.search(name):
            return "tokens.cached_input"
        lifetime = next((one for one in _LIFETIMES if one in name), "5m")
        return f"tokens.cache_write_{lifetime}"
    if re.search(r"reasoning|thought", name):
        return "tokens.reasoning"
    if side:
        kind = next((kind for kind in ("audio", "image") if kind in name), None)
        return f"tokens.{side}_{kind}" if kind else f"tokens.{side}"
    return OTHER if "token" in name else f"usage.{name}"


def _snake(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_") or "unnamed"
