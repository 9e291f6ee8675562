"""From a real Prometheus to an alert about idle GPUs with the money they cost."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

pytestmark = pytest.mark.slow
HOUR = timedelta(hours=1)
METRIC = "DCGM_FI_DEV_GPU_UTIL"
DAY_COST = 120
CONFIG = """
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
sources:
  aws: {{type: focus, path: "bills/*.csv"}}
  gpus: {{type: prometheus, url: {url}, pool: gpu-prod}}
teams: {{vision: {{}}, ads: {{}}, search: {{}}}}
rules:
  - {{name: cluster, match: {{tags.cluster: gpu-prod}}, split: {{by: gpu.hours, pool: gpu-prod}}}}
  - {{name: namespace, match: {{namespace: present}}, owner: {{team: namespace}}}}
"""


def minutes(hour: datetime, count: int = 60) -> Iterator[datetime]:
    return (hour + timedelta(minutes=minute) for minute in range(count))


def series(gpu: str, namespace: str, value: int, moments: Iterator[datetime]) -> list[str]:
    labels = f'UUID="{gpu}",Hostname="node-0",pod="train-{gpu}",namespace="{namespace}",container="main"'
    return [f"{METRIC}{{{labels}}} {value} {int(moment.timestamp())}" for moment in moments]


def openmetrics(hours: list[datetime]) -> str:
    """Three GPUs in the last hours: one idle, one busy, one idle whose last two hours are half measured."""
    whole = [moment for hour in hours for moment in minutes(hour)]
    half = [moment for hour in hours for moment in minutes(hour, 30 if hour in hours[-2:] else 60)]
    lines = [
        *series("GPU-idle", "vision", 2, iter(whole)),
        *series("GPU-busy", "search", 95, iter(whole)),
        *series("GPU-gap", "ads", 1, iter(half)),
    ]
    return "\n".join([f"# TYPE {METRIC} gauge", *lines, "# EOF", ""])


@pytest.fixture
def prometheus(tmp_path: Path, free_port: int, waiting) -> Iterator[Callable[[str], str]]:
    """Start a real Prometheus on series given as OpenMetrics text, or skip where there is none."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        pytest.skip("prometheus and promtool are not installed (apt-get install prometheus)")
    running: list[subprocess.Popen[bytes]] = []

    def run(text: str) -> str:
        folder = tmp_path / "prometheus"
        folder.mkdir()
        (folder / "series.om").write_text(text)
        (folder / "prometheus.yml").write_text("scrape_configs: []\n")
        backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "series.om", "data"]
        subprocess.run(backfill, cwd=folder, check=True, capture_output=True, timeout=60)
        url = f"http://127.0.0.1:{free_port}"
        listen = f"--web.listen-address=127.0.0.1:{free_port}"
        with (folder / "log").open("wb") as log:
            command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", listen]
            running.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
        waiting(lambda: is_ready(url), "Prometheus is ready", 60)
        return url

    yield run
    for process in running:
        process.terminate()
        process.wait(30)


def is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/-/ready").status_code == 200
    except httpx2.TransportError:
        return False


def test_an_idle_gpu_is_told_with_its_cost_and_a_gap_is_not(prometheus, make_company) -> None:
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [end - number * HOUR for number in range(5, 0, -1)]
    days = sorted({hour.date() for hour in hours})
    company = make_company(CONFIG.format(url=prometheus(openmetrics(hours))))
    bill = ["BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,Tags"]
    for day in days:
        period = f"{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z"
        bill.append(f'{DAY_COST},USD,{period},"{{""cluster"": ""gpu-prod""}}"')
    company.write("bills/aws.csv", "\n".join([*bill, ""]))

    answer = company.run()
    assert answer.code == 0
    assert answer.json["failures"] == []
    rows = [source["rows"] for source in answer.json["sources"] if source["source"] == "gpus"]
    assert rows[0] > 0
    usage = {"vision": 5, "search": 5, "ads": 4}
    month = f"{days[-1]:%Y-%m}"
    shown = company.command("showback", "--period", month, "--by", "team,day", "--format", "json").json["rows"]
    if len(days) == 1:
        assert {row["team"]: row["cost"][:9] for row in shown} == {
            team: f"{Decimal(DAY_COST * held) / 14:.12f}"[:9] for team, held in usage.items()
        }

    alerts = company.command("alerts", "list", "--format", "json").json["alerts"]
    [idle] = [alert for alert in alerts if alert["kind"] == "idle_gpu"]
    assert (idle["key"], idle["status"]) == ("idle_gpu:vision:gpu-prod", "firing")
    assert idle["title"] == "1 GPU idle in gpu-prod"
    per_hour = (Decimal(DAY_COST * len(days)) / sum(usage.values())).quantize(Decimal("1e-6"))
    assert (Decimal(idle["amount"]), idle["currency"]) == ((5 * per_hour).quantize(Decimal("0.01")), "USD")
