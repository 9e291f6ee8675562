"""Which names and addresses are those of this machine alone."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Return whether a name or an address without brackets leads to this machine alone (RFC 6761, section 6.3)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        name = host.casefold().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")
