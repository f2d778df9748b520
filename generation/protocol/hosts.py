"""Names of hosts: what a ``Host`` header says, and which names mean this machine."""

import ipaddress
from urllib.parse import urlsplit


def host_name(host: str) -> str:
    """The name in a ``Host`` header, in lower case and without the port; empty when it is not
    valid."""
    try:
        # urlsplit knows IPv6 brackets and ports; it raises for brackets that do not match
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """True for ``localhost`` and the loopback addresses, in any spelling."""
    if host == "localhost":
        return True
    try:
        # any other name may resolve to another machine
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
