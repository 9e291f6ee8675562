"""The examples that textbooks of cost accounting work out by hand, with numbers of our own."""


def test_two_departments_that_serve_each_other_are_solved_by_the_reciprocal_method(engine, charge):
    """Energy costs 46,000 and the workshop 92,000; they serve each other, milling and assembly.

    Energy gives the workshop 40 %, milling 35 %, assembly 25 %; the workshop gives energy 20 %, milling 30 %, assembly
    50 %. Their full costs E and W solve E = 46,000 + 0.2 W and W = 92,000 + 0.4 E, so that 0.92 E = 64,400:
    E = 70,000 and W = 120,000. Milling bears 0.35 * 70,000 + 0.3 * 120,000 = 60,500 and assembly
    0.25 * 70,000 + 0.5 * 120,000 = 77,500, together the 138,000 that there were.
    """
    text = """
    teams: {energy: , workshop: , milling: , assembly: }
    rules:
      - {name: tag, match: {tags.team: present}, owner: {team: tags.team}}
    shared:
      - {team: energy, split: {fixed: {workshop: 40, milling: 35, assembly: 25}}}
      - {team: workshop, split: {fixed: {energy: 20, milling: 30, assembly: 50}}}
    """
    found = engine.by_team(text, [charge(46_000, tags_team="energy"), charge(92_000, tags_team="workshop")])
    assert found == {"milling": 60_500, "assembly": 77_500}


def test_activity_based_costing_leaves_unused_capacity_with_the_department(engine, charge, used):
    """A training platform costs 126,000 and can give 42,000 GPU minutes: 3.00 a minute.

    Research trains for 20,000 minutes and search for 14,500. Starting a run takes 15 minutes more, so that it counts
    45.00; research started 120 runs and search 80. Research bears 60,000 + 5,400 = 65,400 and search
    43,500 + 3,600 = 47,100. Used are 34,500 + 200 * 15 = 37,500 minutes, and the 4,500 that nobody used, 13,500, are
    the platform's unused capacity.
    """
    text = """
    teams: {research: , search: , platform: }
    rules:
      - {name: training, activity: {rates: {gpu.minutes: 3.00, runs: 45}, pool: training, rest: platform}}
    """
    usage = [
        used("gpu.minutes", "research", 20_000, pool="training"),
        used("gpu.minutes", "search", 14_500, pool="training"),
        used("runs", "research", 120, pool="training"),
        used("runs", "search", 80, pool="training"),
    ]
    rows = engine.rows(engine.attribute(text, [charge(126_000)], usage))
    assert {(row.team, row.idle_cause): row.cost for row in rows} == {
        ("research", ""): 65_400,
        ("search", ""): 47_100,
        ("platform", "rest"): 13_500,
    }
