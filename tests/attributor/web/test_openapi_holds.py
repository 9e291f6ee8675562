"""What OpenAPI says of the API holds, whatever is sent: schemathesis makes requests up, right ones and wrong ones."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from attributor.web.otlp_api import otlp_router
from attributor.web.parts import Budgeting, SiteParts
from attributor.web.site import build_site
from attributor.web.slack_api import slack_routes
from attributor.web.usage_api import usage_router
from collectors.otlp.receiver import Receiver
from collectors.push.log import EventLog, LogSettings

pytestmark = pytest.mark.slow
EXAMPLES = 20
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
REJECTION = negative_data_rejection
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    REJECTION,
]
IN_PARTS = {"/api/v1/usage", "/v1/traces", "/v1/metrics"}
"""What is good in a body is stored, and the answer tells the rest: such a body is not refused as a whole."""


@pytest.fixture(scope="module")
def api(make_ledger, fill_ledger, teams, tmp_path_factory):
    engine = make_ledger(tmp_path_factory.mktemp("asked"))
    fill_ledger(engine)
    log = EventLog(tmp_path_factory.mktemp("events"), lambda: NOW, LogSettings())
    routers = (
        usage_router(log),
        otlp_router(Receiver(log, lambda: NOW)),
        slack_routes(engine, lambda: NOW, lambda: ("secret",)),
    )
    budgeting = Budgeting(lambda: teams, frozenset({"admin"}))
    parts = SiteParts(engine, lambda: teams, "Halcyon Robotics", lambda: NOW, lambda: b"up 1\n", lambda: (), routers)
    site = build_site(replace(parts, budgeting=budgeting))
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", site)
    asgi._shutdown()  # the event loop that requests go through would run until the process ends
    log.close()
    engine.dispose()


GOOD = [
    ("/api/v1/showback", {}),
    ("/api/v1/showback", {"window": "7d", "by": "team,model", "limit": 3, "filter": 'team:"search"|team:"ads"'}),
    ("/api/v1/showback", {"period": "2026-10", "period_by": "billing", "team": "search", "basis": "list"}),
    ("/api/v1/allocations", {"window": "7d", "step": "1d", "includeIdle": "true", "aggregate": "team,service"}),
    ("/api/v1/usage", {"by": "team,pool,model,source", "step": "1d", "limit": 5}),
    ("/api/v1/budgets", {"period": "2026-11"}),
    ("/api/v1/forecast", {"team": "search"}),
    ("/api/v1/explain", {"team": "search", "service": "Amazon EC2"}),
    ("/api/v1/teams", {}),
    ("/api/v1/sources", {}),
    ("/api/v1/alerts", {}),
    ("/api/v1/alerts/show", {"key": "spend:support"}),
    ("/api/v1/alerts/why", {"key": "spend:support"}),
    ("/api/v1/alerts/silences", {}),
    ("/api/v1/alerts/feedback", {}),
    ("/api/v1/audit", {"limit": 5}),
]


@pytest.mark.parametrize(("path", "query"), GOOD, ids=str)
def test_what_is_answered_is_as_described(api, path, query):
    case = api[path]["GET"].Case(query=query)
    response = case.call()
    assert response.status_code == 200, response.text
    case.validate_response(response, checks=CHECKS)


def test_what_is_done_about_alerts_is_as_described(api):
    done = [
        ("/api/v1/alerts/ack", {"keys": ["spend:support", "nobody"]}, 200),
        ("/api/v1/alerts/snooze", {"keys": ["nobody"], "for": "1d"}, 404),
        ("/api/v1/alerts/silences", {"reason": "works", "team": ["ads"], "for": "2h"}, 201),
        ("/api/v1/alerts/feedback", {"key": "spend:support"}, 201),
    ]
    for path, body, status in done:
        case = api[path]["POST"].Case(body=body, media_type="application/json")
        response = case.call()
        assert response.status_code == status, response.text
        case.validate_response(response, checks=CHECKS)
    for path in ("/api/v1/alerts/silences", "/api/v1/alerts/feedback"):
        listed = api[path]["GET"].Case().call_and_validate(checks=CHECKS).json()
        case = api[path + "/{number}"]["DELETE"].Case(path_parameters={"number": next(iter(listed.values()))[0]["id"]})
        assert case.call_and_validate(checks=CHECKS).status_code == 200


def test_what_is_done_about_a_budget_is_as_described(api):
    one = api["/api/v1/budgets/{team}"]
    sent = {"body": {"monthly": "43000", "reason": "more"}, "media_type": "application/json"}
    asked = [("PUT", sent), ("GET", {}), ("DELETE", {"query": {"reason": "as before"}})]
    for (method, more), monthly in zip(asked, ("43000", "43000", "42000"), strict=True):
        answer = one[method].Case(path_parameters={"team": "search"}, **more).call_and_validate(checks=CHECKS)
        assert (answer.status_code, answer.json()["monthly"]) == (200, monthly)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described_and_nothing_breaks(api, mode):
    operations = [found.ok() for found in api.get_all_operations()]
    assert {operation.path for operation in operations} >= {"/api/v1/showback", "/api/v1/usage", "/api/v1/alerts/ack"}
    wrong = []
    for operation in operations:
        try:
            asked_of(operation, mode)
        except Unsatisfiable:
            assert mode == GenerationMode.NEGATIVE  # what takes nothing cannot be asked wrongly
        except FailureGroup as failures:
            wrong += [f"{operation.label}: {failure}" for failure in failures.exceptions]
    assert wrong == []


def asked_of(operation, mode):
    """Ask an operation made-up questions, and hold its answers against what it says of itself."""

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case):
        takes_what_is_good = operation.path in IN_PARTS
        case.call_and_validate(checks=[check for check in CHECKS if not takes_what_is_good or check != REJECTION])

    ask()
