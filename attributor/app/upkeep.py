"""What is done once a day so that the stores stay small."""

from datetime import timedelta

from attributor.app.wiring import App
from attributor.lake.maintenance import maintain
from attributor.ledger.asking import forget_asking
from attributor.ledger.costs_as_known import forget_costs_as_known
from attributor.ledger.pins import pinned_versions
from attributor.ledger.runs import forget_runs

_LAKE_RETENTION = timedelta(days=2)
_RUNS_KEPT = timedelta(days=30)
_ASKING_KEPT = timedelta(days=62)


def maintained(app: App) -> None:
    """Remove from the lake what no published or collected day can reach any more, and forget what is old.

    That is runs, requests, and what was known of days before.
    """
    for table, versions in pinned_versions(app.engine).items():
        maintain(app.lake, table, versions, _LAKE_RETENTION)
    forget_runs(app.engine, app.clock() - _RUNS_KEPT)
    forget_asking(app.engine, app.clock() - _ASKING_KEPT)
    forget_costs_as_known(app.engine, (app.clock() - app.settings.store.history).date())
