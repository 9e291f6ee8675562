"""What each line item type of a Cost and Usage Report is in FOCUS."""

from collections.abc import Mapping

USAGE, DISCOUNTED, COVERED = "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"
NEGATION, RECURRING, UPFRONT = "SavingsPlanNegation", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee"
RI_FEE, FEE = "RIFee", "Fee"
COMMITMENT_FEES = (RECURRING, UPFRONT, RI_FEE)

CATEGORIES: Mapping[str, str] = {
    USAGE: "Usage",
    DISCOUNTED: "Usage",
    COVERED: "Usage",
    NEGATION: "Usage",
    RECURRING: "Purchase",
    UPFRONT: "Purchase",
    RI_FEE: "Purchase",
    FEE: "Purchase",
    "Tax": "Tax",
    "Credit": "Credit",
}
"""ChargeCategory; refunds, discounts and what AWS may add are adjustments. The negation takes back at the price on
demand what covered usage was billed at, so that both are usage and cancel out."""

FREQUENCIES: Mapping[str, str] = {
    **dict.fromkeys((USAGE, DISCOUNTED, COVERED, NEGATION), "Usage-Based"),
    **dict.fromkeys((RECURRING, RI_FEE), "Recurring"),
}
"""ChargeFrequency; everything else comes once."""

PRICINGS: Mapping[str, str] = {
    **dict.fromkeys((USAGE, FEE, RECURRING, UPFRONT, RI_FEE), "Standard"),
    **dict.fromkeys((DISCOUNTED, COVERED, NEGATION), "Committed"),
}
"""PricingCategory; spot usage is "Dynamic", and what is neither used nor bought has none."""

SERVICE_CATEGORIES: Mapping[str, str] = {
    "AmazonBedrock": "AI and Machine Learning",
    "AmazonSageMaker": "AI and Machine Learning",
    "AmazonQ": "AI and Machine Learning",
    "AmazonRekognition": "AI and Machine Learning",
    "AmazonTranscribe": "AI and Machine Learning",
    "AmazonAthena": "Analytics",
    "AWSGlue": "Analytics",
    "AmazonES": "Analytics",
    "AmazonKinesis": "Analytics",
    "AmazonMSK": "Analytics",
    "ElasticMapReduce": "Analytics",
    "AmazonQuickSight": "Analytics",
    "AmazonEC2": "Compute",
    "AmazonECS": "Compute",
    "AmazonEKS": "Compute",
    "AmazonLightsail": "Compute",
    "AWSBatch": "Compute",
    "AWSLambda": "Compute",
    "ComputeSavingsPlans": "Compute",
    "MachineLearningSavingsPlans": "AI and Machine Learning",
    "AmazonDocDB": "Databases",
    "AmazonDynamoDB": "Databases",
    "AmazonElastiCache": "Databases",
    "AmazonNeptune": "Databases",
    "AmazonRDS": "Databases",
    "AmazonRedshift": "Databases",
    "AmazonECR": "Developer Tools",
    "CodeBuild": "Developer Tools",
    "awskms": "Security",
    "AmazonGuardDuty": "Security",
    "AWSSecretsManager": "Security",
    "AWSSecurityHub": "Security",
    "awswaf": "Security",
    "AWSQueueService": "Integration",
    "AmazonSNS": "Integration",
    "AWSEvents": "Integration",
    "AmazonStates": "Integration",
    "AmazonApiGateway": "Integration",
    "AWSCloudTrail": "Management and Governance",
    "AWSConfig": "Management and Governance",
    "AmazonCloudWatch": "Management and Governance",
    "AWSSystemsManager": "Management and Governance",
    "AmazonCloudFront": "Networking",
    "AmazonRoute53": "Networking",
    "AmazonVPC": "Networking",
    "AWSDataTransfer": "Networking",
    "AWSELB": "Networking",
    "AWSDirectConnect": "Networking",
    "AWSTransfer": "Storage",
    "AmazonEFS": "Storage",
    "AmazonFSx": "Storage",
    "AmazonGlacier": "Storage",
    "AmazonS3": "Storage",
    "AWSBackup": "Storage",
}
"""ServiceCategory by product code; everything else is "Other"."""
