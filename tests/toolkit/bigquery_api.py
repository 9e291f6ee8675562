"""The far side of BigQuery: a table of exported rows, and the REST interface that Google's client speaks.

It describes the table, takes queries as jobs and gives answers in pages. Of SQL it knows the forms that the collector
asks in; that BigQuery's own grammar agrees is tested with an emulator (`bq_emulator`).
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from recorded_api import Answer, Asked, RecordedApi

Row = Mapping[str, Any]
_CHOSEN = re.compile(r"^  (CAST\(UNIX_MICROS|CAST|TO_JSON_STRING)\(t\.([\w.]+).* AS `(\w+)`,?$", re.MULTILINE)
_BOUNDS = re.compile(r't\.\w+ (>=|<) TIMESTAMP\("([^"]+)"\)')


def pairs(**values: str) -> list[dict[str, str]]:
    """Labels as exports have them."""
    return [{"key": key.replace("__", "-"), "value": value} for key, value in values.items()]


def micros(text: str) -> int:
    instant = datetime.fromisoformat(text).astimezone(UTC)
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


class FakeBigQuery(RecordedApi):
    """One table. `page_size` cuts answers into pages; `billed` is what each query is billed for."""

    def __init__(self, table: str, schema: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.table = table
        self.schema = list(schema)
        self.rows: list[Row] = []
        self.page_size = 1000
        self.billed = 10 << 20
        self.repeats_pages = False
        self.queries: list[str] = []
        self._answers: dict[str, tuple[list[str], list[list[str | None]]]] = {}

    def reply(self, asked: Asked) -> Answer:
        if self._faults:
            return super().reply(asked)
        project, _, path = asked.path.removeprefix("/bigquery/v2/projects/").partition("/")
        table_project, dataset, table = self.table.split(".")
        self.requests.append(asked)
        if path == f"datasets/{dataset}/tables/{table}" and project == table_project:
            return Answer(self._described())
        if path == "jobs" and asked.method == "POST":
            return self._job(project, asked.json)
        if path.startswith("queries/"):
            return Answer(self._page(project, path.removeprefix("queries/"), asked.query))
        if path.startswith("jobs/"):
            return Answer(self._resource(project, path.removeprefix("jobs/")))
        return Answer({"error": {"code": 404, "message": f"Not found: Table {self.table}"}}, 404)

    def _described(self) -> dict[str, Any]:
        project, dataset, table = self.table.split(".")
        reference = {"projectId": project, "datasetId": dataset, "tableId": table}
        return {
            "tableReference": reference,
            "type": "TABLE",
            "schema": {"fields": self.schema},
            "timePartitioning": {"type": "DAY"},
        }

    def _job(self, project: str, document: Mapping[str, Any]) -> Answer:
        config = document["configuration"]
        sql = config["query"]["query"]
        if int(config["query"].get("maximumBytesBilled", self.billed)) < self.billed:
            message = f"Query exceeded limit for bytes billed: {config['query']['maximumBytesBilled']}."
            reason = {"reason": "bytesBilledLimitExceeded", "message": message}
            return Answer({"error": {"code": 400, "message": message, "errors": [reason]}}, 400)
        identity = document["jobReference"]["jobId"] if not config.get("dryRun") else "dry"
        self.queries.append(sql)
        self._answers[identity] = answered(sql, self.rows)
        return Answer({**self._resource(project, identity), "configuration": config})

    def _resource(self, project: str, identity: str) -> dict[str, Any]:
        return {
            "jobReference": {"projectId": project, "jobId": identity, "location": "US"},
            "configuration": {"query": {"query": ""}, "jobType": "QUERY"},
            "statistics": {"query": {"totalBytesBilled": str(self.billed)}},
            "status": {"state": "DONE"},
        }

    def _page(self, project: str, identity: str, query: Mapping[str, str]) -> dict[str, Any]:
        names, rows = self._answers[identity]
        start = int(query.get("pageToken", "0"))
        size = int(query["maxResults"]) if query.get("maxResults") == "0" else self.page_size
        shown = rows[0 if self.repeats_pages else start :][:size]
        after = start + size
        more = {"pageToken": str(after)} if size and after < len(rows) else {}
        return {
            "jobReference": {"projectId": project, "jobId": identity, "location": "US"},
            "jobComplete": True,
            "totalRows": str(len(rows)),
            "schema": {"fields": [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in names]},
            "rows": [{"f": [{"v": value} for value in row]} for row in shown],
            **more,
        }


def answered(sql: str, rows: Sequence[Row]) -> tuple[list[str], list[list[str | None]]]:
    """Answer a query: the names of its columns and its rows."""
    within = list(_within(sql, rows))
    if " AS newest" in sql:
        exported = "x_ExportTime" if "x_ExportTime" in sql else "export_time"
        newest = max((micros(row[exported]) for row in within), default=None)
        return ["newest"], [[None if newest is None else str(newest)]]
    if " AS charges" in sql:
        return ["day", "charges"], [[day, str(count)] for day, count in _counts(within).items()]
    chosen = _CHOSEN.findall(sql)
    numbers: Counter[int] = Counter()
    start = "ChargePeriodStart" if "t.ChargePeriodStart" in sql else "usage_start_time"
    exported = "x_ExportTime" if start == "ChargePeriodStart" else "export_time"
    found = []
    for row in sorted(within, key=lambda row: (row[exported], json.dumps(row, sort_keys=True))):
        hour = micros(row[start]) // 3_600_000_000
        numbers[hour] += 1
        found.append([*(_value(row, form, path) for form, path, _ in chosen), str(numbers[hour])])
    return [*(name for _, _, name in chosen), "number"], found


def _within(sql: str, rows: Sequence[Row]) -> Iterator[Row]:
    column = next(name for name in re.findall(r"t\.(\w+) >= TIMESTAMP", sql))
    bounds = [(sign, micros(text)) for sign, text in _BOUNDS.findall(sql)]
    for row in rows:
        at = micros(row[column])
        if all(at >= bound if sign == ">=" else at < bound for sign, bound in bounds):
            yield row


def _counts(rows: Sequence[Row]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        given = row.get("credits") or row.get("x_Credits") or []
        lowered = [{key.lower(): value for key, value in credit.items()} for credit in given]
        paid = sum(credit["type"] == "PROMOTION" and bool(credit["amount"]) for credit in lowered)
        start = row.get("usage_start_time") or row["ChargePeriodStart"]
        counts[start[:10]] += 1 + paid
    return counts


def _value(row: Row, form: str, path: str) -> str | None:
    value: Any = row
    for name in path.split("."):
        value = None if value is None else value.get(name)
    if form == "TO_JSON_STRING":
        return json.dumps(value or [])
    if value is None:
        return None
    return str(micros(value)) if form == "CAST(UNIX_MICROS" else str(value)
