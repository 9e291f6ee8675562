"""Labels of resources and projects, Google's own, and tags, as one map: what applies to the charge in the end."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from collectors.bills.gcp.asking import Columns
from collectors.values.distinct import Converted, Distinct, by_distinct

_SEPARATOR = "\x1e"
_COLUMNS = ("project_labels", "tags", "system_labels", "labels")
"""The later ones go before the earlier ones: a resource's label before its project's of the same key."""


def tags_of(columns: Columns, rows: int) -> Converted:
    """Return a JSON object of keys and values for each row.

    Keys of labels are as they are; those of tags follow their namespace, an organisation or a project: `1234/env`.
    """
    nothing = pa.repeat(pa.scalar("[]"), rows)
    parts = [columns[name].fill_null("[]") if name in columns else nothing for name in _COLUMNS]
    return by_distinct(pa.compute.binary_join_element_wise(*parts, _SEPARATOR), _distinct)


def _distinct(texts: pa.Array) -> Distinct:
    values: list[str | None] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        try:
            values.append(_merged(text))
        except (ValueError, TypeError, AttributeError) as error:
            values.append(None)
            faults[position] = f"holds labels that cannot be read: {error}"
    return Distinct(pa.array(values, pa.string()), faults)


def _merged(text: str) -> str:
    merged: dict[str, str] = {}
    for part in text.split(_SEPARATOR):
        for item in json.loads(part) or ():
            pair = {key.lower(): value for key, value in item.items()}
            merged[_key(pair)] = pair.get("value") or ""
    return json.dumps(merged, ensure_ascii=False)


def _key(pair: Mapping[str, Any]) -> str:
    namespace = pair.get("namespace") or pair.get("x_namespace")
    key = pair.get("key") or ""
    return f"{namespace}/{key}" if namespace and key else key
