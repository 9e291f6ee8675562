"""The way of the money as a drawing: three columns of nodes and the ribbons between them, for SVG without a script.

Heights are pixels; widths are left to the page, so ribbons are drawn in a box that is 100 wide and stretched. Amounts
become floats here, for drawing alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from attributor.money import total
from attributor.reports.flow import Flow, FlowLink, FlowNode
from attributor.reports.overview import Overview
from attributor.web.controls import Controls
from attributor.web.formats import money
from attributor.web.links import Links
from attributor.web.palette import slots
from rules.ruleset import Team

_TALL, _TOP, _SLOT, _GAP, _THIN = 320.0, 10.0, 20.0, 8.0, 2.0
_PLAIN = "plain"
_Key = str | None
_Column = dict[_Key, "DrawnNode"]


@dataclass(frozen=True)
class DrawnNode:
    """A node: its name, cost and address (None where it has none), and where it stands from the top.

    `mark` is its own in the drawing, "s0" for the first service: by it the style sheet finds its ribbons.
    """

    mark: str
    name: str
    cost: Decimal
    href: str | None
    slot: str
    top: float
    height: float

    @property
    def middle(self) -> float:
        """Where its name stands."""
        return round(self.top + self.height / 2, 1)

    @property
    def bottom(self) -> float:
        """Where the next one could begin."""
        return self.top + max(self.height, _SLOT)


@dataclass(frozen=True)
class Ribbon:
    """What goes from a node to one of the next column: the marks of both, its outline, colour and words."""

    marks: str
    path: str
    slot: str
    words: str


@dataclass(frozen=True)
class FlowStep:
    """One link in words, for the table below the drawing."""

    source: str
    target: str
    cost: Decimal


@dataclass(frozen=True)
class FlowDrawing:
    """The drawing and its table. `not_drawn` is what credits are larger than costs by, 0 or below: no ribbon is."""

    height: int
    columns: tuple[tuple[DrawnNode, ...], ...]
    ribbons: tuple[tuple[Ribbon, ...], ...]
    steps: tuple[tuple[FlowStep, ...], ...]
    not_drawn: Decimal


def draw_flow(report: Overview, links: Links, controls: Controls, teams: Mapping[str, Team]) -> FlowDrawing:
    """Return the drawing of the overview's flow; its nodes lead to the page kept to them, teams to their own."""
    flow, currency = report.flow, report.heading.currency
    colours = slots(teams, (node.key or "" for node in flow.teams))
    steps, scale = (flow.to_rules, flow.to_teams), _scale(flow)
    heights = [{key: units * scale for key, units in sizes.items()} for sizes in _sizes(flow)]
    named = (
        ("s", "not given", "other services"),
        ("r", "no rule claimed it", "other rules"),
        ("t", "not given", "other teams"),
    )
    leads: tuple[Callable[[str], str], ...] = (
        lambda key: controls.only("service", key),
        lambda key: controls.only("rule", key),
        links.team,
    )
    columns = tuple(
        _column(nodes, named[at], leads[at], colours if nodes is flow.teams else {}, heights[at])
        for at, nodes in enumerate((flow.services, flow.rules, flow.teams))
    )
    return FlowDrawing(
        height=round(max((node.bottom for column in columns for node in column.values()), default=_SLOT)),
        columns=tuple(tuple(column.values()) for column in columns),
        ribbons=tuple(tuple(_ribbons(of, columns[at : at + 2], scale, currency)) for at, of in enumerate(steps)),
        steps=tuple(tuple(_steps(of, columns[at], columns[at + 1])) for at, of in enumerate(steps)),
        not_drawn=total(link.cost for link in flow.to_teams if link.cost < 0),
    )


def _scale(flow: Flow) -> float:
    """Return the pixels of one unit of the currency."""
    drawn = max(sum(_drawn(link) for link in of) for of in (flow.to_rules, flow.to_teams))
    return _TALL / drawn if drawn else 0.0


def _drawn(link: FlowLink) -> float:
    return max(float(link.cost), 0.0)


def _sizes(flow: Flow) -> tuple[dict[_Key, float], ...]:
    """Return what is drawn of each node, by column: the larger of what comes in and what goes out."""
    ends = (
        (((link.source, link) for link in flow.to_rules),),
        (((link.target, link) for link in flow.to_rules), ((link.source, link) for link in flow.to_teams)),
        (((link.target, link) for link in flow.to_teams),),
    )
    columns = []
    for sides in ends:
        sizes: dict[_Key, float] = {}
        for side in sides:
            sums: dict[_Key, float] = {}
            for key, link in side:
                sums[key] = sums.get(key, 0.0) + _drawn(link)
            sizes |= {key: max(size, sizes.get(key, 0.0)) for key, size in sums.items()}
        columns.append(sizes)
    return tuple(columns)


def _column(
    nodes: Sequence[FlowNode],
    names: tuple[str, str, str],
    lead: Callable[[str], str],
    colours: Mapping[str, str],
    heights: Mapping[_Key, float],
) -> _Column:
    top, column = _TOP, {}
    for at, node in enumerate(nodes):
        height = max(heights.get(node.key, 0.0), _THIN)
        name = names[2] if node.key is None else node.name or names[1]
        href = None if node.key is None else lead(node.key)
        slot = colours.get(node.key or "", _PLAIN)
        column[node.key] = DrawnNode(f"{names[0]}{at}", name, node.cost, href, slot, round(top, 1), round(height, 1))
        top = column[node.key].bottom + _GAP
    return column


def _ribbons(links: Sequence[FlowLink], columns: Sequence[_Column], scale: float, currency: str) -> Iterator[Ribbon]:
    """Yield the ribbons, stacked on both nodes in the order of the links."""
    sources, targets = columns
    left = {key: node.top for key, node in sources.items()}
    right = {key: node.top for key, node in targets.items()}
    for link in links:
        width = _drawn(link) * scale
        if not width:
            continue
        words = f"{sources[link.source].name} → {targets[link.target].name}: {money(link.cost, currency)}"
        path = _ribbon(left[link.source], right[link.target], width)
        marks = f"{sources[link.source].mark} {targets[link.target].mark}"
        yield Ribbon(marks, path, targets[link.target].slot, words)
        left[link.source] += width
        right[link.target] += width


def _ribbon(left: float, right: float, width: float) -> str:
    over = f"M0 {left:.1f}C50 {left:.1f} 50 {right:.1f} 100 {right:.1f}"
    under = f"L100 {right + width:.1f}C50 {right + width:.1f} 50 {left + width:.1f} 0 {left + width:.1f}Z"
    return over + under


def _steps(links: Sequence[FlowLink], sources: _Column, targets: _Column) -> Iterator[FlowStep]:
    for link in links:
        yield FlowStep(sources[link.source].name, targets[link.target].name, link.cost)
