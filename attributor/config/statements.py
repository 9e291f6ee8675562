"""`statements:`: where statements go, and how journals are written."""

from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attributor.config.invoices import BASES
from attributor.config.keys import ACCOUNTS, DELIVERY, JOURNAL, STATEMENTS
from attributor.config.options import typed_options, unknown_keys
from attributor.config.statement_settings import (
    FORMS,
    JOURNAL_COLUMNS,
    Accounts,
    DeliverySettings,
    JournalForm,
    StatementSettings,
)
from rules.located import Located
from rules.problem import Problem

_EXAMPLE = "write `deliver: [{to: folder, path: ./statements, formats: [pdf, csv]}]`"
_NEEDED = {"folder": ("path",), "s3": ("path",), "email": ("smtp", "from", "recipients")}
_LAST_DRAFT_DAY = 28


def read_statements(node: Located | None, folder: Path) -> tuple[StatementSettings, list[Problem]]:
    """Return what is said of statements, folders absolute, and every problem."""
    if node is None or node.is_empty:
        return StatementSettings(), []
    if node.entries is None:
        return StatementSettings(), [node.problem("`statements` must be a map", _EXAMPLE)]
    problems = unknown_keys(node, list(STATEMENTS))
    deliver, wrong = _read_deliver(node.entries.get("deliver"), folder)
    form, also_wrong = read_journal(node.entries.get("journal"))
    return StatementSettings(deliver, form), [*problems, *wrong, *also_wrong]


def read_journal(node: Located | None) -> tuple[JournalForm, list[Problem]]:
    """Return how journals are written."""
    values, problems = typed_options(node, JOURNAL)
    if node is None or node.entries is None or problems:
        return JournalForm(), problems
    basis = values["basis"]
    if basis not in BASES:
        at = node.entries["basis"]
        problems.append(at.problem(f"`basis`: {basis!r} is none", f"write {', '.join(BASES)}"))
    words = tuple(values.get("columns", (word for _, word in JournalForm().columns)))
    known = ", ".join(JOURNAL_COLUMNS)
    for key in ("columns", "headings"):
        unknown = [word for word in values.get(key, ()) if word not in JOURNAL_COLUMNS]
        problems += [
            node.entries[key].problem(f"a journal has no column {word!r}", f"known here: {known}") for word in unknown
        ]
    accounts = _read_accounts(node.entries.get("accounts"), problems)
    columns = tuple((values.get("headings", {}).get(word, word), word) for word in words)
    return (JournalForm() if problems else JournalForm(columns, accounts, basis)), problems


def _read_accounts(node: Located | None, problems: list[Problem]) -> Accounts:
    values, wrong = typed_options(node, ACCOUNTS)
    problems += wrong
    if wrong:
        return Accounts()
    globs = {name: tuple((glob, str(account)) for glob, account in values.get(name, {}).items()) for name in _GLOBS}
    return Accounts(values["expense"], values["offset"], **globs)


_GLOBS = ("services", "categories")


def _read_deliver(node: Located | None, folder: Path) -> tuple[tuple[DeliverySettings, ...], list[Problem]]:
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        return (), [node.problem("`deliver` is a list", _EXAMPLE)]
    found: list[DeliverySettings] = []
    problems: list[Problem] = []
    for item in node.items:
        delivery, wrong = _delivery(item, folder)
        problems += wrong
        found += [delivery] if delivery is not None else []
    return tuple(found), problems


def _delivery(item: Located, folder: Path) -> tuple[DeliverySettings | None, list[Problem]]:
    if item.entries is None or item.is_empty:
        return None, [item.problem("a delivery is a map", _EXAMPLE)]
    values, problems = typed_options(item, DELIVERY)
    if problems:
        return None, problems
    problems = _mistakes(item, values)
    if problems:
        return None, problems
    path = values.get("path", "")
    given = {name: tuple(values.get(name, ())) for name in ("teams", "cost_centers")}
    if not any(given.values()):
        given["teams"] = ("*",)
    return DeliverySettings(
        to=values["to"],
        formats=tuple(values["formats"]),
        path=str((folder / path).resolve()) if values["to"] == "folder" else path.rstrip("/"),
        draft_on=values.get("draft_on"),
        access={name: values[name] for name in ("endpoint_url", "profile", "region") if name in values},
        smtp=values.get("smtp", ""),
        sender=values.get("from", ""),
        recipients=tuple(values.get("recipients", ())),
        line=item.line,
        **given,
    ), []


def _mistakes(item: Located, values: dict[str, Any]) -> list[Problem]:
    at, to = item.entries or {}, values["to"]
    if to not in _NEEDED:
        return [at["to"].problem(f"`to`: {to!r} is none", f"write {', '.join(_NEEDED)}")]
    problems = [
        item.problem(f"`{name}` is missing: statements go to {to}", f"add `{name}: …`")
        for name in _NEEDED[to]
        if not values.get(name)
    ]
    unknown = [form for form in values["formats"] if form not in FORMS]
    known = f"known: {', '.join(FORMS)}"
    problems += [at["formats"].problem(f"{form!r} is no form of a statement", known) for form in unknown]
    if "draft_on" in values and not 1 <= values["draft_on"] <= _LAST_DRAFT_DAY:
        fix = "write a day from 1 to 28, which every month has"
        problems.append(at["draft_on"].problem(f"`draft_on`: there is no day {values['draft_on']} in every month", fix))
    if to == "s3" and values.get("path") and not values["path"].startswith("s3://"):
        problems.append(at["path"].problem("`path` is no place in S3", "write `path: s3://bucket/prefix`"))
    if to == "email":
        problems += _mail_mistakes(at, values)
    return problems


def _mail_mistakes(at: dict[str, Located], values: dict[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    if "smtp" in values and not _is_mail_server(values["smtp"]):
        fix = "write smtp://user:password@host:587, or smtps://host:465"
        problems.append(at["smtp"].problem("`smtp` is no address of a mail server", fix))
    for name in ("from", "recipients"):
        given = values.get(name, ())
        for address in (given,) if isinstance(given, str) else given:
            if "@" not in parseaddr(address)[1]:
                fix = f"for example `{name}: finance@corp.example`"
                problems.append(at[name].problem(f"`{name}`: {address!r} is no mail address", fix))
    return problems


def _is_mail_server(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
