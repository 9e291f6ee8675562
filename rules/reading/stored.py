"""The stored form of a rule set, and its digest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from rules import keywords
from rules.located import Located

_DOES_NOT_ATTRIBUTE = ("owner", "slack", "budget", "time_zone", "parent")
"""Keys of a team that change no allocation."""


def to_text(root: Located, tables: Mapping[str, str]) -> str:
    """Return the relevant part of a document with its files and lines, and the mapping files' texts."""
    parts = {key: _to_json(node) for key, node in relevant(root).items()}
    return json.dumps({"file": root.file, "parts": parts, "tables": dict(tables)}, ensure_ascii=False)


def from_text(text: str) -> tuple[Located, dict[str, str]]:
    """Return the document and the mapping files' texts; raise ValueError where the text is no stored form."""
    try:
        stored = json.loads(text)
        parts = {key: _from_json(node, stored["file"]) for key, node in stored["parts"].items()}
        return Located(parts, stored["file"], 1), dict(stored["tables"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("this is no stored rule set") from error


def digest_of(root: Located, tables: Mapping[str, str]) -> str:
    """Return the SHA-256 of all that attribution and its explanations show: also of the file's name and lines.

    Budgets and contacts are no part of it, nor is the folder: the same file elsewhere is the same rules.
    """
    parts = relevant(root)
    if "teams" in parts:
        teams = parts["teams"]
        attributing = {team: _attributing(node) for team, node in (teams.entries or {}).items()}
        parts["teams"] = replace(teams, value=attributing)
    return hashlib.sha256(
        to_text(replace(root, value=parts, file=PurePath(root.file).name), tables).encode()
    ).hexdigest()


def relevant(root: Located) -> dict[str, Located]:
    """Return the top-level keys that make a rule set; absent and empty ones are the same."""
    entries = root.entries or {}
    return {key: entries[key] for key in keywords.TOP if key in entries and not entries[key].is_empty}


def _attributing(team: Located) -> Located:
    kept = {key: node for key, node in (team.entries or {}).items() if key not in _DOES_NOT_ATTRIBUTE}
    return replace(team, value=kept, key_lines={key: team.key_lines[key] for key in kept})


def _to_json(node: Located) -> list[Any]:
    if node.entries is not None:
        return [node.line, {key: _to_json(entry) for key, entry in node.entries.items()}, dict(node.key_lines)]
    if node.items is not None:
        return [node.line, [_to_json(item) for item in node.items]]
    return [node.line, node.text]


def _from_json(stored: list[Any], file: str) -> Located:
    line, value = stored[0], stored[1]
    if isinstance(value, dict):
        return Located({key: _from_json(entry, file) for key, entry in value.items()}, file, line, dict(stored[2]))
    if isinstance(value, list):
        return Located(tuple(_from_json(item, file) for item in value), file, line)
    return Located(str(value), file, line)
