"""A rules file is read whole: every mistake at once, with its line and the fix."""

from pathlib import Path
from textwrap import dedent

import pytest

from rules.load import load, restore
from rules.located import read_yaml

DESIGN_EXAMPLE = """
teams:
  search:   {aliases: [srch, "search team"], cost_center: "4100", owner: "@ana", slack: "#search-costs", budget: 42000}
  platform: {cost_center: "4000"}
  research:
  ads: {}
  data: {}

rules:
  - name: team tag
    match: {tags.team: present}
    owner: {team: tags.team, project: tags.project}
  - name: research account
    match: {SubAccountId: ["1111", "2222"]}
    owner: research
  - name: shared GPU cluster
    match: {tags.cluster: gpu-prod}
    split: {by: gpu.hours, pool: gpu-prod, per: hour, idle: holder, without_usage: previous}
  - name: training pool
    match: {tags.pool: training}
    activity: {rates: {training.gpu_hours: 2.10, experiment.runs: 14.00}, pool: training, rest: platform}
  - name: support plan
    match: {ServiceName: AWSSupport*}
    split: {by: cost}
shared:
  - {team: platform, split: {by: requests, per: month}}
  - {team: data, split: {fixed: {search: 60, ads: 40}}}
"""


def test_the_example_of_the_documentation_has_no_problem(read):
    loaded = read(DESIGN_EXAMPLE)
    assert loaded.problems == ()
    assert [rule.name for rule in loaded.ruleset.rules] == [
        "team tag",
        "research account",
        "shared GPU cluster",
        "training pool",
        "support plan",
    ]
    assert loaded.ruleset.rules[2].line == 16


def test_no_rules_are_valid_rules(read):
    assert read("rules: []").problems == ()
    assert read("").problems == ()


@pytest.mark.parametrize(
    ("rule", "message", "fix"),
    [
        ("{mach: {X: y}, owner: search}", "has no key `mach`", "did you mean `match`?"),
        ("{owner: serch}", "there is no team `serch`", "did you mean `search`?"),
        ("{owner: nobody at all}", "there is no team `nobody at all`", "under `teams:`"),
        ("{owner: tags.team}", "`tags.team` is a column", "write `owner: {team: tags.team}`"),
        ("{owner: {project: tags.project}}", "`owner` has no `team`", "{team: tags.team}"),
        ("{owner: {team: TagsTeam}}", "there is no column `TagsTeam`", "tag"),
        ("{match: {ServceName: x}, owner: search}", "no column `ServceName`", "did you mean `ServiceName`?"),
        ("{match: {servicename: x}, owner: search}", "no column `servicename`", "did you mean `ServiceName`?"),
        ("{match: {tags.a: {regx: x}}, owner: search}", "has no test `regx`", "did you mean `regex`?"),
        ("{match: {tags.a: {regex: '(a+)+'}}, owner: search}", "could run away", "take one of the two"),
        ("{match: {tags.a: {regex: '(?=a)'}}, owner: search}", "cannot be read", "RE2"),
        ("{match: {tags.a: {regex: '(a'}}, owner: search}", "cannot be read", "RE2"),
        ("{match: {tags.a: {range: [1]}}, owner: search}", "`range` is [low, high]", "both ends"),
        ("{match: {tags.a: {match_case: false}}, owner: search}", "needs one test", "`regex`"),
        ("{match: {tags.a: }, owner: search}", "`tags.a` is a text or a list", "[a, b]"),
        ("{match: {any: {tags.a: b}}, owner: search}", "`any` is a list", "any: ["),
        ("{match: present, owner: search}", "`match` is a map", "leave it out"),
        ("{match_case: maybe, owner: search}", "`match_case` is 'maybe'", "`true`, `false`"),
        ("{name: only a name}", "the rule has no outcome", "`owner`, `split`"),
        ("{owner: search, split: {by: cost}}", "has 2 outcomes", "give it one of"),
        ("{owner: search, from: 2026-13-01}", "`from` is a day", "YYYY-MM-DD"),
        ("{owner: search, from: 2026-05-01, until: 2026-05-01}", "holds on no day", "first day after"),
        ("{split: {per: day}}", "the split has no kind", "`by`, `even` and `fixed`"),
        ("{split: {by: cost, even: [search]}}", "has 2 kinds", "`by`, `even` and `fixed`"),
        ("{split: {by: cost, per: hour}}", "cost is known by day", "per: day"),
        ("{split: {by: cost, pool: x}}", "`pool` has no meaning beside `by: cost`", "remove `pool`"),
        ("{split: {by: cost, without_usage: previous}}", "not for cost", "`even`"),
        ("{split: {by: requests, idle: holder}}", "`idle` has no meaning", "remove `idle`"),
        ("{split: {by: gpu.hours, idle: holdr}}", "there is no team `holdr`", "`teams:`"),
        ("{split: {by: requests, per: week}}", "`per` is 'week'", "`hour`, `day`, `month`"),
        ("{split: {by: requests, without_usage: prevous}}", "`without_usage` is", "did you mean `previous`?"),
        ("{split: {even: []}}", "`even` is a list of teams", "[a, b]"),
        ("{split: {even: [search, SEARCH]}}", "names `search` twice", "keep one"),
        ("{split: {fixed: {search: 0}}}", "every weight is 0", "above 0"),
        ("{split: {fixed: {search: -1}}}", "the weight of `search` is -1", "from 0"),
        ("{split: {fixed: {search: lots}}}", "is a number, not 'lots'", "1250.50"),
        ("{activity: {rest: search}}", "`activity` has no `rates`", "rates:"),
        ("{activity: {rates: {runs: 2}}}", "`activity` has no `rest`", "name the team"),
        ("{activity: {rates: {runs: 1e-13}, rest: search}}", "finer than twelve decimals", "round it"),
        ("{activity: {rates: {runs: []}, rest: search}}", "`runs` has no rate", "a number, or"),
        ("{activity: {rates: {runs: [{money: 2}]}, rest: search}}", "has no key `money`", "`rate`"),
        ("{activity: {rates: {runs: [{from: 2026-01-01}]}, rest: search}}", "has no `rate`", "add `rate"),
        (
            "{activity: {rates: {runs: [{rate: 1, until: 2026-02-01}, {rate: 2, from: 2026-01-01}]}, rest: search}}",
            "two rates of `runs` hold from 2026-01-01",
            "do not overlap",
        ),
        ("{split: {by: []}}", "a list of metrics with weights", "{gpu.hours: 0.7}"),
        ("{split: {by: [requests]}}", "a metric with its weight", "{gpu.hours: 0.7}"),
        ("{split: {by: [{requests: 0}]}}", "the weight of `requests` is 0", "above 0"),
        ("{split: {by: [{requests: many}]}}", "is a number, not 'many'", "1250.50"),
        ("{split: {by: [{requests: 1}, {cost: 1}]}}", "`cost` cannot be blended", "usage metrics"),
        ("{split: {by: [{requests: 1}, {requests: 2}]}}", "names `requests` twice", "keep one"),
        ("{split: {by: [{metric: requests, pool: p}]}}", "has no `weight`", "{gpu.hours: 0.7}"),
        ("{split: {by: [{gpu.hours: 1}], idle: holder}}", "`idle` has no meaning beside several", "remove `idle`"),
        ("{follow: [ServiceNam]}", "no column `ServiceNam`", "did you mean `ServiceName`?"),
        ("{owner: {mapping: {file: gone.csv, column: SubAccountId}}}", "cannot read gone.csv", "relative"),
        ("{owner: {mapping: {column: SubAccountId}}}", "`mapping` has no `file`", "owners.csv"),
    ],
)
def test_a_wrong_rule_is_named_with_its_line_and_the_fix(read, rule, message, fix):
    problems = read(f"teams:\n  search: {{}}\nrules:\n  - {rule}\n").problems
    assert [problem.line for problem in problems] == [4]
    assert message in problems[0].message
    assert fix in problems[0].fix
    assert problems[0].file == "rules.yaml"


@pytest.mark.parametrize(
    ("text", "line", "message", "fix"),
    [
        ("teams: [search]", 1, "`teams` is a map", "below it"),
        ("teams:\n  search: {alias: x}", 2, "has no key `alias`", "did you mean `aliases`?"),
        ("teams:\n  idle: {}", 2, "cannot be a team's id", "another word"),
        ("teams:\n  a: {aliases: [Unattributed]}", 2, "cannot name", "remove it"),
        ("teams:\n  a-b: {}\n  A_B: {}", 3, "names both team", "do not tell names apart"),
        ("teams:\n  a: {budget: much}", 2, "`budget` is a number", "1250.50"),
        ("teams:\n  a: {budget: {daily_soft: 3}}", 2, "no `monthly`", "monthly: 42000"),
        ("teams:\n  a: {budget: {monthly: 3, rolling: {week: 3}}}", 2, "no number of days", "{7d: 5000}"),
        ("teams:\n  a: {budget: {monthly: 3, rolling: 7}}", 2, "a map from days to money", "{7d: 5000}"),
        ("teams:\n  a: {time_zone: Europe/Berlyn}", 2, "no time zone", "Europe/Berlin"),
        ("teams:\n  a: {budget: {monthly: 3, thresholds: [100, 80]}}", 2, "ascending", "[80, 100, 120]"),
        ("teams:\n  a: {was: old}", 2, "`was` is a list", "until:"),
        ("teams:\n  a: {was: [{name: b, until: 2026-01-01}]}\n  b: {}", 2, "names team `b` before", "give it `from:`"),
        ("teams:\n  a: {from: 2026-05-01, until: 2026-05-01}", 2, "holds on no day", "first day after"),
        (
            "teams:\n  a: {from: 2026-05-01, was: [{name: b, until: 2026-05-01}]}",
            2,
            "before it is there",
            "`from:` out",
        ),
        ("teams:\n  a: {until: 2026-05-01}\n  b: {from: 2026-04-30, aliases: [a]}", 3, "names both team", "keep it"),
        ("rules: {owner: x}", 1, "`rules` is a list", "- name"),
        ("rules:\n  - 5", 2, "is a map of keys", "`name`"),
        (
            "teams: {a: }\nrules:\n  - {name: x, match: {tags.a: b}, owner: a}\n  - {name: x, owner: a}",
            4,
            "two rules",
            "name",
        ),
        ("shared: {team: a}", 1, "`shared` is a list", "- {team"),
        ("teams: {a: }\nshared:\n  - {team: a}", 3, "has no `split`", "add `split:`"),
        ("teams: {a: }\nshared:\n  - {team: a, split: {by: cost, per: hour}}", 3, "known by day", "per: month"),
        ("teams: {a: }\nshared:\n  - {team: a, split: {by: x, per: hour}}", 3, "per day or month", "per: day"),
        ("teams: {a: }\nshared:\n  - {team: a, split: {even: [a]}}", 3, "can never leave", "not shared itself"),
        ("dimensions: {Modell: tags.m}", 1, "cannot be called `Modell`", "did you mean `Model`?"),
        ("dimensions: {team: tags.t}", 1, "`team`: the word is taken", "another word"),
        ("dimensions: {the feature: tags.f}", 1, "cannot be called", "a small word"),
        ("required_tags: {team: yes}", 1, "`required_tags` is a text or a list", "[a, b]"),
        ("required_tags: [tags.team]", 1, "holds keys, not columns", "write `team`"),
        ("required_tags: [team, team]", 1, "names a tag twice", "keep one"),
        ("dimensions: [tags.m]", 1, "`dimensions` is a map", "Model"),
    ],
)
def test_a_mistake_outside_the_rules_is_named_too(read, text, line, message, fix):
    problems = read(text).problems
    assert [problem.line for problem in problems] == [line]
    assert message in problems[0].message
    assert fix in problems[0].fix


def test_a_team_is_a_part_of_another_one(read):
    loaded = read("teams:\n  engineering:\n  search: {parent: engineering}\nrules: []")
    assert loaded.problems == ()
    assert [team.parent for team in loaded.ruleset.teams] == ["", "engineering"]
    assert loaded.ruleset.digest == read("teams:\n  engineering:\n  search: {}\nrules: []").ruleset.digest


def test_a_parent_that_is_no_team_and_a_circle_are_told(read):
    parents = {"a": "c", "b": "a", "c": "b", "d": "d", "ee": "aaa"}
    problems = read("teams:\n" + "".join(f"  {team}: {{parent: {of}}}\n" for team, of in parents.items())).problems
    assert [(problem.line, problem.message) for problem in problems] == [
        (2, "team `a` is a part of itself: `a` in `c` in `b` in `a`"),
        (5, "team `d` is a part of itself: `d` in `d`"),
        (6, "the parent `aaa` of team `ee` is no team"),
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file(read):
    problems = read(
        """
        teams:
          search: {alias: x}
        rules:
          - {name: a, mach: {X: y}, owner: serch}
          - {name: b, owner: search, split: {by: cost}}
        shared:
          - {team: ads, split: {by: requests}}
        """
    ).problems
    assert [problem.line for problem in problems] == [3, 5, 5, 6, 8]


def test_a_mapping_table_is_checked_line_by_line(read, tmp_path):
    (tmp_path / "owners.csv").write_text("value,team,projct\n1111,search,x\n2222,serch,x\n1111,search,x\n3333\n")
    problems = read(
        "teams:\n  search: {}\nrules:\n  - owner: {mapping: {file: owners.csv, column: SubAccountId}}"
    ).problems
    assert [(problem.file, problem.line) for problem in problems] == [("owners.csv", line) for line in (1, 3, 4, 5)]
    assert problems[0].fix == "did you mean `project`?"
    assert problems[1].fix == "did you mean `search`?"


def test_shared_teams_that_only_serve_each_other_are_a_problem(read):
    teams = "teams: {a: , b: , c: }\n"
    loop = "shared:\n  - {team: a, split: {even: [b]}}\n  - {team: b, split: {even: [a]}}\n"
    assert [problem.line for problem in read(teams + loop).problems] == [3, 4]
    assert read(teams + loop.replace("[a]", "[a, c]")).problems == ()
    assert read(teams + loop.replace("even: [a]", "by: requests")).problems == ()


def test_activity_rules_of_one_pool_must_agree(read):
    text = """
    teams: {a: }
    rules:
      - {name: one, match: {tags.a: present}, activity: {rates: {runs: 1}, pool: p, rest: a}}
      - {name: two, activity: {rates: {runs: 2}, pool: p, rest: a}}
    """
    (problem,) = read(text).problems
    assert (problem.line, "claimed differently by rule `one`" in problem.message) == (5, True)


def test_a_name_may_pass_from_one_team_to_another_on_a_day(read):
    text = """
    teams:
      old: {until: 2026-05-01, aliases: [ml]}
      new: {from: 2026-05-01, aliases: [ml]}
      ml ops: {was: [{name: new, until: 2026-05-01}]}
    """
    assert read(text).problems == ()


def test_a_rule_that_names_a_team_beyond_its_days_is_warned_of(read):
    text = """
    teams: {a: , b: {until: 2026-05-01}}
    rules:
      - {name: one, match: {tags.a: x}, owner: b, from: 2026-05-01}
      - {name: two, match: {tags.a: x}, activity: {rates: {runs: 1}, rest: b}}
      - {name: three, match: {tags.a: y}, split: {by: gpu.hours, unallocated: b}, until: 2026-05-01}
    """
    problems = read(text).problems
    assert [(problem.line, problem.severity) for problem in problems] == [(4, "warning"), (5, "warning")]


STORED = """
teams:
  a: {from: 2026-01-01, until: 2027-01-01, was: [{name: x, until: 2026-02-01}, {name: y, until: 2026-03-01}]}
  b:
dimensions: {Model: tags.m, feature: tags.f}
required_tags: [team, feature]
rules:
  - {name: one, match: {tags.a: x}, owner: {team: tags.team, feature: tags.g}}
  - {name: two, split: {by: [{gpu.hours: 0.7}, {metric: requests, weight: 0.3, pool: p}], without_usage: even}}
  - {name: three, activity: {rates: {runs: [{rate: 2, until: 2026-07-01}, {rate: 3, from: 2026-07-01}]}, rest: b}}
"""


def test_every_keyword_survives_being_stored(read):
    loaded = read(STORED)
    assert [problem.severity for problem in loaded.problems] == ["warning"]
    assert restore(loaded.ruleset.text) == loaded.ruleset


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tags.f}", "tags.h}"),
        ("feature: tags.g", "feature: tags.h"),
        ("required_tags: [team, feature]", "required_tags: [team]"),
        ("0.7", "0.8"),
        ("rate: 3", "rate: 4"),
        ("until: 2026-07-01", "until: 2026-06-01"),
        ("until: 2027-01-01", "until: 2026-12-01"),
        ("pool: p", "pool: q"),
    ],
)
def test_the_digest_changes_with_each_of_them(read, before, after):
    assert before in STORED
    assert read(STORED.replace(before, after)).ruleset.digest != read(STORED).ruleset.digest


def test_a_stored_rule_set_is_restored_as_it_was(read, tmp_path):
    (tmp_path / "owners.csv").write_text("value,team\n1111,search\n")
    mapped = "  - {name: mapped, owner: {mapping: {file: owners.csv, column: SubAccountId}}}\n"
    ruleset = read(DESIGN_EXAMPLE.replace("shared:\n", mapped + "shared:\n")).ruleset
    (tmp_path / "owners.csv").unlink()
    assert restore(ruleset.text) == ruleset
    with pytest.raises(ValueError, match="no stored rule set"):
        restore("{}")


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("budget: 42000", "budget: 43000", True),
        ("#search-costs", "#other", True),
        ("rules:", "\n\nrules:", False),
        ("srch", "srhc", False),
        ("per: hour", "per: day", False),
        ("2.10", "2.11", False),
        ("search: 60", "search: 61", False),
        ('"4000"', '"4001"', False),
        ("name: team tag", "name: team tags", False),
    ],
)
def test_the_digest_changes_with_what_attribution_and_explanations_show_and_only_then(read, before, after, same):
    assert before in DESIGN_EXAMPLE
    changed = DESIGN_EXAMPLE.replace(before, after)
    assert (read(changed).ruleset.digest == read(DESIGN_EXAMPLE).ruleset.digest) is same


def test_the_digest_is_the_same_wherever_the_file_lies(tmp_path):
    def digest(file: str) -> str:
        root, _ = read_yaml(DESIGN_EXAMPLE, file)
        return load(root, tmp_path).ruleset.digest

    assert digest("/etc/attributor/rules.yaml") == digest("rules.yaml") != digest("old.yaml")


def test_the_digest_changes_with_the_content_of_a_mapping_table(read, tmp_path):
    text = "teams: {a: , b: }\nrules:\n  - owner: {mapping: {file: owners.csv, column: SubAccountId}}"
    (tmp_path / "owners.csv").write_text("value,team\n1,a\n")
    first = read(text).ruleset.digest
    (tmp_path / "owners.csv").write_text("value,team\n1,b\n")
    assert read(text).ruleset.digest != first


@pytest.mark.slow
def test_ten_thousand_rules_load():
    lines = ["teams:", *(f"  team{i}: {{}}" for i in range(500)), "rules:"]
    for number in range(10_000):
        pattern = f"^node{number}-[a-z]+"
        lines.append(
            f"  - {{name: r{number}, match: {{ResourceName: {{regex: '{pattern}'}}}}, owner: team{number % 500}}}"
        )
    root, _ = read_yaml(dedent("\n".join(lines)), "rules.yaml")
    loaded = load(root, Path())
    assert len(loaded.ruleset.rules) == 10_000
    assert loaded.problems == ()
