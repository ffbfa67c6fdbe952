#!/usr/bin/env python3
"""gRPC order submit to journaled on real processes (tools/local, a real Kafka), in both shapes:
the low-latency node, that is strategy, risk, execution and the gateway that takes the call in
one process (goal: p99 at most 2 ms), and each service apart, where the order passes three hops
of Kafka and four journals before it is journaled (50 ms). The node is measured as any process
runs, and then at real-time priority, which is how it is meant to run (docs/operations.md). The
client, the floor and the verdict are those of rpc_bench.

usage: submit_to_journaled.py BUILD_DIR [ORDERS [node|apart]]    (default 200, both)
"""
import pathlib
import subprocess
import sys

import local_platform
from local_platform import harness

SHAPES = {"node": (["--node", "strategy,risk,execution,gateway"], 2), "apart": ([], 50)}
# Nobody trades beside, so that the venue's limit of orders is the client's alone.
STRATEGIES = """
account: main/paper
messages: {count: 1000, window: 10s}
playbooks:
  - {name: idle, event: HACK, instruments: ["binance-spot:BTCUSDT"], min_confidence: 100%}
"""


REAL_TIME = ["chrt", "--fifo"]


def submit(platform, orders, goal_ms, priority=()):
    gateway = platform.home("gateway")
    done = subprocess.run([*priority, f"{platform.bin}/rpc_bench", f"--orders={orders}", f"--goal-ms={goal_ms}",
                           f"--target=unix:{gateway}/gannet.sock", f"--disk={gateway}"], timeout=600)
    harness.check(done.returncode == 0, f"rpc_bench ended with {done.returncode}")


def measure(build, shape, orders):
    flags, goal_ms = SHAPES[shape]
    with local_platform.Platform(build, *flags, config={"strategies.yaml": STRATEGIES}) as platform:
        local_platform.wait(10, f"{shape}: warm-up")
        submit(platform, orders, goal_ms)
        if shape != "node":
            return
        pid = pathlib.Path(platform.data, "node.pid").read_text(encoding="ascii").split()[0]
        raised = subprocess.run([*REAL_TIME, "--all-tasks", "--pid", "10", pid])
        if raised.returncode != 0:
            return print("node: real-time priority is not permitted here: not measured", flush=True)
        print("node and client at real-time priority:", flush=True)
        submit(platform, orders, goal_ms, [*REAL_TIME, "10"])


def run():
    build = sys.argv[1]
    orders = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    for shape in sys.argv[3:] or SHAPES:
        measure(build, shape, orders)


local_platform.main(run)
