"""Loading ten thousand rules, beside composing the same YAML and nothing more.

    python tests/bench/bench_rules.py

Limit: 5 s. Exits 1 where it is passed.
"""

import sys
import time
from pathlib import Path

import yaml

from rules.load import load
from rules.located import read_yaml

RULES, TEAMS, LIMIT = 10_000, 500, 5.0


def document() -> str:
    """Return a configuration with that many teams and rules, each rule with a regex of its own."""
    rules = (
        f"  - {{name: r{rule}, match: {{ResourceName: {{regex: '^node{rule}-[a-z]+'}}}}, owner: team{rule % TEAMS}}}"
        for rule in range(RULES)
    )
    return "\n".join(["teams:", *(f"  team{number}: {{}}" for number in range(TEAMS)), "rules:", *rules])


def main() -> int:
    """Print both times; return the exit code."""
    text = document()
    began = time.perf_counter()
    yaml.compose(text, Loader=yaml.CBaseLoader)
    composed = time.perf_counter() - began
    began = time.perf_counter()
    root, problems = read_yaml(text, "rules.yaml")
    if root is None or problems or load(root, Path()).problems:
        raise AssertionError("the rules have problems")
    loaded = time.perf_counter() - began
    print(f"load {RULES:,} rules   {loaded:.2f} s   (limit {LIMIT:.0f} s; {loaded / composed:.1f} x bare YAML)")
    return 0 if loaded <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
