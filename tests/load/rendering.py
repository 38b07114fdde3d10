"""Rendering: one network cut to access points of mixed hardware, beside encoding what comes out."""

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from devices.rendering.document import render, render_network
from devices.rendering.hardware import hardware_of
from devices.rendering.intent import Hardware, Unit
from devices.simulation.hardware import CATALOGUE, capabilities
from outpost.store.sealing import Seal
from tests.devices.rendering.wishes import HOTEL
from tests.load.findings import Findings, compared
from tests.load.turns import take_turns

UNITS = 10_000
FLOOR = "floor: msgspec encodes the same documents"
# Decoded documents weigh 40 KB each: these stand for all of them, in turn.
_KEPT = 60
Case = tuple[Unit, Hardware]


def measure(scale: float = 1.0) -> Findings:
    cases = mixed(max(len(CATALOGUE), int(UNITS * scale)))
    bytes_of = rendered(cases)
    spreads = take_turns(_contestants(cases, bytes_of), len(cases), rounds=3)
    sizes = f"{min(map(len, bytes_of)):,}–{max(map(len, bytes_of)):,}"
    sample = (
        f"{len(cases):,} access points of {len(CATALOGUE)} models, five SSIDs, documents of {sizes} bytes. "
        "CPU of one process per access point, three rounds: median (least–most)."
    )
    return Findings(sample, [compared(spreads, FLOOR, "µs")])


def mixed(count: int) -> list[Case]:
    """Neighbours differ in hardware; equal models share one ``Hardware``, as in publishing."""
    kinds = [hardware_of(capabilities(model, "02ae51000001")) for model in CATALOGUE]
    return [(Unit(f"{n:012x}", f"Room {n}"), kinds[n % len(kinds)]) for n in range(count)]


def rendered(cases: Sequence[Case]) -> list[bytes]:
    """The documents, as publishing makes them."""
    network = render_network(HOTEL)
    return [network.for_unit(unit, hardware).document for unit, hardware in cases]


def _contestants(cases: Sequence[Case], bytes_of: Sequence[bytes]) -> dict[str, Callable[[], object]]:
    decoded = [msgspec.json.decode(document) for document in bytes_of[:_KEPT]]
    # Only so is it the same work.
    assert [msgspec.json.encode(document) for document in decoded] == list(bytes_of[:_KEPT])
    documents = [decoded[n % len(decoded)] for n in range(len(cases))]
    return {
        "document and hash, network rendered once": lambda: _shared(cases),
        "document and hash, network rendered for each": lambda: _each(cases),
        FLOOR: lambda: _encode(documents, msgspec.json.encode),
        "json of the standard library encodes them": lambda: _encode(documents, json.dumps),
        "SHA-256 of the bytes alone": lambda: _digest(bytes_of),
        "then compressed and sealed for the live store": lambda: _seal(cases, bytes_of),
    }


def _shared(cases: Sequence[Case]) -> None:
    network = render_network(HOTEL)
    for unit, hardware in cases:
        network.for_unit(unit, hardware)


def _each(cases: Sequence[Case]) -> None:
    for unit, hardware in cases:
        render(HOTEL, unit, hardware)


def _encode(documents: Sequence[Any], encode: Callable[[Any], object]) -> None:
    for document in documents:
        encode(document)


def _digest(documents: Sequence[bytes]) -> None:
    for document in documents:
        hashlib.sha256(document).hexdigest()


def _seal(cases: Sequence[Case], documents: Sequence[bytes]) -> None:
    seal = Seal([bytes(32)])
    for (unit, _), document in zip(cases, documents, strict=True):
        seal.seal(unit.serial, zlib.compress(document))
