"""The configuration as nouns, every value of its type, every path absolute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from alerts.calendar import Rounds
from alerts.channels.base import ChannelType
from alerts.channels.posting import Address
from alerts.detect.policies.rules import PolicyRule
from alerts.detect.runaway import RunawayPolicy
from alerts.digest import Period
from alerts.policy import Route, Silence
from attributor.config.access_settings import AccessSettings
from attributor.config.statement_settings import StatementSettings
from attributor.periods import Month
from collectors.base import CollectorType
from rules.matchers import EVERYTHING, Matcher
from rules.ruleset import RuleSet


@dataclass(frozen=True)
class StoreSettings:
    """Where things are kept. `ledger` is an SQLAlchemy URL and may hold a password; `lake` a folder or URI.

    `history` is how long back it is kept what days came to before they changed.
    """

    lake: str
    ledger: str = field(repr=False)
    lake_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    history: timedelta = timedelta(days=120)


@dataclass(frozen=True)
class WebSettings:
    """Where the daemon listens, and the address under which people reach it.

    `edit_budgets` is who may change budgets on their page: "" nobody, "admin", or "finance" and admins.
    `cors_origins` are the origins of other sites whose scripts may read the API.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    edit_budgets: str = ""
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineSettings:
    """Who computes: `local`, this process, or `dask`, the workers of the scheduler at an address."""

    executor: str = "local"
    scheduler: str = ""
    line: int = 1


@dataclass(frozen=True)
class InvoiceSettings:
    """What an invoice of a source's billing month came to, to hold the charges that `match` takes against.

    `basis` is billed, effective or list; a difference of at most `tolerance` is none. `match_text` is the match as it
    is written, as JSON; "" where it takes everything.
    """

    source: str
    period: Month
    total: Decimal
    currency: str
    basis: str
    tolerance: Decimal
    line: int
    match: Matcher = EVERYTHING
    match_text: str = ""


@dataclass(frozen=True)
class ConfiguredSource:
    """One entry under `sources:`; options are text, lists or maps, and may hold secrets.

    `stale_after` holds in any case where it is given (`limits_silence`), otherwise until the source's habit is known.
    """

    name: str
    type: CollectorType
    every: timedelta
    stale_after: timedelta
    line: int
    options: Mapping[str, Any] = field(repr=False)
    limits_silence: bool = False


@dataclass(frozen=True)
class ConfiguredChannel:
    """One entry under `alerts.channels:`; options may hold secrets."""

    name: str
    type: ChannelType
    line: int
    options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DigestSettings:
    """A digest of a `period` for every team that one of the globs names, to these channels, at each of the rounds."""

    period: Period
    rounds: Rounds
    channels: tuple[str, ...]
    teams: tuple[str, ...] = ("*",)


@dataclass(frozen=True)
class AlertSettings:
    """Channels, routes, planned maintenance and the detectors' thresholds.

    A GPU is idle below `idle_below` percent for `idle_for` with `idle_coverage` percent of the samples present; it is
    told as little used or saturated after `low_for` and `saturated_for`, never where these are None.
    `spend_minimum` is in each series' own currency; with `spend_by_hour` what sources tell by the hour is judged by the
    hour, too, and with `unit_costs` what a unit costs. `unattributed_above` is percent of a day's spend.
    `policies` are what the user turned on; `heartbeat` is called after each good cycle. `runaway` None: nothing is
    looked at between cycles.
    """

    channels: tuple[ConfiguredChannel, ...] = ()
    routes: tuple[Route, ...] = ()
    maintenance: tuple[Silence, ...] = ()
    digests: tuple[DigestSettings, ...] = ()
    idle_below: Decimal = Decimal(10)
    idle_for: timedelta = timedelta(hours=2)
    idle_coverage: Decimal = Decimal(90)
    low_for: timedelta | None = timedelta(minutes=30)
    saturated_for: timedelta | None = timedelta(minutes=10)
    spend_minimum: Decimal = Decimal(50)
    spend_by_hour: bool = True
    unit_costs: bool = True
    unattributed_above: Decimal = Decimal(5)
    policies: tuple[PolicyRule, ...] = ()
    runaway: RunawayPolicy | None = field(default_factory=RunawayPolicy)
    heartbeat: Address | None = None


@dataclass(frozen=True)
class Replaces:
    """The billed charges that estimates stand for, until the bill of their day is complete.

    It is once the source's coverage has passed the end of the day by `lag`, which is the same for a whole source.
    """

    source: str
    match: Matcher
    lag: timedelta


@dataclass(frozen=True)
class PriceList:
    """A list that prices usage by its model: `genai-prices` of a version, or `none` for what no price is wanted of.

    `provider` is whose prices, by the list's id; without it, what the usage names, else that of `by_source`, which is
    by the usage's source. `models` are the list's names of models that usage calls otherwise. What is listed is paid
    times `factor`.
    """

    name: str
    version: str = ""
    provider: str = ""
    models: Mapping[str, str] = field(default_factory=dict, hash=False)
    by_source: Mapping[str, str] = field(default_factory=dict, hash=False)
    factor: Decimal = Decimal(1)


@dataclass(frozen=True)
class Price:
    """What `per` units of a usage metric cost, on the UTC days [start, end).

    `provider`, `service` and the accounts (SubAccountId and BillingAccountId, "" where they are not known) are what its
    estimates are listed under, provider and service "" where a list says them. `replaces` None: they are in no total.
    `digest` is of all that changes an estimate: not of lines, and not of the lag. With `listed` it is the list that
    says metrics and prices.
    """

    name: str
    metric: str
    price: Decimal
    per: int
    currency: str
    provider: str
    service: str
    account: str = ""
    billing_account: str = ""
    match: Matcher = EVERYTHING
    start: date | None = None
    end: date | None = None
    replaces: Replaces | None = None
    digest: str = ""
    listed: PriceList | None = None
    prefer: tuple[str, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Return whether the price holds on a UTC day."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Settings:
    """Everything a daemon needs to be wired."""

    file: Path
    company: str
    store: StoreSettings
    web: WebSettings
    engine: EngineSettings
    sources: tuple[ConfiguredSource, ...]
    alerts: AlertSettings
    ruleset: RuleSet
    invoices: tuple[InvoiceSettings, ...] = ()
    prices: tuple[Price, ...] = ()
    access: AccessSettings = field(default_factory=lambda: AccessSettings(is_open=True))
    statements: StatementSettings = field(default_factory=StatementSettings)

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.file.parent
