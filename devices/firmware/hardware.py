"""Names of hardware, as images and access points write them. Pure."""

from collections.abc import Iterable

MAX_NAME = 100


def canonical(name: str) -> str:
    """OpenWrt's device tree says ``vendor,model``, an access point ``vendor_model``: the latter, for both.

    Source: ucentral-schema's ``capabilities.uc`` replaces the comma; OpenWrt's ``supported_devices`` has it.
    """
    return name.strip().lower().replace(",", "_")


def is_name(name: str) -> bool:
    """Whether it could be one: OpenWrt puts sentences among the names to explain a refusal."""
    return (
        bool(name) and len(name) <= MAX_NAME and name.isprintable() and not any(c in " \t'\"" for c in name)
    )


def names(told: Iterable[str]) -> list[str]:
    """Those that are names, in the canonical spelling, each once, sorted."""
    return sorted({canonical(one) for one in told if is_name(one.strip())})
