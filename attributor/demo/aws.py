"""What the company runs on AWS."""

from attributor.demo.line import Account, Line, Provider, Sku

AWS = Provider(
    "aws",
    "AWS",
    "Amazon Web Services, Inc.",
    Account("410000000001", "Lumen Forge payer"),
    ("us-east-1", "eu-west-1", "us-west-2"),
    "arn:aws:savingsplans::410000000001:savingsplan/5b1c7f0e-2a54-4c1d-9d3f-8e6a90c4d712",
)

PROD = Account("410000000010", "lumen-prod")
DATA = Account("410000000020", "lumen-data")
RESEARCH = Account("410000000030", "lumen-research")
GPU = Account("410000000040", "lumen-gpu")
ADS = Account("410000000050", "lumen-ads")
STRAY = Account("410000000099", "sandbox-7f3a")

M7I = Sku(
    "M7I4XL",
    "Amazon Elastic Compute Cloud",
    "Compute",
    "$0.8064 per On Demand Linux m7i.4xlarge Instance Hour",
    "Hrs",
    806_400,
    "instance",
    discount=7,
    committed=28,
)
P5 = Sku(
    "P548XL",
    "Amazon Elastic Compute Cloud",
    "Compute",
    "$55.04 per On Demand Linux p5.48xlarge Instance Hour",
    "Hrs",
    55_040_000,
    "instance",
    discount=7,
    committed=30,
)
S3 = Sku(
    "S3STD",
    "Amazon Simple Storage Service",
    "Storage",
    "$0.023 per GB-Month of storage used",
    "GB-Mo",
    23_000,
    "bucket",
    discount=7,
)
RDS = Sku(
    "RDSR6G",
    "Amazon Relational Database Service",
    "Databases",
    "$1.036 per db.r6g.2xlarge Multi-AZ instance hour running PostgreSQL",
    "Hrs",
    1_036_000,
    "db",
    discount=7,
)
OPENSEARCH = Sku(
    "OSR6G",
    "Amazon OpenSearch Service",
    "Analytics",
    "$0.668 per r6g.2xlarge.search instance hour",
    "Hrs",
    668_000,
    "domain",
    discount=7,
)
LAMBDA = Sku(
    "LAMBDA",
    "AWS Lambda",
    "Compute",
    "AWS Lambda - Total Compute - US East (Northern Virginia)",
    "Lambda-GB-Second",
    17,
    "function",
)
EGRESS = Sku(
    "EGRESS", "Amazon Virtual Private Cloud", "Networking", "$0.045 per GB NAT Gateway data", "GB", 45_000, "natgateway"
)
LOGS = Sku(
    "CWLOGS", "AmazonCloudWatch", "Management and Governance", "$0.50 per GB log data", "GB", 500_000, "log-group"
)
SAGEMAKER = Sku(
    "SMG5",
    "Amazon SageMaker",
    "AI and Machine Learning",
    "$7.09 per Training ml.g5.12xlarge hour",
    "Hrs",
    7_090_000,
    "training-job",
    discount=7,
)


def aws_lines(*, hourly_nodes: bool) -> tuple[Line, ...]:
    """Return the lines of the bill; the GPU nodes are charged by the hour, or by the day where there is no room."""
    return (
        _gpu_nodes(96 if hourly_nodes else 4),
        Line(M7I, PROD, "search", 620, "workdays", (("env", "prod"), ("project", "ranking")), covered=True),
        Line(M7I, ADS, "ads", 540, "workdays", (("env", "prod"), ("project", "bidder")), covered=True),
        Line(M7I, PROD, "assistant", 410, "workdays", (("env", "prod"), ("project", "chat"))),
        Line(M7I, DATA, "data", 380, "nights", (("env", "prod"), ("project", "warehouse"))),
        Line(M7I, PROD, "platform", 350, tags=(("env", "shared"), ("project", "kubernetes")), covered=True),
        Line(M7I, PROD, "speech", 180, "workdays", (("env", "prod"), ("project", "transcripts"))),
        Line(S3, DATA, "data", 310, tags=(("env", "prod"), ("project", "lake")), monthly_growth=0.06),
        Line(S3, RESEARCH, "research", 150, tagged=False, monthly_growth=0.08),
        Line(S3, PROD, "vision", 190, tags=(("env", "prod"), ("project", "frames"))),
        Line(S3, PROD, "search", 60, tags=(("env", "prod"), ("project", "index"))),
        Line(RDS, ADS, "ads", 260, tags=(("env", "prod"), ("project", "campaigns")), key="level shift"),
        Line(RDS, PROD, "platform", 120, tags=(("env", "shared"), ("project", "identity"))),
        Line(OPENSEARCH, PROD, "search", 240, tags=(("env", "prod"), ("project", "index"))),
        Line(LAMBDA, ADS, "ads", 45, "workdays", (("env", "prod"), ("project", "pixels"))),
        Line(LAMBDA, PROD, "assistant", 60, "workdays", (("env", "prod"), ("project", "tools"))),
        Line(LOGS, PROD, "platform", 95, tags=(("env", "shared"), ("project", "observability"))),
        Line(EGRESS, PROD, "platform", 140, "workdays", (("env", "shared"), ("project", "network"))),
        Line(EGRESS, ADS, "ads", 85, "workdays", (("env", "prod"), ("project", "bidder"))),
        Line(SAGEMAKER, RESEARCH, "research", 420, "workdays", tagged=False),
        Line(M7I, PROD, "", 70, tags=(("Name", "tmp-do-not-delete"),)),
        Line(S3, PROD, "unknown", 25, tags=(("env", "prod"),)),
        Line(M7I, STRAY, "", 1150, tags=(("Name", "runner"),), key="untagged account"),
    )


def _gpu_nodes(rows: int) -> Line:
    return Line(
        P5,
        GPU,
        "shared",
        4 * 24 * 38.528,
        tags=(("cluster", "gpu-prod"), ("env", "prod")),
        tagged=False,
        covered=True,
        rows=rows,
        grows=False,
        even=True,
        monthly_growth=0.0,
        key="gpu nodes",
    )
