"""What is said of a TLS handshake that failed: counted by why, and a few of them a minute logged.

Event loops end such a connection without a word, so an access point whose certificate has expired would
be nowhere to be seen.
"""

import logging
import ssl
import time
from typing import Final

from outpost import metrics

LOGGED: Final = 10  # a minute; a fleet whose authority has expired dials all the time
_EXPIRED, _NOT_YET = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED and …_NOT_YET_VALID of OpenSSL
_CODES: Final = {_EXPIRED: "certificate_expired", _NOT_YET: "certificate_not_yet_valid"}
log = logging.getLogger(__name__)


class Handshake(ssl.SSLObject):
    """``SSLContext.sslobject_class`` of our door; once the handshake is done it costs nothing."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            _refused(error)
            raise


def reason(error: ssl.SSLError) -> str:
    """A word for the metrics."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CODES.get(error.verify_code, "certificate_untrusted")
    if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "no_certificate"
    return "handshake"


class _Limit:
    """So many a minute."""

    def __init__(self) -> None:
        self._until = self._left = 0.0

    def allows(self, now: float) -> bool:
        if now >= self._until:
            self._until, self._left = now + 60.0, float(LOGGED)
        self._left -= 1
        return self._left >= 0


_limit = _Limit()


def _refused(error: ssl.SSLError) -> None:
    why = reason(error)
    metrics.REFUSALS.labels(why).inc()
    if why != "handshake" and _limit.allows(time.monotonic()):  # the rest is scanners, and who hung up
        words = getattr(error, "verify_message", "") or "the access point showed no certificate"
        log.warning("TLS refused: %s", words, extra={"reason": why})
