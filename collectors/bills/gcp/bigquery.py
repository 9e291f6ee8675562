"""The collector type `gcp-bigquery`: Cloud Billing's exports to BigQuery, standard, detailed and FOCUS."""

import re
from decimal import Decimal

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.bills.gcp.asking import BIGQUERY, Warehouse
from collectors.bills.gcp.collector import ExportCollector, ExportSource
from collectors.gcp.identity import IDENTITY_OPTIONS, identity_of
from collectors.options import decimal, duration, option_texts

_TABLE = re.compile(r"(?P<project>[a-z0-9.:-]+)\.[A-Za-z0-9_]+\.[A-Za-z0-9_-]+")
_SIZE = re.compile(r"(?P<number>[0-9]{1,6}) ?(?P<unit>[MGT])i?B")
_UNITS = {"M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_OPTIONS = (
    Option("table", "The export's table, PROJECT.DATASET.TABLE: standard, detailed or FOCUS.",
           "acme-billing.billing.gcp_billing_export_resource_v1_01AB23_45CD67_89EF01", required=True),
    Option("project", "The project in which queries run and that pays for them; the table's where it is left out.",
           "acme-finops"),
    Option("location", "Where the dataset lies; BigQuery finds it where it is left out.", "europe-west1"),
    Option("max_bytes", "What one query may be billed for; one that would be more is refused before it runs.", "1TiB",
           default="100GiB"),
    Option("price_per_tib", "Dollars that BigQuery charges for a TiB, to know what asking costs; 0 with slots.", "0",
           "decimal", default="6.25"),
    Option("backfill", "How far back the first reading goes.", "13mo", kind="duration", default="62d"),
    Option("restates", "How far back late rows are looked for; only days that got some are read again.", "13mo",
           "duration", default="62d"),
    Option("settles", "How long after its end rows of a day go on coming.", "36h", kind="duration", default="24h"),
    *IDENTITY_OPTIONS,
)  # fmt: skip


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    found = _TABLE.fullmatch(texts["table"])
    if found is None:
        raise ValueError(f"table: {texts['table']!r} is no table; write PROJECT.DATASET.TABLE")
    if BIGQUERY.problem is not None:
        raise ValueError(BIGQUERY.problem)
    warehouse = Warehouse(
        texts.get("project", found["project"]),
        texts.get("location"),
        identity_of(texts),
        _bytes(texts["max_bytes"]),
        decimal("price_per_tib", texts["price_per_tib"], Decimal(0), Decimal(1000)),
    )
    ages = (duration(name, texts[name]) for name in ("backfill", "restates", "settles"))
    return ExportCollector(ExportSource(settings, texts["table"], warehouse, *ages))


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None or not int(found["number"]):
        raise ValueError(f"max_bytes: {text!r} is no size; write for example 500GiB or 1TiB")
    return int(found["number"]) * _UNITS[found["unit"]]


TYPE = CollectorType(
    name="gcp-bigquery",
    table="charges",
    summary="Google Cloud's bill as Cloud Billing exports it to BigQuery: standard, detailed or FOCUS.",
    options=_OPTIONS,
    build=_build,
)
