"""The live store, made equal to MySQL again: after it was lost, and whenever in doubt."""

from collections.abc import Iterator

from devices import commands, publishing
from devices.models import Network


def rebuild() -> Iterator[int]:
    """Write what is missing or differs, network by network, then the commands that still wait.

    Safe at any time and as often as one likes; yields after every batch how many were
    written. Raises ``StoreUnavailable``.
    """
    for network in list(Network.objects.order_by("pk").values_list("pk", flat=True)):
        yield from publishing.publish_network(network)
    yield from commands.deliver_all()
