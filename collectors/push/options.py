"""What can be said of a push source in the configuration."""

from datetime import timedelta
from pathlib import Path

from collectors.base import Option, SourceSettings
from collectors.options import choice, duration, option_map, option_texts
from collectors.otlp.taken import CHOICES, FIRST
from collectors.push.log import EventLog, LogSettings

OPTIONS = (
    Option("path", "The folder of the event log", "data/events", kind="path", default="data/events"),
    Option(
        "keep",
        "How late an event may come; events are kept at least as long",
        "35d",
        kind="duration",
        default="35d",
    ),
    Option("every", "How often what was pushed goes into the lake", "1m", kind="duration", default="1m"),
    Option(
        "otlp_facts",
        "Facts by the attributes of spans and metrics that tell them",
        "{feature: app.feature}",
        kind="map",
    ),
    Option(
        "otlp_counts",
        "What counts of a service that sends spans and metrics: spans, metrics, or what came first",
        "metrics",
        default=FIRST,
    ),
    Option("token", "The bearer token that senders must show; without one, anybody may send", "${PUSH_TOKEN}"),
)


def log_folder(settings: SourceSettings) -> Path:
    """Return where a push source's log lies; raise ValueError with a message for the user."""
    return settings.folder / option_texts(settings, OPTIONS)["path"]


def log_settings(settings: SourceSettings) -> LogSettings:
    """Return how a push source's log is kept; raise ValueError with a message for the user."""
    keep = duration("keep", option_texts(settings, OPTIONS)["keep"])
    if not timedelta(hours=1) <= keep <= timedelta(days=3660):
        raise ValueError("keep: write at least 1h and at most ten years")
    return LogSettings(keep=keep)


def token(settings: SourceSettings) -> str | None:
    """Return the bearer token that senders must show, or None; raise ValueError with a message for the user."""
    return option_texts(settings, OPTIONS).get("token")


def otlp_facts(settings: SourceSettings) -> dict[str, str]:
    """Return facts and the attributes of spans that tell them; raise ValueError with a message for the user."""
    facts = option_map(settings, "otlp_facts")
    taken = sorted({"id", "time", "metric", "pool", "quantity"} & set(facts))
    if taken:
        raise ValueError(f"otlp_facts: {taken[0]!r} is a name that is taken")
    return facts


def otlp_choice(settings: SourceSettings) -> str:
    """Return which of spans and metrics counts; raise ValueError with a message for the user."""
    return choice("otlp_counts", option_texts(settings, OPTIONS)["otlp_counts"], CHOICES)


def open_log(settings: SourceSettings) -> EventLog:
    """Open a push source's log for writing; raise ValueError, LogLockedError, CorruptLogError or OSError."""
    return EventLog(log_folder(settings), settings.clock, log_settings(settings))
