"""`attributor plan`: what other rules would move, told before they are used, with nothing touched."""

import csv
import hashlib
import io
import sqlite3
from decimal import Decimal

import pytest

from attributor.ledger.engine import open_engine_to_read
from attributor.ledger.schema import migrate

TEAMS = "teams:\n  search: {aliases: [srch]}\n  ads: {}\n"
TAG = "  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}\n"
EVEN = "  - {name: cluster, match: {tags.cluster: prod}, split: {even: [search, ads]}}\n"
NOBODY = "  - {name: leftovers, match: {tags.owner: unknown}, owner: ads}\n"
PERIOD = ("--period", "2026-11")


@pytest.fixture
def planned(ran):
    """Plan November with these rules instead."""

    def plan(rules: str, *arguments: str):
        ran.write("new.yaml", rules)
        return ran.command("plan", "--rules", str(ran.folder / "new.yaml"), *PERIOD, *arguments)

    return plan


def everything(folder) -> dict[str, str]:
    """Every file of the lake by its digest, and every row of the ledger."""
    files = [path for path in sorted((folder / "lake").rglob("*")) if path.is_file()]
    stored = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    with sqlite3.connect(folder / "ledger.db") as connection:
        stored["ledger"] = "\n".join(connection.iterdump())
    connection.close()
    return stored


def test_the_same_rules_move_nothing_and_exit_0(ran) -> None:
    answer = ran.command("plan", "--rules", str(ran.folder / "attributor.yaml"), *PERIOD)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("No money moves: all of $46.00 effective cost of 2026-11 stays where it is.\n")


def test_what_moves_is_told_by_team_by_rule_and_from_whom_to_whom(planned, ran) -> None:
    answer = planned(f"{TEAMS}rules:\n{TAG}{EVEN}{NOBODY}", "--format", "json")
    assert answer.code == 1
    found = answer.json
    assert {line["team"]: (line["before"], line["after"], line["difference"]) for line in found["teams"]} == {
        "search": ("33", "34.5", "1.5"),
        "ads": ("11", "11.5", "0.5"),
        "unattributed": ("2", "0", "-2"),
    }
    assert {line["rule"]: (line["before"], line["after"], line["difference"]) for line in found["rules"]} == {
        "team tag": ("35", "35", "0"),
        "cluster": ("9", "9", "0"),
        "leftovers": ("0", "2", "2"),
        "": ("2", "0", "-2"),
    }
    assert found["moves"] == [
        {
            "from": {"team": "unattributed", "rule": ""},
            "to": {"team": "ads", "rule": "leftovers"},
            "amount": "2",
        },
        {"from": {"team": "ads", "rule": "cluster"}, "to": {"team": "search", "rule": "cluster"}, "amount": "1.5"},
    ]
    assert (found["period"], found["currency"], found["basis"], found["moved"]) == (
        "2026-11",
        "USD",
        "effective",
        "3.5",
    )
    assert found["before"] == {"total": "46", "days": 2, "days_computed_anew": 2}
    assert found["unattributed"] == {"before": "2", "after": "0", "difference": "-2", "newly": []}
    assert [line["team"] for line in found["teams"]] == ["unattributed", "search", "ads"], "the largest first"


def test_before_is_the_showback_and_after_is_what_it_becomes(planned, ran) -> None:
    rules = f"{TEAMS}rules:\n{EVEN}  - {{name: rest, match: {{tags.team: '*'}}, owner: search}}\n"
    found = planned(rules, "--format", "json").json
    assert {line["team"]: line["before"] for line in found["teams"] if line["before"] != "0"} == ran.costs()
    config, _, _ = (ran.folder / "attributor.yaml").read_text().partition("teams:")
    ran.write("attributor.yaml", config + rules)
    assert ran.run().code == 0
    assert {line["team"]: line["after"] for line in found["teams"] if line["after"] != "0"} == ran.costs()


def test_what_becomes_unattributed_is_named_with_who_had_it(planned) -> None:
    answer = planned(f"{TEAMS}rules:\n{TAG}", "--format", "json")
    found = answer.json["unattributed"]
    assert (answer.code, found["before"], found["after"], found["difference"]) == (1, "2", "11", "9")
    assert [(one["team"], one["rule"], one["service"], one["amount"]) for one in found["newly"]] == [
        ("ads", "cluster", "Amazon EC2", "6"),
        ("search", "cluster", "Amazon EC2", "3"),
    ]


def test_a_rule_of_another_name_moves_no_money(planned) -> None:
    answer = planned(f"{TEAMS}rules:\n{TAG.replace('team tag', 'tag of the team')}", "--format", "json")
    rules = {line["rule"]: line["difference"] for line in answer.json["rules"]}
    assert (rules["team tag"], rules["tag of the team"]) == ("-35", "35")
    same = planned(
        f"rules:\n{TAG.replace('team tag', 'other')}"
        "  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod, per: day}}\n",
        "--format",
        "json",
    )
    assert (same.code, same.json["money_moves"], same.json["moves"]) == (0, False, [])


def test_a_project_that_changes_inside_a_team_moves_money_too(planned) -> None:
    owner = "{team: tags.team, project: tags.team}"
    answer = planned(
        f"{TEAMS}rules:\n  - {{name: team tag, match: {{tags.team: present}}, owner: {owner}}}\n"
        "  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod, per: day}}\n",
        "--format",
        "json",
    )
    assert (answer.code, answer.json["moved"], answer.json["relabelled"]) == (1, "0", {"project": "35"})


def test_money_moves_where_it_does_in_another_basis_alone(billed) -> None:
    company = billed("2026-11-10 EC2 5/0/7 team=search")
    company.write("new.yaml", f"{TEAMS}rules: []\n")
    answer = company.command("plan", "--rules", str(company.folder / "new.yaml"), *PERIOD, "--format", "json")
    assert (answer.code, answer.json["moved"]) == (1, "0")
    assert answer.json["moved_by_basis"] == {"effective": "0", "billed": "5", "list": "7"}
    told = company.command("plan", "--rules", str(company.folder / "new.yaml"), *PERIOD)
    assert "$5.00 of billed cost moves between teams: see `--basis billed`.\n" in told.out
    billed_only = company.command(
        "plan", "--rules", str(company.folder / "new.yaml"), *PERIOD, "--basis", "billed", "--format", "json"
    )
    assert (billed_only.json["basis"], billed_only.json["moved"]) == ("billed", "5")


def test_several_currencies_are_planned_one_by_one(billed) -> None:
    company = billed("2026-11-10 EC2 5/5/5 team=search", "2026-11-11 EC2 3/3/3 team=ads currency=EUR")
    company.write("new.yaml", f"{TEAMS}rules: []\n")
    plan = ("plan", "--rules", str(company.folder / "new.yaml"), *PERIOD, "--format", "json")
    refused = company.command(*plan)
    assert (refused.code, refused.out, "--currency" in refused.err) == (2, "", True)
    for currency, team, amount in (("EUR", "ads", "-3"), ("USD", "search", "-5")):
        found = company.command(*plan, "--currency", currency).json
        assert {line["team"]: line["difference"] for line in found["teams"]}[team] == amount


def test_a_file_of_rules_keeps_the_parts_that_it_does_not_name(planned, ran) -> None:
    answer = planned(f"rules:\n{TAG}{EVEN}", "--format", "json")
    assert answer.code == 1
    assert f"{ran.folder / 'new.yaml'} has no `teams`: what the configuration has is kept\n" in answer.err
    whole = planned(f"sources: {{}}\nrules:\n{EVEN}")
    assert (whole.code, "there is no team `search`" in whole.err) == (2, True)


def test_mistakes_in_the_new_rules_are_told_as_by_check(planned, ran) -> None:
    answer = planned("teams: {search: }\nrules:\n  - {name: a, mach: {X: y}, owner: serch}\nshard: []\n")
    assert (answer.code, answer.out) == (2, "")
    file = ran.folder / "new.yaml"
    assert [line.partition(" ")[0] for line in answer.err.splitlines()] == [f"{file}:3:", f"{file}:3:", f"{file}:4:"]
    missing = ran.command("plan", "--rules", str(ran.folder / "gone.yaml"))
    assert (missing.code, "cannot be read" in missing.err) == (2, True)


def test_secrets_that_this_machine_lacks_are_not_asked_for(ran) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    hook = "alerts: {channels: {hook: {type: webhook, url: '${NOT_SET_HERE}'}}}\n"
    ran.write("attributor.yaml", config + hook)
    ran.write("new.yaml", config.replace("owner: {team: tags.team}", "owner: ads") + hook)
    answer = ran.command("plan", "--rules", str(ran.folder / "new.yaml"), *PERIOD, "--format", "json")
    assert (answer.code, answer.json["moved"]) == (1, "30")


def test_neither_lake_nor_ledger_is_touched(planned, ran) -> None:
    before = everything(ran.folder)
    for rules in (f"{TEAMS}rules:\n{TAG}{EVEN}", f"{TEAMS}rules: []"):
        for form in ("table", "json", "csv", "markdown"):
            assert planned(rules, "--format", form).code == 1
    assert everything(ran.folder) == before


def test_no_lease_is_asked_for_so_that_a_daemon_may_be_at_work(planned, ran) -> None:
    connection = sqlite3.connect(ran.folder / "ledger.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    assert planned(f"{TEAMS}rules:\n{TAG}{EVEN}").code == 1
    connection.execute("ROLLBACK")
    connection.close()


def test_a_ledger_opened_to_read_refuses_every_write(empty_ledger_url: str) -> None:
    engine = open_engine_to_read(empty_ledger_url)
    with pytest.raises(Exception, match=r"readonly|read-only"):
        migrate(engine)
    engine.dispose()


def test_a_ledger_that_is_not_there_or_of_another_version_is_told_and_not_made(company, ran) -> None:
    with sqlite3.connect(ran.folder / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    answer = ran.command("plan", "--rules", str(ran.folder / "attributor.yaml"))
    assert (answer.code, "is of another version — `attributor run`" in answer.err) == (2, True)
    (ran.folder / "ledger.db").unlink()
    answer = ran.command("plan", "--rules", str(ran.folder / "attributor.yaml"))
    assert (answer.code, "is not there yet — `attributor run` makes it" in answer.err) == (2, True)
    assert not (ran.folder / "ledger.db").exists()


def test_what_is_not_published_yet_and_other_rules_in_the_configuration_are_told(planned, ran) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config + NOBODY)
    answer = planned(config[config.index("teams:") :] + NOBODY)
    assert answer.code == 1
    assert f"warning: {ran.folder / 'attributor.yaml'} has other rules than were published (2 days)" in answer.err


def test_a_new_rule_that_gets_nothing_is_told_with_its_line(planned, ran) -> None:
    nothing = (
        "  - {name: typo, match: {tags.clustr: prod}, owner: ads}\n  - {name: usage, match: {user: u}, owner: ads}\n"
    )
    config = (ran.folder / "attributor.yaml").read_text()
    answer = planned(config[config.index("teams:") :] + nothing)
    assert (answer.code, answer.err) == (0, f"warning: rule `typo` ({ran.folder / 'new.yaml'}:7) claims no money\n")


def test_a_month_without_published_days_says_so(ran) -> None:
    answer = ran.command("plan", "--rules", str(ran.folder / "attributor.yaml"), "--period", "2026-10")
    assert (answer.code, answer.out) == (0, "Nothing is published of 2026-10.\n")


def test_people_read_the_teams_the_moving_rules_and_the_moves(planned) -> None:
    out = planned(f"{TEAMS}rules:\n{TAG}{EVEN}{NOBODY}").out
    assert out.startswith(
        "$3.50 of $46.00 effective cost of 2026-11 moves between teams; $2.00 less is unattributed.\n"
    )
    assert "│ search       │ $33.00 │ $34.50 │      $1.50 │" in out
    assert "│ (no rule) │  $2.00 │ $0.00 │     −$2.00 │" in out
    assert "2 more rules stay as they are\n" in out
    assert "the largest of 2 moves\n" in out
    assert "│ ads          │ cluster │ search │ cluster     │  $1.50 │" in out


def test_csv_has_a_row_for_every_team_and_rule(planned) -> None:
    rows = list(csv.DictReader(io.StringIO(planned(f"{TEAMS}rules:\n{TAG}{EVEN}", "--format", "csv").out)))
    assert {(row["kind"], row["name"]) for row in rows} == {
        *((("team", name)) for name in ("search", "ads", "unattributed")),
        *((("rule", name)) for name in ("team tag", "cluster", "")),
    }
    assert sum(Decimal(row["difference"]) for row in rows if row["kind"] == "team") == 0


def test_markdown_is_a_comment_that_no_name_breaks_out_of(company) -> None:
    company.write(
        "attributor.yaml",
        (company.folder / "attributor.yaml").read_text().replace("name: cluster", 'name: "a|b`c@d <img>"'),
    )
    assert company.run().code == 0
    company.write("new.yaml", f"{TEAMS}rules:\n{TAG}")
    plan = ("plan", "--rules", str(company.folder / "new.yaml"), *PERIOD, "--format", "markdown")
    answer = company.command(*plan)
    assert (answer.code, answer.out) == (
        1,
        """### Attributor plan for 2026-11

**$9.00 of $46.00 effective cost of 2026-11 moves between teams; $9.00 more is unattributed.**

#### By team

| Team | Before | After | Difference |
| --- | ---: | ---: | ---: |
| `unattributed` | $2.00 | $11.00 | +$9.00 |
| `ads` | $11.00 | $5.00 | −$6.00 |
| `search` | $33.00 | $30.00 | −$3.00 |

#### By rule

| Rule | Before | After | Difference |
| --- | ---: | ---: | ---: |
| `a\\|b'c@d <img>` | $9.00 | $0.00 | −$9.00 |
| no rule | $2.00 | $11.00 | +$9.00 |

1 rule unchanged.

#### From whom to whom

| From | by rule | To | now by rule | Amount |
| --- | --- | --- | --- | ---: |
| `ads` | `a\\|b'c@d <img>` | `unattributed` | no rule | $6.00 |
| `search` | `a\\|b'c@d <img>` | `unattributed` | no rule | $3.00 |

#### Becomes unattributed

| Had by | by rule | Source | Service | Account | Amount |
| --- | --- | --- | --- | --- | ---: |
| `ads` | `a\\|b'c@d <img>` | `aws` | `Amazon EC2` |  | $6.00 |
| `search` | `a\\|b'c@d <img>` | `aws` | `Amazon EC2` |  | $3.00 |
""",
    )


def test_no_rule_moves_anything_in_a_closed_month(billed) -> None:
    company = billed("2026-08-10 EC2 5/5/5 team=search", "2026-11-10 EC2 3/3/3 team=ads")
    closed = company.command("close", "2026-08")
    assert closed.code == 0, closed.err
    company.write("new.yaml", f"{TEAMS}rules: []\n")
    plan = ("plan", "--rules", str(company.folder / "new.yaml"), "--format", "json", "--period")
    answer = company.command(*plan, "2026-08")
    assert (answer.code, answer.json["moved"], answer.json["warnings"]) == (
        0,
        "0",
        ["2026-08 is closed: no rule moves anything in it"],
    )
    assert [line["before"] for line in answer.json["teams"]] == ["5"]
    assert company.command(*plan, "2026-11").json["moved"] == "3"


def test_both_databases_are_planned_and_suggested_from_alike(company, empty_ledger_url: str) -> None:
    config = (company.folder / "attributor.yaml").read_text().replace("sqlite:///ledger.db", f"'{empty_ledger_url}'")
    company.write("attributor.yaml", config)
    assert company.run().code == 0
    company.write("new.yaml", f"{TEAMS}rules:\n{TAG}{EVEN}")
    answer = company.command("plan", "--rules", str(company.folder / "new.yaml"), *PERIOD, "--format", "json")
    assert (answer.code, answer.json["moved"]) == (1, "1.5")
    found = company.command("suggest", *PERIOD, "--format", "json").json
    assert [(one["column"], one["value"], one["amount"]) for one in found["suggestions"]] == [
        ("tags.owner", "unknown", "2")
    ]
