"""What drives the excess of a finding about spend: its costs and those of days before, as finely as they are known."""
