"""A network's maintenance window as rollouts see it."""

from devices.models import Network
from devices.rollouts.windows import Window


def window_of(network: Network) -> Window:
    return Window(network.window_start, network.window_end, network.timezone)
