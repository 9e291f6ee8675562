"""Who used something, by the attributes of OpenTelemetry that tell it, of a span or point or else of its resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collectors.otlp.attributes import Attributes, Value
from collectors.push.fields import LONGEST_TEXT

FACTS: Mapping[str, tuple[str, ...]] = {
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "service": ("service.name",),
    "environment": ("deployment.environment.name", "deployment.environment"),
    "agent": ("gen_ai.agent.name",),
    "team": ("team",),
    "user": ("user.id", "enduser.id"),
}
"""Facts by the attributes that tell them; the first that is there."""


@dataclass(frozen=True)
class Naming:
    """Facts by attribute: ours, and those of the configuration, which go first."""

    facts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FACTS)

    @classmethod
    def of(cls, configured: Mapping[str, str]) -> "Naming":
        """Return ours with those of the configuration, attribute by fact, before them."""
        own = {fact: (name, *FACTS.get(fact, ())) for fact, name in configured.items()}
        return cls({**FACTS, **own})

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that tell a fact."""
        return tuple(dict.fromkeys(name for names in self.facts.values() for name in names))

    def read(self, attributes: Attributes) -> dict[str, str]:
        """Return the facts that these attributes tell."""
        facts = {}
        for fact, names in self.facts.items():
            for name in names:
                value = attributes.get(name)
                if value:
                    facts[fact] = _text(value)
                    break
        return facts


def facts_reader(naming: Naming, shared: Mapping[str, str]) -> Callable[[Attributes], Mapping[str, str]]:
    """Return what gives the facts of one thing of a resource; things that tell the same share one mapping."""
    names = naming.attributes
    known: dict[tuple[Value | None, ...], Mapping[str, str]] = {}

    def facts_of(attributes: Attributes) -> Mapping[str, str]:
        key = tuple(map(attributes.get, names))
        facts = known.get(key)
        if facts is None:
            facts = known[key] = {**shared, **naming.read(attributes)}
        return facts

    return facts_of


def _text(value: Value) -> str:
    if type(value) is str and len(value) <= LONGEST_TEXT and "\x00" not in value:
        return value
    return str(value)[:LONGEST_TEXT].replace("\x00", "") or "�"
