"""`sources:`: each held against the options of its type."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from attributor.config.keys import SOURCE
from attributor.config.options import PARSERS, check_options, plain_options, unknown_keys
from attributor.config.settings import ConfiguredSource
from collectors.base import CollectorType, Option
from rules.located import Located
from rules.problem import Problem
from rules.schema import ESTIMATES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def read_sources(
    node: Located | None, types: Mapping[str, CollectorType], broken: Mapping[str, str]
) -> tuple[tuple[ConfiguredSource, ...], list[Problem]]:
    """Return the sources in the file's order, and the problems of all of them."""
    if node is None or node.is_empty:
        return (), []
    if node.entries is None:
        return (), [node.problem("`sources` must be a map", "write `NAME: {type: focus, path: …}`")]
    sources: list[ConfiguredSource] = []
    problems: list[Problem] = []
    for name, entry in node.entries.items():
        found, wrong = _read_source(name, entry, types, broken)
        problems.extend(wrong)
        if found is not None:
            sources.append(found)
    return tuple(sources), problems


def _read_source(
    name: str, entry: Located, types: Mapping[str, CollectorType], broken: Mapping[str, str]
) -> tuple[ConfiguredSource | None, list[Problem]]:
    if entry.entries is None:
        return None, [entry.problem(f"source `{name}` must be a map", "write `NAME: {type: focus, path: …}`")]
    problems: list[Problem] = []
    if not _NAME.fullmatch(name):
        problems.append(
            entry.problem(f"source name `{name}`", "use letters, digits, `-`, `_` and `.`, at most 100 of them")
        )
    if name.endswith(ESTIMATES):
        problems.append(entry.problem(f"source name `{name}` ends with `{ESTIMATES}`", "estimates are stored so"))
    type_name = entry.entries.get("type")
    kind = types.get(type_name.text or "") if type_name is not None else None
    if type_name is not None and (said := broken.get(type_name.text or "")):
        return None, [*problems, type_name.problem(said, "install it again, or take it out")]
    if type_name is not None and kind is None:
        near = get_close_matches(type_name.text or "", list(types), n=1)
        hint = f"did you mean `{near[0]}`? " if near else ""
        return None, [
            *problems,
            type_name.problem(f"unknown source type `{type_name.text}`", f"{hint}known: {', '.join(types)}"),
        ]
    own = () if kind is None else kind.options
    common = _common(own)
    known = [*common, *(option for option in own if option not in common)]
    problems += unknown_keys(entry, [option.name for option in known]) + check_options(entry, known)
    if kind is None or problems:
        return None, problems
    return ConfiguredSource(
        name=name,
        type=kind,
        every=_duration(entry, common, "every"),
        stale_after=_duration(entry, common, "stale_after"),
        line=entry.line,
        options=plain_options(entry, own),
        limits_silence="stale_after" in entry.entries,
    ), problems


def _common(own: Sequence[Option]) -> list[Option]:
    """Return the options of every source; a type may have its own idea of how often, and how long to be silent."""
    by_name = {option.name: option for option in own}
    return [by_name.get(option.name, option) for option in SOURCE]


def _duration(entry: Located, common: Sequence[Option], key: str) -> timedelta:
    values: dict[str, Any] = plain_options(entry, common)
    duration: timedelta = PARSERS["duration"](values[key])
    return duration
