"""The whole story: a bill and usage in, exact allocations, a budget crossed, one Slack message, the team's page."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep

import httpx2
import pytest
from playwright.sync_api import Browser

YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
MONTH = f"{YESTERDAY:%Y-%m}"
COLUMNS = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ProviderName,ServiceName"
BILL = (
    COLUMNS
    + """,Tags
100.000000000001,90.000000000001,120,USD,{start},{end},AWS,Amazon EC2,"{{""team"": ""Team_Search""}}"
10,10,10,USD,{start},{end},AWS,Amazon EKS,"{{""cluster"": ""gpu-prod""}}"
-1.5E-12,-2E-12,0,USD,{start},{end},AWS,Amazon S3,"{{""team"": ""nobody we know""}}"
"""
)
USAGE = """hour,metric,pool,quantity,team
{start},gpu.hours,gpu-prod,1,search
{start},gpu.hours,gpu-prod,2,ads
"""
CONFIG = """
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
web: {{listen: 127.0.0.1:{port}, public_url: http://127.0.0.1:{port}}}
sources:
  aws: {{type: focus, path: "bills/*.csv"}}
  gpus: {{type: usage, path: "usage/*.csv"}}
teams:
  search: {{aliases: [team search], budget: 85, slack: "#search-costs"}}
  ads: {{budget: 1000}}
rules:
  - {{name: team tag, match: {{tags.team: present}}, owner: {{team: tags.team}}}}
  - name: shared GPU cluster
    match: {{tags.cluster: gpu-prod}}
    split: {{by: gpu.hours, pool: gpu-prod, per: day}}
alerts:
  channels: {{slack: {{type: slack, webhook_url: "${{SLACK_WEBHOOK}}"}}}}
  routes:
    - {{match: {{kind: budget}}, channels: [slack]}}
    - {{channels: []}}
"""


@contextmanager
def slack(received: list[dict]) -> Iterator[str]:
    """Stand at the far side of the network: take what the webhook gets, answer as Slack does."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/services/T0/B0/s3cret"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def attributor(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attributor", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


@contextmanager
def serving(folder: Path, url: str, **environment: str) -> Iterator[None]:
    command = [sys.executable, "-m", "attributor", "serve"]
    with subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}) as daemon:
        try:
            for _ in range(600):
                try:
                    httpx2.get(f"{url}/healthz")
                    break
                except httpx2.ConnectError:
                    assert daemon.poll() is None
                    sleep(0.1)
            yield
        finally:
            daemon.terminate()
            assert daemon.wait(30) == 0, "SIGTERM is a clean stop"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def company(tmp_path: Path) -> tuple[Path, str]:
    port = free_port()
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (YESTERDAY, YESTERDAY + timedelta(days=1)))
    for name, text in (("bills/aws.csv", BILL), ("usage/gpus.csv", USAGE)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text.format(start=start, end=end))
    (tmp_path / "attributor.yaml").write_text(CONFIG.format(port=port))
    return tmp_path, f"http://127.0.0.1:{port}"


@pytest.mark.slow
@pytest.mark.browser
def test_a_bill_becomes_exact_costs_one_slack_message_and_a_page(company: tuple[Path, str], chromium: Browser) -> None:
    folder, url = company
    messages: list[dict] = []
    with slack(messages) as webhook:
        run = attributor(folder, "run", "--format", "json", SLACK_WEBHOOK=webhook)
        again = attributor(folder, "run", "--format", "json", SLACK_WEBHOOK=webhook)
        assert (run.returncode, again.returncode) == (0, 0), run.stderr + again.stderr
        assert json.loads(again.stdout)["attributed_days"] == []

        shown = attributor(folder, "showback", "--period", MONTH, "--format", "json", SLACK_WEBHOOK=webhook)
        report = json.loads(shown.stdout)
        costs = {row["team"]: Decimal(row["cost"]) for row in report["rows"]}
        assert costs == {
            "search": Decimal("93.333333333335"),
            "ads": Decimal("6.666666666666"),
            "unattributed": Decimal("-0.000000000002"),
        }
        assert Decimal(report["total"]) == Decimal("99.999999999999")
        assert attributor(folder, "reconcile", "--period", MONTH, SLACK_WEBHOOK=webhook).returncode == 0

        assert len(messages) == 1
        told = json.dumps(messages[0])
        assert "search" in told and "Over budget" in told and f"{url}/teams/search" in told
        assert "s3cret" not in run.stderr + run.stdout + told

        with serving(folder, url, SLACK_WEBHOOK=webhook):
            page = chromium.new_page()
            page.goto(f"{url}/teams/search?month={MONTH}")
            text = page.inner_text("main")
            assert "$93.33" in text and "Over budget" in text
            document = httpx2.get(f"{url}/teams/search.json?month={MONTH}").json()
            assert Decimal(document["total"]) == costs["search"]
    assert len(messages) == 1
