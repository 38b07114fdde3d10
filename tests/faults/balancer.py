"""haproxy in front of several consoles, as the balancer of the console's instances is meant to be set up.

It takes out who is not ready, numbers each request once, and sends it again, POSTs too, to another
instance when one broke off without an answer.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.servers import free_port
from tests.stack import answers, wait_for

CONFIGURATION = """
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout check 30s
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response response-timeout
    option http-buffer-request
frontend console
    bind 127.0.0.1:{port}
    monitor-uri /all-in
    monitor fail if {{ nbsrv(consoles) lt {count} }}
    http-request set-header X-Request-ID %[uuid()]
    http-request set-header X-Forwarded-Proto http
    option forwardfor
    default_backend consoles
backend consoles
    balance roundrobin
    option httpchk GET /livez
{servers}
"""


@contextlib.contextmanager
def haproxy(directory: Path, ports: Sequence[int]) -> Iterator[str]:
    """The address it listens at; it answers when this begins. ``/all-in`` there does while nobody is out."""
    program = shutil.which("haproxy", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin")
    assert program, "haproxy is not installed; `make setup` installs it."
    port = free_port()
    servers = "\n".join(
        f"    server console{port} 127.0.0.1:{port} check inter 500ms fall 2 rise 1" for port in ports
    )
    configuration = directory / "haproxy.cfg"
    configuration.write_text(CONFIGURATION.format(port=port, count=len(ports), servers=servers))
    process = subprocess.Popen([program, "-f", str(configuration), "-db"], stdin=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{url}/livez"), 60)
        yield url
    finally:
        process.terminate()
        process.wait()
