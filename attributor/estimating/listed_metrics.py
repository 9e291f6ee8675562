"""Which entry of the price list prices a metric of usage, and for how many units of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_MILLION, _THOUSAND, _HOUR = 1_000_000, 1_000, 3_600


@dataclass(frozen=True)
class Priced:
    """The keys of the price list that price a metric: of the first that a model has a price under, `per` units."""

    keys: tuple[str, ...]
    per: int = _MILLION


_SHORT_WRITE = Priced(("cache_write_5m_mtok", "cache_write_mtok", "input_mtok"))

LISTED_METRICS: Mapping[str, Priced] = MappingProxyType(
    {
        "tokens.input": Priced(("input_mtok",)),
        "tokens.input_audio": Priced(("input_audio_mtok",)),
        "tokens.input_image": Priced(("input_image_mtok", "input_mtok")),
        "tokens.input_video": Priced(("input_video_mtok", "input_mtok")),
        "tokens.cached_input": Priced(("cache_read_mtok", "input_mtok")),
        "tokens.cached_input_audio": Priced(("cache_audio_read_mtok",)),
        "tokens.cached_input_image": Priced(("cache_image_read_mtok", "cache_read_mtok", "input_mtok")),
        "tokens.cache_write_5m": _SHORT_WRITE,
        "tokens.cache_write_30m": _SHORT_WRITE,
        "tokens.cache_write_1h": Priced(("cache_write_1h_mtok",)),
        "tokens.cache_write_12h": Priced(("cache_write_12h_mtok",)),
        "tokens.output": Priced(("output_mtok",)),
        "tokens.reasoning": Priced(("output_reasoning_mtok", "output_mtok")),
        "tokens.output_audio": Priced(("output_audio_mtok",)),
        "tokens.output_image": Priced(("output_image_mtok", "output_mtok")),
        "tokens.output_video": Priced(("output_video_mtok",)),
        "web_searches": Priced(("web_searches_kcount",), _THOUSAND),
        "file_searches": Priced(("storage_searches_kcount",), _THOUSAND),
        "speech.characters": Priced(("input_mchars",)),
        "transcription.seconds": Priced(("input_audio_hours", "audio_hours"), _HOUR),
        "code_sessions": Priced(()),
        "images": Priced(()),
    }
)
"""A kind of token that has no price of its own counts as the plainer kind where providers bill it so (reasoning is
output, a short cache write is input). Audio and long cache writes do not fall back: they cost several times as much,
and a price that is too low is worse than an unknown one. What has no key is billed, and no list tells its price."""

REQUESTS = "requests"
"""A fee for each request, which few models have: without a price it is none, and not unknown."""
LISTED_REQUESTS = Priced(("requests_kcount",), _THOUSAND)
