"""`attributor schema`: what an editor makes of a configuration, held against what the program makes of it."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from attributor.app.configuration import known_types
from attributor.cli.main import attributor
from attributor.config.load import load_config
from attributor.demo.organisation import TEAMS
from attributor.demo.settings import settings_yaml

AWS = "sources: {aws: {type: focus, path: x}}\n"
REPOSITORY = Path(__file__).parents[3]
CORE = {
    "null": r"^(?:~|null|Null|NULL|)$",
    "bool": r"^(?:true|True|TRUE|false|False|FALSE)$",
    "int": r"^[-+]?[0-9]+$",
    "float": r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$",
}


class Editor(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: `no` and dates are text, `0123` is a number."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}
    yaml_constructors: ClassVar[dict[str, Any]] = dict(yaml.SafeLoader.yaml_constructors)


for _kind, _form in CORE.items():
    Editor.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_form), None)
Editor.add_constructor("tag:yaml.org,2002:int", lambda _loader, node: int(node.value))
Editor.add_constructor("tag:yaml.org,2002:float", lambda _loader, node: float(node.value))


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    printed = CliRunner().invoke(attributor, ["schema"])
    assert (printed.exit_code, printed.stderr) == (0, "")
    document = json.loads(printed.stdout)
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def marks(schema: Draft202012Validator, text: str) -> list[str]:
    document = yaml.load(text, Loader=Editor)
    return [f"{error.json_path}: {error.message[:120]}" for error in schema.iter_errors(document)]


def refuses(text: str, folder: Path) -> bool:
    """Whether the program refuses it."""
    (folder / "attributor.yaml").write_text(text)
    return bool(load_config(folder / "attributor.yaml", known_types(), str).errors)


def test_the_shipped_configurations_are_accepted(schema: Draft202012Validator) -> None:
    budgets = {team.id: Decimal("1250.50") for team in TEAMS}
    assert marks(schema, settings_yaml(budgets)) == []
    assert marks(schema, (REPOSITORY / "deploy" / "attributor.yaml").read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "rules: []",
        "alerts:\nsources:\nstore:\nrules:\nteams:\ncompany:\nshared:\nweb:\n",
        "alerts: {channels: , routes: , idle_gpu: }",
        "company: no",
        "company: 0123",
        "teams: {a: {budget: 1e-10, cost_center: 0123, aliases: [yes, 1]}, no: }",
        "teams: {a: {budget: 1234567890123456789}}",
        "teams: {a: {budget: '${BUDGET}'}}",
        "sources: {a: {type: focus, path: '${BILLS}', every: '${EVERY}', stale_after: 3d}}",
        f"{AWS}invoices: [{{source: aws, period: 2026-10, total: 1.5, currency: USD, basis: list}}]",
        "invoices:",
        "sources: {a: {type: prometheus, url: '${URL}', busy_above: 10, facts: label_team}}",
        "sources: {a: {type: prometheus, url: 'http://x', facts: [label_team]}}",
        "alerts: {channels: {c: {type: console}}, routes: [{match: {kind: [a]}, channels: c}, {channels: c}]}",
        "alerts: {time_zone: Europe/Berlin, quiet_hours: {n: {from: '22:00', until: '07:00'}, w: {days: sun}},"
        " channels: {c: {type: console}}, routes: [{channels: [c], quiet: [n, w], digest: {at: '09:00', days: [mon]},"
        " escalate: [{after: 4h, channels: c}]}]}",
        "alerts: {channels: {c: {type: console}}, digests: [{at: '08:00', channels: [c]},"
        " {period: week, at: '08:00', days: mon, teams: [a], channels: c}]}",
        "alerts: {maintenance: [{from: 2026-12-01T20:00, until: 2026-12-02, reason: r, match: {team: a}, keys: x}]}",
        "alerts: {channels: {c: {type: webhook, url: 'https://x', headers: {a: b}}}}",
        "teams: {x: }\nrules: [{match: {SubAccountId: [1111, 2222]}, owner: x, from: 2026-01-01}]",
        "alerts: {policies: [{rule: hour}, {rule: metric, metric: queue, above: 3, for: 2h, teams: a}]}",
        "alerts: {policies: }",
        "teams: {a: {budget: {monthly: 10, rolling: {7d: 5.5}}, time_zone: Europe/Berlin}}",
        "store: {lake: s3://x/y, lake_options: {aws_region: eu}}",
    ],
)
def test_what_the_program_takes_the_editor_takes(text: str, schema: Draft202012Validator, tmp_path: Path) -> None:
    assert marks(schema, text) == []
    assert "${" in text or not refuses(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "sorces: {}",
        "invoices: {}",
        f"{AWS}invoices: [{{source: aws, total: 1.5, currency: USD}}]",
        f"{AWS}invoices: [{{source: aws, period: 2026-13, total: 1, currency: USD}}]",
        f"{AWS}invoices: [{{source: aws, period: 2026-10, total: 1, currency: USD, basis: paid}}]",
        "rules: 3",
        "sources: {a: {}}",
        "sources: {a: {type: nope}}",
        "sources: {a: {type: focus}}",
        "sources: {a: {type: focus, path: x, every: soon}}",
        "sources: {a: {type: focus, path: x, colour: red}}",
        "teams: []",
        "teams: {a: {budgte: 1}}",
        "teams: {a: {budget: lots}}",
        "rules: [{name: x}]",
        "rules: [{owner: a, split: {even: [a]}}]",
        "teams: {a: }\nrules: [{split: {by: gpu.hours, per: week}}]",
        "alerts: {idle: 1}",
        "alerts: {channels: {s: {type: slack}}}",
        "alerts: {channels: {s: {type: webhook, url: nowhere}}}",
        "alerts: {routes: [{match: {teem: a}, channels: []}]}",
        "alerts: {routes: [{match: {team: a}}]}",
        "alerts: {routes: {}}",
        "alerts: {quiet_hours: {n: {from: late}}}",
        "alerts: {digests: [{period: month, at: '08:00', channels: []}]}",
        "alerts: {digests: [{period: day, channels: []}]}",
        "alerts: {quiet_hours: {n: {days: [saturday]}}}",
        "alerts: {maintenance: [{from: soon, until: 2026-12-02, reason: r}]}",
        "alerts: {maintenance: [{from: 2026-12-01, until: 2026-12-02}]}",
        "alerts: {routes: [{channels: [], digest: {days: [mon]}}]}",
        "alerts: {routes: [{channels: [], escalate: [{after: soon, channels: []}]}]}",
        "alerts: {routes: [{channels: [], escalate: [{after: 1h}]}]}",
        "alerts: {idle_gpu: {below: low}}",
        "alerts: {idle_gpu: {for: 2}}",
        "alerts: {policies: [{rule: nope}]}",
        "alerts: {policies: [{rule: hour, percent: 3}]}",
        "alerts: {policies: [{rule: metric, metric: queue}]}",
        "alerts: {policies: {}}",
        "teams: {a: {budget: {monthly: 10, rolling: {week: 5}}}}",
        "store: [x]",
        "store: {lak: x}",
        "web: {public_url: nowhere}",
    ],
)
def test_what_the_program_refuses_the_editor_marks(text: str, schema: Draft202012Validator, tmp_path: Path) -> None:
    assert (refuses(text, tmp_path), bool(marks(schema, text))) == (True, True)
