"""What a provider says later: a day restated, ready to be copied over the bill's first version."""

import shutil
from pathlib import Path


def apply_later(folder: Path) -> tuple[Path, ...]:
    """Copy every file below `later/` over the one it restates, whole or not at all; return the files replaced.

    Raises FileNotFoundError where `folder` holds no demo.
    """
    later = folder / "later"
    if not later.is_dir():
        raise FileNotFoundError(f"{later} is not there: write a demo first")
    replaced = []
    for source in sorted(path for path in later.rglob("*") if path.is_file()):
        target = folder / source.relative_to(later)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(source, partial)
        partial.replace(target)
        replaced.append(target)
    return tuple(replaced)
