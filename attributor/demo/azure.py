"""What the company runs on Azure."""

from attributor.demo.line import Account, Line, Provider, Sku

AZURE = Provider(
    "azure",
    "Microsoft",
    "Microsoft Corporation",
    Account("/providers/Microsoft.Billing/billingAccounts/8610042", "Lumen Forge"),
    ("eastus", "westeurope"),
)

TRAINING = Account("/subscriptions/3f0c9d51-6a0e-4f7b-b7f4-1d52a9f0c001", "lumen-training")
SPEECH = Account("/subscriptions/3f0c9d51-6a0e-4f7b-b7f4-1d52a9f0c002", "lumen-speech-prod")
SHARED = Account("/subscriptions/3f0c9d51-6a0e-4f7b-b7f4-1d52a9f0c003", "lumen-shared")

ND_A100 = Sku(
    "DZH318Z08WN7",
    "Virtual Machines",
    "Compute",
    "Virtual Machines NDamsrA100v4 Series - ND96amsr A100 v4 - US East",
    "1 Hour",
    32_770_000,
    "Virtual machine scale set",
    discount=12,
)
BLOB = Sku(
    "DZH318Z0BP04", "Storage Accounts", "Storage", "Hot LRS Data Stored", "1 GB/Month", 18_400, "Storage account"
)
AKS = Sku(
    "DZH318Z0D1L6",
    "Azure Kubernetes Service",
    "Compute",
    "Virtual Machines Dv5 Series - D16 v5",
    "1 Hour",
    768_000,
    "Kubernetes service",
    discount=12,
)
SQL = Sku("DZH318Z0BQ35", "Azure SQL Database", "Databases", "vCore Gen5", "1 Hour", 252_000, "SQL database")
SPEECH_API = Sku(
    "DZH318Z0BZ3M",
    "Cognitive Services",
    "AI and Machine Learning",
    "Azure AI Speech - Speech To Text",
    "1 Hour",
    1_000_000,
    "Cognitive Service",
)
LOGS = Sku(
    "DZH318Z0BNVX",
    "Log Analytics",
    "Management and Governance",
    "Pay-as-you-go Data Ingestion",
    "1 GB",
    2_300_000,
    "Log Analytics workspace",
)


def azure_lines() -> tuple[Line, ...]:
    """Return the lines of the bill."""
    return (
        Line(
            ND_A100,
            TRAINING,
            "shared",
            1500,
            tags=(("pool", "training"), ("env", "prod")),
            tagged=False,
            key="training",
        ),
        Line(BLOB, SHARED, "vision", 130, tags=(("env", "prod"), ("project", "frames")), monthly_growth=0.05),
        Line(AKS, SPEECH, "speech", 210, "workdays", (("env", "prod"), ("project", "live-captions"))),
        Line(SPEECH_API, SPEECH, "speech", 160, "workdays", tagged=False),
        Line(SQL, SHARED, "ads", 120, tags=(("env", "prod"), ("project", "attribution"))),
        Line(LOGS, SHARED, "platform", 60, tags=(("env", "shared"), ("project", "observability"))),
        Line(BLOB, SHARED, "", 20),
    )
