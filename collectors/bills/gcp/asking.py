"""Asking BigQuery: queries that are capped and whose bytes are counted, and their answers page by page."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from collectors.base import CollectError
from collectors.bills.gcp.tables import ExportTable, table_of
from collectors.gcp.failures import google_failures
from collectors.gcp.identity import Identity
from collectors.storage.store import Extra

BIGQUERY = Extra("google.cloud.bigquery", "gcp")
_RETRY = Extra("google.cloud.bigquery.retry", "gcp")
_TIB = 1 << 40
_PATIENCE = 120.0
"""Seconds within which the client tries again what may pass; its own default is ten minutes."""

_TIMEOUT = 60.0
"""Seconds of one request; while a query runs it is asked again and again."""

_A_PAGE = 20_000

Columns = Mapping[str, pa.Array]
"""Texts by name, null where BigQuery has NULL."""


@dataclass(frozen=True)
class Warehouse:
    """Where queries run: the project that pays, its location (None: BigQuery finds it), who asks, and what a TiB costs.

    `most_bytes` is what one query may be billed for; one that would be more is refused before it runs.
    """

    project: str
    location: str | None
    identity: Identity
    most_bytes: int
    price_of_tib: Decimal


@dataclass
class Asking:
    """A connection to BigQuery, and what asking took so far."""

    warehouse: Warehouse
    client: Any
    requests: int = 0
    billed_bytes: int = 0

    @property
    def cost(self) -> Decimal:
        """What BigQuery charges on demand, in dollars."""
        return self.warehouse.price_of_tib * self.billed_bytes / _TIB

    def table(self, name: str) -> ExportTable:
        """Describe a table; raise CollectError where it cannot be seen or is no export."""
        self.requests += 1
        with google_failures(f"{name} (bigquery.tables.get)"):
            return table_of(name, self.client.get_table(name, retry=_retry(), timeout=_TIMEOUT))

    def dry_run(self, sql: str, name: str) -> None:
        """Have a query checked, permissions included, without running it; raise CollectError where it is refused."""
        self.requests += 1
        with google_failures(_needs(name)):
            self._start(sql, dry_run=True)

    def pages(self, sql: str, name: str) -> Iterator[Columns]:
        """Yield the pages of a query's answer.

        Raises CollectError: permanent where it is refused, and not permanent where the rows are other than announced,
        as when a page comes twice.
        """
        self.requests += 1
        with google_failures(_needs(name)):
            job = self._start(sql)
            answer = job.result(page_size=_A_PAGE, retry=_retry(), timeout=_TIMEOUT * 10)
            self.billed_bytes += job.total_bytes_billed or 0
            names = [column.name for column in answer.schema]
            pages = iter(answer.pages)
        read = 0
        while True:
            with google_failures(_needs(name)):
                page = next(pages, None)
            if page is None:
                break
            rows = page.raw_page.get("rows", [])
            self.requests += 1
            read += len(rows)
            if read > answer.total_rows:
                break
            if rows:
                yield _columns(names, rows)
        if read != answer.total_rows:
            message = f"{name}: BigQuery announced {answer.total_rows} rows, and gave {read}"
            raise CollectError(message, permanent=False)

    def _start(self, sql: str, *, dry_run: bool = False) -> Any:
        library = BIGQUERY.load()
        config = library.QueryJobConfig(
            maximum_bytes_billed=self.warehouse.most_bytes, dry_run=dry_run, use_query_cache=not dry_run
        )
        return self.client.query(
            sql, job_config=config, location=self.warehouse.location, retry=_retry(), timeout=_TIMEOUT, job_retry=None
        )


@contextmanager
def opened(warehouse: Warehouse) -> Iterator[Asking]:
    """Open a connection, closed afterwards; raise CollectError where there are no credentials."""
    identity = warehouse.identity
    with google_failures("BigQuery cannot be asked"):
        client = BIGQUERY.load().Client(
            project=warehouse.project, credentials=identity.credentials(), client_options=identity.client_options
        )
    try:
        yield Asking(warehouse, client)
    finally:
        client.close()


def _needs(name: str) -> str:
    return f"{name} (bigquery.jobs.create, bigquery.tables.getData)"


def _columns(names: list[str], rows: list[Mapping[str, Any]]) -> Columns:
    cells = [row["f"] for row in rows]
    return {name: pa.array([cell[at]["v"] for cell in cells], pa.string()) for at, name in enumerate(names)}


def _retry() -> Any:
    return _RETRY.load().DEFAULT_RETRY.with_timeout(_PATIENCE)
