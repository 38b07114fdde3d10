"""The ISO 3166-1 alpha-2 codes, as the tzdata package lists them."""

from functools import cache
from importlib.resources import files


@cache
def codes() -> frozenset[str]:
    """Every two-letter country code, in capitals."""
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if line and not line.startswith("#"))
