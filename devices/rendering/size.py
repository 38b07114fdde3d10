"""Whether a document fits into the one frame an access point reads."""

import zlib
from base64 import b64encode

from devices.rendering.problem import Problem, gettext_noop

FRAME = 32 * 1024  # bytes; a larger frame is "failed to parse command", and never answered
# What stands around the document in ``configure``: jsonrpc, method, id, serial, when, uuid twice,
# and the names of the compressed form. 180 bytes at most; the rest is for what we have not thought of.
ENVELOPE = 512


class TooLarge(ValueError):
    """No frame this access point reads can carry the document; ``problem`` says so in words."""

    def __init__(self, size: int, most: int) -> None:
        message = gettext_noop(
            "The configuration is {size} bytes long, and this access point can take {most}. "
            "Switch off or delete some SSIDs."
        )
        self.problem = Problem(("ssids",), message, {"size": size, "most": most})
        super().__init__(str(self.problem))


def check_size(document: bytes, compress: bool) -> None:
    """Raise ``TooLarge`` unless ``document`` fits into a frame, compressed when ``compress`` allows it."""
    size, most = len(document), FRAME - ENVELOPE
    if size > most and compress:
        size = len(b64encode(zlib.compress(document)))
    if size > most:
        raise TooLarge(size, most)
