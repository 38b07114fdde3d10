"""A month's cost of three ways to hold access points, as a formula: ``python -m tests.load.costs 10000``.

Prices are list prices as remembered on the date below, in US dollars, and must be checked against the
price list of the day (named beside each) before anybody signs anything. Pure: no price is fetched.
"""

import math
import sys
from dataclasses import dataclass, field

DATED = "2026-11"
HOURS = 730.0  # in a month
MINUTES = HOURS * 60
MILLION = 1e6
PING = 80  # bytes, TLS and TCP included
HANDSHAKE = 3_000  # bytes we send, certificate included
GIB = 2.0**30
SIZES = (100, 1_000, 10_000, 100_000, 300_000)


@dataclass(frozen=True)
class Prices:
    """In dollars, of one region. The comment names the price list's page and entry."""

    region: str
    http_request: float  # API Gateway, HTTP APIs, per million, first 300 million; metered in 512 KB
    http_request_more: float  # … each million above
    socket_message: float  # API Gateway, WebSocket, per million, first 1,000 million; metered in 32 KB
    socket_message_more: float  # … each million above
    socket_minute: float  # API Gateway, WebSocket, per million connection minutes
    lambda_request: float  # Lambda, per million
    lambda_second: float  # Lambda, arm64, per GB-second
    table_write: float  # DynamoDB on demand, per million write units of 1 KB
    table_read: float  # DynamoDB on demand, per million read units of 4 KB, strongly consistent
    balancer_hour: float  # NLB, per hour
    balancer_unit: float  # NLB, per capacity unit and hour, TCP
    application_balancer_hour: float  # ALB, per hour
    application_balancer_unit: float  # ALB, per capacity unit and hour
    outpost_hour: float  # EC2 on demand, t4g.small: 2 cores, 2 GiB
    console_hour: float  # EC2 on demand, t4g.small
    redis_small_hour: float  # ElastiCache for Redis, cache.t4g.small, 1.37 GiB
    redis_gib_hour: float  # ElastiCache for Redis, cache.r7g per GiB and hour
    aurora_unit_hour: float  # Aurora MySQL serverless, per capacity unit and hour
    nat_hour: float  # NAT gateway, per hour
    nat_gib: float  # NAT gateway, per GB processed
    gib_out: float  # EC2, data transfer out to the internet, per GB, first 10 TB
    zone_gib: float  # EC2, data transfer between zones, per GB, each way


PRICES = {
    "us-east-1": Prices(
        "us-east-1", 1.00, 0.90, 1.00, 0.80, 0.25, 0.20, 0.0000133334, 0.625, 0.125, 0.0225, 0.006,
        0.0225, 0.008, 0.0168, 0.0168, 0.032, 0.0168, 0.12, 0.045, 0.045, 0.09, 0.01,
    ),
    "eu-central-1": Prices(
        "eu-central-1", 1.20, 1.08, 1.15, 0.92, 0.285, 0.20, 0.0000133334, 0.7625, 0.1525, 0.027, 0.006,
        0.027, 0.008, 0.0192, 0.0192, 0.036, 0.0200, 0.14, 0.052, 0.052, 0.09, 0.01,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Load:
    """What so many access points do. Sizes in bytes as measured in docs/performance.md, TLS included."""

    access_points: int
    state_every: float = 60.0  # seconds between states
    ping_every: float = 30.0  # seconds between pings, which keep the connection
    poll_every: float = 60.0  # seconds between polls, where nothing is pushed
    state_bytes: int = 1_300
    pushes: float = 20.0  # configurations and commands for each, a month
    push_bytes: int = 4_000
    reconnects: float = 30.0  # a month, of each

    @property
    def states(self) -> float:
        return self.access_points * HOURS * 3600 / self.state_every

    @property
    def pings(self) -> float:
        return self.access_points * HOURS * 3600 / self.ping_every

    @property
    def all_pushes(self) -> float:
        return self.access_points * self.pushes


@dataclass(frozen=True)
class Sizing:
    """What an instance of ours holds. CPU as measured; the rest is head-room."""

    state_cpu: float = 41e-6  # seconds of a core per message, calm: wake-ups dominate (docs/performance.md)
    handshake_cpu: float = 1.5e-3  # mutual TLS
    storm_seconds: float = 120.0  # within which everybody must be back after all were lost
    cpu_share: float = 0.2  # of the cores, at most: a t4g.small's base line
    cores: int = 2
    connections: int = (
        15_000  # the group's target, of the 25,000 that 2 GiB hold with mutual TLS (44 KiB each)
    )
    least: int = 3
    redis_each: int = 6_000  # bytes, of which the state is 1,300 (docs/live-store.md)
    redis_share: float = 0.6  # of its memory, at most
    units_connections: int = 100_000  # active connections of one capacity unit of an NLB, TCP
    units_new: int = 800  # new ones a second
    units_bytes: float = GIB  # in an hour


Bill = dict[str, float]


def units(size: int, step: int) -> int:
    """In how many pieces a message is metered: at least one."""
    return max(1, math.ceil(size / step))


def tiered(metered: float, first: float, price: float, more: float) -> float:
    """Dollars of so many a month, of which the first millions have a price of their own."""
    millions = metered / MILLION
    return min(millions, first) * price + max(0.0, millions - first) * more


def polling(load: Load, prices: Prices) -> Bill:
    """HTTP API → Lambda → DynamoDB. A poll carries the state and brings what is desired."""
    polls = load.access_points * HOURS * 3600 / load.poll_every
    writes = polls * units(load.state_bytes, 1024)
    reads = polls * units(load.push_bytes if load.pushes else 1, 4096)
    out = polls * 500 + load.all_pushes * load.push_bytes
    return {
        "API Gateway, requests": tiered(
            polls * units(load.state_bytes, 512 * 1024), 300, prices.http_request, prices.http_request_more
        ),
        "Lambda": _lambda(polls, prices, seconds=0.02),
        "DynamoDB": (writes * prices.table_write + reads * prices.table_read) / MILLION,
        "data transfer out": out / GIB * prices.gib_out,
    }


def gateway_socket(load: Load, prices: Prices) -> Bill:
    """WebSocket API → Lambda → DynamoDB. Connection minutes are paid, and every message, in 32 KB; no pings.

    The gateway closes after two hours and after ten idle minutes: 360 reconnects a month come on top.
    """
    connects = load.access_points * (load.reconnects + HOURS / 2)
    messages = load.states * units(load.state_bytes, 32 * 1024) + 2 * load.all_pushes * units(
        load.push_bytes, 32 * 1024
    )
    calls = load.states + 2 * connects + 2 * load.all_pushes
    writes = load.states * units(load.state_bytes, 1024) + 2 * connects + load.all_pushes * 4
    minutes = load.access_points * MINUTES
    return {
        "API Gateway, connection minutes": minutes / MILLION * prices.socket_minute,
        "API Gateway, messages": tiered(
            messages + connects, 1000, prices.socket_message, prices.socket_message_more
        ),
        "Lambda": _lambda(calls, prices, seconds=0.01),
        "DynamoDB": (writes * prices.table_write + calls * prices.table_read) / MILLION,
        "data transfer out": load.all_pushes * load.push_bytes / GIB * prices.gib_out,
    }


def outposts(load: Load, prices: Prices, sizing: Sizing | None = None) -> Bill:
    """Our own instances behind a network balancer, and Redis with a replica."""
    sizing = sizing or Sizing()
    count = instances(load, sizing)
    inward = load.states * load.state_bytes + load.pings * PING
    greetings = load.access_points * load.reconnects * HANDSHAKE
    outward = load.pings * PING + load.all_pushes * load.push_bytes + greetings
    return {
        f"EC2, {count} × t4g.small": count * HOURS * prices.outpost_hour,
        "balancer": HOURS
        * (prices.balancer_hour + balancer_units(load, sizing, inward + outward) * prices.balancer_unit),
        "Redis, two": _redis(load, prices, sizing),
        "data between zones": inward / GIB * prices.zone_gib,  # half of it, twice: outpost to Redis
        "data transfer out": outward / GIB * prices.gib_out,
    }


def instances(load: Load, sizing: Sizing) -> int:
    """By connections, CPU, and all of them coming back at once."""
    rate = load.access_points * (1 / load.state_every + 1 / load.ping_every)
    by_connections = load.access_points / sizing.connections
    by_cpu = rate * sizing.state_cpu / (sizing.cores * sizing.cpu_share)
    by_storm = load.access_points * sizing.handshake_cpu / (sizing.storm_seconds * sizing.cores * 0.8)
    return max(sizing.least, math.ceil(max(by_connections, by_cpu, by_storm)))


def balancer_units(load: Load, sizing: Sizing, transferred: float) -> float:
    """The dearest of its three measures."""
    new = load.access_points * load.reconnects / (HOURS * 3600)
    measures = (
        load.access_points / sizing.units_connections,
        new / sizing.units_new,
        transferred / HOURS / sizing.units_bytes,
    )
    return max(measures)


def fixed(prices: Prices) -> Bill:
    """The console for all of them: three consoles, two workers, one for reports, MySQL with a reader."""
    return {
        "EC2, 6 × t4g.small": 6 * HOURS * prices.console_hour,
        "Aurora, writer and reader, 1 unit each": 2 * HOURS * prices.aurora_unit_hour,
        "Redis of the queues, two": 2 * HOURS * prices.redis_small_hour,
        "console's balancer": HOURS * (prices.application_balancer_hour + prices.application_balancer_unit),
        "NAT, three": 3 * HOURS * prices.nat_hour + 50 * prices.nat_gib,
        "CloudFront, S3, firewall, logs, secrets (an estimate)": 60.0,
    }


DESIGNS = {
    "polling, HTTP API": polling,
    "WebSocket, API Gateway": gateway_socket,
    "our own outposts": outposts,
}


@dataclass
class Month:
    """One size, all designs."""

    load: Load
    prices: Prices
    bills: dict[str, Bill] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bills = {name: design(self.load, self.prices) for name, design in DESIGNS.items()}

    def total(self, name: str) -> float:
        return sum(self.bills[name].values())


def _lambda(calls: float, prices: Prices, seconds: float, gigabytes: float = 0.125) -> float:
    return calls / MILLION * prices.lambda_request + calls * seconds * gigabytes * prices.lambda_second


def _redis(load: Load, prices: Prices, sizing: Sizing) -> float:
    """A pair of small ones, or a pair as large as is needed."""
    gib = load.access_points * sizing.redis_each / sizing.redis_share / GIB
    hour = max(prices.redis_small_hour, gib * prices.redis_gib_hour)
    return 2 * HOURS * hour


def table(region: str = "eu-central-1", sizes: tuple[int, ...] = SIZES) -> str:
    """Markdown: each design's total a month, and for one access point."""
    prices = PRICES[region]
    months = [Month(Load(size), prices) for size in sizes]
    head = "| access points | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    rows = [head, "| --- |" + " ---: |" * len(sizes)]
    for name in DESIGNS:
        rows.append(f"| {name} | " + " | ".join(f"{month.total(name):,.0f}" for month in months) + " |")
        each = (f"{month.total(name) / month.load.access_points:.3f}" for month in months)
        rows.append("| … for each | " + " | ".join(each) + " |")
    rows.append("| outposts | " + " | ".join(str(instances(m.load, Sizing())) for m in months) + " |")
    return "\n".join(rows)


def crossing(design: str, region: str = "eu-central-1") -> int:
    """Access points from which on our own outposts are cheaper than this design."""
    least, most = 1, 1_000_000
    while least < most:
        middle = (least + most) // 2
        month = Month(Load(middle), PRICES[region])
        if month.total("our own outposts") < month.total(design):
            most = middle
        else:
            least = middle + 1
    return least


def bills(size: int, region: str = "eu-central-1") -> str:
    """Markdown: what each design is made of at one size, dearest first."""
    month, rows = Month(Load(size), PRICES[region]), ["| design | what | $ a month |", "| --- | --- | ---: |"]
    for name, bill in month.bills.items():
        for what, cost in sorted(bill.items(), key=lambda one: -one[1]):
            rows.append(f"| {name} | {what} | {cost:,.2f} |")
    return "\n".join(rows)


def main(arguments: list[str]) -> int:
    if not all(one.isdigit() and int(one) > 0 for one in arguments):
        sys.stderr.write("python -m tests.load.costs [ACCESS_POINTS…]\n")
        return 2
    sizes = tuple(map(int, arguments)) or SIZES
    sys.stdout.write(table(sizes=sizes) + "\n")
    for size in map(int, arguments):
        sys.stdout.write("\n" + bills(size) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
