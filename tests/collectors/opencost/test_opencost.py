"""OpenCost's allocation API: totals that are kept, days that are known, and answers that cannot be trusted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from recorded_api import Answer, Asked, RecordedApi, cut, expired, throttled

from collectors.api.windows import DAY, HOUR
from collectors.base import CollectError, Window
from collectors.opencost import bill, usage

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
A_DAY = Window(MIDNIGHT - DAY, MIDNIGHT)


def told(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def allocation(span: Window, namespace: str | None = "search", **values: Any) -> dict[str, Any]:
    properties = {"cluster": "prod"} | ({"namespace": namespace} if namespace else {})
    return {"properties": properties, "window": {"start": told(span.start), "end": told(span.end)}, **values}


def sets(*given: dict[str, Any] | None, **more: Any) -> Answer:
    return Answer({"code": 200, "data": list(given), **more})


def one_set(**values: Any) -> Answer:
    return sets({"prod/search": allocation(A_DAY, **values)})


def hourly(asked: Asked) -> Answer:
    """Answer as OpenCost does: a set an hour of the window that was asked for."""
    start, end = (datetime.fromisoformat(text) for text in asked.query["window"].split(","))
    hours = [Window(start + n * HOUR, start + (n + 1) * HOUR) for n in range((end - start) // HOUR)]
    return sets(*({"prod/search": allocation(hour, cpuCoreHours=hour.start.hour + 1)} for hour in hours))


@pytest.fixture
def read(api: RecordedApi, collecting):
    def reading(answer: Answer, **options: Any):
        api._routes.clear()
        api.on("/allocation", answer)
        return collecting.read(bill.TYPE, A_DAY, url=api.url, **options)

    return reading


def amounts(collected) -> dict[str, Decimal]:
    return {row["SkuMeter"]: row["BilledCost"] for row in collected.rows}


def test_the_parts_of_a_namespace_are_its_total_and_what_they_leave_is_a_part(read) -> None:
    whole = read(one_set(cpuCost=1, cpuCostAdjustment=-0.25, ramCost=2, totalCost=3.75))
    assert amounts(whole) == {"CPU": Decimal("0.75"), "Memory": 2, "Other": 1}
    less = read(one_set(cpuCost=1, totalCost=0.5))
    assert amounts(less) == {"CPU": 1, "Other": Decimal("-0.5")}
    rounded = read(one_set(cpuCost=0.1, ramCost=0.2, totalCost=0.30000000000000004))
    assert amounts(rounded) == {"CPU": Decimal("0.1"), "Memory": Decimal("0.2")}


def test_a_part_that_is_not_known_is_in_the_total_all_the_same(read) -> None:
    assert amounts(read(one_set(cpuCost=1, ramCost=None, totalCost=3))) == {"CPU": 1, "Other": 2}


def test_what_nobody_used_has_no_namespace_and_is_no_less_of_a_charge(read) -> None:
    idle = allocation(A_DAY, None, cpuCost=4, totalCost=4)
    [row] = read(sets({"prod/__idle__": idle})).rows
    assert (row["SubAccountId"], row["BillingAccountId"], row["BilledCost"]) == (None, "prod", 4)


def test_a_day_that_opencost_knows_nothing_of_is_a_gap(read) -> None:
    for answer in (sets(), sets(None), sets({}), Answer({"code": 200, "data": None})):
        assert read(answer).reading.coverage == ()
    assert read(one_set(totalCost=0)).reading.coverage == (A_DAY,)


def test_names_and_labels_tell_what_properties_do_not(api: RecordedApi, read) -> None:
    bare = {"window": {"start": told(A_DAY.start), "end": told(A_DAY.end)}, "cpuCost": 1, "totalCost": 1}
    labelled = allocation(A_DAY, "ads", cpuCost=1, totalCost=1)
    labelled["properties"] |= {"labels": {"team": "growth"}, "namespaceLabels": {"team": "old", "env": "prod"}}
    rows = read(sets({"prod/search/team=a": bare, "prod/ads/team=growth": labelled}), labels=["team"]).rows
    found = {row["SubAccountId"]: (row["BillingAccountId"], dict(row["Tags"])) for row in rows}
    assert found == {"search": ("source", {}), "ads": ("prod", {"team": "growth", "env": "prod"})}
    assert api.requests[-1].query["aggregate"] == "cluster,namespace,label:team"


@pytest.mark.parametrize(
    ("answer", "message", "permanent"),
    [
        (one_set(cpuCost=1), "totalCost: is missing; what it cost is not known", True),
        (one_set(cpuCost="1,5", totalCost=1), "cpuCost = '1,5': is not a number", True),
        (sets({"prod/x": {"totalCost": 1}}), "has no window of time", True),
        (sets({"prod/x": {"window": {"start": "2026-11-19", "end": "2026-11-20"}}}), "without a time zone", True),
        (sets({"prod/x": allocation(Window(MIDNIGHT - 2 * DAY, MIDNIGHT), totalCost=1)}), "not asked for", False),
        (sets({"prod/x": allocation(Window(MIDNIGHT, MIDNIGHT + DAY), totalCost=1)}), "not asked for", False),
        (sets(*[{"prod/x": allocation(A_DAY, totalCost=1)}] * 2), "gave 2026-11-19T00:00:00Z twice", False),
        (sets({}, warning="no data of node-3"), "in part only: no data of node-3", False),
        (Answer({"code": 500, "message": "boom"}), "not OpenCost's", True),
        (Answer({"code": 200, "data": {"prod/x": {}}}), "not OpenCost's", True),
        (Answer("<html>", 200), "answered with no JSON", True),
        (Answer("", 403), "answered 403", True),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(answer: Answer, message: str, permanent: bool, read) -> None:
    with pytest.raises(CollectError) as refused:
        read(answer)
    assert message in str(refused.value)
    assert refused.value.permanent is permanent


@pytest.mark.slow
def test_faults_that_pass_are_passed_and_no_secret_is_told(api: RecordedApi, read) -> None:
    api.misbehave(throttled(0), cut("{" + " " * 50))
    assert len(read(one_set(cpuCost=1, totalCost=1), bearer_token="very-secret").rows) == 1
    api.misbehave(expired())
    with pytest.raises(CollectError, match="answered 401") as refused:
        read(one_set(totalCost=1), bearer_token="very-secret")
    assert "very-secret" not in str(refused.value)


def test_hours_are_the_same_whichever_window_is_asked_for(api: RecordedApi, collecting) -> None:
    api.on("/model/allocation", hourly)
    options = {"url": api.url, "path": "/model/allocation", "pool": "cluster-eu"}
    wide = collecting.read(usage.TYPE, Window(MIDNIGHT - 30 * HOUR, MIDNIGHT + 3 * HOUR), **options)
    assert [row["quantity"] for row in wide.rows][:8] == [19, 20, 21, 22, 23, 24, 1, 2]
    assert wide.reading.coverage == (Window(MIDNIGHT - 30 * HOUR, MIDNIGHT + 3 * HOUR),)
    assert {row["pool"] for row in wide.rows} == {"cluster-eu"}
    narrow = collecting.read(usage.TYPE, Window(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR), **options)
    assert narrow.rows == [row for row in wide.rows if row["hour"] == MIDNIGHT + HOUR]


def test_bytes_become_gibibytes_and_shares_of_idle_are_not_asked_for(api: RecordedApi, collecting) -> None:
    hour = Window(MIDNIGHT, MIDNIGHT + HOUR)
    api.on("/allocation", sets({"prod/search": allocation(hour, ramByteHours=3 * 2**30, pvByteHours=1, gpuHours=None)}))
    collected = collecting.read(usage.TYPE, hour, url=api.url)
    found = {row["metric"]: row["quantity"] for row in collected.rows}
    assert found == {
        "kubernetes.memory_gib_hours": 3,
        "kubernetes.volume_gib_hours": Decimal("0.000000000931"),
    }
    assert api.requests[0].query["includeIdle"] == "false"


def test_an_hour_is_left_until_it_has_settled(api: RecordedApi, collecting) -> None:
    api.on("/allocation", hourly)
    now = MIDNIGHT + timedelta(hours=5, minutes=59)
    collected = collecting.read(usage.TYPE, Window(MIDNIGHT, now), now, url=api.url)
    assert collected.reading.coverage == (Window(MIDNIGHT, MIDNIGHT + 2 * HOUR),)


@pytest.mark.parametrize("kind", [bill.TYPE, usage.TYPE], ids=lambda kind: kind.name)
def test_a_probe_names_what_it_asked_for(kind, api: RecordedApi, collecting) -> None:
    api.on("/allocation", sets())
    [need] = collecting.build(kind, url=api.url).probe()
    assert (need.permission, need.problem) == ("GET /allocation", None)


def test_labels_are_facts_by_their_names_and_may_not_hide_others(api: RecordedApi, collecting) -> None:
    hour = Window(MIDNIGHT, MIDNIGHT + HOUR)
    labelled = allocation(hour, cpuCoreHours=1)
    labelled["properties"]["labels"] = {"team": "search", "app": "ranker"}
    api.on("/allocation", sets({"prod/search/team=search": labelled}))
    [row] = collecting.read(usage.TYPE, hour, url=api.url, labels=["team"]).rows
    assert dict(row["facts"]) == {"cluster": "prod", "namespace": "search", "team": "search"}
    with pytest.raises(ValueError, match="labels: namespace is a fact"):
        collecting.build(usage.TYPE, url=api.url, labels=["namespace"])
