"""GPUs of this host: a library of the driver made of Python below pynvml, and processes as the kernel tells of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pynvml
import pytest
from nvml_library import MadeUpGpu, MadeUpInstance, MadeUpNvml

from collectors.base import CollectError
from collectors.gpus.nvml.owners import UNKNOWN, Places, holder_of
from collectors.gpus.nvml.source import TYPE

GOLDEN = Path(__file__).parents[1] / "golden" / "nvml"
EIGHT = datetime(2026, 11, 19, 8, tzinfo=UTC)
STEP = timedelta(minutes=10)
H100, A30 = "NVIDIA H100 80GB HBM3", "NVIDIA A30"
UID = "0c1e8a5e-5d0b-4c4e-9a38-2f6f3e0b7a11"
CONTAINER = "8f3c" * 16
POD = f"0::/kubepods.slice/kubepods-pod{UID.replace('-', '_')}.slice/cri-containerd-{CONTAINER}.scope\n"


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MadeUpNvml]:
    def installed(*gpus: MadeUpGpu) -> MadeUpNvml:
        library = MadeUpNvml(list(gpus))
        monkeypatch.setattr(pynvml, "nvmlLib", library)
        monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        return library

    return installed


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., None]:
    """A process as /proc shows it."""

    def running(pid: int, cgroup: str, uid: int = 0, comm: str = "python", environ: str = "") -> None:
        folder = tmp_path / "proc" / str(pid)
        folder.mkdir(parents=True)
        (folder / "comm").write_text(f"{comm}\n")
        (folder / "cgroup").write_text(cgroup)
        (folder / "status").write_text(f"Name:\t{comm}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
        (folder / "environ").write_text(environ)

    return running


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    folder = tmp_path / "pods" / f"team-a_train-0_{UID}" / "trainer"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def host(tmp_path: Path, collecting) -> Callable[..., object]:
    """Looks at every slot of an hour and tells of it."""

    def told(start: datetime = EIGHT, **options: object):
        given = {"step": "10m", "node": "gpu-node-0", "proc": str(tmp_path / "proc"), "pods": str(tmp_path / "pods")}
        now = [start]
        collector = collecting.build(TYPE, lambda: now[0], **given, **options)
        while now[0] < start + timedelta(hours=1):
            collector.sample()
            now[0] += STEP
        return collecting.read(TYPE, None, now[0], **given, **options)

    return told


def facts_of(collected, metric: str) -> list[tuple[dict[str, str], Decimal]]:
    return [(dict(row["facts"]), row["quantity"]) for row in collected.rows if row["metric"] == metric]


def test_a_clock_that_is_set_back_counts_no_time_twice(driver, host) -> None:
    driver(MadeUpGpu("GPU-0", H100, utilization=50, mean=50, processes=[]))
    once = host()
    again = host()
    assert [row["quantity"] for row in again.rows] == [row["quantity"] for row in once.rows]
    assert facts_of(again, "gpu.capacity_hours")[0][1] == 1
    assert again.reading.coverage == once.reading.coverage


def test_a_host_gives_its_golden_table(driver, process, pod, host, golden: Callable) -> None:
    driver(
        MadeUpGpu("GPU-pod", H100, utilization=100, mean=31.25, processes=[11, 12]),
        MadeUpGpu("GPU-shared", A30, utilization=60, processes=[13, 14]),
        MadeUpGpu("GPU-idle", A30),
        MadeUpGpu(
            "GPU-mig",
            H100,
            mean=0.0,
            instances=[
                MadeUpInstance(2, f"{H100} MIG 3g.40gb", 50.0, [15]),
                MadeUpInstance(7, f"{H100} MIG 1c.1g.10gb", 0.0),
            ],
        ),
    )
    process(11, POD)
    process(12, POD)
    process(13, "0::/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0\n", 4242, environ="SLURM_JOB_ID=1\0")
    process(14, "0::/user.slice/user-4243.slice/session-3.scope\n", 4243, environ="TEAM=ads\0SECRET=hunter2\0")
    process(15, f"12:memory:/docker/{CONTAINER}\n", 4244)
    collected = host(pool="lab", environment=["TEAM"])
    golden(GOLDEN / "table.json", collected)
    assert "hunter2" not in str(collected.rows)


def test_utilisation_of_sms_goes_first_where_the_gpu_counts_it_and_is_named(driver, host) -> None:
    driver(MadeUpGpu("GPU-new", H100, 100, mean=12.5), MadeUpGpu("GPU-old", A30, 100))
    told = {facts["gpu"]: (facts["measured_by"], quantity) for facts, quantity in facts_of(host(), "gpu.utilization")}
    # The first look has no mean yet: five slots of six, which is too few to go first.
    assert told["GPU-new"] == ("nvmlUtilization_t.gpu", 100)
    assert told["GPU-old"] == ("nvmlUtilization_t.gpu", 100)


def test_a_mean_since_the_look_before_is_what_an_hour_of_looks_goes_by(driver, collecting) -> None:
    driver(MadeUpGpu("GPU-new", H100, 100, mean=12.5))
    now = [EIGHT - STEP]
    collector = collecting.build(TYPE, lambda: now[0], step="10m")
    for _ in range(7):
        collector.sample()
        now[0] += STEP
    told = [
        (dict(row["facts"])["measured_by"], row["quantity"])
        for batch in collector.collect(None)
        for row in batch.to_pylist()
        if row["metric"] == "gpu.utilization" and row["hour"] == EIGHT
    ]
    assert told == [("NVML_GPM_METRIC_SM_UTIL", Decimal("12.5"))]


def test_who_holds_a_device_is_told_even_where_its_utilisation_cannot_be(driver, process, host) -> None:
    instances = [MadeUpInstance(1, "NVIDIA A100 MIG 3g.20gb", processes=[11])]
    driver(MadeUpGpu("GPU-mig", "NVIDIA A100-SXM4-40GB", instances=instances))
    process(11, "0::/\n", 4242)
    collected = host()
    [(facts, quantity)] = facts_of(collected, "gpu.hours")
    assert (facts["user"], facts["profile"], quantity) == ("4242", "3g.20gb", Decimal("0.428571428571"))
    assert "measured_by" not in facts
    assert facts_of(collected, "gpu.utilization") == []
    assert [quantity for _, quantity in facts_of(collected, "gpu.samples")] == [0]


def test_processes_that_share_a_gpu_out_hold_none_and_those_of_another_namespace_are_unknown(
    driver, process, host
) -> None:
    driver(MadeUpGpu("GPU-1", A30, 50, processes=[11, 12, 99]))
    process(11, "0::/\n", comm="nvidia-cuda-mps")
    process(12, "0::/\n", 4242)
    assert [facts.get("user") for facts, _ in facts_of(host(), "gpu.hours")] == ["4242"], "99 is gone"
    driver(MadeUpGpu("GPU-2", A30, 50, processes=[97, 98]))
    later = facts_of(host(EIGHT + timedelta(hours=2)), "gpu.hours")
    assert [(facts["user"], hours) for facts, hours in later if facts["gpu"] == "GPU-2"] == [("unknown", 1)]


@pytest.mark.parametrize(
    ("cgroup", "facts"),
    [
        (POD, {"namespace": "team-a", "pod": "train-0", "pod_uid": UID, "container": "trainer"}),
        (
            f"3:cpu:/kubepods/burstable/pod{UID}/{CONTAINER}\n",
            {"namespace": "team-a", "pod": "train-0", "pod_uid": UID},
        ),
        (POD.replace("0c1e8a5e", "ffffffff"), {"pod_uid": UID.replace("0c1e8a5e", "ffffffff")}),
        (f"0::/system.slice/docker-{CONTAINER}.scope\n", {"container": CONTAINER[:12]}),
        ("4:devices:/slurm/uid_4242/job_17/step_batch\n", {"job": "17"}),
        ("0::/user.slice\n", {}),
    ],
)
def test_a_process_belongs_to_the_pod_container_or_job_of_its_control_group(
    cgroup: str, facts: dict[str, str], process, pod: Path, tmp_path: Path
) -> None:
    process(11, cgroup, 4242)
    found = dict(holder_of(11, Places(tmp_path / "proc", tmp_path / "pods")) or {})
    assert found.pop("user") == "4242"
    assert {name: found[name] for name in facts} == facts
    assert set(found) - {"container"} == set(facts) - {"container"}


def test_a_job_is_told_by_its_environment_where_it_has_no_control_group(process, tmp_path: Path) -> None:
    process(11, "0::/\n", 0, environ="PATH=/bin\0SLURM_JOB_ID=42\0")
    assert holder_of(11, Places(tmp_path / "proc", tmp_path)) == {"job": "42", "user": "root"}
    assert holder_of(12, Places(tmp_path / "proc", tmp_path)) is None


def test_a_process_that_may_not_be_looked_at_is_of_an_unknown_user(process, tmp_path: Path, monkeypatch) -> None:
    process(11, "0::/\n")

    def denied(*_: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", denied)
    assert holder_of(11, Places(tmp_path / "proc", tmp_path)) == UNKNOWN


def test_a_host_without_a_driver_is_told_what_to_do(collecting, monkeypatch) -> None:
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})

    def missing(_name: str) -> None:
        raise OSError("libnvidia-ml.so.1: cannot open shared object file")

    monkeypatch.setattr(pynvml, "CDLL", missing)
    with pytest.raises(CollectError, match=r"there is no NVIDIA driver on this host: .*install the driver") as refused:
        collecting.build(TYPE).sample()
    assert refused.value.permanent
    [need] = collecting.build(TYPE).probe()
    assert "no NVIDIA driver" in str(need.problem)


def test_a_library_that_fails_is_let_go_of_and_opened_anew(driver, collecting) -> None:
    library = driver(MadeUpGpu("GPU-1", H100, 50, mean=5.0))
    now = [EIGHT]
    collector = collecting.build(TYPE, lambda: now[0])
    collector.sample()
    assert (library.opened, library.samples) == (1, 1)
    library.error = pynvml.NVML_ERROR_DRIVER_NOT_LOADED
    now[0] += timedelta(minutes=1)
    with pytest.raises(CollectError, match="is not loaded: modprobe nvidia") as failed:
        collector.sample()
    assert not failed.value.permanent
    assert (library.opened, library.samples) == (0, 0)
    library.error = 0
    collector.sample()
    assert library.opened == 1


def test_a_gpu_that_is_lost_spoils_no_other_and_no_gpu_is_told(driver, collecting) -> None:
    library = driver(MadeUpGpu("GPU-1", A30, 50), MadeUpGpu("GPU-2", A30, 50, error=pynvml.NVML_ERROR_GPU_IS_LOST))
    collecting.build(TYPE, lambda: EIGHT).sample()
    library.gpus[0].error = pynvml.NVML_ERROR_GPU_IS_LOST
    with pytest.raises(CollectError, match="no GPU of this host can be seen: "):
        collecting.build(TYPE, lambda: EIGHT).sample()
    library.gpus = []
    with pytest.raises(CollectError, match="the driver knows none"):
        collecting.build(TYPE, lambda: EIGHT).sample()


def test_a_wrong_option_and_a_missing_library_are_told(collecting, monkeypatch) -> None:
    with pytest.raises(ValueError, match="environment: USER is a fact or column of its own"):
        collecting.build(TYPE, environment=["USER"])
    monkeypatch.setattr("collectors.storage.store.find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"needs pynvml: pip install 'attributor\[nvml\]'"):
        collecting.build(TYPE)
