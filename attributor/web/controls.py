"""What a page's reader can choose: periods near by, a dimension to group by, filters to add and to take away."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from attributor.periods import Month, Period, Span, month_of
from attributor.reports.narrowing import Filter, Narrowing
from attributor.web.links import NOT_GIVEN, Link, Links

DIMENSION_NAMES: Mapping[str, str] = {
    "team": "Team",
    "service": "Service",
    "project": "Project",
    "environment": "Environment",
    "cost_center": "Cost centre",
    "provider": "Provider",
    "account": "Account",
    "model": "Model",
    "source": "Source",
    "category": "Category",
    "rule": "Rule",
    "idle_cause": "Idle cause",
    "x_Basis": "Billed or estimated",
    "corrects": "Corrects",
}

_MOST_KNOWN = 200


@dataclass(frozen=True)
class Chip:
    """A filter that is chosen, and the address without it."""

    name: str
    value: str
    href: str


@dataclass(frozen=True)
class Controls:
    """The controls of one page.

    `groups` and `keeps` are (word, name) of the dimensions that it can be grouped by and kept to; `known` are values on
    the page.
    """

    links: Links
    groups: tuple[tuple[str, str], ...] = ()
    keeps: tuple[tuple[str, str], ...] = ()
    known: tuple[str, ...] = ()

    @property
    def periods(self) -> tuple[Link, ...]:
        """The periods that are asked for most."""
        current = self.links.view.period
        return tuple(Link(name, self.links.of(period), period == current) for name, period in _near(self.links))

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The filters that are chosen, each value by itself."""
        return tuple(
            Chip(dimension_name(found.word), value or NOT_GIVEN, self.links.kept_to(self._without(found, value)))
            for found in self.links.view.filters
            for value in found.values
        )

    @property
    def everything(self) -> str:
        """The address of the page without filters."""
        return self.links.kept_to(())

    def only(self, word: str, value: str) -> str:
        """Return the address of the page kept to one value of a dimension."""
        others = (found for found in self.links.view.filters if found.word != word)
        return self.links.kept_to((*others, Filter(word, (value,))))

    def carried(self, left_out: Container[str]) -> tuple[tuple[str, str], ...]:
        """Return the names and values that a form of the page sends along unchanged."""
        return tuple((name, value) for name, value in self.links.words if name not in left_out)

    def _without(self, chip: Filter, value: str) -> tuple[Filter, ...]:
        rest = replace(chip, values=tuple(each for each in chip.values if each != value))
        changed = (rest if found == chip else found for found in self.links.view.filters)
        return tuple(found for found in changed if found.values)


def controls(links: Links, can: Narrowing | None = None, known: Iterable[str] = ()) -> Controls:
    """Return the controls of a page that can be kept to and grouped by so much; without it by nothing."""
    able = can or Narrowing()
    groups, keeps = (tuple((word, dimension_name(word)) for word in words) for words in (able.groups, able.keeps))
    return Controls(links, groups, keeps, tuple(sorted({value for value in known if value})[:_MOST_KNOWN]))


def dimension_name(word: str) -> str:
    """Return what people call a dimension; those of their own naming as they named them."""
    return DIMENSION_NAMES.get(word) or word.replace("_", " ").capitalize()


def _near(links: Links) -> Iterator[tuple[str, Period]]:
    today = links.view.today
    month = month_of(today)
    monday = today - timedelta(days=today.weekday())
    quarter = Month(today.year, 3 * ((today.month - 1) // 3) + 1)
    yield "This month", month
    yield "Last month", month.plus(-1)
    yield "This week", Span(monday, monday + timedelta(days=7), "week")
    yield "Last 7 days", Span(today - timedelta(days=7), today)
    yield "Last 30 days", Span(today - timedelta(days=30), today)
    yield "This quarter", Span(quarter.first, quarter.plus(3).first, "quarter")
    yield "This year", Span(month.first.replace(month=1), month.first.replace(year=today.year + 1, month=1), "year")
