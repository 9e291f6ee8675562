"""Runs the daemon as `attributor serve` does, but with intervals that a test can wait for.

python serving.py CONFIG SECONDS
"""

import logging
import sys
from datetime import timedelta
from pathlib import Path

from attributor.app.wiring import open_app
from attributor.daemon import Intervals, serve


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    every = timedelta(seconds=float(sys.argv[2]))
    with open_app(Path(sys.argv[1])) as app:
        serve(app, lambda: None, Intervals(cycle=every, delivery=every))


if __name__ == "__main__":
    main()
