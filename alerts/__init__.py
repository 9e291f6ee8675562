"""Alerts: series and facts in, alerts out; an alert in, a delivered message out."""
