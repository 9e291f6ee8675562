"""OpenTelemetry's GenAI spans and metrics, as they come by OTLP/HTTP, as usage events."""
