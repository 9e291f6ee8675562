"""From a real Prometheus to an alert about idle GPUs with the money they cost."""

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.engine import open_engine

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


GR = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"


def samples(metric: str, labels: str, value: object, moments: Iterable[datetime]) -> list[str]:
    return [f"{metric}{{{labels}}} {value} {int(moment.timestamp())}" for moment in moments]


def holder(namespace: str, pod: str) -> str:
    return f'exported_namespace="{namespace}",exported_pod="{pod}",exported_container="main",pod="exporter"'


def cluster(hours: list[datetime]) -> str:
    """Six GPUs: cut into slices, one shared by time, one whose pod restarts while its exporter is renewed, and one
    each that is free, little used and at its limit.
    """
    whole = [moment for hour in hours for moment in minutes(hour)]
    turn = len(whole) - 80
    small, large = 'GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"', 'GPU_I_PROFILE="3g.40gb",GPU_I_ID="2"'
    mig = 'UUID="GPU-mig",modelName="NVIDIA A100-SXM4-80GB",Hostname="node-1"'
    by_metric = {
        GR: [
            *samples(GR, f"{mig},{small},{holder('vision', 'slice-0')}", 0, whole),
            *samples(GR, f"{mig},{large},{holder('search', 'slice-1')}", 0.6, whole),
        ],
        METRIC: [
            *samples(METRIC, f'UUID="GPU-time",Hostname="node-2",{holder("vision", "shared-0")}', 3, whole),
            *samples(METRIC, f'UUID="GPU-time",Hostname="node-2",{holder("ads", "shared-1")}', 3, whole),
            *samples(METRIC, f'UUID="GPU-again",Hostname="node-3",{holder("ads", "again-0")}', 0, whole[:turn]),
            *samples(METRIC, f'UUID="GPU-again",hostname="node-3",{holder("ads", "again-1")}', 0, whole[turn + 3 :]),
            *samples(METRIC, 'UUID="GPU-free",Hostname="node-3"', 0, whole),
            *samples(METRIC, f'UUID="GPU-low",Hostname="node-3",{holder("search", "low-0")}', 25, whole),
            *samples(METRIC, f'UUID="GPU-hot",Hostname="node-3",{holder("search", "hot-0")}', 99, whole),
        ],
    }
    lines = [line for metric, found in by_metric.items() for line in (f"# TYPE {metric} gauge", *found)]
    return "\n".join([*lines, "# EOF", ""])


def test_slices_shared_and_restarted_gpus_are_told_with_holder_cause_and_their_part(prometheus, make_company) -> None:
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [end - number * HOUR for number in range(5, 0, -1)]
    days = sorted({hour.date() for hour in hours})
    company = make_company(CONFIG.format(url=prometheus(cluster(hours))))
    bill = ["BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,Tags"]
    for day in days:
        period = f"{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z"
        bill.append(f'{DAY_COST * 1000},USD,{period},"{{""cluster"": ""gpu-prod""}}"')
    company.write("bills/aws.csv", "\n".join([*bill, ""]))
    assert company.run().code == 0
    per_hour = DAY_COST * 1000 * len(days) / (6 * 5 - 3 / 60)

    engine = open_engine(f"sqlite:///{company.folder / 'ledger.db'}")
    states = LedgerAlertLog(engine).states()
    engine.dispose()
    idle = {key: state.alert for key, state in states.items() if state.alert.kind.endswith("_gpu")}
    lost = {key: None if alert.amount is None else float(alert.amount) for key, alert in idle.items()}
    assert lost == {
        "idle_gpu:vision:gpu-prod": pytest.approx(per_hour * (5 / 7 + 5 / 2), abs=0.02),
        "idle_gpu:ads:gpu-prod": pytest.approx(per_hour * (5 / 2 + 5 - 3 / 60), abs=0.02),
        "idle_gpu:idle:gpu-prod": pytest.approx(per_hour * (5 + 5 * 3 / 7), abs=0.02),
        "low_gpu:search:gpu-prod": pytest.approx(per_hour * 5 * 0.75, abs=0.02),
        "saturated_gpu:search:gpu-prod": None,
    }
    notes = {each.label: each.note for alert in idle.values() for each in alert.contributors}
    assert notes == {
        "GPU-mig/7 on node-1": "idle for 5 h, mean 0.0 %, held by vision/slice-0 (held without a process)",
        "GPU-time on node-2": notes["GPU-time on node-2"],
        "GPU-again on node-3": "idle for 5 h, mean 0.0 %, held by ads/again-1 (held without a process)",
        "GPU-free on node-3": "idle for 5 h, mean 0.0 % (unallocated)",
        "GPU-mig on node-1": "idle for 5 h, mean 0.0 % (unallocated)",
        "GPU-low on node-3": "little used for 5 h, mean 25.0 %, held by search/low-0 (warm and low)",
        "GPU-hot on node-3": "used to the limit for 5 h, mean 99.0 %, held by search/hot-0",
    }
    assert notes["GPU-time on node-2"].startswith("idle for 5 h, mean 3.0 %, held by ")
