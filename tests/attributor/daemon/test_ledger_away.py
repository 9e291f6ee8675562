"""A ledger that is away for a while: said in one line, and the work goes on when it is back."""

import pytest

pytestmark = pytest.mark.slow
COSTS = {"search": "33", "ads": "11", "unattributed": "2"}


@pytest.mark.parametrize("empty_ledger_url", ["postgresql"], indirect=True)
def test_work_goes_on_when_the_database_is_back(company_on, empty_ledger_url: str, refusing, start, waiting) -> None:
    daemon = start(company_on.folder)
    waiting(lambda: company_on.costs() == COSTS, "the bill is attributed")
    with refusing(empty_ledger_url):
        company_on.bill("november", "10,31,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
        waiting(lambda: "ERROR attributor.daemon: cycle: the ledger" in daemon.said, "the log tells of it")
        answer = daemon.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (503, ["the ledger cannot be read"])
        assert daemon.get("/healthz").status_code == 200
        assert "attributor_ledger_up 0.0" in daemon.get("/metrics").text
    waiting(daemon.is_ready, "it is back")
    waiting(lambda: company_on.costs() == COSTS | {"search": "34"}, "the bill that changed meanwhile")
    assert daemon.end() == 0
    assert "Traceback" not in daemon.said
