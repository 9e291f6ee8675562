"""`python -m attributor`, and the command `attributor`."""

from attributor.cli.main import attributor


def main() -> None:
    """Run the command line."""
    attributor(prog_name="attributor")


if __name__ == "__main__":
    main()
