"""The report as CSV: a row for each access point, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable

from django.utils.translation import gettext as _

from devices.reporting.contents import AccessPointMonth, Contents
from devices.spreadsheet import cell


def as_csv(contents: Contents) -> bytes:
    """UTF-8 with the mark that tells Excel so. Traffic in bytes, time in hours."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_header())
    for row in contents.access_points:
        writer.writerow([cell(value) for value in _row(row)])
    return text.getvalue().encode("utf-8-sig", "replace")


def _header() -> list[str]:
    return [
        _("Network"),
        _("Access point"),
        _("Serial"),
        _("Model"),
        _("Firmware"),
        _("Available (%)"),
        _("Online (hours)"),
        _("Outages"),
        _("Longest outage (minutes)"),
        _("Downloaded (bytes)"),
        _("Uploaded (bytes)"),
        _("Most clients"),
    ]


def _row(one: AccessPointMonth) -> Iterable[object]:
    yield from (one.network, one.name, one.serial, one.model, one.firmware)
    online = one.online
    if online is None or online.percent is None:
        yield from ("", "", "", "")
    else:
        yield from (f"{online.percent:.3f}", f"{online.online.total_seconds() / 3600:.2f}", online.outages)
        yield f"{online.longest.total_seconds() / 60:.0f}"
    yield from (one.downloaded, one.uploaded, one.clients)
