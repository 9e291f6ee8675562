"""Every keyword is documented, described to editors, and means the same to both."""

import re
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest
import yaml

from rules import keywords
from rules.json_schema import fragment
from rules.reading import splits

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
WORDS = sorted({word for section in keywords.SECTIONS.values() for word in section})
VALUES = ("hour", "day", "month", "holder", "spread", "previous", "unattributed", "idle", "cost", "(?i)", "tags.KEY")


@pytest.mark.parametrize("word", [*WORDS, *VALUES])
def test_every_keyword_is_documented(word):
    assert re.search(rf"`[^`\n]*{re.escape(word)}\b[^`\n]*`|`{re.escape(word)}`", PAGE.read_text(encoding="utf-8"))


def examples():
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def validator():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        **fragment(),
    }
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("number", range(len(examples())))
def test_every_example_of_the_page_is_accepted_by_the_reader_and_by_the_schema(read, validator, tmp_path, number):
    (tmp_path / "owners.csv").write_text("value,team,project\n1111,search,ranker\n")
    text = examples()[number]
    assert read(text).problems == ()
    assert list(validator.iter_errors(yaml.safe_load(text.replace(": 2026-", ": !!str 2026-")))) == []


@pytest.mark.parametrize(
    "text",
    [
        "teams: {a: {alias: b}}",
        "rules: [{owner: a, split: {by: cost}}]",
        "rules: [{mach: {X: y}, owner: a}]",
        "rules: [{match: {X: {regx: y}}, owner: a}]",
        "rules: [{split: {by: x, per: week}}]",
        "rules: [{activity: {rest: a}}]",
        "shared: [{team: a}]",
        "dimensions: {Colour: tags.colour}",
    ],
)
def test_what_the_reader_refuses_the_schema_refuses_too(read, validator, text):
    assert read(text).problems
    assert list(validator.iter_errors(yaml.safe_load(dedent(text))))


def test_the_documented_metric_of_idle_capacity_is_the_one_in_use():
    assert splits.IDLE_METRIC in PAGE.read_text(encoding="utf-8")
