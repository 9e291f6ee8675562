"""What a published day was made from, as one digest: a day is out of date when its inputs' digest is another."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from attributor.ledger.collected import CollectedDay, collected_days
from attributor.ledger.publications import Publication
from attributor.ledger.sources import coverage_of
from attributor.periods import Month, month_of, start_of
from collectors.base import Window
from rules.daily.digest import DailyRules, digest_of_day, leans_on_month
from rules.hours import LOOK_BACK_HOURS, Span
from rules.month import needs_month
from rules.ruleset import RuleSet

LOOK_BACK = timedelta(hours=LOOK_BACK_HOURS)
"""How far back a day's usage may reach before the month that it leans on."""

Days = Mapping[tuple[str, date], CollectedDay]


@dataclass(frozen=True)
class Inputs:
    """Everything collected that attribution reads: days with rows, and the spans that usage sources cover."""

    charges: Days
    usage: Days
    coverage: Mapping[str, tuple[Window, ...]]


@dataclass(frozen=True)
class Rules:
    """What rules are to the inputs of a day: `digest` tells others apart, and its month is needed or not."""

    digest: str
    lean_on_month: bool


def rules_of_day(rules: DailyRules, day: date, span: Window | None) -> Rules:
    """Return what the rules say of a day whose weights are read from a span of usage.

    Rules that weigh by a month's cost, and hold on the day, make it lean on the whole month.
    """
    used = None if span is None else Span(span.start, span.end)
    return Rules(digest_of_day(rules, day, used), leans_on_month(rules, day))


def frozen_rules(ruleset: RuleSet) -> Rules:
    """Return what a closed month's rules are to its days: always the same, so that nothing needs to be told apart."""
    return Rules(ruleset.digest, needs_month(ruleset))


def read_inputs(engine: Engine) -> Inputs:
    """Read what is collected now."""
    charges, usage = (_with_rows(collected_days(engine, table)) for table in ("charges", "usage"))
    sources = sorted({source for source, _ in usage})
    return Inputs(charges, usage, {source: coverage_of(engine, source) for source in sources})


def _with_rows(days: Days) -> Days:
    return {key: day for key, day in days.items() if day.rows}


def sources_of(inputs: Inputs, day: date) -> set[str]:
    """Return the sources that have rows of a day."""
    return {source for days in (inputs.charges, inputs.usage) for source, found in days if found == day}


def usage_days(inputs: Inputs, span: Window | None, day: date) -> dict[tuple[str, date], CollectedDay]:
    """Return the usage that a day needs: of the span that its weights are read from, and of the day itself."""
    first, last = day, day
    if span is not None:
        first = min(day, span.start.date())
        last = max(day, (span.end - timedelta(microseconds=1)).date())
    return {key: found for key, found in inputs.usage.items() if first <= key[1] <= last}


def versions_of(days: Days) -> dict[str, dict[date, int]]:
    """Return the lake versions of days, by source and day."""
    versions: dict[str, dict[date, int]] = {}
    for (source, day), found in sorted(days.items()):
        versions.setdefault(source, {})[day] = found.version
    return versions


def inputs_digest(inputs: Inputs, day: date, span: Window | None, rules: Rules) -> str:
    """Return a digest of the contents, not the versions, of all that the day is attributed from."""
    document = {
        "rules": rules.digest,
        "charges": _digests({key: found for key, found in inputs.charges.items() if key[1] == day}),
        "usage": _digests(usage_days(inputs, span, day)),
        "coverage": _clipped(inputs.coverage, span),
    }
    if rules.lean_on_month:
        month = month_of(day)
        document["month"] = _digests({key: found for key, found in inputs.charges.items() if month_of(key[1]) == month})
        document["month usage"] = _digests(usage_days(inputs, month_usage(month), day))
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def month_usage(month: Month) -> Window:
    """Return the usage that a rule which leans on a whole month may need."""
    return Window(start_of(month.first) - LOOK_BACK, start_of(month.end))


def _digests(days: Days) -> list[list[str]]:
    return sorted([source, day.isoformat(), found.digest] for (source, day), found in days.items())


def _clipped(coverage: Mapping[str, tuple[Window, ...]], span: Window | None) -> dict[str, list[list[str]]]:
    if span is None:
        return {}
    clipped = {
        source: [
            [max(found.start, span.start).isoformat(), min(found.end, span.end).isoformat()]
            for found in spans
            if found.start < span.end and found.end > span.start
        ]
        for source, spans in coverage.items()
    }
    return {source: spans for source, spans in clipped.items() if spans}


def outdated_days(
    inputs: Inputs, published: Mapping[tuple[str, date], Publication], rules: DailyRules, closed: Collection[Month] = ()
) -> list[date]:
    """Return the days to attribute, the oldest first: never published, or published from other inputs.

    Those of closed months are left out: see `closed_days`.
    """
    by_day: dict[date, dict[str, Publication]] = {}
    for (source, day), publication in published.items():
        by_day.setdefault(day, {})[source] = publication
    present: dict[date, set[str]] = {}
    for source, day in (*inputs.charges, *inputs.usage):
        present.setdefault(day, set()).add(source)
    return [
        day
        for day in sorted(by_day.keys() | present.keys())
        if month_of(day) not in closed
        and _is_outdated(inputs, day, present.get(day, set()), by_day.get(day, {}), rules)
    ]


def _is_outdated(
    inputs: Inputs, day: date, sources: set[str], published: Mapping[str, Publication], rules: DailyRules
) -> bool:
    if sources != set(published):
        return True
    if not sources:
        return False
    publication = next(iter(published.values()))
    span = span_of(publication.source.usage_start, publication.source.usage_end)
    return publication.source.inputs_digest != inputs_digest(inputs, day, span, _said_of(publication, rules))


def has_other_rules(published: Publication, rules: DailyRules) -> bool:
    """Return whether the rules say something else of a published day than those that it was attributed by."""
    return _said_of(published, rules).digest != published.source.day_rules


def _said_of(published: Publication, rules: DailyRules) -> Rules:
    """Return what rules say of a published day; the same ones say what they said."""
    source = published.source
    if published.rules_digest == rules.ruleset.digest:
        return Rules(source.day_rules, leans_on_month(rules, published.day))
    return rules_of_day(rules, published.day, span_of(source.usage_start, source.usage_end))


def span_of(start: datetime | None, end: datetime | None) -> Window | None:
    """Return the half-open span, or None where there is none."""
    return None if start is None or end is None else Window(start, end)
