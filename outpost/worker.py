"""One process of the check-in service, from its start to the end of its drain."""

import asyncio
import gc
import logging
import signal
import ssl
from collections.abc import Callable
from pathlib import Path

import uvloop

from outpost import metrics
from outpost.handshakes import Handshake
from outpost.server import Outpost
from outpost.settings import Settings
from outpost.store.opening import open_outpost_store
from outpost.tls import TlsFilesInvalid, not_after, reload_certificates, server_context

log = logging.getLogger(__name__)


def make_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context all processes share, None without TLS. Raises ``TlsFilesInvalid``."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = server_context(settings.tls_cert, settings.tls_key, _client_ca(settings))
    context.sslobject_class = Handshake
    metrics.CERTIFICATE_ENDS.set(not_after(settings.tls_cert))
    return context


def reload_context(settings: Settings, context: ssl.SSLContext | None) -> float | None:
    """Read the certificates again; broken ones are logged and change nothing.

    Returns when the new one expires, Unix time; None when the old one stays, or there is none.
    """
    if context is None or settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        reload_certificates(context, settings.tls_cert, settings.tls_key, _client_ca(settings))
    except TlsFilesInvalid as error:
        log.error("certificates not reloaded", extra={"error": str(error)})
        return None
    ends = not_after(settings.tls_cert)
    metrics.CERTIFICATE_ENDS.set(ends)
    log.info("certificates reloaded")
    return ends


def run(settings: Settings, context: ssl.SSLContext | None, port: int, beat: Callable[[], None]) -> None:
    """Serve until SIGTERM, then drain. SIGHUP reads the certificates again. Raises ``OSError``.

    ``beat`` is called about every second while connections and the live store are attended to.
    """
    gc.freeze()  # what the parent loaded is never garbage
    uvloop.run(_serve(settings, context, port, beat))


async def _serve(
    settings: Settings, context: ssl.SSLContext | None, port: int, beat: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unhandled)
    outpost = Outpost(settings, open_outpost_store(settings.store), context, beat)
    loop.add_signal_handler(signal.SIGTERM, outpost.asked_to_end.set)
    loop.add_signal_handler(signal.SIGHUP, reload_context, settings, context)
    await outpost.start(port=port)
    await outpost.asked_to_end.wait()
    log.info("draining", extra={"open": len(outpost.open)})
    await outpost.drain(settings.drain_seconds)
    await outpost.aclose()


def _client_ca(settings: Settings) -> Path | None:
    return settings.client_ca if settings.device_auth == "certificate" else None


def _log_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """A connection that failed before it was one: named, without a page of traceback each."""
    error = context.get("exception")
    if isinstance(error, (OSError, TimeoutError)):  # ssl.SSLError is an OSError
        log.debug("connection failed", extra={"error": f"{type(error).__name__}: {error}"})
        return
    cause = error if isinstance(error, Exception) else None
    log.error("unhandled: %s", context.get("message"), exc_info=cause)
