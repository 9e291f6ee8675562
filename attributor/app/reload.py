"""The configuration again, when its file or a table that it names changed."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from attributor.app.configuration import read_settings
from attributor.app.stamps import stamps_of
from attributor.app.wiring import App, build_channels, build_collectors
from rules.problem import Problem

logger = logging.getLogger(__name__)


def reloaded(app: App) -> App:
    """Return the application with its configuration as the files are now; files with errors change nothing.

    They are read again each time until they are right, because an error may lie in a file that is only named there;
    what is wrong is logged once. Store, web and engine settings, and those of a push source, hold until the next start.
    """
    stamps = stamps_of(app.settings)  # before reading: what changes meanwhile is read again the next time
    if stamps == app.stamps and not app.refused:
        return app
    loaded = read_settings(app.settings.file)
    if loaded.settings is None:
        return _refused(app, loaded.errors)
    collectors, wrong_sources = build_collectors(loaded.settings, app.clock)
    channels, wrong_channels = build_channels(loaded.settings, app.clock, app.engine)
    if wrong_sources or wrong_channels:
        return _refused(app, (*wrong_sources, *wrong_channels))
    settings = replace(loaded.settings, store=app.settings.store, web=app.settings.web, engine=app.settings.engine)
    logger.info("configuration read again")
    stamps = {file: stamps.get(file, stamp) for file, stamp in stamps_of(settings).items()}
    return replace(app, settings=settings, stamps=stamps, refused=(), collectors=collectors, channels=channels)


def _refused(app: App, problems: Sequence[Problem]) -> App:
    if tuple(problems) != app.refused:
        for problem in problems:
            logger.error("configuration not reloaded: %s", problem)
    return replace(app, refused=tuple(problems))
