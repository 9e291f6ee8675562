"""The configuration again, when its file changed."""

import logging
from dataclasses import replace

from attributor.app.configuration import read_settings
from attributor.app.wiring import App, build_channels, build_collectors, file_stamp

logger = logging.getLogger(__name__)


def reloaded(app: App) -> App:
    """Return the application with its configuration as the file is now; a file with errors changes nothing.

    Store and web settings hold until the next start.
    """
    stamp = file_stamp(app.settings.file)
    if stamp == app.stamp:
        return app
    loaded = read_settings(app.settings.file)
    if loaded.settings is None:
        for problem in loaded.errors:
            logger.error("configuration not reloaded: %s", problem)
        return replace(app, stamp=stamp)
    collectors, wrong_sources = build_collectors(loaded.settings, app.clock)
    channels, wrong_channels = build_channels(loaded.settings, app.clock)
    for problem in (*wrong_sources, *wrong_channels):
        logger.error("configuration not reloaded: %s", problem)
    if wrong_sources or wrong_channels:
        return replace(app, stamp=stamp)
    settings = replace(loaded.settings, store=app.settings.store, web=app.settings.web)
    return replace(app, settings=settings, stamp=stamp, collectors=collectors, channels=channels)
