"""Email by SMTP: one message a statement, its files attached."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from urllib.parse import SplitResult, unquote, urlsplit

from attributor.config.statement_settings import DeliverySettings
from attributor.jobs.places.base import DeliveryError, Shipment

_PATIENCE = 30
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def send_by_email(settings: DeliverySettings, shipment: Shipment) -> str | None:
    """Send the message; return whom the server refused where it took it for others, None where for all.

    The connection is encrypted where the server offers it, and always where there is a password. Raises DeliveryError.
    """
    server = urlsplit(settings.smtp)
    message = _message(settings, shipment)
    with _said_of(f"{server.hostname}"), _connection(server) as connection:
        refused = connection.send_message(message, settings.sender, list(settings.recipients))
    return f"refused for {', '.join(sorted(refused))}" if refused else None


def _message(settings: DeliverySettings, shipment: Shipment) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = settings.sender, ", ".join(settings.recipients)
    message["Subject"] = " ".join(shipment.title.split())
    message["Date"] = format_datetime(shipment.made_at)
    # The same for the same statement: who gets it twice after a crash can see that.
    sender = parseaddr(settings.sender)[1].rpartition("@")[2]
    message["Message-ID"] = f"<{sha256(shipment.key.encode()).hexdigest()[:32]}@{sender}>"
    message.set_content(shipment.text)
    for file in shipment.files:
        kind, _, subtype = file.media_type.partition(";")[0].partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return message


@contextmanager
def _connection(server: SplitResult) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    host = server.hostname or ""
    if server.scheme == "smtps":
        opened: smtplib.SMTP = smtplib.SMTP_SSL(host, server.port or 465, timeout=_PATIENCE, context=context)
    else:
        opened = smtplib.SMTP(host, server.port or 587, timeout=_PATIENCE)
    with opened as connection:
        connection.ehlo()
        encrypted = server.scheme == "smtps"
        if not encrypted and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
            encrypted = True
        if server.username:
            if not encrypted and host not in _LOOPBACK:
                raise DeliveryError(f"{host} offers no encryption for the password: use smtps://", permanent=True)
            connection.login(unquote(server.username), unquote(server.password or ""))
        yield connection


@contextmanager
def _said_of(host: str) -> Iterator[None]:
    """Raise DeliveryError for what the server or the network says; its texts hold no password."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        said = f"{host} refused all recipients ({', '.join(str(code) for code in codes)})"
        raise DeliveryError(said, permanent=all(code >= 500 for code in codes)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError(f"{host} refused user and password ({error.smtp_code})", permanent=True) from error
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        said = f"{host} answered {error.smtp_code} {text}"
        raise DeliveryError(said, permanent=error.smtp_code >= 500) from error
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(f"{host}: {error}", permanent=True) from error
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(
            f"{host}: its certificate is not trusted ({error.verify_message})", permanent=True
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"{host} cannot be reached: {error}", permanent=False) from error
