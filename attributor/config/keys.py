"""The keys of the configuration that are the program's own: one list each, for checking, the schema and the docs."""

from collectors.base import Option

TOP_LEVEL = {
    "company": "The name that stands on the pages.",
    "store": "Where the lake and the ledger are kept.",
    "web": "Where the daemon listens.",
    "access": "Who may see and do what.",
    "engine": "Who computes the days: this process, or a Dask cluster.",
    "sources": "What is collected: a name and its settings each.",
    "invoices": "What the providers' invoices came to, for `reconcile` to hold the charges against.",
    "teams": "The owners, with their aliases, budgets and people.",
    "rules": "How charges get an owner, in order; the first match wins.",
    "shared": "Teams whose whole cost goes on to those who use them.",
    "dimensions": "Columns to report by, known ones and your own: a name and the charge column it is read from.",
    "required_tags": "Keys of the tags that every charge should have.",
    "prices": "What usage costs until the bill comes; the first price that matches usage makes its estimate.",
    "alerts": "Channels, routes and the detectors' thresholds.",
    "statements": "Where statements go once a month is closed, and how chargeback journals are written.",
}

STORE = (
    Option("lake", "A folder or a URI (s3://, gs://, az://) of the Delta tables.", "./data/lake", "path"),
    Option("ledger", "An SQLAlchemy URL of SQLite or PostgreSQL.", "sqlite:///data/ledger.db"),
    Option("lake_options", "Storage options for a lake on an object store.", "{aws_region: eu-west-1}", "map"),
    Option("history", "How long it is kept what days came to before they changed.", "120d", "duration", default="120d"),
)

WEB = (
    Option("listen", "Host and port.", "127.0.0.1:8080", default="127.0.0.1:8080"),
    Option("public_url", "The address people reach the pages under; links in messages.", "https://costs.corp", "url"),
    Option(
        "edit_budgets", "Who may change budgets on their page: `true` (admins) or `finance`.", "true", default="false"
    ),
    Option("cors_origins", "Other sites whose scripts may read the API.", "[https://portal.corp]", "list"),
)

ACCESS = (
    Option("open", "Nobody signs in: the network keeps others out.", "true", "boolean", default="false"),
    Option("proxy", "A proxy in front says who asks.", "{from: [127.0.0.1]}", "map"),
    Option("oidc", "People sign in by OpenID Connect.", "{issuer: …, client_id: …, client_secret: …}", "map"),
    Option("admin", "Users and `group:NAME`s that may do everything.", "[group:finops]", "list"),
    Option("finance", "Users and `group:NAME`s that may see everything.", "[group:finance]", "list"),
    Option("teams", "Who belongs to which team.", "{search: [group:search]}", "map"),
    Option("others", "What people see of other teams: `hidden` or their `totals`.", "totals", default="hidden"),
)

PROXY = (
    Option("from", "Addresses and networks that the proxy asks from.", "[127.0.0.1]", "list", required=True),
    Option("user", "The header with the user's name.", "X-Forwarded-User", default="X-Forwarded-User"),
    Option("groups", "The header with the user's groups.", "X-Forwarded-Groups", default="X-Forwarded-Groups"),
    Option("sign_out", "Where the proxy signs people out: a path or an address.", "/oauth2/sign_out", default=""),
)

OIDC = (
    Option("issuer", "The provider's address.", "https://sso.corp.example", "url", required=True),
    Option("client_id", "What the provider knows this daemon as.", "attributor", required=True),
    Option("client_secret", "The secret that goes with it.", "${OIDC_CLIENT_SECRET}", required=True),
    Option("session_secret", "What cookies are signed with.", "${SESSION_SECRET}", required=True),
    Option("user", "The claim with the user's name.", "email", default="email"),
    Option("groups", "The claim with the user's groups.", "groups", default="groups"),
    Option("scopes", "What is asked for.", "[openid, email, groups]", "list"),
)

ENGINE = (
    Option(
        "executor", "`local`: this process, a few days at once; `dask`: a cluster's workers.", "dask", default="local"
    ),
    Option("scheduler", "The address of the Dask scheduler.", "tcp://scheduler.corp:8786"),
)

SOURCE = (
    Option("type", "The kind of source.", "focus", required=True),
    Option("every", "How often it is read.", "1h", "duration", default="1h"),
    Option("stale_after", "How long it may be silent; without it, by its habit.", "2d", "duration", default="2d"),
)

INVOICE = (
    Option("source", "The source that the invoice is of.", "aws", required=True),
    Option("period", "The billing month.", "2026-10", required=True),
    Option("total", "What the invoice says.", "81234.56", "decimal", required=True),
    Option("currency", "The currency of the total.", "USD", required=True),
    Option("match", "Which charges of the source the invoice is of; without it, all.", '{InvoiceId: "4711"}', "map"),
    Option("basis", "The cost column to compare: billed, effective or list.", "billed", default="billed"),
    Option("tolerance", "A difference that is none, for invoices in whole cents.", "0.01", "decimal", default="0"),
)

ALERTS = {
    "channels": "Where messages go: a name and its settings each.",
    "routes": "Which alerts go to which channels; the first match wins.",
    "time_zone": "The time zone of hours and days that name none of their own.",
    "quiet_hours": "Hours in which routes that name them tell nothing: a name and when each.",
    "maintenance": "Planned work: spans in which what matches is not told.",
    "digests": "What teams spent, by the day or week, and where that is told.",
    "idle_gpu": "When a GPU counts as idle.",
    "spend": "What counts as unusual spend.",
    "unattributed": "When unclaimed spend is told.",
    "policies": "Plain limits that are turned on beside what the detectors find.",
    "runaway": "When pushed usage runs away, seen between cycles.",
    "heartbeat": "An address that is called after each good cycle.",
}

ROUTE = {
    "match": "Globs by team, severity and kind; without it, everything.",
    "channels": "Who is told.",
    "repeat": "How often they are told again while nothing changes.",
    "group_wait": "How long the first message of a group waits for others of it.",
    "escalate": "Who else is told, and when, as long as nobody acknowledges.",
    "quiet": "The names of quiet hours in which nothing is told.",
    "digest": "When what came meanwhile is told, in one message a team.",
}

ESCALATION = {"after": "How long nobody acknowledged.", "channels": "Who is told then."}

QUIET_HOURS = {
    "from": "When it begins, by the clock.",
    "until": "When it ends, by the clock; the next day where that is not later.",
    "days": "The weekdays on which it begins; without it, every day.",
    "time_zone": "Whose clock, as in Europe/Berlin.",
}

ROUNDS = {
    "at": "The time of day.",
    "days": "On which weekdays; without it, every day.",
    "time_zone": "Whose clock, as in Europe/Berlin.",
}

DIGEST = {
    "period": "`day` or `week`.",
    "channels": "Who is told.",
    "teams": "Globs over teams; without it, all.",
    **ROUNDS,
}

MAINTENANCE = {
    "from": "When it begins.",
    "until": "When it ends.",
    "reason": "What is done.",
    "match": "Globs by team, severity and kind; without it, everything.",
    "keys": "Globs over keys of alerts.",
}

IDLE_GPU = (
    Option("below", "Percent of utilisation.", "10", "decimal", default="10"),
    Option("for", "For how long.", "2h", "duration", default="2h"),
    Option("coverage", "Percent of the samples that must be present.", "90", "decimal", default="90"),
    Option("low", "Whether GPUs that are little used are told.", "false", "boolean", default="true"),
    Option("low_for", "For how long they must be so.", "1h", "duration", default="30m"),
    Option("saturated", "Whether GPUs that are used to their limit are told.", "false", "boolean", default="true"),
    Option("saturated_for", "For how long they must be so.", "30m", "duration", default="10m"),
)

SPEND = (
    Option("minimum", "Excess in money below which nothing is said.", "50", "decimal", default="50"),
    Option("hourly", "Whether spend that is told by the hour is judged by it.", "false", "boolean", default="true"),
    Option("unit_costs", "Whether what a unit costs is judged.", "false", "boolean", default="true"),
)

UNATTRIBUTED = (Option("above", "Percent of a day's spend.", "5", "decimal", default="5"),)

RUNAWAY = (
    Option("enabled", "Whether pushed usage is looked at between cycles.", "false", "boolean", default="true"),
    Option("minimum", "Money in an hour below which nothing runs away.", "200", "decimal", default="50"),
    Option("times", "How many times the busiest hour of the week before.", "5", "decimal", default="3"),
)

HEARTBEAT = (Option("url", "The address; it is a secret.", "https://hc-ping.com/…", "url", required=True),)

PRICE = {
    "name": "The name that estimates carry; unique.",
    "metric": "The usage metric that is priced.",
    "list": "A price list instead of a metric and its price: genai-prices, or none.",
    "match": "Which usage of the metric; without it, all that no earlier price matched.",
    "price": "Money for `per` units, exact, at most twelve decimals.",
    "per": "How many units the price is for.",
    "prefer": "What goes before the price of a GPU hour: the bill's rate of that machine, and a list price.",
    "currency": "The currency of the price.",
    "from": "The first UTC day on which the price holds.",
    "until": "The first UTC day on which it no longer holds.",
    "of": "Whose prices the list gives, by its own id; without it, those of the provider that usage names.",
    "models": "The list's names of models that usage calls otherwise: a name and the list's name each.",
    "factor": "What is paid of a listed price, as in 0.9.",
    "provider": "The provider that estimates are listed under, as the bill spells it.",
    "service": "The service that estimates are listed under, as the bill spells it.",
    "replaces": "The billed charges that the estimate stands for; without it, it is shown beside the bill.",
}

REPLACES = {
    "source": "The source of the bill.",
    "match": "Which charges of the bill.",
    "lag": "How far the bill must have come past a day until that day is complete.",
}

STATEMENTS = {
    "deliver": "Where statements go once a month is closed: a folder, S3 or by email.",
    "journal": "How chargeback journals are written.",
}

DELIVERY = (
    Option("to", "`folder`, `s3` or `email`.", "folder", required=True),
    Option("formats", "The forms: pdf, xlsx, csv, html, markdown, json.", "[pdf, csv]", "list", required=True),
    Option("path", "The folder, or s3://bucket/prefix.", "./statements", "path"),
    Option("teams", "Globs over teams; all where neither teams nor cost centers are named.", '["*"]', "list"),
    Option("cost_centers", "Globs over cost centers.", '["41*"]', "list"),
    Option("draft_on", "The day on which drafts of the month before are sent while it is open.", "3", "integer"),
    Option("endpoint_url", "S3: another address of the store.", "http://minio:9000", "url"),
    Option("profile", "S3: the profile of the AWS configuration.", "finance"),
    Option("region", "S3: the region, where the profile names none.", "eu-west-1"),
    Option("smtp", "Email: the mail server; it is a secret.", "smtp://user:password@mail.corp:587"),
    Option("from", "Email: the sender.", "costs@corp.example"),
    Option("recipients", "Email: who gets them.", "[finance@corp.example]", "list"),
)

JOURNAL = (
    Option("columns", "The columns, in their order.", "[account, cost_center, debit, credit]", "list"),
    Option("headings", "What columns are called in the file.", "{account: Konto}", "map"),
    Option("accounts", "Where costs are booked.", '{expense: "6500", offset: "1900"}', "map"),
    Option("basis", "The cost column: effective, billed or list.", "billed", default="effective"),
)

ACCOUNTS = (
    Option("expense", "The account of what no glob names.", "6500", default="expense"),
    Option("offset", "The account of the other side.", "1900", default="offset"),
    Option("services", "Accounts by globs over services; the first that fits decides.", '{"Amazon*": "6510"}', "map"),
    Option("categories", "Accounts by globs over charge categories.", '{Tax: "6590"}', "map"),
)
