"""docs/alerts.md says everything that a user can meet."""

import re
from pathlib import Path
from typing import get_args

import pytest

from alerts.alert import Kind, Severity
from alerts.channels.registry import built_in
from alerts.channels.webhook import MESSAGE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, document
from alerts.policy import Match, Route
from alerts.ports import Message, MessageKind

DOCS = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_alert_is_documented_with_its_key(kind):
    assert re.search(rf"^\| `{kind}` \| `\w+[^`]*` \|", DOCS, re.MULTILINE)


@pytest.mark.parametrize("severity", get_args(Severity))
def test_every_severity_is_documented(severity):
    assert f"| `{severity}` |" in DOCS


@pytest.mark.parametrize("name", built_in())
def test_every_channel_and_each_of_its_options_is_documented(name):
    section = DOCS.split(f"### {name}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
    for option in built_in()[name].options:
        assert f"| `{option.name}` | {'yes' if option.required else 'no'} |" in section


def test_every_part_of_a_route_is_documented():
    section = DOCS.split("## Routes", 1)[1].split("\n## ", 1)[0]
    for name in (*Route.__dataclass_fields__, *Match.__dataclass_fields__):
        assert name in section


def test_every_field_and_header_of_the_webhook_is_documented(alert):
    made = alert()
    sent = document(Message("1", "g", "c", "firing", "search", (made,), made.started_at), "")
    for name in (*sent, *sent["alerts"][0], *sent["alerts"][0]["contributors"][0]):
        assert f'"{name}":' in DOCS
    for header in (MESSAGE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER):
        assert header in DOCS
    for status in get_args(MessageKind):
        assert f"`{status}`" in DOCS
