"""Every figure of ours is in docs/metrics.md, and nothing there that nobody tells."""

import re

from tests.architecture.source import PROJECT, modules, strings

TABLE = re.compile(r"`((?:aerie|outpost)_[a-z_]+[a-z])`")


def told() -> set[str]:
    """Names of metrics in the source, as Prometheus shows them but for ``_total``."""
    metric = re.compile(r"(?:aerie|outpost)_[a-z_]+[a-z]")
    rooms = ("console", "jobs", "devices", "outpost")
    found = {node.value for path in modules(*rooms) for node in strings(path) if metric.fullmatch(node.value)}
    return {name.removesuffix("_total") for name in found if name not in NO_METRICS}


# A cookie, and a table.
NO_METRICS = {"aerie_wrote", "aerie_unfinished_restore"}


def test_the_table_has_them_all_and_no_other() -> None:
    text = (PROJECT / "docs" / "metrics.md").read_text()
    written = {name.removesuffix("_total") for name in TABLE.findall(text)}
    assert written == told()
