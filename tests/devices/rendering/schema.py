"""The uCentral JSON schema with its own formats, where the shared data lies beside the repository."""

import base64
import binascii
import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_address
from pathlib import Path

import msgspec
from jsonschema import Draft7Validator, FormatChecker

PATH = Path(__file__).parents[4] / "shared" / "ucentral" / "ucentral.schema.json"
_LABEL = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")


def _parses(read: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            read(str(value))
        except (ValueError, binascii.Error):
            return False
        return True

    return check


def _labels(value: object, least: int = 1) -> bool:
    labels = str(value).split(".")
    return len(str(value)) <= 255 and len(labels) >= least and all(map(_LABEL.fullmatch, labels))


def _matches(pattern: str) -> Callable[[object], bool]:
    return lambda value: re.fullmatch(pattern, str(value)) is not None


def _port_range(value: object) -> bool:
    ports = [int(port) for port in str(value).split("-") if port.isdigit()]
    return len(ports) in {1, 2} and ports == sorted(ports) and ports[-1] <= 65535


FORMATS: dict[str, Callable[[object], bool]] = {
    "uc-cidr4": lambda value: (
        str(value).startswith("auto/") or ("/" in str(value) and _parses(IPv4Interface)(value))
    ),
    "uc-cidr6": lambda value: (
        str(value).startswith("auto/") or ("/" in str(value) and _parses(IPv6Interface)(value))
    ),
    "uc-mac": _matches(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}"),
    "uc-host": lambda value: _parses(ip_address)(value) or _labels(value),
    "uc-ip": _parses(ip_address),
    "ipv4": _parses(IPv4Address),
    "uc-timeout": _matches(r"[0-9]+[smhdw]"),
    "uc-base64": _parses(lambda value: base64.b64decode(value, validate=True)),
    "uc-mobility": _matches(r"[0-9a-fA-F]{4}"),
    "uc-portrange": _port_range,
    "uc-fqdn": lambda value: _labels(value, least=2),
    "hostname": _labels,
}


def validator() -> Draft7Validator:
    """A validator of configurations that checks the formats too."""
    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name)(check)
    return Draft7Validator(msgspec.json.decode(PATH.read_bytes()), format_checker=checker)
