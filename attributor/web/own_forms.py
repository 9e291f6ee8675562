"""Forms that our own pages send; those of other sites are refused."""

from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException, Request

_LARGEST = 16 * 1024


def is_of_another_site(request: Request) -> bool:
    """Say whether a page of another site sent this with a browser; programs say nothing of either.

    Browsers say themselves how the sender is to us, whatever name a proxy passes on; older ones say only who it is.
    """
    relation, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if relation is not None:
        return relation not in {"same-origin", "none"}
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def refuse_other_sites(request: Request) -> None:
    """Refuse what another site's form sends with this browser (403)."""
    if is_of_another_site(request):
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
