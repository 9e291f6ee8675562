"""Every keyword of a rules file and what it means: the reader, the JSON Schema and the documentation share it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Keywords = Mapping[str, str]

TOP: Final[Keywords] = MappingProxyType(
    {
        "teams": "The owners, by id.",
        "rules": "The ordered list; the first rule that matches a charge claims it.",
        "shared": "Provider teams whose whole cost goes on to the teams that use them.",
        "dimensions": "The column that a dimension is taken from: of the known ones, and of any that you name.",
        "required_tags": "Keys of the tags that every charge should have; `attributor tags` shows the money without.",
    }
)
TEAM: Final[Keywords] = MappingProxyType(
    {
        "name": "The name that people read.",
        "aliases": "Other spellings that tags and usage use for the team.",
        "was": "Former names, each until a day (exclusive).",
        "cost_center": "The cost center of charges whose rule names none.",
        "parent": "The team that it is a part of: that one's page sums it up.",
        "owner": "Who answers for the team's cost.",
        "slack": "The channel that hears of it.",
        "budget": "Money a month, or a map with daily limits and thresholds.",
        "time_zone": "Where its days begin and end for daily limits, as in Europe/Berlin.",
        "from": "The first UTC day on which the team is there.",
        "until": "The first UTC day on which it no longer is; from then its names name nobody.",
    }
)
WAS: Final[Keywords] = MappingProxyType(
    {"name": "The former name.", "until": "The first day on which the name no longer held."}
)
BUDGET: Final[Keywords] = MappingProxyType(
    {
        "monthly": "Money a month.",
        "daily_soft": "Money a day that warns.",
        "daily_hard": "Money a day that must not be passed.",
        "thresholds": "Percent of the monthly budget at which the state changes, ascending.",
        "emergency": "Percent of the monthly budget that is an emergency.",
        "rolling": "Money for so many days in a row: a map from the number of days, as in 7d.",
    }
)
RULE: Final[Keywords] = MappingProxyType(
    {
        "name": "The name that allocations carry; unique.",
        "match": "What the rule claims; without it, everything left.",
        "match_case": "false: texts of this rule match in any case.",
        "from": "The first UTC day on which the rule holds.",
        "until": "The first UTC day on which it no longer holds.",
        "owner": "Direct: a team, the columns that name it, or a mapping table.",
        "split": "Proportional: by a usage metric, by cost, even or fixed.",
        "activity": "Activity-based: rate times count; what is left is idle capacity.",
        "follow": "Split by the cost of the charges that agree in these columns in the same month.",
    }
)
OUTCOMES: Final = ("owner", "split", "activity", "follow")
COMBINATIONS: Final[Keywords] = MappingProxyType(
    {
        "all": "Every matcher of the list matches.",
        "any": "At least one matcher of the list matches.",
        "not": "The matcher does not match.",
    }
)
TESTS: Final[Keywords] = MappingProxyType(
    {
        "equals": "Exactly this text, or one of these; `*` and `?` mean themselves.",
        "glob": "A text in which `*` stands for any text and `?` for one character.",
        "prefix": "The column begins with this text, or with one of these.",
        "regex": "An RE2 pattern found somewhere in the column.",
        "range": "[low, high], both included; an empty end is open.",
        "match_case": "false: matches in any case.",
    }
)
PRESENCE: Final[Keywords] = MappingProxyType(
    {"present": "The column has a value; empty text is none.", "absent": "The column has no value."}
)
OWNER: Final[Keywords] = MappingProxyType(
    {
        "team": "The column whose value names the team.",
        "project": "The column that holds the project.",
        "environment": "The column that holds the environment.",
        "cost_center": "The column that holds the cost center.",
        "mapping": "A CSV table from a column's values to owners.",
    }
)
MAPPING: Final[Keywords] = MappingProxyType(
    {
        "file": "CSV with the columns value, team and, where wanted, project, environment, cost_center.",
        "column": "The column whose value is looked up.",
    }
)
SPLIT: Final[Keywords] = MappingProxyType(
    {
        "by": "A usage metric, `cost`, or a list of metrics with weights, as [{gpu.hours: 0.7}, {requests: 0.3}].",
        "even": "The teams that share alike.",
        "fixed": "Weights by team.",
        "pool": "The pool whose usage counts; needed where several report the metric.",
        "per": "The bucket: hour, day (default) or month.",
        "among": "The only teams that take part.",
        "without_usage": "What stands in where nobody used it: unattributed (default), previous, even or fixed.",
        "idle": "Who bears what was held but not computing: holder (default), spread or a team.",
        "unallocated": "The team that bears what nobody held; owner `idle` without it.",
    }
)
ACTIVITY: Final[Keywords] = MappingProxyType(
    {
        "rates": "Money per unit, by metric: a number, or a list of numbers with dates.",
        "pool": "The pool whose counts are claimed; rules that name the same pool share one set of claims.",
        "rest": "The team that bears what the claims leave.",
        "per": "The bucket: hour, day (default) or month.",
    }
)
DRIVER: Final[Keywords] = MappingProxyType(
    {
        "metric": "A usage metric, one of several that are blended.",
        "weight": "Its part beside the other metrics.",
        "pool": "The pool whose usage of this metric counts.",
    }
)
RATE: Final[Keywords] = MappingProxyType(
    {
        "rate": "Money per unit.",
        "from": "The first UTC day on which the rate holds.",
        "until": "The first UTC day on which it no longer holds.",
    }
)
SHARED: Final[Keywords] = MappingProxyType(
    {
        "team": "The provider team.",
        "split": "How its whole cost goes on: by a usage metric, by cost, even or fixed; per day (default) or month.",
        "from": "The first UTC day on which it is passed on.",
        "until": "The first UTC day on which it no longer is.",
    }
)
SECTIONS: Final[Mapping[str, Keywords]] = MappingProxyType(
    {
        "top": TOP,
        "team": TEAM,
        "was": WAS,
        "budget": BUDGET,
        "rule": RULE,
        "combinations": COMBINATIONS,
        "tests": TESTS,
        "presence": PRESENCE,
        "owner": OWNER,
        "mapping": MAPPING,
        "split": SPLIT,
        "activity": ACTIVITY,
        "driver": DRIVER,
        "rate": RATE,
        "shared": SHARED,
    }
)
