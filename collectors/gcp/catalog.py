"""The collector type `gcp-catalog`: list prices of GPUs, and the projects of billing accounts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from collectors.api.pages import Page, walk
from collectors.api.rows import Row
from collectors.api.windowed import Answered, WindowedCollector, WindowedSource
from collectors.api.windows import DAY, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.gcp.failures import google_failures
from collectors.gcp.gpu_prices import GpuPrice, gpu_prices
from collectors.gcp.identity import IDENTITY_OPTIONS, Identity, identity_of
from collectors.options import duration, option_list, option_texts
from collectors.storage.store import Extra

BILLING = Extra("google.cloud.billing_v1", "gcp")
_RETRY = Extra("google.api_core.retry", "gcp")
_PATIENCE = 60.0
"""Seconds within which the client tries again what may pass."""

_COMPUTE_ENGINE = "6F81-5844-456A"
_PAGE_OF_SKUS, _PAGE_OF_PROJECTS = 5000, 100
_OPTIONS = (
    Option("services", "The services whose GPUs are listed, by their ids in the catalog; Compute Engine's where it is "
           "left out.", "[6F81-5844-456A, C7E2-9256-1C43]", kind="list"),
    Option("regions", "The regions whose prices are kept; all where it is left out.", "[us-central1]", kind="list"),
    Option("currency", "The currency of the prices; Google converts them.", "EUR", default="USD"),
    Option("billing_accounts", "The billing accounts whose projects are listed; none where it is left out.",
           "[01AB23-45CD67-89EF01]", kind="list"),
    Option("backfill", "How far back the first reading goes: a price is written for the days on which it held.", "31d",
           kind="duration", default="7d"),
    *IDENTITY_OPTIONS,
)  # fmt: skip
_TO_SEE_PRICES = "any signed-in account; the Cloud Billing API enabled"
_TO_SEE_PROJECTS = "billing.resourceAssociations.list"


@dataclass
class Asking:
    """A connection to the catalog and to billing accounts; asking costs nothing."""

    catalog: Any
    billing: Any
    requests: int = 0
    cost: Decimal = Decimal(0)

    def page(self, method: Any, request: Any, items: str, what: str) -> Page:
        """Ask for one page; raise CollectError, with what it takes, where Google refuses."""
        self.requests += 1
        with google_failures(what):
            retry = _RETRY.load().Retry(timeout=_PATIENCE)
            answer = next(iter(method(request=request, retry=retry, timeout=_PATIENCE).pages))
        return Page(list(getattr(answer, items)), answer.next_page_token or None)


@dataclass(frozen=True)
class _Catalog:
    """What is asked for."""

    identity: Identity
    services: tuple[str, ...]
    regions: tuple[str, ...]
    currency: str
    accounts: tuple[str, ...]

    @contextmanager
    def opened(self) -> Iterator[Asking]:
        """Open the connections, closed afterwards."""
        library = BILLING.load()
        with google_failures("Cloud Billing cannot be asked"):
            kinds = (library.CloudCatalogClient, library.CloudBillingClient)
            catalog, billing = (
                kind(
                    credentials=self.identity.credentials(),
                    client_options=self.identity.client_options,
                    transport="rest",
                )
                for kind in kinds
            )
        with catalog, billing:
            yield Asking(catalog, billing)

    def fetch(self, asking: Asking, piece: Window) -> Iterator[Answered]:
        """Yield each day with the prices that held on all of it, and the newest one with the projects as well."""
        prices = [price for service in self.services for price in self._prices(asking, service)]
        projects = [row for account in self.accounts for row in self._projects(asking, account, piece)]
        for day in pieces(piece, DAY):
            rows = [row for price in prices if price.since <= day.start for row in self._rows(price, day)]
            yield Answered(day, [*rows, *(projects if day.end == piece.end else ())])

    def _prices(self, asking: Asking, service: str) -> Iterator[GpuPrice]:
        what = f"the catalog of services/{service} ({_TO_SEE_PRICES})"
        request = partial(
            BILLING.load().ListSkusRequest,
            parent=f"services/{service}",
            currency_code=self.currency,
            page_size=_PAGE_OF_SKUS,
        )
        ask = partial(asking.page, asking.catalog.list_skus)
        for skus in walk(lambda token: ask(request(page_token=token or ""), "skus", what), f"services/{service}"):
            yield from gpu_prices(skus)

    def _rows(self, price: GpuPrice, day: Window) -> Iterator[Row]:
        for region in price.regions:
            if not self.regions or region in self.regions:
                yield {
                    "hour": day.start,
                    "metric": "gpu.list_price",
                    "quantity": price.price,
                    "provider": "Google Cloud",
                    "gpu_model": price.model,
                    "region": region,
                    "terms": price.terms,
                    "currency": price.currency,
                    "sku": price.sku,
                    "description": price.description,
                    "since": price.since,
                }

    def _projects(self, asking: Asking, account: str, piece: Window) -> Iterator[Row]:
        name = f"billingAccounts/{account}"
        request = partial(BILLING.load().ListProjectBillingInfoRequest, name=name, page_size=_PAGE_OF_PROJECTS)
        ask = partial(asking.page, asking.billing.list_project_billing_info)
        what = f"the projects of {name} ({_TO_SEE_PROJECTS})"
        for infos in walk(lambda token: ask(request(page_token=token or ""), "project_billing_info", what), name):
            for info in infos:
                yield {
                    "hour": piece.end - DAY,
                    "metric": "cloud.projects",
                    "quantity": 1,
                    "provider": "Google Cloud",
                    "project": info.project_id,
                    "billing_account": account,
                    "billing_enabled": info.billing_enabled,
                }


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    if BILLING.problem is not None:
        raise ValueError(BILLING.problem)
    catalog = _Catalog(
        identity_of(texts),
        option_list(settings, "services") or (_COMPUTE_ENGINE,),
        option_list(settings, "regions"),
        texts["currency"],
        tuple(account.removeprefix("billingAccounts/") for account in option_list(settings, "billing_accounts")),
    )
    source = WindowedSource(
        settings,
        "usage",
        "cloudbilling.googleapis.com",
        catalog.opened,
        catalog.fetch,
        (_TO_SEE_PRICES, _TO_SEE_PROJECTS) if catalog.accounts else (_TO_SEE_PRICES,),
        unit=DAY,
        piece=31 * DAY,
        backfill=duration("backfill", texts["backfill"]),
        restates=timedelta(),
        settles=timedelta(),
    )
    return WindowedCollector(source)


TYPE = CollectorType(
    name="gcp-catalog",
    table="usage",
    summary="List prices of Google Cloud's GPUs by the hour, and the projects of billing accounts.",
    options=_OPTIONS,
    build=_build,
)
