"""Which version of its configuration the daemon works by: the file's, and those of the tables that its rules name."""

from collections.abc import Mapping
from pathlib import Path

from attributor.config.settings import Settings
from rules.outcomes import MappingOwner

Stamp = tuple[int, int, int]
"""Inode, time of change and size: one of them changes when a file is written again."""

_ABSENT: Stamp = (0, 0, 0)


def stamps_of(settings: Settings) -> Mapping[Path, Stamp]:
    """Return the stamp of every file that the settings were read from."""
    outcomes = (rule.outcome for rule in settings.ruleset.rules)
    tables = (settings.folder / outcome.file for outcome in outcomes if isinstance(outcome, MappingOwner))
    return {file: _stamp(file) for file in (settings.file, *tables)}


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return _ABSENT
    return (found.st_ino, found.st_mtime_ns, found.st_size)
