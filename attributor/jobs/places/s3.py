"""A bucket of S3, or of what speaks its protocol: an object of each file, under its month."""

from attributor.config.statement_settings import DeliverySettings
from attributor.jobs.places.base import DeliveryError, Shipment
from collectors.base import CollectError
from collectors.storage.access import access_of
from collectors.storage.s3 import put_object


def send_to_s3(settings: DeliverySettings, shipment: Shipment) -> str | None:
    """Put the files; raise DeliveryError where S3 refuses or is away."""
    access = access_of(settings.access)
    for file in shipment.files:
        try:
            put_object(f"{settings.path}/{shipment.month}/{file.name}", file.content, file.media_type, access)
        except CollectError as error:
            raise DeliveryError(str(error), permanent=error.permanent) from error
    return None
