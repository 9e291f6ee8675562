"""Who runs a command, where it does not say so."""

import getpass


def this_user() -> str:
    """Return who runs this process; in a container it may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
