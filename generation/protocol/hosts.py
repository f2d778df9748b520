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
    """True for ``localhost`` and the loopback addresses, also where IPv6 maps one of IPv4."""
    if host.lower() == "localhost":
        return True
    try:
        # any other name may resolve to another machine
        ip = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback
