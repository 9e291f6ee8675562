"""A command, flag, setting or source that nobody can read about does not exist."""

from pathlib import Path

import click
import pytest

from attributor.app.configuration import known_types
from attributor.cli.main import attributor
from attributor.config.keys import (
    ACCOUNTS,
    ALERTS,
    DELIVERY,
    DIGEST,
    ENGINE,
    ESCALATION,
    HEARTBEAT,
    IDLE_GPU,
    INVOICE,
    JOURNAL,
    MAINTENANCE,
    QUIET_HOURS,
    ROUNDS,
    ROUTE,
    RUNAWAY,
    SOURCE,
    SPEND,
    STATEMENTS,
    STORE,
    TOP_LEVEL,
    UNATTRIBUTED,
    WEB,
)
from attributor.config.policies import POLICY, RULES

DOCS = Path(__file__).parents[1] / "docs"


def commands(group: click.Group, path: str = "attributor") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        full = f"{path} {name}"
        found += commands(command, full) if isinstance(command, click.Group) else [(full, command)]
    return found


@pytest.mark.parametrize(("name", "command"), commands(attributor), ids=str)
def test_every_command_and_flag_is_documented(name: str, command: click.Command) -> None:
    text = (DOCS / "commands.md").read_text()
    line = next((line for line in text.splitlines() if f"`{name}" in line), None)
    assert line is not None, f"{name} is not in docs/commands.md"
    flags = [option.opts[-1] for option in command.params if isinstance(option, click.Option)]
    assert [flag for flag in flags if flag not in line and flag not in {"--config", "--format"}] == []


def test_every_setting_is_documented() -> None:
    text = "".join((DOCS / name).read_text() for name in ("configuration.md", "alerts.md", "statements.md"))
    sections = {"idle_gpu": IDLE_GPU, "spend": SPEND, "unattributed": UNATTRIBUTED, "runaway": RUNAWAY}
    sections["heartbeat"] = HEARTBEAT
    names = [*TOP_LEVEL, *(option.name for option in (*STORE, *WEB, *ENGINE, *SOURCE, *INVOICE)), "channels", "routes"]
    names += [f"{section}.{option.name}" for section, options in sections.items() for option in options]
    timed = {"time_zone", "quiet_hours", "maintenance", "digests"}
    assert set(ALERTS) == {"channels", "routes", "policies", *timed, *sections}
    names += [*ALERTS.keys() - sections.keys(), *ROUTE, *ESCALATION, *QUIET_HOURS, *ROUNDS, *DIGEST, *MAINTENANCE]
    names += [*STATEMENTS, *(option.name for option in (*DELIVERY, *JOURNAL, *ACCOUNTS))]
    names += [f"policies.{option.name}" for option in POLICY]
    names += [f"{rule}.{option.name}" for rule, options in RULES.items() for option in options]
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", sorted(known_types().collectors))
def test_every_kind_of_source_has_a_page_with_its_options(name: str) -> None:
    text = (DOCS / "sources" / f"{name}.md").read_text()
    if "](paths.md" in text:
        text += (DOCS / "sources" / "paths.md").read_text()
    options = known_types().collectors[name].options
    assert [option.name for option in options if f"`{option.name}`" not in text] == []


@pytest.mark.parametrize("name", sorted(known_types().channels))
def test_every_kind_of_channel_is_documented_with_its_options(name: str) -> None:
    text = (DOCS / "alerts.md").read_text()
    options = known_types().channels[name].options
    assert [option.name for option in options if f"`{option.name}`" not in text] == []
