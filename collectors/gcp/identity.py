"""Who asks Google Cloud, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collectors.base import Option
from collectors.gcp.credentials import credentials_from_file
from collectors.storage.store import Extra

IDENTITY_OPTIONS = (
    Option("credentials_file", "A file of credentials.", "/etc/attributor/gcp.json", kind="path"),
    Option("endpoint_url", "Another address of the service; one without TLS, as of an emulator, gets no credentials.",
           "http://localhost:9050", kind="url"),
)  # fmt: skip
"""Without them credentials come from where Google's clients find them (Application Default Credentials)."""

_ANONYMOUS = Extra("google.auth.credentials", "gcp")


@dataclass(frozen=True)
class Identity:
    """Explicit settings of one source; None leaves the choice to Google's own chain."""

    credentials_file: str | None = None
    endpoint_url: str | None = None

    def credentials(self) -> Any:
        """Return the credentials, None for Google's own chain; an address without TLS is given none.

        Raises what Google's library raises for a file that holds none.
        """
        if self.endpoint_url and self.endpoint_url.startswith("http://"):
            return _ANONYMOUS.load().AnonymousCredentials()
        if self.credentials_file is None:
            return None
        return credentials_from_file(self.credentials_file)

    @property
    def client_options(self) -> dict[str, str] | None:
        """Return where clients ask, None for Google's own address."""
        return {"api_endpoint": self.endpoint_url} if self.endpoint_url else None


def identity_of(texts: Mapping[str, str]) -> Identity:
    """Gather who asks."""
    return Identity(**{option.name: texts[option.name] for option in IDENTITY_OPTIONS if option.name in texts})
