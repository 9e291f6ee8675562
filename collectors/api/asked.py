"""Options that sources share which ask a provider's API with a secret key, some time back, again and again."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from collectors.base import Option
from collectors.options import duration


@dataclass(frozen=True)
class AskedOptions:
    """The defaults of one source: its address, its key's environment variable, and how its answers age."""

    url: str
    variable: str
    restates: str
    settles: str

    def options(self) -> tuple[Option, ...]:
        """Return the options."""
        key = f"The admin key; without it the environment variable {self.variable}."
        return (
            Option("admin_key", key, f"${{{self.variable}}}"),
            Option("url", "The address of the API, or of a proxy before it.", self.url, kind="url", default=self.url),
            Option("backfill", "How far back the first reading goes.", "13mo", kind="duration", default="31d"),
            Option(
                "restates",
                "How far back the provider changes what it said.",
                "14d",
                kind="duration",
                default=self.restates,
            ),
            Option("settles", "How long after its end a span is whole.", "2h", kind="duration", default=self.settles),
        )

    def admin_key(self, texts: Mapping[str, str]) -> str:
        """Return the key; raise ValueError where neither the option nor the variable has one."""
        key = texts.get("admin_key") or os.environ.get(self.variable)
        if not key:
            raise ValueError(
                f"admin_key is missing; write admin_key: ${{{self.variable}}}, or set that environment variable"
            )
        return key


@dataclass(frozen=True)
class Ages:
    """How far back the first reading goes, how far back answers change, and when they are whole."""

    backfill: timedelta
    restates: timedelta
    settles: timedelta


def ages(texts: Mapping[str, str]) -> Ages:
    """Read the three durations; raise ValueError where one is none."""
    return Ages(*(duration(name, texts[name]) for name in ("backfill", "restates", "settles")))
