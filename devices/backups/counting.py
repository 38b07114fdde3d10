"""Rows per table, counted in a dump that passes by: the very rows it holds, of its one moment. Pure."""

import re
from collections import Counter

_INSERT = re.compile(rb"INSERT INTO `([^`]+)` (?:\([^)]*\) )?VALUES")
_CREATE = re.compile(rb"CREATE TABLE `([^`]+)`")
_SERVER = b"-- Server version"
COMPLETED = b"-- Dump completed"


class Rows:
    """Give it every line. ``mysqldump`` writes many rows into a line, ``mariadb-dump`` each into its own.

    Newlines within values are escaped, so that a line never begins in the middle of one.
    """

    def __init__(self) -> None:
        self.tables: Counter[str] = Counter()
        self.completed = False
        self.server = ""
        self._table = ""

    def see(self, line: bytes) -> None:
        if line.startswith(b"("):
            self.tables[self._table] += 1 + _separators(line)
        elif found := _INSERT.match(line):
            self._table = found[1].decode()
            values = line[found.end() :].strip()
            self.tables[self._table] += (1 + _separators(values)) if values else 0
        elif found := _CREATE.match(line):
            self.tables[found[1].decode()] += 0
        elif line.startswith(_SERVER):
            self.server = line.removeprefix(_SERVER).decode().strip()
        elif line.startswith(COMPLETED):
            self.completed = True


def _separators(line: bytes) -> int:
    """How often one row ends and the next begins, quoted text left out."""
    if b"),(" not in line:
        return 0
    bare = line.replace(b"\\\\", b"").replace(b"\\'", b"").split(b"'")[::2]
    # A quote stands where text was, so that what was apart does not grow together.
    return b"'".join(bare).count(b"),(")
