"""What channels remember between messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select

from attributor.ledger.engine import reading, writing
from attributor.ledger.tables import channel_memory
from attributor.ledger.upsert import upsert

_KEPT = timedelta(days=180)


@dataclass(frozen=True)
class LedgerChannelMemory:
    """`alerts.ports.ChannelMemory` of one channel; what was not renewed for half a year is forgotten."""

    engine: Engine
    channel: str

    def recall(self, name: str) -> str | None:
        """Return what was kept under a name, None where nothing was."""
        found = (channel_memory.c.channel == self.channel) & (channel_memory.c.name == name)
        with reading(self.engine) as connection:
            return connection.scalar(select(channel_memory.c.value).where(found))

    def keep(self, name: str, value: str, now: datetime) -> None:
        """Keep it, in the place of what was there."""
        row = {"channel": self.channel, "name": name, "value": value, "kept_at": now}
        with writing(self.engine) as connection:
            upsert(connection, channel_memory, [row])
            connection.execute(delete(channel_memory).where(channel_memory.c.kept_at < now - _KEPT))
