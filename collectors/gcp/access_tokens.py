"""Bearer tokens of Google Cloud for what is asked by plain HTTP: by Google's own chain, renewed when they expire."""

from collections.abc import Mapping
from typing import Any

from collectors.gcp.credentials import credentials_from_file
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
        if (self._identity.endpoint_url or "").startswith("http://"):
            return {}
        with google_failures("signing in to Google Cloud"):
            credentials = self._credentials()
            credentials.refresh(_TRANSPORT.load().Request())
        return {"Authorization": f"Bearer {credentials.token}"}

    def _credentials(self) -> Any:
        path = self._identity.credentials_file
        given = _AUTH.load().default()[0] if path is None else credentials_from_file(path)
        return _CREDENTIALS.load().with_scopes_if_required(given, [self._scope])
