"""Calls from a real PostgreSQL with LiteLLM's tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from litellm_tables import BASELINE, GROWN, log_call

from collectors.api.windows import HOUR
from collectors.base import CollectError, Probing, Window
from collectors.tokens.litellm.source import TYPE

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parents[1] / "golden" / "litellm"
NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
SEARCH = {"api_key": "hash-1", "team_id": "t1", "user": "ana"}
Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def server(postgresql_server: str) -> str:
    return postgresql_server.replace("postgresql+psycopg://", "postgresql://")


@pytest.fixture
def proxy(server: str) -> Iterator[tuple[Connection, str]]:
    """An empty database of a proxy, and its address in the proxy's own spelling."""
    with psycopg.connect(server, autocommit=True) as administrator:
        administrator.execute('DROP DATABASE IF EXISTS "proxy" WITH (FORCE)')
        administrator.execute('CREATE DATABASE "proxy"')
    address, _, parameters = server.partition("?")
    url = f"{address.rpartition('/')[0]}/proxy?{parameters}".rstrip("?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(BASELINE)
        connection.execute(GROWN)
        separator = "&" if "?" in url else "?"
        yield connection, f"{url}{separator}schema=public&connection_limit=10&pool_timeout=20&pgbouncer=true"


def usage(prompt: int, completion: int, cached: int = 0, reasoning: int = 0, written: int = 0) -> dict[str, Any]:
    """The columns of a call that used so much, as the proxy writes them."""
    said = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_creation_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        "cost": 0.00012,
    }
    return {"prompt_tokens": prompt, "completion_tokens": completion, "metadata": {"usage_object": said}}


def test_calls_are_added_up_by_the_hour_and_by_who_made_them(proxy, collecting, golden) -> None:
    connection, url = proxy
    connection.execute("INSERT INTO \"LiteLLM_VerificationToken\" (token, key_alias) VALUES ('hash-1', 'svc-search')")
    connection.execute("INSERT INTO \"LiteLLM_TeamTable\" (team_id, team_alias) VALUES ('t1', 'search')")
    log_call(connection, "a", MORNING, **SEARCH, status="success", **usage(1500, 200, cached=1000, reasoning=150))
    log_call(connection, "b", MORNING.replace(minute=59), **SEARCH, **usage(500, 50))
    log_call(connection, "c", MORNING, **SEARCH, status="failure", **usage(40, 0))
    log_call(connection, "d", MORNING, **SEARCH, cache_hit="True", **usage(1500, 200))
    claude = {"model": "anthropic/claude-sonnet-5", "custom_llm_provider": "anthropic", "team_id": "t2"}
    named = usage(3000, 10, cached=2000, written=900)
    named["metadata"] |= {
        "user_api_key_alias": "batch",
        "user_api_key_team_alias": "ads",
        "spend_logs_metadata": {"project": "summaries"},
    }
    log_call(connection, "e", MORNING + timedelta(hours=1), api_key="hash-2", **claude, **named)
    log_call(connection, "f", MORNING.replace(hour=12, minute=5), **SEARCH, **usage(9, 9))
    found = collecting.read(TYPE, now=NOW, url=url, metadata=["project"])
    golden(GOLDEN / "table.json", found, replacing=(found.reading.files[0].place.split()[0], "${DATABASE}"))
    assert found.reading.coverage == (Window(datetime(2026, 11, 20, 9, tzinfo=UTC), NOW.replace(minute=0)),)
    total = sum(row["quantity"] for row in found.rows if row["metric"].startswith("tokens."))
    assert total == 1500 + 200 + 500 + 50 + 40 + 3000 + 10


def told(collecting, url: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in collecting.read(TYPE, now=NOW, url=url).rows:
        sums[row["metric"]] = sums.get(row["metric"], 0) + int(row["quantity"])
    return sums


def test_a_stream_that_was_cut_counts_what_was_made_and_an_answer_of_the_gateways_cache_no_token(
    proxy, collecting
) -> None:
    connection, url = proxy
    log_call(connection, "cut", MORNING, **SEARCH, status="failure", **usage(500, 42))
    log_call(connection, "hit", MORNING, **SEARCH, cache_hit="True", **usage(500, 90))
    assert told(collecting, url) == {
        "tokens.input": 500,
        "tokens.output": 42,
        "requests.failed": 1,
        "requests.gateway_cached": 1,
    }


def test_each_try_and_each_fallback_counts_at_the_provider_that_it_went_to(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "try-1", MORNING, **SEARCH, status="failure", **usage(100, 0))
    log_call(connection, "try-2", MORNING, **SEARCH, **usage(100, 7))
    other = {"model": "claude-sonnet-5", "custom_llm_provider": "anthropic", **SEARCH}
    log_call(connection, "fallback", MORNING, **other, **usage(100, 9))
    assert told(collecting, url) == {"tokens.input": 300, "tokens.output": 16, "requests": 2, "requests.failed": 1}
    rows = collecting.read(TYPE, now=NOW, url=url).rows
    made = {dict(row["facts"])["provider"]: row["quantity"] for row in rows if row["metric"] == "tokens.output"}
    assert made == {"openai": 7, "anthropic": 9}


def test_a_call_that_ends_late_counts_in_its_hour_when_that_is_read_again(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "a", MORNING, **SEARCH, **usage(100, 10))
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), NOW)
    first = collecting.read(TYPE, window, now=NOW, url=url)
    log_call(connection, "late", MORNING, **SEARCH, **usage(11, 1))
    again = collecting.read(TYPE, window, now=NOW, url=url)
    assert [row["quantity"] for row in again.rows] == [2, 111, 11]
    assert collecting.read(TYPE, window, now=NOW, url=url).rows == again.rows
    assert first.rows[0]["x_Origin"] == again.rows[0]["x_Origin"]
    assert collecting.build(TYPE, url=url).restates == timedelta(days=1)


def test_calls_that_the_proxy_deleted_are_a_gap_and_not_a_zero(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "a", datetime(2026, 11, 18, 7, tzinfo=UTC), **SEARCH, **usage(100, 10))
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    whole = collecting.read(TYPE, now=NOW, url=url)
    assert whole.reading.coverage == (Window(midnight + 7 * HOUR, NOW.replace(minute=0)),)
    connection.execute(
        "INSERT INTO \"LiteLLM_DailyUserSpend\" (id, date, api_key) VALUES ('1', '2026-10-01', 'hash-1')"
    )
    trimmed = collecting.read(TYPE, now=NOW, url=url)
    assert trimmed.reading.coverage == (Window(midnight + timedelta(days=1), NOW.replace(minute=0)),)
    assert trimmed.rows == []


def test_an_hour_that_is_not_over_by_the_databases_clock_is_left_for_the_next_time(proxy, collecting) -> None:
    connection, url = proxy
    [there] = connection.execute("SELECT now()").fetchone()
    begun = there.replace(minute=0, second=0, microsecond=0)
    log_call(connection, "over", begun - 2 * HOUR, **SEARCH, **usage(100, 10))
    log_call(connection, "not over", begun, **SEARCH, **usage(7, 7))
    found = collecting.read(TYPE, now=there + timedelta(days=1), url=url)
    assert found.reading.coverage[-1].end <= begun
    assert {row["hour"] for row in found.rows} == {begun - 2 * HOUR}


def test_a_proxy_that_logs_no_call_covers_nothing(proxy, collecting) -> None:
    _, url = proxy
    found = collecting.read(TYPE, now=NOW, url=url)
    assert (found.rows, found.reading.coverage) == ([], ())


def test_an_older_deployment_lacks_columns_and_is_read_all_the_same(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "a", MORNING, **SEARCH, **usage(100, 10))
    connection.execute('ALTER TABLE "LiteLLM_SpendLogs" DROP COLUMN status, DROP COLUMN organization_id')
    connection.execute('DROP TABLE "LiteLLM_DailyUserSpend", "LiteLLM_TeamTable"')
    found = collecting.read(TYPE, now=NOW, url=url, facts=["team", "organization"])
    assert {row["metric"]: int(row["quantity"]) for row in found.rows} == {
        "requests": 1,
        "tokens.input": 100,
        "tokens.output": 10,
    }
    assert dict(found.rows[0]["facts"]) == {"team": "t1"}


def test_the_least_permissions_suffice_and_what_is_missing_is_named(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "a", MORNING, **SEARCH, **usage(100, 10))
    connection.execute("DROP ROLE IF EXISTS reader")
    connection.execute("CREATE ROLE reader LOGIN PASSWORD 'a%20 b'")
    as_reader = url.replace("postgres@", "reader:a%2520%20b@").replace("postgres:@", "reader:a%2520%20b@")
    collector = collecting.build(TYPE, url=as_reader)
    assert isinstance(collector, Probing)
    (need,) = collector.probe()
    assert 'GRANT SELECT ON "LiteLLM_SpendLogs"' in (need.problem or "")
    columns = 'request_id, "startTime", prompt_tokens, completion_tokens, model, metadata, team_id'
    connection.execute(f'GRANT SELECT ({columns}) ON "LiteLLM_SpendLogs" TO reader')
    assert [need.problem for need in collector.probe()] == [None]
    found = collecting.read(TYPE, now=NOW, url=as_reader)
    assert dict(found.rows[0]["facts"]) == {"team": "t1", "team_id": "t1", "model": "gpt-5"}
    connection.execute('REVOKE ALL ON "LiteLLM_SpendLogs" FROM reader')
    connection.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_counts_that_cannot_be_right_are_told_by_their_request(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "odd", MORNING, **SEARCH, prompt_tokens=-4)
    log_call(connection, "worse", MORNING, **SEARCH, completion_tokens=-1)
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, now=NOW, url=url)
    assert refused.value.permanent
    assert "request odd, prompt_tokens = '-4': is no count" in str(refused.value)
    assert "request worse, completion_tokens" in str(refused.value)


def test_other_time_zones_of_the_database_change_nothing(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "a", MORNING, **SEARCH, **usage(100, 10))
    before = collecting.read(TYPE, now=NOW, url=url).rows
    connection.execute("ALTER DATABASE \"proxy\" SET timezone TO 'Asia/Tokyo'")
    assert collecting.read(TYPE, now=NOW, url=url).rows == before


def test_tables_in_a_schema_of_another_name_are_found(proxy, collecting) -> None:
    connection, url = proxy
    connection.execute('CREATE SCHEMA "Lite-LLM"; SET search_path TO "Lite-LLM"')
    connection.execute(BASELINE)
    log_call(connection, "a", MORNING, **SEARCH, **usage(100, 10))
    found = collecting.read(TYPE, now=NOW, url=url.replace("schema=public", "schema=Lite-LLM"))
    assert [int(row["quantity"]) for row in found.rows] == [1, 100, 10]
    assert collecting.read(TYPE, now=NOW, url=url).rows == []


def test_a_database_that_takes_too_long_is_asked_again_later(proxy, collecting) -> None:
    connection, url = proxy
    log_call(connection, "a", MORNING, **SEARCH, **usage(100, 10))
    connection.execute('ALTER TABLE "LiteLLM_SpendLogs" RENAME TO calls')
    connection.execute('CREATE VIEW "LiteLLM_SpendLogs" AS SELECT calls.* FROM calls, pg_sleep(5)')
    with pytest.raises(CollectError, match="raise `patience`") as refused:
        collecting.read(TYPE, now=NOW, url=url, patience="1s")
    assert not refused.value.permanent


def test_no_error_holds_the_password(collecting, free_port: int) -> None:
    for url in (
        "postgresql://u:s3cret@:5432",
        "mysql://u:s3cret@h/db",
        "postgresql://u:s3cret@h:port/db",
        "u:s3cret@h",
        "postgresql://u:s3cret@[h/db",
    ):
        with pytest.raises(ValueError, match="url is no address of a PostgreSQL") as refused:
            collecting.build(TYPE, url=url)
        assert "s3cret" not in str(refused.value)
    collector = collecting.build(TYPE, url=f"postgresql://u:s3cret@127.0.0.1:{free_port}/db")
    with pytest.raises(CollectError, match=f"postgresql://127.0.0.1:{free_port}/db: ") as failed:
        list(collector.collect(None))
    assert not failed.value.permanent
    assert "s3cret" not in f"{failed.value}{failed.value.__cause__}{collector._source!r}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"facts": ["teem"]}, "facts: 'teem' is not one of team,"),
        ({"metadata": ["team"]}, "metadata: 'team' is a name that is taken"),
        ({"patience": "2d"}, "patience: write at least 1s"),
        ({"url": ""}, "url is missing"),
    ],
)
def test_a_wrong_option_is_told(collecting, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, **{"url": "postgresql://u@h/db", **options})
