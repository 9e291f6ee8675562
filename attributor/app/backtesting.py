"""A backtest of a configuration: a scratch ledger in a temporary folder, and perhaps other alerts to try."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alerts.channels.registry import built_in
from attributor.app.budgeting import rules_in_use
from attributor.app.errors import ConfigurationError
from attributor.app.reading import read_document, section_in
from attributor.app.wiring import App, open_duckdb
from attributor.config.alerting import read_alerts
from attributor.config.settings import AlertSettings
from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate
from attributor.watching.backtesting.as_known import as_known
from attributor.watching.backtesting.replay import Backtest, Steps, replay
from attributor.watching.watch import Watched
from rules.located import Located
from rules.problem import Problem


def backtest(app: App, alerts: AlertSettings, steps: Steps) -> Backtest:
    """Replay the ledger of an app by these alert settings; nothing of it is changed, and nothing is sent."""
    settings = app.settings
    with _scratch() as url, open_duckdb() as connection:
        engine = open_engine(url)
        try:
            migrate(engine)
            watched = Watched(
                *(engine, app.lake, connection, rules_in_use(app.engine, settings)),
                {source.name: source.stale_after for source in settings.sources},
                replace(alerts, heartbeat=None),
                frozenset(source.name for source in settings.sources if source.limits_silence),
                prices=settings.prices,
            )
            return replay(as_known(app.engine, engine), watched, [each.name for each in alerts.channels], steps)
        finally:
            engine.dispose()


@contextmanager
def _scratch() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="attributor-backtest-") as folder:
        yield f"sqlite:///{Path(folder) / 'ledger.db'}"


def alerts_to_try(app: App, policy: Path | None) -> AlertSettings:
    """Return the configured alerts; with a file, those of its `alerts:` in the place of what the configuration says.

    Parts that the file does not name stay as configured. Raises ConfigurationError.
    """
    if policy is None:
        return app.settings.alerts
    file = app.settings.file
    configured, tried = _alerts_in(file), _alerts_in(policy)
    if tried is None:
        problem = Problem(str(policy), 1, "there is no `alerts:`", "write what to try below `alerts:`")
        raise ConfigurationError((problem,))
    parts = {**((configured.entries or {}) if configured is not None else {}), **(tried.entries or {})}
    lines = {**(configured.key_lines if configured is not None else {}), **tried.key_lines}
    node = tried if tried.entries is None else Located(parts, str(policy), tried.line, lines)
    alerts, problems = read_alerts(node, built_in())
    if problems:
        raise ConfigurationError(tuple(problems))
    return alerts


def _alerts_in(file: Path) -> Located | None:
    problems: list[Problem] = []
    found = section_in(read_document(file), "alerts", problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    return found
