"""What was planted, told from the data that was written."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from attributor.demo import aws, gpus, incidents, spend
from attributor.demo.bills import Bills
from attributor.demo.curves import Integers
from attributor.demo.incidents import Timetable, day_of
from attributor.demo.line import Line
from attributor.demo.plan import COMPANY, DemoPlan, Incident
from attributor.demo.sold import Sold
from attributor.demo.spend import Finances
from attributor.demo.tokens import ALL_TRAFFIC, SONNET, is_runaway
from attributor.money import from_units, plain

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Written:
    """What the incidents are told from."""

    plan: DemoPlan
    when: Timetable
    sold: Sequence[Sold]
    tokens: Integers
    bills: Bills
    finances: Finances


def planted(written: Written) -> tuple[Incident, ...]:
    """Return every incident, the alerting ones first; amounts are in USD above the ordinary, rounded to cents."""
    return (
        _idle_gpus(written),
        _runaway(written),
        _level_shift(written),
        _untagged(written),
        _over(written),
        _approaching(written),
        _restated(written),
    )


def incidents_json(found: Sequence[Incident], now: datetime) -> str:
    """Return the incidents as a JSON document; amounts are decimal strings."""
    document = {"company": COMPANY, "now": now.isoformat(), "currency": "USD", "incidents": [_plain(i) for i in found]}
    return json.dumps(document, indent=2) + "\n"


def _plain(incident: Incident) -> dict[str, Any]:
    return asdict(incident) | {
        "days": [day.isoformat() for day in incident.days],
        "started_at": incident.started_at.isoformat(),
        "amount": plain(incident.amount),
    }


def _idle_gpus(written: Written) -> Incident:
    plan, started = written.plan, written.plan.hour(written.when.idle_hour)
    hourly = aws.P5.committed_price * incidents.IDLE_HOURS
    return Incident(
        id="idle-gpus",
        alert="idle_gpu",
        team=incidents.IDLE_TEAM,
        service=aws.P5.service,
        days=(started.date(), plan.today),
        started_at=started,
        amount=_dollars(hourly * 10**6),
        summary=f"8 GPUs of {incidents.IDLE_NODE} below 5 % for {incidents.IDLE_HOURS} hours and still held",
        facts={"pool": gpus.POOL, "node": incidents.IDLE_NODE, "gpus": str(gpus.GPUS_A_NODE)},
    )


def _runaway(written: Written) -> Incident:
    plan, start = written.plan, written.when.runaway_hour
    index = next(index for index, traffic in enumerate(ALL_TRAFFIC) if is_runaway(traffic))
    counted = written.tokens[index, :, start:].sum(axis=1).tolist()
    spent = sum(tokens * price for tokens, price in zip(counted, SONNET.prices, strict=True))
    return Incident(
        id="runaway-tokens",
        alert="spend_anomaly",
        team=incidents.RUNAWAY_TEAM,
        service=SONNET.service,
        days=(plan.hour(start).date(), plan.today),
        started_at=plan.hour(start),
        amount=_dollars(spent - spent // incidents.RUNAWAY_FACTOR),
        summary=f"A loop sends five times the usual tokens to {SONNET.name}",
        facts={"model": SONNET.name, "api_key": ALL_TRAFFIC[index].key},
    )


def _level_shift(written: Written) -> Incident:
    units, line = _line(written, "level shift")
    start = day_of(written.plan, written.when.level_shift_day)
    spent = int(units[written.when.level_shift_day :].sum())
    return Incident(
        id="level-shift",
        alert="spend_anomaly",
        team=line.team,
        service=line.sku.service,
        days=(start, day_of(written.plan, written.plan.days - 1)),
        started_at=written.plan.hour(written.when.level_shift_day * 24),
        amount=_dollars(spent - spent * 100 // incidents.LEVEL_SHIFT_PERCENT),
        summary=f"Databases in {line.account.name} cost more than twice as much from one day to the next",
        facts={"account": line.account.id},
    )


def _untagged(written: Written) -> Incident:
    units, line = _line(written, "untagged account")
    start = day_of(written.plan, written.when.untagged_day)
    return Incident(
        id="untagged-account",
        alert="unattributed",
        team="unattributed",
        service=line.sku.service,
        days=(start, day_of(written.plan, written.plan.days - 1)),
        started_at=written.plan.hour(written.when.untagged_day * 24),
        amount=_dollars(int(units.sum())),
        summary=f"A new account, {line.account.name}, runs instances that carry no team",
        facts={"account": line.account.id, "source": "aws"},
    )


def _over(written: Written) -> Incident:
    return _budget(written, spend.OVER, "over-budget", "over")


def _approaching(written: Written) -> Incident:
    return _budget(written, spend.APPROACHING, "approaching-budget", "approaching")


def _budget(written: Written, team: str, name: str, state: str) -> Incident:
    plan = written.plan
    first = plan.today.replace(day=1)
    spent, budget = from_units(written.finances.month_to_date[team]), written.finances.budgets[team]
    return Incident(
        id=name,
        alert="budget",
        team=team,
        service="",
        days=(first, plan.today),
        started_at=datetime(first.year, first.month, 1, tzinfo=plan.start.tzinfo),
        amount=(spent - budget).quantize(_CENT),
        summary=f"{team} is {state} its monthly budget of {budget} USD",
        facts={"state": state, "budget": str(budget)},
    )


def _restated(written: Written) -> Incident:
    day = day_of(written.plan, written.when.restated_day)
    later = written.bills.later
    before = next(bill.table for bill in written.bills.now if bill.source == later.source)
    start = written.plan.hour(written.when.restated_day * 24)
    same_day = before.filter(pc.equal(pc.floor_temporal(before["ChargePeriodStart"], unit="day"), pa.scalar(start)))
    rise: Decimal = _sum(later.table) - _sum(same_day)
    path = later.path(day.isoformat())
    return Incident(
        id="restated-day",
        alert="restatement",
        team="",
        service="",
        days=(day, day),
        started_at=start,
        amount=rise.quantize(_CENT),
        summary=f"Google Cloud states {day} anew, 12 % higher; shows once the file was copied and read again",
        facts={"source": later.source, "copy": f"later/{path}", "to": path},
    )


def _sum(table: pa.Table) -> Decimal:
    total: Decimal = pc.sum(table["EffectiveCost"]).as_py()
    return total


def _line(written: Written, key: str) -> tuple[Integers, Line]:
    for sold in written.sold:
        for index, line in enumerate(sold.lines):
            if line.key == key:
                return sold.units(index), line
    raise LookupError(key)


def _dollars(units: int) -> Decimal:
    return from_units(units).quantize(_CENT)
