"""The options that AWS' exports have in common, and the collector made of them."""

from collectors.base import Collector, Option, SourceSettings
from collectors.bills.aws.accounts import ORGANIZATIONS_OPTION, BillWithAccounts, wants_accounts
from collectors.bills.aws.deliveries import newest_deliveries
from collectors.files.collector import FileCollector
from collectors.files.options import file_source, path_option
from collectors.files.reading import AUTOMATIC, CSV, PARQUET, Layout, check_encoding
from collectors.files.rows import FileTable
from collectors.options import choice, duration, option_texts
from collectors.storage.access import ACCESS_OPTIONS

_FORMS = (CSV, PARQUET)
EXPORT_OPTIONS = (
    path_option("s3://acme-billing/exports/acme-bill"),
    Option("format", "csv, parquet, or auto: by each file's name.", "parquet", default=AUTOMATIC),
    Option("encoding", "The encoding of CSV files: utf-8, utf-16, latin-1, …", "utf-16", default="utf-8"),
    Option("restates", "How far back AWS corrects what it billed before.", "30d", kind="duration", default="15d"),
    ORGANIZATIONS_OPTION,
    *ACCESS_OPTIONS,
)


def export_collector(settings: SourceSettings, table: FileTable) -> Collector:
    """Build the collector of an export; raise ValueError where an option is wrong."""
    texts = option_texts(settings, EXPORT_OPTIONS)
    layout = Layout(_FORMS, choice("format", texts["format"], (AUTOMATIC, *_FORMS)), check_encoding(texts["encoding"]))
    source = file_source(settings, EXPORT_OPTIONS, layout, duration("restates", texts["restates"]))
    bill = FileCollector(source, table, newest_deliveries(settings.clock))
    return BillWithAccounts(bill, source.access) if wants_accounts(texts) else bill
