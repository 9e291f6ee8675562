"""`python -m attributor`, and the command `attributor`."""

import sys
from importlib import import_module


def main() -> None:
    """Run the command line. Who interrupts it before it is loaded reads the same as afterwards."""
    try:
        command = import_module("attributor.cli.main").attributor
    except KeyboardInterrupt:
        sys.exit("Aborted!")
    command(prog_name="attributor")


if __name__ == "__main__":
    main()
