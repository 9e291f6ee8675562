"""Credentials of Google Cloud out of a file, by the kind that the file says it holds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collectors.storage.store import Extra

_KINDS: Mapping[str, tuple[Extra, str]] = {
    "service_account": (Extra("google.oauth2.service_account", "gcp"), "from_service_account_info"),
    "authorized_user": (Extra("google.oauth2.credentials", "gcp"), "from_authorized_user_info"),
    "external_account": (Extra("google.auth.identity_pool", "gcp"), "from_info"),
    "impersonated_service_account": (
        Extra("google.auth.impersonated_credentials", "gcp"),
        "from_impersonated_service_account_info",
    ),
}
_ERRORS = Extra("google.auth.exceptions", "gcp")


def credentials_from_file(path: str) -> Any:
    """Return the credentials that a file holds.

    Raises OSError, or a DefaultCredentialsError of Google's library where it holds none that are known here (those
    that would run a program are not) or that can be used. Nothing of the file's content is in the message.
    """
    error = _ERRORS.load().DefaultCredentialsError
    try:
        info = json.loads(Path(path).read_text(encoding="utf-8"))
        extra, method = _KINDS[info["type"]]
    except (ValueError, KeyError, TypeError):
        raise error(f"{path} holds no credentials of a known type: {', '.join(_KINDS)}") from None
    try:
        return getattr(extra.load().Credentials, method)(info)
    except (ValueError, KeyError, TypeError):
        raise error(f"{path} holds a {info['type']} that is not whole, or whose key cannot be read") from None
