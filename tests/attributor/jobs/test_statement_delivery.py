"""Statements go out once a month is closed: once, whole, tried again, and told where they do not arrive."""

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, insert, select

from alerts.detect.undelivered import undelivered
from attributor.config.statement_settings import DeliverySettings
from attributor.jobs.statement_delivery import RECENT, CannotRenderError, Post, deliver_statements
from attributor.ledger.engine import reading
from attributor.ledger.money_columns import money_values
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statement_deliveries import troubled_parcels
from attributor.ledger.statements import Statement, closed_in, record_statement, record_undoing
from attributor.ledger.tables import rollup, statement_deliveries
from attributor.ledger.team_days import sum_team_days
from attributor.periods import Month
from attributor.reports.owner_statement import OwnerStatement
from attributor.watching.undelivered import failed_statements
from attributor.web.faces.forms import StatementFile, statement_file
from rules.ruleset import Team

OCTOBER = Month(2026, 10)
CLOSED = datetime(2026, 11, 4, 9, tzinfo=UTC)
TEAMS = {"search": Team("search", "Search"), "ads": Team("ads", "Ads")}


@dataclass
class Office:
    """A ledger, a clock that is moved by hand, and what is to be sent."""

    engine: Engine
    folder: Path
    now: datetime = CLOSED
    deliver: list[DeliverySettings] = field(default_factory=list)
    render: Callable[[OwnerStatement, str], StatementFile] = lambda report, form: statement_file("Acme", report, form)

    def send(self) -> int:
        return deliver_statements(Post(self.engine, TEAMS, self.deliver, self.render, lambda: self.now))

    def close(self) -> Statement:
        with self.engine.begin() as connection:
            content = statement_content(connection, OCTOBER)
            return record_statement(connection, Statement(OCTOBER, 0, self.now, "ana", "r", content))

    def undo(self) -> None:
        with self.engine.begin() as connection:
            undone = replace(closed_in(connection)[OCTOBER], undone_at=self.now, undone_by="bo", taken_back={})
            record_undoing(connection, undone)

    def alerts(self) -> list[tuple[str, str, str, str]]:
        found = undelivered(list(failed_statements(self.engine, self.now)), self.now)
        return [(each.key, each.severity, each.title, each.summary) for each in found]

    def arrived(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def troubled(self) -> list[tuple[str, str | None, datetime]]:
        with reading(self.engine) as connection:
            return [(each.parcel.owner, each.error, each.due_at) for each in troubled_parcels(connection)]


@pytest.fixture
def office(tmp_path: Path, make_ledger: Callable[[Path], Engine]) -> Iterator[Office]:
    engine = make_ledger(tmp_path)
    texts = {column.name: "" for column in rollup.columns if not column.nullable and column.name != "id"}
    row = {**texts, "source": "aws", "day": date(2026, 10, 5), "billing_month": "2026-10", "currency": "USD"}
    row |= {"service": "EC2", "category": "Usage", "method": "direct", "basis": "billed"}
    for cost in ("effective", "billed", "list"):
        row |= money_values(cost, Decimal("12.5"))
    with engine.begin() as connection:
        rows = [row | {"team": "search", "cost_center": "4100"}, row | {"team": "ads", "cost_center": "4200"}]
        connection.execute(insert(rollup), rows)
        sum_team_days(connection, {date(2026, 10, 5)})
    folder = tmp_path / "finance"
    office = Office(engine, folder)
    office.deliver = [DeliverySettings("folder", ("csv", "json"), str(folder), ("*",))]
    yield office
    engine.dispose()


def test_a_closed_month_s_statements_are_written_once(office: Office) -> None:
    assert office.send() == 0
    office.close()
    assert office.send() == 2
    assert office.arrived() == [
        f"2026-10/statement-2026-10-{team}.{form}" for team in ("ads", "search") for form in ("csv", "json")
    ]
    (office.folder / "2026-10" / "statement-2026-10-ads.csv").unlink()
    office.now += timedelta(days=1)
    assert office.send() == 0
    assert len(office.arrived()) == 3


def test_globs_choose_teams_and_cost_centers(office: Office) -> None:
    office.deliver = [DeliverySettings("folder", ("csv",), str(office.folder), ("se*",), ("42*",))]
    office.close()
    assert office.send() == 2
    assert office.arrived() == [
        "2026-10/statement-2026-10-cost-center-4200.csv",
        "2026-10/statement-2026-10-search.csv",
    ]


def test_a_draft_is_sent_from_its_day_on_and_the_statement_after_the_closing(office: Office) -> None:
    office.deliver = [replace(office.deliver[0], formats=("csv",), teams=("ads",), draft_on=3)]
    office.now = datetime(2026, 11, 2, 23, 59, tzinfo=UTC)
    assert office.send() == 0
    office.now += timedelta(minutes=1)
    assert (office.send(), office.send()) == (1, 0)
    assert office.arrived() == ["2026-10/statement-2026-10-ads-draft.csv"]
    office.close()
    assert office.send() == 1
    assert office.arrived()[1] == "2026-10/statement-2026-10-ads.csv"


def test_what_cannot_be_written_is_told_and_tried_again_ever_later(office: Office) -> None:
    office.folder.write_text("a file stands in the way")
    office.close()
    assert office.send() == 0
    first = office.troubled()
    assert [owner for owner, _, _ in first] == ["ads", "search"]
    assert all("cannot be written" in (error or "") for _, error, _ in first)
    assert {due for _, _, due in first} == {office.now + timedelta(minutes=1)}
    assert office.send() == 0
    assert office.troubled() == first
    office.now += timedelta(minutes=1)
    assert office.send() == 0
    assert {due for _, _, due in office.troubled()} == {office.now + timedelta(minutes=2)}
    assert office.alerts() == [], "it may pass"
    office.now += timedelta(hours=1)
    assert office.send() == 0
    [(key, severity, title, summary)] = office.alerts()
    assert (key, severity) == (f"delivery:folder:{office.folder}", "warning")
    assert title == f"Delivery failed: 2 statements to folder:{office.folder}"
    assert "has failed since 2026-11-04 09:00 UTC and is tried again" in summary
    assert "cannot be written" in summary
    office.folder.unlink()
    office.now += timedelta(minutes=4)
    assert (office.send(), office.troubled()) == (2, [])
    assert len(office.arrived()) == 4
    assert office.alerts() == []


def test_a_closing_that_is_undone_before_it_was_sent_is_not_sent(office: Office) -> None:
    office.folder.write_text("in the way")
    office.close()
    office.send()
    office.undo()
    office.folder.unlink()
    office.now += timedelta(hours=2)
    assert (office.send(), office.troubled()) == (0, [])
    assert not office.folder.exists()
    office.close()
    assert office.send() == 2
    with reading(office.engine) as connection:
        found = connection.execute(
            select(statement_deliveries.c.revision, statement_deliveries.c.state).distinct().order_by("revision")
        ).all()
    assert [tuple(row) for row in found] == [(1, "superseded"), (2, "sent")]


def test_months_that_were_closed_long_ago_are_not_sent(office: Office) -> None:
    office.close()
    office.now += RECENT
    assert office.send() == 0


def test_a_form_that_cannot_be_made_is_told_and_tried_the_next_day(office: Office) -> None:
    def missing(_report: OwnerStatement, _form: str) -> StatementFile:
        raise CannotRenderError("PDF needs WeasyPrint: install attributor[pdf]")

    made, office.render = office.render, missing
    office.close()
    assert office.send() == 0
    [(_, error, due), _] = office.troubled()
    assert (error, due) == ("PDF needs WeasyPrint: install attributor[pdf]", office.now + timedelta(days=1))
    assert [severity for _, severity, _, _ in office.alerts()] == ["critical"]
    office.render, office.now = made, office.now + timedelta(days=1)
    assert office.send() == 2
    assert office.alerts() == []


class Mailbox:
    """What a mail server took; it refuses recipients that are named so."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802 - the library's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("gone"):
            return "550 no such user"
        if address.startswith("busy"):
            return "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@pytest.fixture
def mail(office: Office) -> Iterator[tuple[Mailbox, DeliverySettings]]:
    """A mail server on loopback, and how to reach it."""
    mailbox = Mailbox()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    address = {"smtp": f"smtp://127.0.0.1:{port}", "sender": "Costs <costs@acme.example>"}
    yield (
        mailbox,
        DeliverySettings("email", ("csv", "xlsx"), teams=("search",), recipients=("ana@x.example",), **address),
    )
    controller.stop()


def test_a_statement_comes_by_email_with_its_files(office: Office, mail: Any) -> None:
    mailbox, settings = mail
    office.deliver = [settings]
    office.close()
    assert (office.send(), office.send()) == (1, 0)
    [message] = mailbox.taken
    assert (message["To"], message["Subject"]) == ("ana@x.example", "statement of 2026-10: Search")
    assert message["Message-ID"].endswith("@acme.example>")
    files = {part.get_filename(): part.get_content_type() for part in message.iter_attachments()}
    assert list(files) == ["statement-2026-10-search.csv", "statement-2026-10-search.xlsx"]
    assert "12.50 USD effective cost" in message.get_body().get_content()
    assert "Final, closed 2026-11-04 09:00 UTC, revision 1." in message.get_body().get_content()


def test_a_recipient_that_is_refused_is_told_and_the_others_get_it_once(office: Office, mail: Any) -> None:
    mailbox, settings = mail
    office.deliver = [replace(settings, recipients=("ana@x.example", "gone@x.example"))]
    office.close()
    assert (office.send(), office.send(), len(mailbox.taken)) == (1, 0, 1)
    [(_, error, _)] = office.troubled()
    assert error == "refused for gone@x.example"
    [(_, severity, _, summary)] = office.alerts()
    assert (severity, summary) == ("warning", f"Sent, but refused for some of those it was for: {error}")
    office.now += timedelta(days=7)
    assert office.alerts() == []


@pytest.mark.parametrize(
    ("recipient", "wait"), [("gone@x.example", timedelta(days=1)), ("busy@x.example", timedelta(minutes=1))]
)
def test_a_mail_that_is_refused_waits_longer_than_one_that_is_put_off(
    office: Office, mail: Any, recipient: str, wait: timedelta
) -> None:
    _, settings = mail
    office.deliver = [replace(settings, recipients=(recipient,))]
    office.close()
    assert office.send() == 0
    [(_, error, due)] = office.troubled()
    assert error is not None
    assert error.startswith("127.0.0.1 refused all recipients")
    assert due == office.now + wait


def test_a_mail_server_that_is_away_is_told_without_its_password(office: Office, mail: Any) -> None:
    _, settings = mail
    office.deliver = [replace(settings, smtp="smtp://bot:s3cret@127.0.0.1:1")]
    office.close()
    assert office.send() == 0
    [(_, error, due)] = office.troubled()
    assert error is not None
    assert error.startswith("127.0.0.1 cannot be reached")
    assert "s3cret" not in error
    assert due == office.now + timedelta(minutes=1)


@pytest.mark.slow
def test_statements_are_put_into_a_bucket(
    office: Office, s3_options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint = s3_options["aws_endpoint_url"]
    client = boto3.Session(region_name="us-east-1").client("s3", endpoint_url=endpoint)
    access = {"endpoint_url": endpoint, "region": "us-east-1"}
    office.deliver = [DeliverySettings("s3", ("json",), "s3://finance/statements", ("search",), access=access)]
    office.close()
    assert office.send() == 0
    [(_, error, due)] = office.troubled()
    key = "statements/2026-10/statement-2026-10-search.json"
    assert (error, due) == (f"s3://finance/{key} cannot be written: NoSuchBucket", office.now + timedelta(days=1))
    client.create_bucket(Bucket="finance")
    office.now += timedelta(days=1)
    assert office.send() == 1
    found = client.get_object(Bucket="finance", Key=key)
    assert found["ContentType"] == "application/json"
    assert b'"final": true' in found["Body"].read()
