"""`sources:`: each held against the options of its type."""

import re
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from attributor.config.keys import SOURCE
from attributor.config.options import PARSERS, check_options, plain_options, unknown_keys
from attributor.config.settings import ConfiguredSource
from collectors.base import CollectorType
from rules.located import Located
from rules.problem import Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def read_sources(
    node: Located | None, types: Mapping[str, CollectorType]
) -> tuple[tuple[ConfiguredSource, ...], list[Problem]]:
    """Return the sources in the file's order, and the problems of all of them."""
    if node is None or node.is_empty:
        return (), []
    if node.entries is None:
        return (), [node.problem("`sources` must be a map", "write `NAME: {type: focus, path: …}`")]
    sources: list[ConfiguredSource] = []
    problems: list[Problem] = []
    for name, entry in node.entries.items():
        found, wrong = _read_source(name, entry, types)
        problems.extend(wrong)
        if found is not None:
            sources.append(found)
    return tuple(sources), problems


def _read_source(
    name: str, entry: Located, types: Mapping[str, CollectorType]
) -> tuple[ConfiguredSource | None, list[Problem]]:
    if entry.entries is None:
        return None, [entry.problem(f"source `{name}` must be a map", "write `NAME: {type: focus, path: …}`")]
    problems: list[Problem] = []
    if not _NAME.fullmatch(name):
        problems.append(
            entry.problem(f"source name `{name}`", "use letters, digits, `-`, `_` and `.`, at most 100 of them")
        )
    type_name = entry.entries.get("type")
    kind = types.get(type_name.text or "") if type_name is not None else None
    if type_name is not None and kind is None:
        near = get_close_matches(type_name.text or "", list(types), n=1)
        hint = f"did you mean `{near[0]}`? " if near else ""
        return None, [
            *problems,
            type_name.problem(f"unknown source type `{type_name.text}`", f"{hint}known: {', '.join(types)}"),
        ]
    own = () if kind is None else kind.options
    known = [*SOURCE, *(option for option in own if option.name not in {common.name for common in SOURCE})]
    problems += unknown_keys(entry, [option.name for option in known]) + check_options(entry, known)
    if kind is None or problems:
        return None, problems
    return ConfiguredSource(
        name=name,
        type=kind,
        every=_duration(entry, "every"),
        stale_after=_duration(entry, "stale_after"),
        line=entry.line,
        options=plain_options(entry, own),
    ), problems


def _duration(entry: Located, key: str) -> timedelta:
    values: dict[str, Any] = plain_options(entry, SOURCE)
    duration: timedelta = PARSERS["duration"](values[key])
    return duration
