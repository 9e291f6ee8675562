"""`attributor tokens` and `attributor audit`."""

import csv
import io
import json


def test_a_token_is_printed_once_listed_and_revoked_and_all_of_it_is_in_the_audit_trail(ran):
    made = ran.command("tokens", "create", "--name", "ci", "--team", "search", "--by", "ana")
    text = made.out.strip()
    assert text.startswith("atk_")
    [token] = ran.command("tokens", "list", "--format", "json").json["tokens"]
    assert (token["name"], token["role"], token["teams"], token["state"]) == ("ci", "viewer", ["search"], "holds")
    assert text.rpartition("_")[2] not in json.dumps(token)
    assert ran.command("tokens", "revoke", token["id"], "--by", "bo").code == 0
    again = ran.command("tokens", "revoke", token["id"])
    assert (again.code, "no token of the id" in again.err) == (2, True)
    [row] = csv.DictReader(io.StringIO(ran.command("tokens", "list", "--format", "csv").out))
    assert row["state"] == "revoked"
    trail = ran.command("audit", "--format", "json").json["changes"]
    assert [(change["who"], change["action"]) for change in trail] == [
        ("bo", "tokens revoke"),
        ("ana", "tokens create"),
    ]
    assert "tokens create" in ran.command("audit").out


def test_what_a_token_may_do_must_be_said_as_it_can_be(ran):
    for arguments, says in (
        (["--name", "x"], "a viewer needs --team"),
        (["--name", "x", "--role", "admin", "--team", "search"], "take none"),
        (["--name", "x", "--team", "nobody"], "no team is called 'nobody'"),
        (["--name", "x", "--role", "admin", "--lasts", "soon"], "is not a duration"),
        (["--name", "x", "--role", "king"], "king"),
    ):
        answer = ran.command("tokens", "create", *arguments)
        assert answer.code == 2, arguments
        assert says in answer.err
