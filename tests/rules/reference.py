"""A plain loop over fractions, written from the semantics alone: what the engine is held against."""

import fnmatch
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction

DAY = datetime(2026, 10, 14, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNIT = 10**12
TEAMS = ("a", "b", "c", "p", "q")
COSTS = ("BilledCost", "EffectiveCost", "ListCost")
CENTERS = {"a": "100", "p": "900"}


def units(amount):
    return int(Fraction(amount) * UNIT)


def exact_split(cost, weights):
    """Shares of an integer cost over [(key, Fraction)] in the order given."""
    total, running, before, shares = sum(w for _, w in weights), Fraction(0), 0, []
    for key, weight in weights:
        running += weight
        upto = abs(cost) * running / total
        upto = int(upto) if cost >= 0 else -int(upto)
        shares.append((key, upto - before))
        before = upto
    return shares


def value_of(row, column):
    if column.startswith("tags."):
        return row["Tags"].get(column[5:]) or None
    return row.get(column) or None


def matches(match, row):
    return all(_matches_entry(key, test, row) for key, test in match.items())


def _matches_entry(key, test, row):
    if key == "all":
        return all(matches(part, row) for part in test)
    if key == "any":
        return any(matches(part, row) for part in test)
    if key == "not":
        return not matches(test, row)
    value = value_of(row, key)
    if test == "present":
        return value is not None
    if test == "absent":
        return value is None
    if value is None:
        return False
    if isinstance(test, list):
        return any(fnmatch.fnmatchcase(value, one) for one in test)
    if isinstance(test, str):
        return fnmatch.fnmatchcase(value, test)
    ((kind, argument),) = test.items()
    if kind == "regex":
        return re.search(argument, value) is not None
    if kind == "prefix":
        return value.startswith(argument)
    return argument[0] <= value <= argument[1]


def team_named(value):
    form = re.sub(r"[\s\-_.]+", " ", (value or "").split("@")[0].strip().casefold()).strip()
    return form if form in TEAMS else None


def hour_of(instant):
    return (instant - EPOCH) // timedelta(hours=1)


def window_of(row, per):
    start, end = hour_of(row["ChargePeriodStart"]), hour_of(row["ChargePeriodEnd"])
    if per == "hour":
        return start, end
    if per == "day":
        return start // 24 * 24, -(-end // 24) * 24
    return month_window(row)


def month_window(_row):
    return hour_of(DAY.replace(day=1)), hour_of(DAY.replace(month=11, day=1))


def holds(rule, instant):
    return rule.get("from", "2000") <= f"{instant:%Y-%m-%d}" < rule.get("until", "3000")


def usage_team(row, rules):
    named = team_named(row["facts"].get("team"))
    if named:
        return named
    facts = {"Tags": row["facts"], **row["facts"], "x_Source": row["x_Source"]}
    for rule in rules:
        owner = rule.get("owner")
        if owner is None or not holds(rule, row["hour"]) or not matches(rule.get("match", {}), facts):
            continue
        team = owner if isinstance(owner, str) else team_named(value_of(facts, owner["team"]))
        if team:
            return team
    return "unattributed"


def summed(usage, metric, pool, window, among=()):
    sums = defaultdict(Fraction)
    for row in usage:
        in_window = window[0] <= hour_of(row["hour"]) < window[1]
        in_pool = row["metric"] == metric and (pool is None or row["pool"] == pool)
        if in_window and in_pool and (not among or row["team"] in among):
            sums[row["team"]] += Fraction(row["quantity"])
    return sums


def usage_weights(split, window, usage):
    """[((team, cause), weight)] of a window, or nothing."""
    held = summed(usage, split["by"], split.get("pool"), window, split.get("among", ()))
    if "idle" not in split:
        return [((team, ""), weight) for team, weight in held.items()]
    everyone = summed(usage, split["by"], split.get("pool"), window)
    capacity = sum(summed(usage, "gpu.capacity_hours", split.get("pool"), window).values())
    busy_reported = summed(usage, "gpu.busy_hours", split.get("pool"), window)
    weights = [((split.get("unallocated", "idle"), "unallocated"), max(capacity - sum(everyone.values()), 0))]
    idle = {t: h - min(h, busy_reported.get(t, 0)) if busy_reported else Fraction(0) for t, h in held.items()}
    weights += [((team, ""), hours - idle[team]) for team, hours in held.items()]
    for team, hours in held.items():
        if split["idle"] == "holder":
            weights.append(((team, "held"), idle[team]))
        elif split["idle"] == "spread":
            total = sum(held.values())
            weights.append(((team, "held"), sum(idle.values()) * hours / total if total else Fraction(0)))
        else:
            weights.append(((split["idle"], "held"), idle[team]))
    return weights


def tidy(weights):
    sums = defaultdict(Fraction)
    for key, weight in weights:
        sums[key] += Fraction(weight)
    return sorted(((key, weight) for key, weight in sums.items() if weight), key=lambda pair: pair[0])


def shares_of(stated):
    return [((team, ""), Fraction(weight)) for team, weight in stated.items()]


def stand_in(split, window, usage, covered):
    """(weights, measured window, fallback) of a bucket without usage."""
    reason = "zero" if covered[0] <= window[0] and window[1] <= covered[1] else "not_covered"
    without = split.get("without_usage", "unattributed")
    size = 24 if split.get("per", "day") == "day" else 1
    if without == "previous":
        start = (window[0] - 1) // size * size
        while start + size > window[0] - 7 * 24:
            bucket = (start, start + size)
            if any(summed(usage, split["by"], split.get("pool"), bucket, split.get("among", ())).values()):
                return tidy(usage_weights(split, bucket, usage)), bucket, f"previous:{reason}"
            start -= size
    if without == "even":
        return tidy(shares_of(dict.fromkeys(split.get("among", TEAMS), 1))), window, f"even:{reason}"
    if isinstance(without, dict):
        return tidy(shares_of(without["fixed"])), window, f"fixed:{reason}"
    return [(("unattributed", ""), Fraction(1))], window, f"unattributed:{reason}"


def reference(rules, shared, charges, usage, covered):
    """Rows (source, rule, team, idle cause, shared step, fallback, measured window, dimensions…, costs…), summed."""
    usage = [{**row, "team": usage_team(row, rules)} for row in usage]
    cells = defaultdict(lambda: [0, 0, 0])
    for row in charges:
        index, team, project = claim(rules, row)
        split = rules[index].get("split") or rules[index].get("activity") or {} if index is not None else {}
        measured = ("by" in split and split["by"] != "cost") or "rates" in split
        window = window_of(row, split.get("per", "day")) if measured else None
        key = (row["x_Source"], index, team, project, row["ServiceName"], row["SubAccountId"], window)
        cells[key] = [total + units(row[cost]) for total, cost in zip(cells[key], COSTS, strict=True)]
    parts = phase_one(rules, cells, usage, covered)
    first = defaultdict(Fraction)
    followed = defaultdict(Fraction)
    for (cell, owner, *_), costs in parts.items():
        if owner[0] != "unattributed":
            first[owner[0]] += costs[1]
            followed[owner[0], cell[4], cell[5]] += costs[1]
    phase_two(rules, cells, parts, first, followed)
    return pass_on(rules, shared, parts, usage)


def claim(rules, row):
    for index, rule in enumerate(rules):
        if not matches(rule.get("match", {}), row):
            continue
        if not holds(rule, row["ChargePeriodStart"]):
            continue
        owner = rule.get("owner")
        if owner is None:
            return index, "", ""
        team = owner if isinstance(owner, str) else team_named(value_of(row, owner["team"]))
        project = value_of(row, owner.get("project", "tags.")) or "" if isinstance(owner, dict) else ""
        if team is not None:
            return index, team, project
    return None, "unattributed", ""


def give(parts, cell, costs, weights, measured, fallback):
    split = [exact_split(cost, weights) for cost in costs]
    for position, (owner, _) in enumerate(weights):
        parts[cell, owner, measured, fallback] = [shares[position][1] for shares in split]


def phase_one(rules, cells, usage, covered):
    parts = {}
    pools = defaultdict(list)
    for cell, costs in cells.items():
        index, team, window = cell[1], cell[2], cell[6]
        rule = {} if index is None else rules[index]
        split = rule.get("split", {})
        if index is None or "owner" in rule:
            parts[cell, (team, ""), None, ""] = costs
        elif "activity" in rule:
            pools[index].append((window, cell, costs))
        elif "even" in split or "fixed" in split:
            stated = split.get("fixed") or dict.fromkeys(split["even"], 1)
            give(parts, cell, costs, tidy(shares_of(stated)), None, "")
        elif split.get("by", "cost") != "cost":
            weights, measured, fallback = tidy(usage_weights(split, window, usage)), window, ""
            if not weights:
                weights, measured, fallback = stand_in(split, window, usage, covered)
            give(parts, cell, costs, weights, measured, fallback)
    for index, members in pools.items():
        activity_parts(parts, rules[index]["activity"], sorted(members, key=lambda one: one[0]), usage)
    return parts


def activity_parts(parts, activity, members, usage):
    groups = []
    for window, cell, costs in members:
        if groups and window[0] < groups[-1][0][1]:
            groups[-1][0] = (groups[-1][0][0], max(groups[-1][0][1], window[1]))
            groups[-1][1].append((cell, costs))
        else:
            groups.append([window, [(cell, costs)]])
    for window, found in groups:
        pool = Fraction(sum(costs[1] for _, costs in found), UNIT)
        claims = [
            ((team, ""), Fraction(rate) * count)
            for metric, rate in activity["rates"].items()
            for team, count in summed(usage, metric, activity["pool"], window).items()
        ]
        claimed = sum(weight for _, weight in claims)
        rest = ((activity["rest"], "rest"), max(pool - claimed, Fraction(0)))
        weights = tidy([*claims, rest]) if pool > 0 else [((activity["rest"], "rest"), Fraction(1))]
        for cell, costs in found:
            give(parts, cell, costs, weights, window, "")


def phase_two(rules, cells, parts, first, followed):
    day, month = (hour_of(DAY), hour_of(DAY) + 24), month_window(None)
    for cell, costs in cells.items():
        rule = {} if cell[1] is None else rules[cell[1]]
        if rule.get("split", {}).get("by") == "cost":
            among = rule["split"].get("among", ())
            found = {team: cost for team, cost in first.items() if not among or team in among}
            window = day
        elif "follow" in rule:
            found, window = {}, month
            for count in range(len(rule["follow"]), 0, -1):
                agreeing = (4, 5)[:count]
                sums = defaultdict(Fraction)
                for (team, service, account), cost in followed.items():
                    values = {4: service, 5: account}
                    if all(cell[i] and values[i] == cell[i] for i in agreeing):
                        sums[team] += cost
                if sum(sums.values()) > 0:
                    found = sums
                    break
        else:
            continue
        weights = tidy([((team, ""), cost) for team, cost in found.items() if cost > 0])
        fallback = "" if weights else "unattributed:zero"
        give(parts, cell, costs, weights or [(("unattributed", ""), Fraction(1))], window, fallback)


def solved(flows):
    """Final shares by repeated substitution: eliminate one provider after the other from all rows."""
    rows = {
        p: {c: w / sum(v for d, v in used.items() if d != p) for c, w in used.items() if c != p and w}
        for p, used in flows.items()
    }
    for gone in list(rows):
        loop = rows[gone].pop(gone, Fraction(0))
        rows[gone] = {consumer: share / (1 - loop) for consumer, share in rows[gone].items()}
        for other, row in rows.items():
            if other != gone and gone in row:
                through = row.pop(gone)
                for consumer, share in rows[gone].items():
                    row[consumer] = row.get(consumer, Fraction(0)) + through * share
    return rows


def pass_on(rules, shared, parts, usage):
    flows = {}
    for entry in shared:
        split = entry["split"]
        used = split.get("fixed") or summed(usage, split["by"], None, (hour_of(DAY), hour_of(DAY) + 24))
        flows[entry["team"]] = {team: Fraction(weight) for team, weight in used.items() if Fraction(weight)}
    flows = {team: used for team, used in flows.items() if set(used) - {team}}
    final = solved(flows)
    rows = defaultdict(lambda: [0, 0, 0])
    for (cell, (team, cause), measured, fallback), costs in parts.items():
        targets = sorted(item for item in final.get(team, {}).items() if item[1]) or [(team, Fraction(1))]
        step = team if team in final else ""
        split = [exact_split(cost, targets) for cost in costs]
        for position, (target, _) in enumerate(targets):
            name = rules[cell[1]]["name"] if cell[1] is not None else ""
            key = (cell[0], name, target, cause, step, fallback, measured, *cell[3:6], CENTERS.get(target, ""))
            rows[key] = [total + shares[position][1] for total, shares in zip(rows[key], split, strict=True)]
    return dict(rows)
