"""Access: who reads a store, where the provider's own chain of credentials is not what is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.base import Option


@dataclass(frozen=True)
class Access:
    """Explicit settings of one source; None leaves the choice to the provider's own chain. Secrets are not shown."""

    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None
    credentials_file: str | None = None
    account: str | None = None
    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def hidden(self, text: str) -> str:
        """Blank out the secrets where a message repeats them."""
        for secret in (self.account_key, self.sas_token, self.bearer_token, self.password):
            if secret:
                text = text.replace(secret, "•••")
        return text


ACCESS_OPTIONS = (
    Option("endpoint_url", "Another address of the store: MinIO, an emulator.", "http://minio:9000", kind="url"),
    Option("profile", "S3: the profile of the AWS configuration to read with.", "billing"),
    Option("region", "S3: the region, where the profile names none.", "eu-west-1"),
    Option("credentials_file", "GCS: a file of credentials.", "/etc/attributor/gcp.json", kind="path"),
    Option("account", "Azure: the storage account of an az:// path.", "acmebilling"),
    Option("account_key", "Azure: the account's key.", "${AZURE_STORAGE_KEY}"),
    Option("sas_token", "Azure: a shared access signature.", "${AZURE_STORAGE_SAS_TOKEN}"),
    Option("bearer_token", "HTTPS: a token.", "${BILL_TOKEN}"),
    Option("username", "HTTPS: the user of basic authentication.", "attributor"),
    Option("password", "HTTPS: its password.", "${BILL_PASSWORD}"),
)
"""The options that every type with a `path:` has; by default credentials come from the provider's own chain."""


def access_of(texts: Mapping[str, str]) -> Access:
    """Gather the access options that were given."""
    return Access(**{option.name: texts[option.name] for option in ACCESS_OPTIONS if option.name in texts})
