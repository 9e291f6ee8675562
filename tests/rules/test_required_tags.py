"""Required tags: the money of the charges that have each, and of those that lack it."""

TEXT = """
teams: {search: , ads: }
required_tags: [team, "it's"]
rules:
  - {name: tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: shared, match: {ServiceName: Shared}, split: {even: [search, ads]}}
"""


def compliance(engine, attribution):
    rows = engine.connection.execute(f"SELECT account, team, tag, present, missing FROM {attribution.tags}").fetchall()
    return {row[:3]: row[3:] for row in rows}


def test_the_money_with_and_without_each_tag_is_told_by_account_and_team(engine, charge):
    charges = [
        charge(10, tags_team="search", SubAccountId="1", Tags={"it's": "x"}),
        charge(20, tags_team="search", SubAccountId="1"),
        charge(3, ServiceName="Shared", SubAccountId="2", Tags={"it's": "x"}),
        charge(-1, SubAccountId="2", Tags={"it's": ""}),
    ]
    assert compliance(engine, engine.attribute(TEXT, charges)) == {
        ("1", "search", "team"): (30, 0),
        ("1", "search", "it's"): (10, 20),
        ("2", "search", "team"): (0, 1.5),
        ("2", "ads", "team"): (0, 1.5),
        ("2", "search", "it's"): (1.5, 0),
        ("2", "ads", "it's"): (1.5, 0),
        ("2", "unattributed", "team"): (0, -1),
        ("2", "unattributed", "it's"): (0, -1),
    }


def test_where_no_tag_is_required_there_is_no_table_and_no_further_cell(engine, charge):
    charges = [charge(1, tags_team="ads", Tags={"it's": "x"}), charge(2, tags_team="ads")]
    without = engine.attribute(TEXT.replace('[team, "it\'s"]', "[]"), charges)
    assert without.tags is None
    assert len(engine.rows(without)) == 1
    assert len(engine.rows(engine.attribute(TEXT, charges))) == 2
