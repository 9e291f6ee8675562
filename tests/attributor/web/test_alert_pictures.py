"""The picture that a bot uploads with an alert."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.alert import Alert
from attributor.web.drawing import alert_picture

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


def test_an_alert_of_a_team_is_drawn_and_one_of_no_team_is_not(company, teams):
    alert = Alert("spend:support", "spend_anomaly", "support", "critical", "Spike", "A spike.", NOW)
    drawn = alert_picture(company, teams, lambda: NOW, alert)
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert alert_picture(company, teams, lambda: NOW, replace(alert, team="")) is None
    assert alert_picture(company, teams, lambda: NOW, replace(alert, team="nobody")) is None
