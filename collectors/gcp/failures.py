"""What Google's clients raise, as CollectError."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from collectors.base import CollectError
from collectors.storage.store import Extra, is_permanent

_API_ERRORS = Extra("google.api_core.exceptions", "gcp")
_AUTH_ERRORS = Extra("google.auth.exceptions", "gcp")
_HTTP_ERRORS = Extra("requests.exceptions", "gcp")
_FORM_ERRORS = Extra("google.protobuf.json_format", "gcp")


@contextmanager
def google_failures(what: str, hidden: Callable[[str], str] = str) -> Iterator[None]:
    """Raise CollectError, with Google's words, in the place of what a client raises; `hidden` blanks out secrets.

    Not permanent where Google is away, busy or slow; permanent where it refuses, where its answer cannot be read, or
    where there are no credentials.
    """
    api, auth = _API_ERRORS.load(), _AUTH_ERRORS.load()
    away = (_HTTP_ERRORS.load().RequestException, api.RetryError, auth.TransportError, ConnectionError)
    try:
        yield
    except api.GoogleAPICallError as error:
        said = hidden(str(error.message))
        raise CollectError(f"{what}: {error.code} {said}", permanent=is_permanent(error.code or 0)) from error
    except away as error:
        raise CollectError(f"{what}: {hidden(str(error))}", permanent=False) from error
    except (_FORM_ERRORS.load().ParseError, UnicodeDecodeError) as error:
        raise CollectError(f"{what}: the answer cannot be read: {hidden(str(error))}", permanent=True) from error
    except (auth.GoogleAuthError, OSError) as error:
        raise CollectError(f"{what}: {hidden(str(error))}", permanent=True) from error
