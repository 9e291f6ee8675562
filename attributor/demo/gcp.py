"""What the company runs on Google Cloud."""

from attributor.demo.line import Account, Line, Provider, Sku

GCP = Provider(
    "gcp", "Google Cloud", "Google LLC", Account("01C4A9-7F21D3-5E88B0", "Lumen Forge"), ("us-central1", "europe-west4")
)

WAREHOUSE = Account("lumen-warehouse", "lumen-warehouse")
VISION = Account("lumen-vision", "lumen-vision")
APPS = Account("lumen-apps", "lumen-apps")

RESERVATION = Sku(
    "16C8-6DDA-21E0", "BigQuery Reservation API", "Analytics", "Enterprise Edition slots", "hour", 60_000, "reservation"
)
ANALYSIS = Sku("3362-E469-6BEF", "BigQuery", "Analytics", "Analysis (us)", "tebibyte", 6_250_000, "project")
STORAGE = Sku(
    "E5F0-6A5D-7BAD", "Cloud Storage", "Storage", "Standard Storage US Multi-region", "gibibyte month", 26_000, "bucket"
)
VERTEX = Sku(
    "A2B7-19C4-0F6D",
    "Vertex AI",
    "AI and Machine Learning",
    "Online/Batch Prediction Nvidia L4 in Americas",
    "hour",
    811_000,
    "endpoint",
    discount=5,
)
GKE = Sku(
    "6B92-A835-08AB",
    "Kubernetes Engine",
    "Compute",
    "Autopilot Pod mCPU Requests",
    "hour",
    44_500,
    "cluster",
    discount=5,
)
SECURITY = Sku("7D13-B2E0-9C51", "Security Command Center", "Security", "Premium tier", "hour", 71_000, "organization")


def gcp_lines() -> tuple[Line, ...]:
    """Return the lines of the bill."""
    return (
        Line(RESERVATION, WAREHOUSE, "shared", 480, tagged=False, tags=(("env", "prod"),), key="reservation"),
        Line(ANALYSIS, WAREHOUSE, "data", 220, "workdays", (("env", "prod"), ("project", "warehouse"))),
        Line(ANALYSIS, WAREHOUSE, "ads", 160, "workdays", (("env", "prod"), ("project", "reporting"))),
        Line(STORAGE, WAREHOUSE, "data", 90, tags=(("env", "prod"), ("project", "lake"))),
        Line(VERTEX, VISION, "vision", 260, "workdays", (("env", "prod"), ("project", "moderation"))),
        Line(VERTEX, APPS, "assistant", 140, "workdays", (("env", "staging"), ("project", "chat"))),
        Line(GKE, APPS, "search", 180, "workdays", (("env", "prod"), ("project", "suggest"))),
        Line(SECURITY, APPS, "shared", 40, tagged=False, key="security"),
        Line(STORAGE, APPS, "", 60),
    )
