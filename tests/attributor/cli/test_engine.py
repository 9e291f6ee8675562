"""Where the cluster cannot be used, commands say so in a line, and what needs no cluster works."""

import pytest

from attributor.app import cluster

ENGINE = "engine:\n  executor: dask\n  scheduler: tcp://127.0.0.1:1\n"


@pytest.fixture
def on_a_cluster(company):
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config + ENGINE)
    return company


def test_without_the_package_the_configuration_cannot_be_used(on_a_cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    line = len((on_a_cluster.folder / "attributor.yaml").read_text().splitlines()) - 1
    for command in ("check", "run"):
        answer = on_a_cluster.command(command)
        assert answer.code == 2
        assert f"attributor.yaml:{line}: `executor: dask` needs the package `distributed`" in answer.out + answer.err
        assert "pip install 'attributor[dask]'" in answer.out + answer.err


@pytest.mark.slow
def test_a_scheduler_that_is_away_is_said_in_a_line_and_the_days_wait(
    on_a_cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    answer = on_a_cluster.command("run")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].startswith("the scheduler tcp://127.0.0.1:1 is away: ")
    assert answer.err.splitlines()[-1].endswith("start it, or correct `scheduler:` below `engine:`")
    config = (on_a_cluster.folder / "attributor.yaml").read_text()
    on_a_cluster.write("attributor.yaml", config.replace("dask", "local"))
    assert on_a_cluster.run().json["attributed_days"] == ["2026-11-10", "2026-11-11"]
    on_a_cluster.write("attributor.yaml", config)
    assert on_a_cluster.run().json["attributed_days"] == [], "nothing to compute needs no cluster"
