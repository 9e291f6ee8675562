"""An organization on a real server that speaks AWS' protocols, and credentials that may do but little in it."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
import pytest


def make_organization(accounts: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Make accounts with these tags, by their names; return their ids. boto3 finds the server by the environment."""
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    return {
        name: client.create_account(
            AccountName=name,
            Email=f"{name}@example.com",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )["CreateAccountStatus"]["AccountId"]
        for name, tags in accounts.items()
    }


@contextmanager
def allowed_only(server: str, monkeypatch: pytest.MonkeyPatch, *actions: str) -> Iterator[None]:
    """Ask as somebody who may do these actions and nothing else; the server refuses the rest as AWS does."""
    iam = boto3.client("iam")
    iam.create_user(UserName="attributor")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    iam.put_user_policy(UserName="attributor", PolicyName="least", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="attributor")["AccessKey"]
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        _check_from(server, "0")
        try:
            yield
        finally:
            _check_from(server, "inf")


def _check_from(server: str, request: str) -> None:
    body = request.encode()
    headers = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset-auth", body, headers), timeout=10).close()
