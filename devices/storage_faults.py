"""Whether the storage is away: what of its errors passes by itself, told from those that do not."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from django.utils.translation import gettext as _

from accounts.refusal import Refusal

# S3's own words for "later"; the others come with a status of 5xx.
_LATER = {"SlowDown", "RequestTimeout", "ServiceUnavailable", "InternalError", "Throttling"}


def is_away(error: BaseException | None) -> bool:
    """Nobody answered, or S3 said that it cannot now; also where that is another error's cause."""
    while error is not None:
        if isinstance(error, ConnectionError | HTTPClientError) or (
            isinstance(error, ClientError) and _passes(error)
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _passes(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or error.response.get("Error", {}).get("Code") in _LATER


@contextmanager
def refused_while_away() -> Iterator[None]:
    """For what a person asked for: a storage that is away becomes a ``Refusal`` in words."""
    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        raise Refusal(away()) from None


def away() -> str:
    return _("The storage of files does not answer now. Nothing is lost: try again in some minutes.")
