"""Something wrong with a wish, in words a person can act on."""

from collections.abc import Mapping

import msgspec


def gettext_noop(message: str) -> str:
    """Mark ``message`` for translation (makemessages looks for this name) and leave it as it is."""
    return message


class Problem(msgspec.Struct, frozen=True):
    """``where`` is the path of the field, as ``("ssids", "7", "passphrase")``.

    ``message`` is an English template to look up in the translations before
    ``params`` are filled in: ``_(problem.message).format(**problem.params)``.
    Neither ever holds a secret.
    """

    where: tuple[str, ...]
    message: str
    params: Mapping[str, str | int] = {}

    def __str__(self) -> str:
        return self.message.format(**self.params)
