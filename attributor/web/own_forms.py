"""Forms that our own pages send; those of other sites are refused."""

from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException, Request

_LARGEST = 16 * 1024


def refuse_other_sites(request: Request) -> None:
    """Refuse what another site's form sends with this browser (403): its origin is not ours."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise HTTPException(403, "that form is another site's")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "that form is another site's")


async def own_form(request: Request) -> dict[str, str]:
    """Read a form of ours, before the route works beside the event loop; of each field the first value."""
    refuse_other_sites(request)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413, "the form is too large")
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0].replace("\0", "") for name, values in fields.items()}
