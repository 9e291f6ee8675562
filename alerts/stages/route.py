"""Route: the first route that matches an alert says which channels hear of it."""

from dataclasses import replace

from alerts.alert import Alert
from alerts.policy import Policy, Route
from alerts.ports import Decision
from alerts.stages.batch import Batch, is_active


def route(batch: Batch) -> Batch:
    """Give every active alert its route; one that no route takes is told to nobody and stays visible."""
    routes: dict[str, Route] = {}
    decisions: list[Decision] = []
    for key, state in batch.current.items():
        if not is_active(state):
            continue
        found = first_route(state.alert, batch.policy)
        if found is None:
            decisions.append(Decision("route", key, "dropped", "no route matches it"))
            continue
        number, taken = found
        routes[key] = taken
        where = ", ".join(taken.channels) or "no channel"
        decisions.append(Decision("route", key, "passes", f"route {number} sends it to {where}"))
    return replace(batch, routes=routes).deciding(decisions)


def first_route(alert: Alert, policy: Policy) -> tuple[int, Route] | None:
    """Return the route that takes the alert, and its number, counted from 1."""
    numbered = enumerate(policy.routes, start=1)
    return next(((number, each) for number, each in numbered if each.match.takes(alert)), None)
