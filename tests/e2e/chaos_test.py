#!/usr/bin/env python3
"""The platform as separate processes on a real Kafka and PostgreSQL, under faults drawn by a
seed: processes killed (-9) and frozen, the ways to the broker and to the exchange cut so that
packets vanish and nobody is told, the broker and the database killed, the disk under
execution's journal full, some of it at the same time. After each fault is over it trades again
by itself or, where a process ended, once it is started again. At the end orders, fills and
positions are the same on both sides, and the journals, decided again, give the same facts.

All of it runs in a network and mount namespace of its own (root, `unshare`, `nft`).

usage: chaos_test.py BIN_DIR [--seed N] [--rounds N]
"""
import argparse
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import distributed_test
import harness
import places
from harness import check

INSIDE = "GANNET_TEST_INSIDE_NAMESPACE"
SERVICES = ["ingest", "news-signal", "strategy", "risk", "execution", "reporting", "gateway"]
LONGEST = 12.0  # seconds of a cut or a freeze: longer than a lease, than a session of Kafka, than an answer may take
# Kafka's settings, the order's way there and a resnapshot each take their time after a cut.
RECOVERY_LIMIT = 120


class Cut:
    """Packets to and from a port vanish."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        nft("add", "table", "inet", f"cut{self.port}")
        nft("add", "chain", "inet", f"cut{self.port}", "input", "{ type filter hook input priority 0; }")
        for side in ("sport", "dport"):
            nft("add", "rule", "inet", f"cut{self.port}", "input", "tcp", side, str(self.port), "drop")

    def __exit__(self, *_):
        nft("delete", "table", "inet", f"cut{self.port}")


class Frozen:
    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)


class Full:
    """Not a byte is free under execution's journal; afterwards it is started again, as its log asks for."""

    def __init__(self, local, disk):
        self.local, self.disk = local, disk

    def __enter__(self):
        self.disk.fill()

    def __exit__(self, *_):
        self.disk.free()
        kill(self.local, "execution")


class Chaos:
    def __init__(self, local, disk, chance):
        self.local, self.disk, self.chance = local, disk, chance

    def pid(self, service):
        return int(pathlib.Path(self.local.data, f"{service}.pid").read_text(encoding="ascii").split()[0])

    def port(self, of):
        if of == "exchange":
            return int(pathlib.Path(self.local.data, "venue-sim.port").read_text(encoding="ascii"))
        return int(re.search(r"brokers: .*:(\d+)", pathlib.Path(self.local.data, "config", "bus.yaml").read_text(encoding="utf-8"))[1])

    def lasting(self, kind):
        """A fault that lasts, and its name."""
        if kind == "cut":
            of = self.chance.choice(["broker", "exchange"])
            return Cut(self.port(of)), f"the way to the {of} cut"
        if kind == "freeze":
            service = self.chance.choice([*SERVICES, "venue-sim"])
            return Frozen(self.pid(service)), f"{service} frozen"
        return Full(self.local, self.disk), "the disk of execution full"

    def fault(self, kind):
        if kind == "kill":
            name = self.chance.choice([*SERVICES, "venue-sim", "kafka", "postgres"])
            kill(self.local, name)
            return f"{name} killed"
        fault, name = self.lasting(kind)
        seconds = self.chance.uniform(0.5, LONGEST)
        with fault:
            time.sleep(seconds / 2)
            if self.chance.random() < 0.4:
                other = self.chance.choice([service for service in SERVICES if service not in name])
                kill(self.local, other)
                name += f", {other} killed meanwhile"
            time.sleep(seconds / 2)
        return f"{name}, {seconds:.1f} s"

    def rounds(self, count):
        kinds = [kind for kind in ("kill", "cut", "freeze", "full") if kind != "full" or self.disk.mounted]
        order = [kinds[i % len(kinds)] for i in range(count)]  # each kind, in a drawn order
        self.chance.shuffle(order)
        for kind in order:
            began = time.monotonic()
            self.local.wait_trading(RECOVERY_LIMIT)
            traded = time.monotonic() - began
            time.sleep(self.chance.uniform(0.0, 1.0))
            name = self.fault(kind)
            self.local.up()
            print(f"traded after {traded:.0f} s; {name}", flush=True)


def kill(local, name):
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        local.kill(name)


def nft(*arguments):
    done = subprocess.run(["nft", *arguments], capture_output=True, text=True)
    check(done.returncode == 0, f"nft {' '.join(arguments)}: {done.stderr}")


def go_inside():
    """Runs this again in namespaces of its own, where its cuts and mounts are nobody else's."""
    missing = [name for name in ("unshare", "nft", "ip") if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if os.geteuid() != 0 or missing:
        harness.skip("network cuts need root, unshare, nft and ip" + (f"; missing: {', '.join(missing)}" if missing else ""))
    namespaces = ["unshare", "--net", "--mount", "--propagation", "private"]
    tried = subprocess.run([*namespaces, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        harness.skip(f"no namespaces here: {tried.stderr.strip()}")
    os.environ[INSIDE] = "1"
    os.execvp(namespaces[0], [*namespaces, "--", sys.executable, "-B", *sys.argv])


def test(bin_dir, folder):
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-risk"))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    local = distributed_test.Local(bin_dir, folder, [])
    disk = places.Tmpfs(local.home("execution"), "256m")
    began = time.monotonic()
    try:
        local.up()
        Chaos(local, disk, random.Random(options.seed)).rounds(options.rounds)
        local.wait_trading(RECOVERY_LIMIT)
        harness.wait_until(lambda: distributed_test.reached_venue(local) >= distributed_test.ENOUGH_ORDERS, 120, "enough orders to compare")
        harness.wait_until(lambda: not distributed_test.unsettled(local), 90, f"the fate of every order: {distributed_test.unsettled(local)}")
        local.stop_trading()
        local.down()
        distributed_test.check_truth(local, folder)
        distributed_test.check_journals(local, gaps=["execution"])
    finally:
        local.call("down", distributed_test.DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")
    print(f"seed {options.seed}, {options.rounds} faults, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        go_inside()
    harness.main(test)
