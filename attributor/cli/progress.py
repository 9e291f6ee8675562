"""Progress bars on standard error, where somebody looks at them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from attributor.ingest.progress import Progress as Advancing
from attributor.ingest.progress import Silent


@contextmanager
def progress_bars() -> Iterator[Callable[[str], Advancing]]:
    """Give a function that begins a named piece of work; its bar is drawn on a terminal and nowhere else."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _title: Silent()
        return
    counts = (MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), *counts, console=console, transient=True
    ) as drawn:
        yield lambda title: _Bar(drawn, title)


class _Bar:
    """One line of the bars; how much there is to do is not known before it is done."""

    def __init__(self, drawn: Progress, title: str) -> None:
        self._drawn = drawn
        self._task = drawn.add_task(title, total=None)

    def advance(self, amount: int = 1) -> None:
        self._drawn.advance(self._task, amount)
