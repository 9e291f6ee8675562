"""The dead man's switch: one call, and what went wrong without the address."""

from datetime import UTC, datetime

from alerts.channels.posting import Address
from alerts.heartbeat import beat

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_address_is_called_once(far_side):
    assert beat(Address(f"{far_side.url}/ping/s3cret"), NOW) == ""
    assert [(request.path, request.body) for request in far_side.requests] == [("/ping/s3cret", b"")]


def test_a_refusal_is_told_without_the_address(far_side, reply):
    far_side.always = reply(404, "no such check /ping/s3cret")
    assert beat(Address(f"{far_side.url}/ping/s3cret"), NOW) == "127.0.0.1 answered 404: no such check …"


def test_nobody_there_is_told_and_not_raised():
    assert "could not reach 127.0.0.1" in beat(Address("http://127.0.0.1:1/ping"), NOW)
