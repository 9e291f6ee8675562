"""Required tags and dimensions of one's own, from the bill to the commands."""

CONFIGURED = "required_tags: [team, cluster]\ndimensions: {place: tags.cluster}\n"


def configured(company):
    text = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", CONFIGURED + text)
    assert company.run().code == 0
    return company


def test_the_money_of_required_tags_sums_to_showback_and_is_derived_anew_when_they_change(ran):
    unset = ran.command("tags", "--period", "2026-11", "--format", "json")
    assert (unset.json["tags"], unset.json["total"]) == ([], "0")
    assert "no charge of 2026-11 was attributed with `required_tags`" in unset.err
    company = configured(ran)
    found = company.command("tags", "--period", "2026-11", "--by", "team", "--format", "json").json
    assert found["total"] == company.command("showback", "--period", "2026-11", "--format", "json").json["total"]
    assert {row["tag"]: (row["present"], row["missing"]) for row in found["tags"]} == {
        "team": ("35", "11"),
        "cluster": ("9", "37"),
    }
    assert {row["team"]: row["present"] for row in found["rows"] if row["tag"] == "cluster"}["search"] == "3"
    table = company.command("tags", "--period", "2026-11").out
    assert "19.57 %" in table
    csv = company.command("tags", "--period", "2026-11", "--format", "csv").out.splitlines()
    assert csv[0] == "account,tag,present,missing,compliance"


def test_costs_are_grouped_by_a_dimension_of_ones_own_beside_the_known_ones(ran):
    assert "cannot group by 'place'" in ran.command("showback", "--by", "place").err
    assert configured(ran).costs("place", "team") == {
        ("", "search"): "30",
        ("prod", "search"): "3",
        ("prod", "ads"): "6",
        ("", "ads"): "5",
        ("", "unattributed"): "2",
    }
