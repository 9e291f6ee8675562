"""A folder: a file appears whole under its name, in a folder of its month."""

from pathlib import Path

from attributor.config.statement_settings import DeliverySettings
from attributor.jobs.places.base import DeliveryError, Shipment
from attributor.reports.whole_files import write_whole


def send_to_folder(settings: DeliverySettings, shipment: Shipment) -> str | None:
    """Write the files; raise DeliveryError where the file system refuses. What it refuses may be mended any time."""
    for file in shipment.files:
        path = Path(settings.path, str(shipment.month), file.name)
        try:
            write_whole(path, file.content)
        except OSError as error:
            raise DeliveryError(f"{path} cannot be written: {error.strerror or error}", permanent=False) from error
    return None
