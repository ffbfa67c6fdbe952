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
import functools
import json
import os
import random
import re
import signal
import sys
import time
import types

import harness
import redis_test
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


def gateway(platform):
    """Where it listens, for a person at the page."""
    with open(platform.log, "rb") as file:
        file.seek(platform.log_start)
        return types.SimpleNamespace(port=int(re.search(rb'"event":"gateway_listening".*?"port":(\d+)', file.read()).group(1)))


def shown(platform, program, held, resting):
    """By the page's API and the command line: one position and one open order; of both what is exact."""
    def cli(*words):
        code, said = harness.ask(platform.program, platform.data, *words, "--json")
        check(code == 0, f"{words} ended with {code}: {said}")
        return json.loads(said)

    def limits():
        return {row["limit"]: row["used"] for row in platform._ask("/api/v1/limits") if row["scope"] == "firm"}
    listed = [order["intent"]["client_order_id"] for order in cli("order", "list", "--open").get("orders", [])]
    check(listed == [resting], f"open orders on the command line: {listed}, not {resting}")
    order = cli("order", "show", resting)["order"]
    check(order["state"].endswith("ACCEPTED") and order["intent"]["type"].endswith("LIMIT"), f"the order is shown as {order}")
    positions = cli("position", "list").get("positions", [])
    check([row["instrument"] for row in positions] == [held], f"positions on the command line: {positions}")
    # What it is worth is known with the first quote.
    program.wait_for(lambda: float(limits().get("max_gross") or 0) > 0, 60, "a position that counts against its limit")
    check(limits()["max_open_orders"] == "1", f"limits: {limits()}")
    orders = [row for row in platform._ask("/api/v1/orders") if not row["final"]]
    check([row["client_order_id"] for row in orders] == [resting], f"open orders of the page: {orders}, not {resting}")
    page = platform._ask("/api/v1/positions")
    check([row["instrument"] for row in page] == [held], f"positions of the page: {page}")
    return [{name: page[0][name] for name in ("account", "strategy", "net", "average_price", "realized_pnl", "fees")},
            {name: orders[0][name] for name in ("state", "price", "quantity", "filled", "created")}]


def stands(bin_dir, folder):
    """Nobody trades but a person, so that what stands at the kill is what must be shown after it."""
    os.mkdir(folder)
    with open(harness.quiet_strategies(folder), encoding="utf-8") as strategies:
        config = configure(folder, strategies.read())
    platform = Platform(bin_dir, os.path.join(folder, "data"), "--config", config)
    ask = functools.partial(harness.ask, platform.program, platform.data)
    held, rests = "binance-spot:ETHUSDT", "binance-spot:BTCUSDT"
    with platform.start(folder, name="stands-1") as program:
        user = platform.first_sign_in(program)
        market = harness.reference_price(ask, held)
        harness.place(ask, held, "buy", "0.05", "--price", str(int(market * 1.02)))
        resting = harness.place(ask, rests, "buy", "0.002", "--price", str(int(harness.reference_price(ask, rests) * 0.97)))

        def both():
            orders = [row for row in platform._ask("/api/v1/orders") if not row["final"]]
            positions = platform._ask("/api/v1/positions")
            return positions and [row["state"] for row in orders] == ["ACCEPTED"]
        program.wait_for(both, 60, "one position and one open order")
        before = shown(platform, program, held, resting)
        program.kill()
    with platform.start(folder, name="stands-2") as program:
        after = shown(platform, program, held, resting)
        check(after == before, f"it was {before} and is {after}")
        program.wait_for(lambda: "open orders 1 " in program.out(), 60, "the terminal shows the order")
        code, said, _ = harness.order(ask, "amend", resting, "--quantity", "0.001", "--reason", "test")
        check(code == 0, f"the order is not amended: {code} {said}")
        program.wait_for(lambda: [float(row["quantity"]) for row in platform._ask("/api/v1/orders")] == [0.001], 60, "the amendment")
        program.kill()
    with platform.start(folder, name="stands-3") as program:
        person = redis_test.Person()
        check(person.sign_in(gateway(platform), *user).status == 200, "the sign-in is refused")
        check(float(shown(platform, program, held, resting)[1]["quantity"]) == 0.001, "the amendment is forgotten")

        def cancelled():
            return json.loads(person.ask(gateway(platform), "POST", "/api/v1/orders/cancel-all", {"scope": "firm", "reason": "test"}).body)
        answer = cancelled()
        check(answer["orders_before"] == 1, f"cancel-all: {answer}")
        check(answer["verified"] or program.wait_for(lambda: cancelled().get("verified"), 60, "the verified end of a cancel-all"), f"cancel-all: {answer}")
        check(all(row["final"] for row in platform._ask("/api/v1/orders")), "the order is open after the verified end")
        check(platform.drain(program), f"did not end in order: {harness.tail(platform.log)}")
    code, said, errors = harness.run([platform.program, "journal", "replay", platform.data], 120)
    check(code == 0, f"journal replay ended with {code}:\n{said[-2000:]}\n{errors[-1000:]}")
    print("what stood at a kill is shown after it: an order, a position, limits in use", flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def configure(folder, strategies=None):
    """`strategies`: a text in place of a busy maker."""
    path = os.path.join(folder, "config")
    os.mkdir(path)
    with open("config/limits.yaml", encoding="utf-8") as limits:
        texts = {"limits.yaml": limits.read(), "strategies.yaml": strategies or truth.STRATEGIES, "gannet.yaml": CONFIG}
    for name, text in texts.items():
        with open(os.path.join(path, name), "w", encoding="utf-8") as file:
            file.write(text)
    return os.path.join(path, "gannet.yaml")


def test(bin_dir, folder):
    options = arguments()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    stands(bin_dir, os.path.join(folder, "stands"))
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
