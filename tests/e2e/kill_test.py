#!/usr/bin/env python3
"""kill -9 in the middle of trading, again and again, and a start after each: no
order is lost or doubled, every fill is known once. The witness is the exchange
simulator, asked over its own signed REST API. Killed are, as the seed has it, the
platform, the exchange (which the platform must start again), or both at once; now
while trading, now while starting, now while ending.

usage: kill_test.py BIN_DIR [--rounds N] [--seed N]
"""
import argparse
import collections
import os
import random
import signal
import sys
import time

import harness
import truth
from harness import check

ROUNDS = 5  # one of each kind
FLAGS = ("--seed", "9", "--market-speed", "3")

CONFIG = """
market: venue-sim
limits: limits.yaml
strategies: strategies.yaml
execution:
  reconcile_every: 5s
"""


class Platform(harness.Platform):
    def believed(self):
        return truth.Believed(self.facts("order.intents.v1"), self.facts("exec.reports.v1"))


class Killer:
    """Rounds of start, trade, kill."""

    def __init__(self, platform, folder, seed):
        self.platform, self.folder, self.random = platform, folder, random.Random(seed)
        self.started = 0
        self.done = collections.Counter()

    def launch(self, *flags):
        self.started += 1
        return self.platform.launch(self.folder, *FLAGS, *flags, name=f"gannet-{self.started}")

    def trade(self, program, least, most):
        """Until orders go out, and then for a while."""
        self.platform.wait_started(program)
        seen = self.platform.counters()["orders"]
        program.wait_for(lambda: self.platform.counters()["orders"] > seen, 60, "a new order")
        time.sleep(self.random.uniform(least, most))
        check(program.running(), f"ended by itself: {program.describe()}\n{harness.tail(self.platform.log)}")

    def kill_trading(self, program):
        self.trade(program, 0.0, 3.0)
        program.kill()

    def kill_starting(self, program):
        time.sleep(self.random.uniform(0.0, 1.0))
        program.kill()

    def kill_ending(self, program):
        self.trade(program, 0.0, 0.5)
        program.send(signal.SIGTERM)
        time.sleep(self.random.uniform(0.0, 0.1))
        program.kill()

    def kill_both(self, program):
        self.trade(program, 0.0, 2.0)
        victims = [program.process.pid, *harness.children(program.process.pid)]
        check(len(victims) > 1, "venue-sim does not run")
        self.random.shuffle(victims)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        program.wait(10)

    def kill_venue(self, program):
        """The platform starts it again, finds out about its orders, and goes on."""
        self.trade(program, 0.0, 1.0)
        for pid in harness.children(program.process.pid):
            os.kill(pid, signal.SIGKILL)
        program.wait_for(lambda: harness.logged(self.platform.log, "venue_sim_started_again", self.platform.log_start), 30,
                         "another start of venue-sim")
        self.trade(program, 0.0, 1.0)
        program.kill()

    def settle(self, program, orders, fills):
        """Until there is enough to compare, and the fate of every order is known again; to prove that one never arrived
        takes some 13 seconds."""
        self.trade(program, 0.0, 1.0)

        def enough():
            known = self.platform.believed()
            return len(known.at_venue()) >= orders and len(known.fills) >= fills
        program.wait_for(enough, 120, f"{orders} orders and {fills} fills", pause=1)
        program.wait_for(lambda: not self.platform.problems(), 90, f"full service; missing: {self.platform.problems()}")

    def rounds(self, count):
        kinds = [self.kill_trading, self.kill_venue, self.kill_both, self.kill_starting, self.kill_ending]
        for number in range(count):
            kind = kinds[number % len(kinds)]
            with self.launch() as program:
                kind(program)
            self.done[kind.__name__] += 1


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def configure(folder):
    path = os.path.join(folder, "config")
    os.mkdir(path)
    with open("config/limits.yaml", encoding="utf-8") as limits:
        texts = {"limits.yaml": limits.read(), "strategies.yaml": truth.STRATEGIES, "gannet.yaml": CONFIG}
    for name, text in texts.items():
        with open(os.path.join(path, name), "w", encoding="utf-8") as file:
            file.write(text)
    return os.path.join(path, "gannet.yaml")


def test(bin_dir, folder):
    options = arguments()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    data, out = os.path.join(folder, "data"), os.path.join(folder, "out")
    platform = Platform(bin_dir, data, "--config", configure(folder))
    killer = Killer(platform, folder, options.seed)
    killer.rounds(options.rounds)

    def ends():
        with killer.launch("--out", out) as program:
            killer.settle(program, 8 * options.rounds, options.rounds)
            return platform.drain(program)
    # Compared is an end at which the fate of every order is known.
    check(any(ends() for _ in range(3)), f"no run of three ended in order: {harness.tail(platform.log)}")

    believed = platform.believed()
    with harness.VenueRecords(bin_dir, os.path.join(data, "venue-sim"), folder) as records:
        orders, fills, venue_trades = truth.compare(believed, records)
    truth.compare_positions(out, venue_trades)
    check(orders >= 8 * options.rounds, f"only {orders} orders: the test proves little")
    check(fills >= options.rounds, f"only {fills} fills: the test proves little")
    kinds = collections.Counter(truth.kind_of(report) for report in believed.last.values())
    print(f"seed {options.seed}, {dict(killer.done)}: {orders} orders and {fills} fills are the same on both sides; "
          f"absent {len(believed.absent)}, refused {len(believed.refused)}, not sent {len(believed.not_sent)}, ended as {dict(kinds)}", flush=True)

    for command in ("verify", "replay"):
        code, text, errors = harness.run([platform.program, "journal", command, data], 240)
        check(code == 0, f"journal {command} ended with {code}:\n{text[-3000:]}\n{errors[-2000:]}")
        print(f"journal {command}: {text.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    harness.main(test)
