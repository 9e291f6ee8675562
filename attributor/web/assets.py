"""The few files that pages load: compressed once, addressed by their content, kept by browsers for a year."""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from threading import Lock

import vl_convert
from fastapi import APIRouter, HTTPException, Request, Response

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_CHARTS_LIBRARY = "vega.js"
_EXPORT = "window.vegaEmbed = vegaEmbed;"
_FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file's bytes, as they are and compressed, its media type and its digest."""

    body: bytes
    compressed: bytes
    media_type: str
    digest: str


class Assets:
    """The files by name. Vega's bundle (0.9 MB) is made by vl-convert when it is first asked for."""

    def __init__(self) -> None:
        self._files = {path.name: _asset(path.read_bytes(), path.suffix) for path in sorted(_FOLDER.iterdir())}
        self._making = Lock()

    def address(self, name: str) -> str:
        """Return the path that a page links to; it changes with the content."""
        kept = version("vl-convert-python") if name == _CHARTS_LIBRARY else self._files[name].digest
        return f"/assets/{name}?v={kept}"

    def find(self, name: str) -> Asset | None:
        """Return the file, or None."""
        if name == _CHARTS_LIBRARY:
            with self._making:
                if name not in self._files:
                    self._files[name] = _asset(vl_convert.javascript_bundle(_EXPORT).encode(), ".js")
        return self._files.get(name)


def asset_routes(assets: Assets) -> APIRouter:
    """Return /assets/{name} and the icon that browsers ask for by themselves."""
    router = APIRouter()

    @router.get("/assets/{name}")
    def asset(name: str, request: Request) -> Response:
        """Answer a style sheet, script or icon."""
        found = assets.find(name)
        if found is None:
            raise HTTPException(404, f"there is no file {name!r}")
        return _answer(found, request)

    @router.get("/favicon.ico")
    def favicon(request: Request) -> Response:
        """Answer the icon."""
        return asset("icon.svg", request)

    return router


def _answer(found: Asset, request: Request) -> Response:
    etag = f'"{found.digest}"'
    headers = {
        "ETag": etag,
        "Cache-Control": _FOR_A_YEAR if "v" in request.query_params else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.body, media_type=found.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(found.compressed, media_type=found.media_type, headers=headers)


def _asset(body: bytes, suffix: str) -> Asset:
    return Asset(body, gzip.compress(body, mtime=0), _TYPES[suffix], sha256(body).hexdigest()[:16])
