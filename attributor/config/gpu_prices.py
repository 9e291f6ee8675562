"""`prefer:` in a price: what is known better of a GPU hour than a price of the configuration."""

from collections.abc import Mapping

from rules.located import Located
from rules.reading.fields import Problems, choice, listed, words

BY_BILL, BY_LIST = "bill", "list"
GPU_HOURS = ("gpu.hours", "gpu.capacity_hours")


def read_prefer(entries: Mapping[str, Located], problems: Problems) -> tuple[str, ...]:
    """Return what goes before the price, the best known first."""
    node = entries["prefer"]
    found = words(node, "`prefer`", problems)
    items = node.items or (node,)
    chosen = tuple(choice(item, "`prefer`", (BY_BILL, BY_LIST), problems) for item in items if item.text in found)
    metric = entries["metric"].text if "metric" in entries else None
    if metric not in GPU_HOURS:
        problems.append(node.problem("`prefer` is for prices of GPU hours", f"with `metric` {listed(GPU_HOURS)}"))
    if "per" in entries and entries["per"].text != "1":
        problems.append(node.problem("`prefer` is for prices of one hour", "leave `per` out"))
    if BY_BILL in found and "replaces" not in entries:
        fix = "add `replaces: {source: NAME, match: {…}}`, the charges of the machines"
        problems.append(node.problem("`prefer: bill` needs to know which charges", fix))
    return tuple(one for one in chosen if one is not None)
