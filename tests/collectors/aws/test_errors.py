"""Which of AWS' errors pass and which stay, in AWS' words and without secrets."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from collectors.aws.client import asked
from collectors.base import CollectError


def refusal(error: Exception) -> CollectError:
    def ask() -> None:
        raise error

    with pytest.raises(CollectError) as refused:
        asked("ce:GetCostAndUsage", ask)
    return refused.value


def answered(code: str, status: int) -> ClientError:
    told = {"Error": {"Code": code, "Message": "said AWS"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "GetCostAndUsage")


@pytest.mark.parametrize(
    ("code", "status", "permanent"),
    [
        ("AccessDeniedException", 400, True),
        ("ExpiredTokenException", 400, True),
        ("ValidationException", 400, True),
        ("LimitExceededException", 400, False),
        ("ThrottlingException", 400, False),
        ("DataUnavailableException", 400, False),
        ("InvalidNextTokenException", 400, False),
        ("InternalFailure", 500, False),
    ],
)
def test_what_passes_by_itself_is_tried_again(code: str, status: int, permanent: bool) -> None:
    error = refusal(answered(code, status))
    assert str(error) == f"ce:GetCostAndUsage: {code}: said AWS"
    assert error.permanent is permanent


def test_lost_connections_pass_and_missing_credentials_do_not() -> None:
    assert not refusal(EndpointConnectionError(endpoint_url="https://ce.us-east-1.amazonaws.com")).permanent
    assert refusal(NoCredentialsError()).permanent
