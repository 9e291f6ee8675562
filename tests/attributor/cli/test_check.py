"""`attributor check`: every problem at once, each with file, line and the fix."""

import csv
import io
from itertools import pairwise

import pytest

BROKEN = """
sources:
  aws: {type: focsu, path: "bills/*.csv"}
teams:
  search: {budgte: 10}
rules:
  - {name: one, match: {tags.team: present}, owner: serch}
  - {name: one, split: {by: gpu.hours, per: week}}
alerts:
  channels: {hook: {type: webhook, url: nowhere}}
"""
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghi")
)


def test_every_problem_is_told_at_once_with_file_line_and_the_fix(make_company) -> None:
    company = make_company(BROKEN)
    answer = company.command("check", "--format", "json")
    assert (answer.code, answer.err, answer.json["ok"]) == (2, "", False)
    problems = answer.json["problems"]
    assert {problem["file"] for problem in problems} == {str(company.folder / "attributor.yaml")}
    assert {problem["line"] for problem in problems} == {3, 5, 7, 8, 10}
    assert all(problem["fix"] for problem in problems)
    assert any("did you mean `search`" in problem["fix"] for problem in problems)


def test_people_read_one_problem_a_line_and_a_count(make_company) -> None:
    company = make_company(BROKEN)
    answer = company.command("check")
    file = company.folder / "attributor.yaml"
    assert answer.code == 2
    assert all(line.startswith(f"{file}:") for line in answer.out.splitlines())
    assert answer.err == f"{file}: {len(answer.out.splitlines())} errors\n"


def test_csv_has_a_row_a_problem(make_company) -> None:
    company = make_company(BROKEN)
    answer = company.command("check", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [{**row, "line": int(row["line"])} for row in rows] == company.command("check", "--format", "json").json[
        "problems"
    ]


def test_a_file_without_mistakes_is_fine(company) -> None:
    answer = company.command("check")
    assert (answer.code, answer.out, answer.err) == (0, "", f"{company.folder / 'attributor.yaml'}: fine\n")


def test_warnings_alone_are_no_failure(company) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    last = "  - {name: rest, owner: ads}\n  - {name: late, match: {tags.a: b}, owner: search}\n"
    company.write("attributor.yaml", config + last)
    answer = company.command("check")
    file = company.folder / "attributor.yaml"
    never = f"{file}:13: warning: rule `late` never matches: `rest` on line 12 takes everything"
    assert (answer.code, answer.err) == (0, f"{file}: 1 warning\n")
    assert answer.out.startswith(never)
    assert company.command("check", "--format", "json").json["ok"] is True
    assert company.run().code == 0


@pytest.mark.parametrize("lake", ["./la#ke", "./la?ke", "./[x]"])
def test_a_lake_that_could_not_be_kept_there_is_refused_before_a_run(lake: str, company) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config.replace("lake: ./lake", f"lake: '{lake}'"))
    answer = company.command("check")
    assert (answer.code, "name another folder" in answer.out) == (2, True)
    assert company.run().code == 2


def test_what_check_refuses_no_command_does(make_company) -> None:
    company = make_company(BROKEN)
    told = company.command("check").out
    for command in ("run", "serve", "alerts test --channel hook"):
        answer = company.command(*command.split())
        assert (answer.code, answer.out, answer.err) == (2, "", told)


def test_a_value_that_only_its_type_can_judge_is_a_problem_too(company) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config.replace('"bills/*.csv"', '"bills/*.csv", encoding: klingon'))
    answer = company.command("check")
    assert (answer.code, "attributor.yaml:4: source `aws`: encoding: 'klingon' is not known" in answer.out) == (2, True)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rules:\n\t- {name: a}\n", 2, "cannot start any token"),
        ("rules: [\n", 2, "not valid YAML"),
        ("teams: {a: , a: }\n", 1, "`a` stands twice"),
        ("company: a\0b\n", 1, "not valid YAML"),
        ("rules: []\n---\nrules: []\n", 2, "another document"),
        ("a: &a [*a]\n", 1, "anchors and aliases"),
        ("rules:\n  " + "[" * 100_000 + "]" * 100_000 + "\n", 2, "nested more than 100 deep"),
        (BOMB, 1, "anchors and aliases"),
        ("rules: !!python/object/apply:os.system ['true']\n", 1, "map of keys"),
    ],
    ids=["tab", "open", "twice", "null", "documents", "itself", "deep", "bomb", "tag"],
)
def test_a_hostile_file_is_one_problem(text: str, line: int, words: str, make_company) -> None:
    company = make_company(text)
    [problem] = company.command("check", "--format", "json").json["problems"]
    assert (problem["line"], words in problem["message"]) == (line, True)
    assert "\n" not in problem["message"]


def warned(company) -> dict[int, tuple[str, str]]:
    """What check warns of, by line."""
    answer = company.command("check", "--format", "json")
    assert (answer.code, answer.json["ok"]) == (0, True)
    problems = [problem for problem in answer.json["problems"] if problem["severity"] == "warning"]
    return {problem["line"]: (problem["message"], problem["fix"]) for problem in problems}


def test_a_metric_a_pool_and_a_team_that_nothing_reports_are_warnings_with_the_nearest_known_name(ran) -> None:
    assert warned(ran) == {}
    config = (ran.folder / "attributor.yaml").read_text().replace("  ads: {}", "  ads: {}\n  unknwn: {}\n  nobody: {}")
    ran.bill("november", "10,30,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,team=unknown")
    assert ran.run().code == 0
    more = """  - {name: pool, match: {tags.a: b}, split: {by: gpu.hours, pool: prd}}
  - {name: metric, match: {tags.a: c}, split: {by: gpu.hour}}
  - {name: runs, match: {tags.a: d}, activity: {rates: {experiments: 1}, rest: ads}}
shared:
  - {team: nobody, split: {by: requests}}
"""
    ran.write("attributor.yaml", config + more)
    assert warned(ran) == {
        9: (
            "team `unknwn` was given no charge and no usage in the last 62 days",
            "charges say `unknown`: add it to its `aliases`",
        ),
        14: ("rule `pool`: no usage reports `gpu.hours` in the pool `prd`", "did you mean `prod`?"),
        15: ("rule `metric`: no usage reports the metric `gpu.hour`", "did you mean `gpu.hours`?"),
        16: ("rule `runs`: no usage reports the metric `experiments`", "see that a source reports it"),
        18: ("shared team `nobody`: no usage reports the metric `requests`", "see that a source reports it"),
    }


def test_without_a_ledger_nothing_is_said_of_what_is_reported_and_none_is_made(company) -> None:
    config = (company.folder / "attributor.yaml").read_text().replace("gpu.hours", "gpu.hour")
    company.write("attributor.yaml", config)
    assert warned(company) == {}
    assert not (company.folder / "ledger.db").exists()
    company.write("attributor.yaml", config.replace("sqlite:///ledger.db", "postgresql://ada:hush@127.0.0.1:1/costs"))
    assert warned(company) == {}
    company.write("attributor.yaml", config)
    assert company.run().code == 0
    assert list(warned(company)) == [11], "once it is there, it is asked"


def test_a_note_is_counted_apart_and_is_no_failure(company) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    rules = "  - {name: one, match: {SubAccountId: ['1', '2']}, owner: ads}\n"
    company.write(
        "attributor.yaml", config + rules + rules.replace("one", "two").replace("'1'", "'3'").replace("ads", "search")
    )
    answer = company.command("check")
    file = company.folder / "attributor.yaml"
    told = f"{file}:13: note: rule `two` gets nothing of `SubAccountId` '2': `one` on line 12 takes it"
    assert (answer.code, answer.err) == (0, f"{file}: 1 note\n")
    assert answer.out.startswith(told)
