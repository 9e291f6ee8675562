"""LLM traffic by team, model and hour: what the gateway counted, and what the providers bill for it."""

from dataclasses import dataclass

import numpy as np

from attributor.demo.curves import Integers, Numbers
from attributor.demo.incidents import RUNAWAY_FACTOR, RUNAWAY_MODEL, RUNAWAY_TEAM, Timetable
from attributor.demo.line import Account, Line, Provider, Sku
from attributor.demo.plan import DemoPlan

OPENAI = Provider("llm", "OpenAI", "OpenAI, LLC", Account("org-LumenForge", "Lumen Forge"), ("global",))
ANTHROPIC = Provider("llm", "Anthropic", "Anthropic, PBC", Account("5d0e9c11-lumen", "Lumen Forge"), ("global",))

METRICS = ("tokens.input", "tokens.cached_input", "tokens.output")
_KINDS = ("input tokens", "cached input tokens", "output tokens")
_SHARES = (0.45, 0.05, 0.50)
_TOKENS_A_REQUEST = 420
_NOISE = 0.05
_DAY_SHAPE = 1.0 + 0.55 * np.sin((np.arange(24) - 8.0) / 24.0 * 2.0 * np.pi)
_WEEK = np.array((1.04, 1.06, 1.05, 1.04, 1.0, 0.83, 0.80))


@dataclass(frozen=True)
class Model:
    """An LLM and its prices per million tokens (uncached input, cached input, output) in millionths of a dollar."""

    name: str
    provider: Provider
    service: str
    prices: tuple[int, int, int]


GPT_5 = Model("gpt-5", OPENAI, "OpenAI API", (1_250_000, 125_000, 10_000_000))
GPT_5_MINI = Model("gpt-5-mini", OPENAI, "OpenAI API", (250_000, 25_000, 2_000_000))
SONNET = Model(RUNAWAY_MODEL, ANTHROPIC, "Anthropic API", (3_000_000, 300_000, 15_000_000))
HAIKU = Model("claude-haiku-4-5", ANTHROPIC, "Anthropic API", (1_000_000, 100_000, 5_000_000))
MODELS = (GPT_5, GPT_5_MINI, SONNET, HAIKU)


@dataclass(frozen=True)
class Traffic:
    """What one team sends to one model: `dollars` a day; `key` is the API key it uses, `feature` what it is for."""

    team: str
    model: Model
    dollars: float
    key: str
    tagged: bool = True
    feature: str = ""
    tier: str = "standard"


SHARED_KEY = "key-shared-gateway"

TRAFFIC = (
    Traffic("assistant", GPT_5, 430, "key-assistant-prod", feature="chat"),
    Traffic("assistant", GPT_5_MINI, 220, "key-assistant-prod", feature="drafts"),
    Traffic("assistant", SONNET, 420, "key-assistant-prod", feature="agent"),
    Traffic("search", GPT_5_MINI, 180, "key-search-rewrite", feature="query rewriting"),
    Traffic("ads", GPT_5_MINI, 120, "key-ads-copy", feature="ad copy"),
    Traffic("ads", HAIKU, 60, "key-ads-copy", feature="ad review"),
    Traffic("data", GPT_5, 45, "key-data-sql", tagged=False),
    Traffic("research", SONNET, 240, "key-research-evals", feature="evaluation", tier="batch"),
    Traffic("platform", SONNET, 90, "key-platform-coding", tagged=False),
    Traffic("vision", HAIKU, 65, "key-vision-labels", feature="labelling", tier="batch"),
)

SHARED_TRAFFIC = (Traffic("search", HAIKU, 70, SHARED_KEY), Traffic("data", HAIKU, 45, SHARED_KEY))
"""Two teams behind one API key: the bill cannot tell them apart, the gateway's requests can."""

ALL_TRAFFIC = TRAFFIC + SHARED_TRAFFIC


def hourly_tokens(plan: DemoPlan, when: Timetable, chance: np.random.Generator) -> Integers:
    """Return tokens by (traffic of ALL_TRAFFIC, metric of METRICS, hour since the plan's start)."""
    hours = np.arange(plan.hours)
    weekday = (plan.first.weekday() + hours // 24) % 7
    shape: Numbers = _DAY_SHAPE[hours % 24] / 24.0 * _WEEK[weekday]
    tokens = np.zeros((len(ALL_TRAFFIC), len(METRICS), plan.hours), dtype=np.int64)
    for index, traffic in enumerate(ALL_TRAFFIC):
        dollars = traffic.dollars * shape * np.exp(_NOISE * chance.standard_normal(plan.hours))
        if is_runaway(traffic):
            dollars[when.runaway_hour :] *= RUNAWAY_FACTOR
        for metric, (share, price) in enumerate(zip(_SHARES, traffic.model.prices, strict=True)):
            tokens[index, metric] = np.rint(dollars * share / price * 1e12)
    return tokens


def requests(tokens: Integers) -> Integers:
    """Return requests by (traffic, hour), at least one where there was traffic."""
    return np.maximum(1, tokens[:, METRICS.index("tokens.output"), :] // _TOKENS_A_REQUEST)


def is_runaway(traffic: Traffic) -> bool:
    """Return whether it is the traffic that runs away."""
    return traffic.team == RUNAWAY_TEAM and traffic.model.name == RUNAWAY_MODEL


def llm_lines(provider: Provider) -> tuple[Line, ...]:
    """Return the lines of one provider's bill: three kinds of tokens for each traffic of its models."""
    return tuple(_line(traffic, metric) for traffic in billed_traffic(provider) for metric in range(len(METRICS)))


def billed_traffic(provider: Provider) -> tuple[Traffic, ...]:
    """Return what a provider can tell apart; the teams behind the shared key are one to it."""
    own = tuple(traffic for traffic in TRAFFIC if traffic.model.provider is provider)
    shared = sum(traffic.dollars for traffic in SHARED_TRAFFIC if traffic.model.provider is provider)
    return (*own, Traffic("shared", HAIKU, shared, SHARED_KEY, tagged=False)) if shared else own


def llm_quantities(provider: Provider, tokens: Integers, days: int) -> Integers:
    """Return tokens by (line of `llm_lines`, day): exactly the hours' tokens, summed."""
    daily = tokens[:, :, : days * 24].reshape(len(ALL_TRAFFIC), len(METRICS), days, 24).sum(axis=3)
    billed = [daily[_members(traffic)].sum(axis=0) for traffic in billed_traffic(provider)]
    quantities: Integers = np.concatenate(billed)
    return quantities


def _members(billed: Traffic) -> list[int]:
    return [
        index
        for index, traffic in enumerate(ALL_TRAFFIC)
        if traffic.key == billed.key and traffic.model is billed.model
    ]


def _line(traffic: Traffic, metric: int) -> Line:
    model = traffic.model
    sku = Sku(
        id=f"{model.name}/{METRICS[metric]}",
        service=model.service,
        category="AI and Machine Learning",
        description=f"{model.name}, {_KINDS[metric]}",
        unit="1M Tokens",
        price=model.prices[metric],
        resource_type="API key",
    )
    return Line(
        sku,
        Account(f"proj_{traffic.key.removeprefix('key-').replace('-', '_')}", traffic.key.removeprefix("key-")),
        traffic.team,
        traffic.dollars * _SHARES[metric],
        tags=(("model", model.name), ("api_key", traffic.key)),
        tagged=traffic.tagged,
    )
