"""Rows as Cloud Billing exports them, with what a test does not care about filled in."""

from typing import Any


def row(start: str = "2026-11-17T05:00:00Z", cost: Any = 10.0, **more: Any) -> dict[str, Any]:
    return {
        "usage_start_time": start,
        "usage_end_time": start.replace("00:00Z", "59:59Z"),
        "export_time": "2026-11-19T06:00:00Z",
        "cost": cost,
        "currency": "USD",
        "cost_type": "regular",
        "credits": [],
        "invoice": {"month": "202611"},
        "sku": {"id": "A", "description": "A thing"},
        **more,
    }


def credit(kind: str, amount: float) -> dict[str, Any]:
    return {"type": kind, "name": kind.title(), "full_name": kind.title(), "id": "c1", "amount": amount}
