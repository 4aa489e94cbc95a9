"""Which addresses are of the internet."""

from ipaddress import ip_address


def is_public(address: str) -> bool:
    """Tell whether an address is routed on the internet; False for what is no address."""
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
