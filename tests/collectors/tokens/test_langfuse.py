"""Langfuse's exports: every token once whatever counts hold others, each observation once, broken files refused."""

import csv
import gzip
import io
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_exports import into_folder
from hypothesis import given
from hypothesis import strategies as st

from collectors.base import CollectError
from collectors.tokens.langfuse.counts import observed_counts
from collectors.tokens.langfuse.source import TYPE

NAMES = ("input", "output", "input_cached_tokens", "output_reasoning_tokens", "cache_creation_input_tokens", "seconds")


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"input": 86, "input_cached_tokens": 17817, "output": 188, "total": 18091},
            {"tokens.input": 86, "tokens.cached_input": 17817, "tokens.output": 188},
            id="buckets apart, as Langfuse stores what OpenAI counts",
        ),
        pytest.param(
            {"input": 17903, "input_cached_tokens": 17817, "output": 188, "total": 18091},
            {"tokens.input": 86, "tokens.cached_input": 17817, "tokens.output": 188},
            id="the total tells that input holds what was cached",
        ),
        pytest.param(
            {"input": 100, "input_cached_tokens": 30, "output": 50, "output_reasoning_tokens": 20, "total": 170},
            {"tokens.input": 70, "tokens.cached_input": 30, "tokens.output": 50, "tokens.reasoning": 20},
            id="only one side is inclusive",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "total": 240},
            {"tokens.input": 100, "tokens.output": 20},
            id="OpenAI's own words stored as they came, with a total made of a total",
        ),
        pytest.param(
            {
                "prompt_token_count": 100,
                "cached_content_token_count": 40,
                "candidates_token_count": 10,
                "thoughts_token_count": 5,
                "total_token_count": 115,
            },
            {"tokens.input": 60, "tokens.cached_input": 40, "tokens.output": 10, "tokens.reasoning": 5},
            id="Gemini's prompt holds what was cached, its answer no thoughts",
        ),
        pytest.param(
            {"input": 5, "input_cache_creation": 30, "input_cache_creation_5m": 10, "input_cache_creation_1h": 20},
            {"tokens.input": 5, "tokens.cache_write_5m": 10, "tokens.cache_write_1h": 20},
            id="cache writes told once more by lifetime",
        ),
        pytest.param(
            {"input": 4, "input_tokens": 4, "output": 2, "output_tokens": 2},
            {"tokens.input": 4, "tokens.output": 2},
            id="a count under two names",
        ),
        pytest.param(
            {"input": 10, "output": 5, "total": 22},
            {"tokens.input": 10, "tokens.output": 5, "tokens.other": 7},
            id="a total that has more",
        ),
        pytest.param(
            {"input": 1, "input_audio_tokens": 2, "input_image_tokens": 3, "output": 4, "output_audio": 5, "images": 1},
            {
                "tokens.input": 1,
                "tokens.input_audio": 2,
                "tokens.input_image": 3,
                "tokens.output": 4,
                "tokens.output_audio": 5,
                "usage.images": 1,
            },
            id="audio, images and what is no token",
        ),
        pytest.param(
            {"input": 86, "input_cached_tokens": 17817, "total": 90},
            {"tokens.input": 86, "tokens.cached_input": 17817},
            id="a total that is less than any reading",
        ),
    ],
)
def test_no_token_is_counted_twice(usage: dict[str, int], counts: dict[str, int]) -> None:
    assert observed_counts(usage, inclusive=False) == counts


def test_counts_that_hold_others_without_a_total_can_be_declared_so() -> None:
    usage = {"input": 100, "cache_read_input_tokens": 60, "output": 20, "total": 180}
    assert observed_counts(usage, inclusive=True) == {
        "tokens.input": 40,
        "tokens.cached_input": 60,
        "tokens.output": 20,
    }
    smaller = {"input": 10, "cache_read_input_tokens": 60}
    assert observed_counts(smaller, inclusive=True) == {"tokens.input": 10, "tokens.cached_input": 60}


@given(
    buckets=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 10**6)),
    more=st.integers(0, 1000),
    apart=st.booleans(),
)
def test_the_parts_are_the_total_wherever_it_can_be_met(buckets: dict[str, int], more: int, apart: bool) -> None:
    total = sum(buckets.values()) + more
    counts = observed_counts({**buckets, "total": total} if apart else buckets, inclusive=False)
    assert sum(counts.values()) == (total if apart else sum(buckets.values()))
    assert all(count > 0 for count in counts.values())


def observation(identity: str = "o1", **changed: Any) -> dict[str, Any]:
    plain = {
        "id": identity,
        "type": "GENERATION",
        "project_id": "p1",
        "start_time": "2026-11-19 10:15:00.000000",
        "updated_at": "2026-11-19 10:16:00.000000",
        "provided_model_name": "gpt-5",
        "user_id": "ana",
        "usage_details": {"input": 10, "output": 5, "total": 15},
        "metadata": {"team": "search", "nested": {"a": 1}},
        "tags": ["feature:chat", "beta"],
        "total_cost": 0.25,
        "output": "a long answer, " * 20,
    }
    return plain | changed


def lines(*observations: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in observations).encode()


def as_csv(*observations: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(observations[0]), lineterminator="\n")
    writer.writeheader()
    for one in observations:
        writer.writerow(
            {name: json.dumps(value) if isinstance(value, (dict, list)) else value for name, value in one.items()}
        )
    return text.getvalue().encode()


def sums(collected: Any) -> dict[str, Decimal]:
    found: Counter[str] = Counter()
    for row in collected.rows:
        found[row["metric"]] += row["quantity"]
    return dict(found)


ONE = {"tokens.input": 10, "tokens.output": 5, "requests": 1, "langfuse.cost_usd": Decimal("0.25")}


def test_every_form_of_an_export_tells_the_same(tmp_path: Path, collecting) -> None:
    one = observation()
    api = {
        "id": "o1",
        "type": "GENERATION",
        "projectId": "p1",
        "startTime": "2026-11-19T10:15:00.000Z",
        "updatedAt": "2026-11-19T10:16:00.000Z",
        "model": "gpt-5",
        "userId": "ana",
        "promptTokens": 10,
        "completionTokens": 5,
        "totalTokens": 15,
        "usage": {"unit": "TOKENS", "inputCost": 0.1, "input": 10, "output": 5, "total": 15},
        "calculatedTotalCost": 0.25,
        "metadata": {"team": "search"},
        "tags": ["feature=chat"],
    }
    write = into_folder(tmp_path)
    forms = {
        "1.jsonl": lines(one),
        "2.json": json.dumps([one], indent=2).encode(),
        "3.csv": as_csv(one),
        "4.csv.gz": gzip.compress(as_csv(one)),
        "5.json.gz": gzip.compress(json.dumps([api]).encode()),
        "6.json": json.dumps(one).encode(),
    }
    for name, body in forms.items():
        write(name, body)
    columns = {
        **{name: pa.array([value]) for name, value in one.items() if isinstance(value, (str, float))},
        "usage_details": pa.array([list(one["usage_details"].items())], pa.map_(pa.string(), pa.int64())),
        "metadata": pa.array([[("team", "search")]], pa.map_(pa.string(), pa.string())),
        "tags": pa.array([one["tags"]]),
        "start_time": pa.array([pa.scalar("2026-11-19T10:15:00").cast(pa.timestamp("us")).as_py()]),
    }
    pq.write_table(pa.table(columns), tmp_path / "7.parquet")
    for name in (*forms, "7.parquet"):
        collected = collecting.read(TYPE, path=name, metadata=["team"], tags=["feature"])
        assert sums(collected) == ONE, name
        facts = dict(collected.rows[0]["facts"])
        assert facts == {"user": "ana", "model": "gpt-5", "project_id": "p1", "team": "search", "feature": "chat"}, name


def test_an_observation_that_comes_again_counts_once_as_it_was_updated_last(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    late = observation(usage_details={"input": 11, "output": 9}, updated_at="2026-11-19 12:00:00.000000")
    write("exports/1.jsonl", lines(late))
    write("exports/2.jsonl", lines(observation(), observation("o2")))
    assert sums(collecting.read(TYPE, path="exports"))["tokens.output"] == 9 + 5
    first = collecting.read(TYPE, path="exports").table
    assert first.equals(collecting.read(TYPE, path="exports").table)
    other = observation(project_id="p2")
    write("exports/3.jsonl", lines(other))
    assert sums(collecting.read(TYPE, path="exports"))["requests"] == 3


def test_only_calls_of_models_count_and_only_files_of_observations_are_read(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    kinds = [observation(kind, type=kind) for kind in ("SPAN", "AGENT", "CHAIN", "EVENT", "EMBEDDING", "GENERATION")]
    write("exports/p1/observations_v2/1.jsonl", lines(*kinds, observation("failed", level="ERROR", usage_details={})))
    write("exports/p1/scores/1.jsonl", b'{"id": "s"}\n')
    write("exports/p1/traces/1.jsonl", b'{"id": "t"}\n')
    write("exports/p1/manifests/1.json", b'{"files": []}\n')
    found = sums(collecting.read(TYPE, path="exports"))
    assert (found["requests"], found["requests.failed"], found["tokens.input"]) == (2, 1, 20)


def test_a_new_field_and_one_that_is_not_exported_change_nothing(tmp_path: Path, collecting) -> None:
    bare = {name: value for name, value in observation().items() if name not in {"metadata", "tags", "output"}}
    into_folder(tmp_path)("exports/1.jsonl", lines({"brand_new": {"a": [1]}, **dict(reversed(bare.items()))}))
    collected = collecting.read(TYPE, path="exports", metadata=["team"])
    assert sums(collected) == ONE
    assert "team" not in dict(collected.rows[0]["facts"])


def test_an_empty_export_is_an_export_and_none_is_an_error(tmp_path: Path, collecting) -> None:
    into_folder(tmp_path)("exports/1.jsonl", b"")
    into_folder(tmp_path)("exports/2.json", b"[]\n")
    assert collecting.read(TYPE, path="exports").reading.coverage == ()
    with pytest.raises(CollectError, match="there is no file at nowhere"):
        collecting.read(TYPE, path="nowhere")


def test_everything_wrong_is_told_at_once_by_file_record_and_field(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    wrong = [
        observation("a", usage_details={"input": -1}),
        observation("b", usage_details={"input": 1.5}),
        observation("c", start_time="yesterday"),
        observation("", usage_details={}),
        observation("e", total_cost=-1),
    ]
    write("exports/1.jsonl", lines(*wrong))
    write("exports/2.json", json.dumps([observation(), observation("o2")]).encode()[:-40])
    write("exports/3.csv.gz", gzip.compress(as_csv(*[observation(str(number)) for number in range(500)]))[:-20])
    write("exports/4.csv", as_csv(observation(user_id="Größe")).decode().encode("latin-1"))
    write("exports/5.csv", b"id,name,value\ns1,helpful,1\n")
    write("exports/6.json", b'[1, "two"]')
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path="exports")
    error = refused.value
    assert error.permanent
    assert {(problem.row, problem.field) for problem in error.problems if problem.place.endswith("1.jsonl")} == {
        (1, "usage_details.input"),
        (2, "usage_details.input"),
        (3, "start_time"),
        (4, "id"),
        (5, "total_cost"),
    }
    text = str(error)
    assert "2.json, row 2: is not JSON, or ends too early" in text
    assert "3.csv.gz: cannot be read: Compressed file ended" in text
    assert "4.csv" in text
    assert "5.csv: holds no observations of Langfuse: it has no type, start_time" in text
    assert "6.json, row 1: is not a JSON object" in text


def test_an_export_in_a_bucket_is_read(s3, collecting) -> None:
    s3.put_object(Bucket="bills", Key="lf/p1/observations_v2/1.jsonl.gz", Body=gzip.compress(lines(observation())))
    collected = collecting.read(TYPE, path="s3://bills/lf")
    assert sums(collected) == ONE
    assert collected.rows[0]["x_Origin"] == "s3://bills/lf/p1/observations_v2/1.jsonl.gz:1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"facts": ["colour"]}, "facts: 'colour' is not one of user, model"),
        ({"metadata": ["user"]}, "'user' names two facts"),
        ({"tags": ["metric"]}, "'metric' names two facts, or one that every row has"),
        ({"inclusive": "perhaps"}, "inclusive: 'perhaps' is not one of true, false"),
    ],
)
def test_a_wrong_option_is_told(options: dict[str, Any], message: str, collecting) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, path="exports", **options)
