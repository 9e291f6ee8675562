"""A plain loop over fractions, written from the semantics alone: what the engine is held against.

A case is a dict: teams, rules, shared, dimensions and required_tags as written in YAML (`owners` is the mapping table,
value -> row), charges and usage as rows, covered as the half-open hours that the one usage source covered.
"""

import fnmatch
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNIT = 10**12
COSTS = ("BilledCost", "EffectiveCost", "ListCost")
NOBODY = "unattributed"
EVER = ("2000-01-01", "3000-01-01")


def units(amount):
    return int(Fraction(amount) * UNIT)


def exact_split(cost, weights):
    """Shares of an integer cost over [(key, Fraction)] in the order given."""
    total, running, before, shares = sum(w for _, w in weights), Fraction(0), 0, []
    for _, weight in weights:
        running += weight
        upto = abs(cost) * running / total
        upto = int(upto) if cost >= 0 else -int(upto)
        shares.append(upto - before)
        before = upto
    return shares


# --- time -------------------------------------------------------------------------------------------------------------


def hour_of(instant):
    return (instant - EPOCH) // timedelta(hours=1)


def day_of_hour(hour):
    return f"{EPOCH + timedelta(hours=hour):%Y-%m-%d}"


def bucket(hour, per):
    """The half-open hours of the bucket that holds an hour."""
    if per == "hour":
        return hour, hour + 1
    if per == "day":
        return hour // 24 * 24, hour // 24 * 24 + 24
    first = (EPOCH + timedelta(hours=hour)).replace(day=1, hour=0)
    return hour_of(first), hour_of((first + timedelta(days=32)).replace(day=1))


def window_of(row, per):
    first, last = hour_of(row["ChargePeriodStart"]), hour_of(row["ChargePeriodEnd"]) - 1
    return bucket(first, per)[0], bucket(last, per)[1]


def holds(dated, day):
    return dated.get("from", EVER[0]) <= day < dated.get("until", EVER[1])


def day_of(row):
    return f"{row['ChargePeriodStart']:%Y-%m-%d}"


# --- who --------------------------------------------------------------------------------------------------------------


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


def team_named(teams, value, day):
    form = re.sub(r"[\s\-_.]+", " ", (value or "").split("@")[0].strip().casefold()).strip()
    if form in teams and holds(teams[form], day):
        return form
    former = [
        (old["until"], team) for team, about in teams.items() for old in about.get("was", ()) if old["name"] == form
    ]
    return next((team for until, team in sorted(former) if day < until and holds(teams[team], day)), None)


def given_by(case, rule, row, day):
    """(team, project, {dimension: value}) of an owner rule, None where it names nobody on the day."""
    owner, teams = rule["owner"], case["teams"]
    if isinstance(owner, str):
        return (owner, "", {}) if holds(teams[owner], day) else None
    if "mapping" in owner:
        found = case["owners"].get(value_of(row, owner["mapping"]["column"]))
        if found is None or not holds(teams[found["team"]], day):
            return None
        return found["team"], found["project"], {"feature": found["feature"]}
    team = team_named(teams, value_of(row, owner["team"]), day)
    said = {name: value_of(row, owner[name]) for name in case["dimensions"] if name in owner}
    return None if team is None else (team, value_of(row, owner.get("project", "tags.")) or "", said)


def claim(case, row, day):
    """(rule's index or None, team, project, {dimension: value})."""
    for index, rule in enumerate(case["rules"]):
        if not holds(rule, day) or not matches(rule.get("match", {}), row):
            continue
        if "owner" not in rule:
            return index, "", "", {}
        found = given_by(case, rule, row, day)
        if found is not None:
            return index, *found
    return None, NOBODY, "", {}


def usage_team(case, row):
    day = day_of_hour(hour_of(row["hour"]))
    named = team_named(case["teams"], row["facts"].get("team"), day)
    facts = {"Tags": row["facts"], **row["facts"], "x_Source": row["x_Source"]}
    owners = {**case, "rules": [rule for rule in case["rules"] if "owner" in rule]}
    return named or claim(owners, facts, day)[1]


# --- weights ----------------------------------------------------------------------------------------------------------


def summed(usage, metric, pool, window, among=()):
    sums = defaultdict(Fraction)
    for row in usage:
        in_window = window[0] <= hour_of(row["hour"]) < window[1]
        in_pool = row["metric"] == metric and (pool is None or row["pool"] == pool)
        if in_window and in_pool and (not among or row["team"] in among):
            sums[row["team"]] += Fraction(row["quantity"])
    return sums


def drivers_of(split):
    """[(metric, pool, weight)]."""
    if isinstance(split["by"], str):
        return [(split["by"], split.get("pool"), Fraction(1))]
    found = []
    for one in split["by"]:
        if "metric" in one:
            found.append((one["metric"], one.get("pool", split.get("pool")), Fraction(one["weight"])))
        else:
            found += [(metric, split.get("pool"), Fraction(weight)) for metric, weight in one.items()]
    return found


def usage_weights(split, window, usage):
    """[((team, cause), weight)] of a window, all 0 or nothing where nobody used anything."""
    if "idle" in split:
        return idle_weights(split, window, usage)
    used = [(w, summed(usage, metric, pool, window, split.get("among", ()))) for metric, pool, w in drivers_of(split)]
    used = [(weight, sums, sum(sums.values())) for weight, sums in used if sum(sums.values())]
    whole = sum(weight for weight, _, _ in used)
    return [((team, ""), weight * of / total / whole) for weight, sums, total in used for team, of in sums.items()]


def idle_weights(split, window, usage):
    pool = split.get("pool")
    held = summed(usage, "gpu.hours", pool, window, split.get("among", ()))
    everyone = summed(usage, "gpu.hours", pool, window)
    capacity = sum(summed(usage, "gpu.capacity_hours", pool, window).values())
    busy_told, low_told = (summed(usage, metric, pool, window) for metric in ("gpu.busy_hours", "gpu.low_hours"))
    weights = [((split.get("unallocated", "idle"), "unallocated"), max(capacity - sum(everyone.values()), 0))]
    total = sum(held.values())
    for team, hours in held.items():
        busy = min(hours, busy_told.get(team, Fraction(0))) if busy_told else hours
        low = min(busy, low_told.get(team, Fraction(0)))
        weights.append(((team, ""), busy - low))
        for cause, wasted in (("held", hours - busy), ("low", low)):
            if split["idle"] == "spread":
                weights += [((one, cause), wasted * of / total) for one, of in held.items() if total]
            else:
                weights.append(((team if split["idle"] == "holder" else split["idle"], cause), wasted))
    return weights


def tidy(weights):
    sums = defaultdict(Fraction)
    for key, weight in weights:
        sums[key] += Fraction(weight)
    return sorted(((key, weight) for key, weight in sums.items() if weight), key=lambda pair: pair[0])


def stated(case, shares, day):
    """Weights written by hand, of the teams that are there on a day."""
    return tidy(((team, ""), weight) for team, weight in shares.items() if holds(case["teams"][team], day))


def without(case, split, day):
    """(weights, method) of what stands in where there is nothing to split by."""
    said = split.get("without_usage", NOBODY)
    if said == "even":
        return stated(case, dict.fromkeys(split.get("among", case["teams"]), 1), day), "even"
    if isinstance(said, dict):
        return stated(case, said["fixed"], day), "fixed"
    return [], NOBODY


def stand_in(case, split, window):
    """(weights, measured window, fallback) of a bucket without usage."""
    usage, covered = case["usage"], case["covered"]
    reason = "zero" if covered[0] <= window[0] and window[1] <= covered[1] else "not_covered"
    if split.get("without_usage") == "previous":
        before = bucket(window[0] - 1, split.get("per", "day"))
        while before[1] > window[0] - 7 * 24:
            metrics = ((metric, pool) for metric, pool, _ in drivers_of(split))
            if any(any(summed(usage, *one, before, split.get("among", ())).values()) for one in metrics):
                return tidy(usage_weights(split, before, usage)), before, f"previous:{reason}"
            before = bucket(before[0] - 1, split.get("per", "day"))
    weights, method = without(case, split, day_of_hour(window[0]))
    return weights or [((NOBODY, ""), Fraction(1))], window, f"{method}:{reason}"


def measured(case, split, window):
    weights = tidy(usage_weights(split, window, case["usage"]))
    return (weights, window, "") if weights else stand_in(case, split, window)


# --- the phases -------------------------------------------------------------------------------------------------------


def reference(case):
    """{row: costs in units}, {(source, currency, account, team, tag): [present, missing]}.

    A row is source, day, currency, rule, team, cause, step, fallback, window, project, service, account, cost center,
    dimensions.
    """
    case = {**case, "usage": [{**row, "team": usage_team(case, row)} for row in case["usage"]]}
    cells = defaultdict(lambda: [0, 0, 0])
    for row in case["charges"]:
        cell = cell_of(case, row)
        cells[cell] = [total + units(row[cost]) for total, cost in zip(cells[cell], COSTS, strict=True)]
    parts = phase_one(case, cells)
    sums = owners_costs(parts)
    phase_two(case, cells, parts, sums)
    return pass_on(case, parts, sums)


def cell_of(case, row):
    day = day_of(row)
    index, team, project, said = claim(case, row, day)
    outcome = {} if index is None else case["rules"][index]
    split = outcome.get("split") or outcome.get("activity") or {}
    is_measured = ("by" in split and split["by"] != "cost") or "rates" in split
    dimensions = (
        (name, said.get(name) or value_of(row, column)) for name, column in sorted(case["dimensions"].items())
    )
    return (
        (row["x_Source"], day, row["BillingCurrency"]),
        index,
        (team, project),
        (row["ServiceName"], row["SubAccountId"]),
        window_of(row, split.get("per", "day")) if is_measured else None,
        tuple((name, value) for name, value in dimensions if value),
        row["CommitmentDiscountStatus"] == "Unused",
        tuple(bool(row["Tags"].get(key)) for key in case["required_tags"]),
    )


def give(parts, cell, costs, weights, window, fallback):
    split = [exact_split(cost, weights) for cost in costs]
    for position, (owner, _) in enumerate(weights):
        parts[cell, owner, window, fallback] = [shares[position] for shares in split]


def phase_one(case, cells):
    parts, pools = {}, defaultdict(list)
    for cell, costs in cells.items():
        (_, day, currency), index, (team, _), _, window, *_ = cell
        rule = {} if index is None else case["rules"][index]
        split = rule.get("split", {})
        if index is None or "owner" in rule:
            parts[cell, (team, ""), None, ""] = costs
        elif "activity" in rule:
            pools[index, currency].append((window, cell, costs))
        elif "even" in split or "fixed" in split:
            weights = stated(case, split.get("fixed") or dict.fromkeys(split["even"], 1), day)
            give(parts, cell, costs, weights or [((NOBODY, ""), Fraction(1))], None, "")
        elif "by" in split and split["by"] != "cost":
            give(parts, cell, costs, *measured(case, split, window))
    for (index, _), members in pools.items():
        activity_parts(parts, case["rules"][index]["activity"], sorted(members, key=lambda one: one[0]), case["usage"])
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
            ((row["team"], ""), rate_on(rates, day_of_hour(hour_of(row["hour"]))) * Fraction(row["quantity"]))
            for metric, rates in activity["rates"].items()
            for row in usage
            if row["metric"] == metric
            and row["pool"] == activity["pool"]
            and window[0] <= hour_of(row["hour"]) < window[1]
        ]
        rest = ((activity["rest"], "rest"), max(pool - sum(weight for _, weight in claims), Fraction(0)))
        weights = tidy([*claims, rest]) if pool > 0 else [((activity["rest"], "rest"), Fraction(1))]
        for cell, costs in found:
            give(parts, cell, costs, weights, window, "")


def rate_on(rates, day):
    if isinstance(rates, str):
        return Fraction(rates)
    return sum(Fraction(rate["rate"]) for rate in rates if holds(rate, day))


def owners_costs(parts):
    """{(currency, day or month, then followed values): {team: units}} of phase 1."""
    sums = defaultdict(lambda: defaultdict(Fraction))
    for (cell, owner, *_), costs in parts.items():
        (_, day, currency), team, (service, account) = cell[0], owner[0], cell[3]
        if team != NOBODY:
            for place in ((day,), (day[:7],), (day[:7], service), (day[:7], service, account)):
                sums[currency, *place][team] += costs[1]
    return sums


def in_currency(sums, currency):
    return defaultdict(
        dict, {place[1]: found for place, found in sums.items() if place[0] == currency and len(place) == 2}
    )


def by_cost(case, split, sums, day, apart=()):
    """(weights, method or "") of a day's or month's costs, but of those apart."""
    among = split.get("among", ())
    weights = tidy(
        ((team, ""), cost)
        for team, cost in sums[day if split.get("per", "day") == "day" else day[:7]].items()
        if cost > 0 and team not in apart and (not among or team in among)
    )
    return (weights, "") if weights else without(case, split, day)


def phase_two(case, cells, parts, sums):
    for cell, costs in cells.items():
        (_, day, currency), index, _, values, *_ = cell
        rule = {} if index is None else case["rules"][index]
        split = rule.get("split", {})
        at = hour_of(datetime.fromisoformat(f"{day}T00:00:00+00:00"))
        if split.get("by") == "cost":
            per = split.get("per", "day")
            weights, method = by_cost(case, split, in_currency(sums, currency), day)
            fallback = method and f"{method}:zero"
        elif "follow" in rule:
            per, weights, fallback = "month", [], f"{NOBODY}:zero"
            for count in range(len(rule["follow"]), 0, -1):
                found = sums[currency, day[:7], *values[:count]]
                if all(values[:count]) and sum(found.values()) > 0:
                    weights, fallback = tidy(((team, ""), cost) for team, cost in found.items() if cost > 0), ""
                    break
        else:
            continue
        give(parts, cell, costs, weights or [((NOBODY, ""), Fraction(1))], bucket(at, per), fallback)


def solved(flows):
    """Final shares by repeated substitution: eliminate one provider after the other from all rows."""
    rows = {
        p: {c: w / sum(v for d, v in used.items() if d != p) for c, w in used.items() if c != p and w}
        for p, used in flows.items()
    }
    while True:  # a provider from which nobody outside is reached keeps its cost, and is then an outside itself
        paths = {p for p in rows if reaches_outside(p, rows, {p})}
        if paths == set(rows):
            break
        rows = {p: rows[p] for p in paths}
    for gone in list(rows):
        loop = rows[gone].pop(gone, Fraction(0))
        rows[gone] = {consumer: share / (1 - loop) for consumer, share in rows[gone].items()}
        for other, row in rows.items():
            if other != gone and gone in row:
                through = row.pop(gone)
                for consumer, share in rows[gone].items():
                    row[consumer] = row.get(consumer, Fraction(0)) + through * share
    return rows


def reaches_outside(provider, rows, seen):
    return any(
        consumer not in rows or (consumer not in seen and reaches_outside(consumer, rows, seen | {consumer}))
        for consumer in rows[provider]
    )


def steps_of(case, day, sums):
    """({provider: {consumer: final share}}, {provider: fallback}) of a day, by the sums of one currency."""
    flows, fallbacks = {}, {}
    providers = [entry["team"] for entry in case["shared"] if holds(entry, day)]
    for entry in case["shared"]:
        split = entry["split"]
        if not holds(entry, day):
            continue
        if split.get("by") == "cost":
            apart = {entry["team"], *(p for p in providers if p not in split.get("among", ()))}
            weights, method = by_cost(case, split, sums, day, apart)
            weights = weights or [((NOBODY, ""), Fraction(1))] if method != NOBODY or split.get("without_usage") else []
            fallback = method and f"{method}:zero"
        elif "by" in split:
            at = hour_of(datetime.fromisoformat(f"{day}T00:00:00+00:00"))
            window = bucket(at, split.get("per", "day"))
            weights, fallback = tidy(usage_weights(split, window, case["usage"])), ""
            if not weights and "without_usage" in split:
                weights, _, fallback = stand_in(case, split, window)
        else:
            weights, fallback = stated(case, split["fixed"], day), ""
        flows[entry["team"]], fallbacks[entry["team"]] = {team: weight for (team, _), weight in weights}, fallback
    return solved(flows), fallbacks


def pass_on(case, parts, sums):
    places = {cell[0][1:] for cell, *_ in parts}
    steps = {(day, currency): steps_of(case, day, in_currency(sums, currency)) for day, currency in places}
    rows = defaultdict(lambda: [0, 0, 0])
    tags = defaultdict(lambda: [0, 0])
    for (cell, (team, cause), window, fallback), costs in parts.items():
        (source, day, currency), index, (_, project), (service, account), _, dimensions, unused, tagged = cell
        final, fallbacks = steps[day, currency]
        shares = sorted(final[team].items()) if team in final else [(team, Fraction(1))]
        split = [exact_split(cost, shares) for cost in costs]
        for position, (target, _) in enumerate(shares):
            mine = [of[position] for of in split]
            key = (
                *(source, day, currency, case["rules"][index]["name"] if index is not None else "", target),
                *("unused_commitment" if unused else cause, team if team in final else ""),
                *(fallback or (fallbacks[team] if team in final else ""), window, project, service, account),
                *(case["teams"].get(target, {}).get("cost_center", ""), dimensions),
            )
            rows[key] = [total + one for total, one in zip(rows[key], mine, strict=True)]
            for name, there in zip(case["required_tags"], tagged, strict=True):
                tags[source, currency, account, target, name][0 if there else 1] += mine[1]
    return dict(rows), dict(tags)
