"""A verb that will not be done, and why, in words for the one who asked."""


class Refusal(Exception):
    """Nothing was changed. ``str()`` of it is translated text to show as it is."""

    @property
    def words(self) -> str:
        return str(self)
