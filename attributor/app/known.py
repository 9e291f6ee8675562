"""What the ledger knows that a configuration may have misspelt."""

from attributor.app.errors import StoreError
from attributor.app.failures import ledger_failures
from attributor.app.untouched import opened_to_read
from attributor.config.settings import Settings
from attributor.reports.reported import read_reported, unreported
from rules.problem import Problem

_PATIENCE = 3
"""Seconds: a configuration is also checked where its ledger cannot be reached."""


def unreported_names(settings: Settings) -> list[Problem]:
    """Return a warning for every metric, pool and team that nothing reports; none without a ledger to ask."""
    url = settings.store.ledger
    try:
        engine = opened_to_read(url, _PATIENCE)
    except StoreError:
        return []
    try:
        with ledger_failures(url):
            reported = read_reported(engine)
    except StoreError:
        return []
    finally:
        engine.dispose()
    return unreported(settings.ruleset, reported, str(settings.file))
