"""Prometheus and Grafana: checked by promtool, and only over metrics that the daemon has."""

import json
import re
import subprocess
from datetime import UTC, datetime

import pytest
import yaml

from attributor.ledger.engine import open_engine
from attributor.metrics.figures import Figures
from attributor.metrics.ledger_collector import estimate_families, money_families, state_families
from attributor.metrics.outlook_collector import forecast_families
from attributor.metrics.registry import build_registry

_HOW = "apt-get install prometheus"
_NOW = datetime(2026, 11, 21, tzinfo=UTC)


def promtool(program, *arguments, folder):
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        pytest.param(("test", "rules", "alerts_test.yml"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_promtool_accepts_the_configuration_the_rules_and_their_timelines(deploy, tool, arguments):
    promtool(tool("promtool", _HOW), *arguments, folder=deploy / "prometheus")


def test_every_rule_has_a_timeline_that_fires_it(deploy):
    rules = yaml.safe_load((deploy / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    tests = yaml.safe_load((deploy / "prometheus" / "alerts_test.yml").read_text(encoding="utf-8"))
    named = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    fired = {case["alertname"] for test in tests["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == named


def test_every_expression_of_the_dashboards_parses(deploy, tool, tmp_path):
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(dashboard_expressions(deploy))]
    (tmp_path / "panels.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8"
    )
    promtool(tool("promtool", _HOW), "check", "rules", "panels.yml", folder=tmp_path)


def test_dashboards_and_rules_ask_only_for_metrics_that_the_daemon_has(deploy, tmp_path):
    rules = yaml.safe_load((deploy / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked = {
        name
        for text in [*expressions, *dashboard_expressions(deploy)]
        for name in re.findall(r"\battributor_\w+", text)
    }
    assert len(asked) > 8
    assert asked <= exposed(tmp_path)


def test_every_panel_has_a_title_a_description_and_the_provisioned_source(deploy):
    source = yaml.safe_load(
        (deploy / "grafana" / "provisioning" / "datasources" / "prometheus.yaml").read_text(encoding="utf-8")
    )["datasources"][0]
    for panel in (panel for dashboard in dashboards(deploy) for panel in dashboard["panels"]):
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@pytest.mark.parametrize("name", ["attributor", "attributor-team"])
def test_panels_do_not_lie_on_each_other_and_are_told_apart(deploy, name):
    taken = set()
    panels = next(each["panels"] for each in dashboards(deploy) if each["uid"] == name)
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def dashboards(deploy):
    return [json.loads(file.read_text(encoding="utf-8")) for file in (deploy / "grafana" / "dashboards").glob("*.json")]


def dashboard_expressions(deploy):
    panels = [panel for dashboard in dashboards(deploy) for panel in dashboard["panels"]]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def exposed(tmp_path):
    """The names of all series, of a ledger that has something to tell of everything."""
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    metrics = build_registry(engine, lambda: _NOW, tuple)
    metrics.job_runs.labels("collect", "failed").inc()
    metrics.job_duration.labels("collect").observe(1)
    metrics.push_events.labels("accepted").inc()
    figures = Figures(_NOW, {}, {}, {}, {}, (), (), {}, {}, _NOW)
    families = [*metrics.registry.collect(), *money_families(figures), *state_families(figures)]
    families += [*estimate_families(figures), *forecast_families({})]
    engine.dispose()
    return {sample.name for family in families for sample in family.samples} | {family.name for family in families}
