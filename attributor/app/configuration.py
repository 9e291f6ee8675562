"""The configuration file with the kinds of sources and channels of this installation."""

import os
from collections.abc import Mapping
from pathlib import Path

from alerts.channels.registry import built_in
from attributor.app.errors import ConfigurationError
from attributor.config.environment import substitution
from attributor.config.load import LoadedConfig, Types, load_config
from attributor.config.settings import Settings
from collectors.registry import installed_types


def known_types() -> Types:
    """Return the kinds of sources and channels of this installation."""
    sources = installed_types()
    return Types(sources.loaded, sources.broken, built_in())


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read and check a configuration file with the variables of the environment."""
    return load_config(path, known_types(), substitution(os.environ if environment is None else environment))


def settings_or_error(path: Path) -> Settings:
    """Return the settings; raise ConfigurationError with every error."""
    loaded = read_settings(path)
    if loaded.settings is None:
        raise ConfigurationError(loaded.errors)
    return loaded.settings
