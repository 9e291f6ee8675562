"""Bearer tokens of Google Cloud for what is asked by plain HTTP: by Google's own chain, renewed when they expire."""

from collections.abc import Mapping
from typing import Any

from collectors.gcp.failures import google_failures
from collectors.gcp.identity import Identity
from collectors.storage.store import Extra

_AUTH = Extra("google.auth", "gcp")
_CREDENTIALS = Extra("google.auth.credentials", "gcp")
_TRANSPORT = Extra("google.auth.transport.requests", "gcp")


class AccessTokens:
    """Headers of authentication for one scope."""

    def __init__(self, identity: Identity, scope: str) -> None:
        self._identity = identity
        self._scope = scope

    def headers(self) -> Mapping[str, str]:
        """Sign in anew; an address without TLS gets no token. Raises CollectError."""
        with google_failures("signing in to Google Cloud"):
            credentials = self._credentials()
            if isinstance(credentials, _CREDENTIALS.load().AnonymousCredentials):
                return {}
            credentials.refresh(_TRANSPORT.load().Request())
        return {"Authorization": f"Bearer {credentials.token}"}

    def _credentials(self) -> Any:
        given = self._identity.credentials()
        if given is None:
            given, _ = _AUTH.load().default()
        return _CREDENTIALS.load().with_scopes_if_required(given, [self._scope])
