"""`statements:` says where statements go and how journals are written."""

from pathlib import Path

import pytest

from attributor.app.configuration import read_settings
from attributor.config.load import LoadedConfig
from attributor.config.statement_settings import DeliverySettings, JournalForm, StatementSettings


def loaded(folder: Path, text: str) -> LoadedConfig:
    path = folder / "attributor.yaml"
    path.write_text("rules: []\n" + text)
    return read_settings(path, {"SMTP": "smtp://bot:pa%40ss@mail.corp:587"})


def test_nothing_is_sent_unless_it_is_said(tmp_path: Path) -> None:
    for text in ("", "statements:\n", "statements: {deliver: , journal: }\n"):
        settings = loaded(tmp_path, text).settings
        assert settings is not None
        assert settings.statements == StatementSettings()


def test_every_place_is_read_with_its_values(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
statements:
  deliver:
    - {to: folder, path: out, formats: [pdf, csv]}
    - {to: s3, path: "s3://finance/statements/", formats: xlsx, cost_centers: ["4*"], region: eu-west-1}
    - {to: email, smtp: "${SMTP}", from: "Costs <costs@corp.example>", recipients: ana@corp.example, formats: [pdf],
       teams: [search], draft_on: 3}
""",
    ).settings
    assert settings is not None
    folder, bucket, mail = settings.statements.deliver
    path = str(tmp_path / "out")
    assert folder == DeliverySettings("folder", ("pdf", "csv"), path, ("*",), line=5)
    assert (bucket.path, bucket.cost_centers, bucket.teams) == ("s3://finance/statements", ("4*",), ())
    assert (bucket.access, bucket.formats) == ({"region": "eu-west-1"}, ("xlsx",))
    assert (mail.sender, mail.recipients, mail.draft_on) == ("Costs <costs@corp.example>", ("ana@corp.example",), 3)
    assert mail.smtp == "smtp://bot:pa%40ss@mail.corp:587"
    assert [each.name for each in (folder, bucket, mail)] == [
        f"folder:{path}",
        "s3:s3://finance/statements",
        "email:ana@corp.example",
    ]
    assert "pa%40ss" not in repr(settings)


def test_a_journal_has_columns_headings_accounts_and_a_basis(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
statements:
  journal:
    columns: [account, debit, credit]
    headings: {account: Konto}
    accounts: {expense: "6500", offset: "1900", services: {"Amazon*": "6510"}, categories: {Tax: "6590"}}
    basis: billed
""",
    ).settings
    assert settings is not None
    journal = settings.statements.journal
    assert journal.columns == (("Konto", "account"), ("debit", "debit"), ("credit", "credit"))
    assert journal.basis == "billed"
    assert (journal.accounts.expense, journal.accounts.offset) == ("6500", "1900")
    assert journal.accounts.services == (("Amazon*", "6510"),)
    assert journal.accounts.of("GCE", "Tax") == "6590"
    assert JournalForm().columns[0] == ("date", "date")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("statements: folder\n", ["2 `statements` must be a map"]),
        ("statements: {send: []}\n", ["2 unknown key `send`"]),
        ("statements: {deliver: {to: folder}}\n", ["2 `deliver` is a list"]),
        ("statements:\n  deliver:\n    - {to: folder}\n", ["4 `formats` is missing"]),
        ("statements:\n  deliver:\n    - {to: ftp, formats: [pdf]}\n", ["4 `to`: 'ftp' is none"]),
        (
            "statements:\n  deliver:\n    - {to: email, formats: [docx]}\n",
            [
                "4 'docx' is no form of a statement",
                "4 `from` is missing: statements go to email",
                "4 `recipients` is missing: statements go to email",
                "4 `smtp` is missing: statements go to email",
            ],
        ),
        (
            "statements:\n  deliver:\n    - to: email\n      formats: [pdf]\n      smtp: mail.corp\n      from: costs\n"
            "      recipients: [a@b.example, ana]\n      draft_on: 31\n",
            [
                "6 `smtp` is no address of a mail server",
                "7 `from`: 'costs' is no mail address",
                "8 `recipients`: 'ana' is no mail address",
                "9 `draft_on`: there is no day 31 in every month",
            ],
        ),
        ("statements:\n  deliver:\n    - {to: s3, path: bucket, formats: [csv]}\n", ["4 `path` is no place in S3"]),
        ("statements:\n  journal: {columns: [konto]}\n", ["3 a journal has no column 'konto'"]),
        ("statements:\n  journal: {headings: {konto: a}}\n", ["3 a journal has no column 'konto'"]),
        ("statements:\n  journal: {basis: cash}\n", ["3 `basis`: 'cash' is none"]),
        ("statements:\n  journal: {accounts: {revenue: 1}}\n", ["3 unknown key `revenue`"]),
    ],
)
def test_every_mistake_is_told_with_its_line(tmp_path: Path, text: str, expected: list[str]) -> None:
    problems = loaded(tmp_path, text).problems
    assert sorted(f"{problem.line} {problem.message}" for problem in problems) == expected
    assert all(problem.fix for problem in problems)
