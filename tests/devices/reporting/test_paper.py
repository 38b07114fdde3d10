"""The PDF and the CSV: readable by people, screen readers and spreadsheets, and the same every time."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from devices.reporting.availability import Online
from devices.reporting.contents import AccessPointMonth, Contents, NetworkMonth
from devices.reporting.paper import NETWORKS, VERSIONS, _told, as_pdf, percent
from devices.reporting.sheet import as_csv

HOUR = timedelta(hours=1)
NAMES = (
    "Café Ünïcode", "Καφές Λιμάνι", "Кафе Гавань", "港口咖啡馆", "コーヒー港", "커피 항구", "مقهى الميناء",
    "कॉफी", "😀", "#strong[x] $a$ \\ *b* @c <d> // \"e\" ]", "\x00\u202e\u2028\ud7ff\ufeff", "x" * 100, "",
    "=cmd|' /C calc'!A0",
)  # fmt: skip


def contents(*names: str) -> Contents:
    online = Online(720 * HOUR, 719 * HOUR, 2, HOUR)
    return Contents(
        organisation=names[0] if names else "Nobody",
        month=date(2026, 10, 1),
        until=datetime(2026, 11, 1, tzinfo=UTC),
        networks=[NetworkMonth(name, 1, online, 10**12, 10**9, 12, 1) for name in names],
        access_points=[
            AccessPointMonth(name, name, f"{n:012x}", name, name, online, 10**12, 10**9, 12)
            for n, name in enumerate(names)
        ],
        ssids=[(name, 10**9, 10**6) for name in names],
        days=[(date(2026, 10, 1) + timedelta(days=n), n * 10**9) for n in range(31)] if names else [],
        changes=3,
    )


def test_it_is_tagged_titled_and_says_its_language() -> None:
    pdf = as_pdf(contents("Café Lento"))
    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid" in pdf
    assert b"/StructTreeRoot" in pdf
    assert b"/Lang(en" in pdf


@pytest.mark.parametrize("name", NAMES)
def test_whatever_things_are_called(name: str) -> None:
    assert as_pdf(contents(name)).startswith(b"%PDF-")


def test_the_same_month_is_the_same_bytes() -> None:
    assert as_pdf(contents(*NAMES)) == as_pdf(contents(*NAMES))
    assert as_csv(contents(*NAMES)) == as_csv(contents(*NAMES))


def test_nobody_had_anything() -> None:
    assert as_pdf(contents()).startswith(b"%PDF-")
    assert len(as_csv(contents()).splitlines()) == 1


def test_however_many_networks_paper_holds_those_with_the_most_traffic() -> None:
    """Thousands of rows took gigabytes, which the worker never gave back."""
    many = contents(*(f"Network {n}" for n in range(5000)))
    many.networks[4000].downloaded *= 2
    del many.ssids[10:]
    told = _told(many)
    assert (len(told["networks"]), told["networks"][-1]["name"]) == (NETWORKS, "Network 4000")
    assert (len(told["firmware"]), "5000" in told["networks_left_out"]) == (VERSIONS, True)
    assert len(as_pdf(many)) < 2_000_000


def test_only_who_sets_a_report_loads_the_typesetter() -> None:
    program = "import sys, django; django.setup(); import console.urls; sys.exit('typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_what_is_drawn_is_told_in_words_too() -> None:
    told = _told(contents("Café Lento"))
    assert "27.9\xa0GB" in told["days_words"]
    assert json.dumps(told)
    assert max(told["days"]) == 1


def test_the_csv_has_a_row_for_each_access_point_and_runs_nothing() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(contents(*NAMES)).decode("utf-8-sig"))))
    assert len(rows) == len(NAMES) + 1
    assert rows[1][:3] == ["Café Ünïcode", "Café Ünïcode", "000000000000"]
    assert rows[1][5:9] == ["99.861", "719.00", "2", "60"]
    assert rows[-1][0].startswith("'=")


def test_a_percent_is_never_rounded_up_to_all() -> None:
    assert percent(Online(10**6 * HOUR, 10**6 * HOUR - timedelta(seconds=1))) == "99.99 %"
    assert percent(Online(HOUR, HOUR)) == "100.00 %"
    assert percent(None) == percent(Online()) == "–"


def test_its_words_can_be_read_out() -> None:
    """By the text layer, in any script the fonts have."""
    name = "Café Lento, Кафе, 喫茶"
    text = subprocess.run(["pdftotext", "-", "-"], input=as_pdf(contents(name)), capture_output=True)
    assert name in " ".join(text.stdout.decode().split())
