"""Jobs move what ``tests.devices`` describes: they share its outpost."""

from tests.devices.conftest import door

__all__ = ["door"]
