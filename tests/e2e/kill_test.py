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
import csv
import decimal
import os
import random
import signal
import sys
import time

import harness
from harness import check

Decimal = decimal.Decimal
ROUNDS = 5  # one of each kind
FLAGS = ("--seed", "9", "--market-speed", "3")

# Trades from the third second on, and all the time: a few cancels and placements a
# second, in ten markets.
STRATEGIES = """
account: main/paper
stale_after: 5s
messages: {count: 60, window: 10s}
volatility: {span: 10, warm_up: 2}
cancel_on_drain: true
makers:
  - name: busy-maker
    instruments: ["binance-spot:*USDT"]
    quote_notional: 100
    max_position: 2000
    min_half_spread: 0.5bp
    volatility: 20%
    horizon: 1s
    skew: 50%
    refresh: 0.5bp
    min_life: 300ms
    pause_after_fill: 300ms
"""
CONFIG = """
market: venue-sim
limits: limits.yaml
strategies: strategies.yaml
execution:
  reconcile_every: 5s
"""


def kind_of(value):
    return value["kind"].removeprefix("EXEC_KIND_").removeprefix("INTENT_KIND_")


def symbol_of(instrument):
    return instrument.rsplit(":", 1)[-1]


class Believed:
    """What the platform's journal says of its orders and fills."""

    def __init__(self, intents, reports):
        cancels = {intent["client_order_id"] for intent in intents if kind_of(intent) == "CANCEL"}
        self.sent, self.last = set(), {}
        # Why there is no such order at the venue: it refused, it proved that it never had
        # it, or no byte of the request left.
        self.refused, self.absent, self.not_sent = set(), set(), set()
        self.fills = {}
        for report in reports:
            order, kind = report["client_order_id"], kind_of(report)
            if order in cancels:
                continue  # no order of its own
            if kind == "JOURNALED":
                check(order not in self.sent, f"order {order} is journaled twice")
                self.sent.add(order)
            elif kind == "REJECTED":
                self.refused.add(order)
            elif kind == "ABSENT":
                self.absent.add(order)
            elif kind == "NOT_SENT":
                self.not_sent.add(order)
            if report.get("fill"):
                self.add_fill(report)
            self.last[order] = report

    def add_fill(self, report):
        fill = report["fill"]
        key = (symbol_of(report["instrument"]), fill["trade_id"])
        check(key not in self.fills, f"the journal books fill {key} twice")
        self.fills[key] = (report["client_order_id"], int(fill["price"]), int(fill["quantity"]))


def same_scale(pairs, what):
    """Recorded integers are the venue's decimals at one scale an instrument."""
    scales = {Decimal(number) / Decimal(text) for number, text in pairs if Decimal(text) != 0}
    check(len(scales) <= 1, f"{what}: recorded numbers and the venue's differ by more than one scale: {sorted(scales)[:4]}")
    for scale in scales:
        check(scale.as_tuple().digits == (1,) or scale.normalize().as_tuple().digits == (1,), f"{what}: {scale} is no power of ten")


def compare_orders(believed, venue_orders):
    unknown = venue_orders.keys() - believed.sent
    check(not unknown, f"the venue has orders that the journal does not: {sorted(unknown)[:5]}")
    nowhere = believed.refused | believed.absent | believed.not_sent
    lost = believed.sent - venue_orders.keys() - nowhere
    check(not lost, f"orders that the venue never had and the platform does not know to be absent: "
                    f"{[(name, kind_of(believed.last[name])) for name in sorted(lost)[:5]]}")
    wrong = venue_orders.keys() & nowhere
    check(not wrong, f"taken for absent, refused or not sent but at the venue: {sorted(wrong)[:5]}")
    for name, order in venue_orders.items():
        state = believed.last[name]["state"].removeprefix("ORDER_STATE_")
        expected = {"NEW": "ACCEPTED", "EXPIRED_IN_MATCH": "EXPIRED"}.get(order["status"], order["status"])
        check(state == expected, f"order {name} is {order['status']} at the venue and {state} here, after {kind_of(believed.last[name])}")


def compare_fills(believed, venue_orders, venue_trades):
    missing = venue_trades.keys() - believed.fills.keys()
    check(not missing, f"fills that the platform does not know: {sorted(missing)[:5]}")
    invented = believed.fills.keys() - venue_trades.keys()
    check(not invented, f"fills that the venue does not have: {sorted(invented)[:5]}")
    prices, quantities = collections.defaultdict(list), collections.defaultdict(list)
    by_id = {(order["symbol"], order["orderId"]): name for name, order in venue_orders.items()}
    for key, trade in venue_trades.items():
        order, price, quantity = believed.fills[key]
        owner = by_id[(key[0], trade["orderId"])]
        check(owner == order, f"fill {key} is booked on order {order}, the venue says {owner}")
        prices[key[0]].append((price, trade["price"]))
        quantities[key[0]].append((quantity, trade["qty"]))
    for symbol in prices:
        same_scale(prices[symbol], f"prices of {symbol}")
        same_scale(quantities[symbol], f"quantities of {symbol}")


def compare_positions(out, venue_trades):
    """Of the store, over all runs: what the venue's trades sum to, less fees in the base asset."""
    net = collections.Counter()
    for (symbol, _), trade in venue_trades.items():
        fee = Decimal(trade["commission"]) if symbol.startswith(trade["commissionAsset"]) else 0
        net[symbol] += Decimal(trade["qty"]) * (1 if trade["isBuyer"] else -1) - fee
    with open(os.path.join(out, "positions.csv"), newline="", encoding="utf-8") as file:
        stored = collections.Counter()
        for row in csv.DictReader(file):
            stored[symbol_of(row["instrument"])] += Decimal(row["net"].removeprefix("'"))
    for symbol in net.keys() | stored.keys():
        check(net[symbol] == stored[symbol], f"position {symbol}: the venue's trades sum to {net[symbol]}, the store says {stored[symbol]}")


def compare(believed, records, out):
    venue_orders, venue_trades = {}, {}
    for symbol in records.symbols():
        for order in records.orders(symbol):
            name = order["clientOrderId"]
            check(name not in venue_orders, f"the venue has order {name} twice")
            venue_orders[name] = order
        for trade in records.trades(symbol):
            venue_trades[(symbol, str(trade["id"]))] = trade
    compare_orders(believed, venue_orders)
    compare_fills(believed, venue_orders, venue_trades)
    compare_positions(out, venue_trades)
    return len(venue_orders), len(venue_trades)


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

    def settle(self, program):
        """Until the fate of every order is known again; to prove that one never arrived takes some 13 seconds."""
        self.trade(program, 0.0, 1.0)
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
        texts = {"limits.yaml": limits.read(), "strategies.yaml": STRATEGIES, "gannet.yaml": CONFIG}
    for name, text in texts.items():
        with open(os.path.join(path, name), "w", encoding="utf-8") as file:
            file.write(text)
    return os.path.join(path, "gannet.yaml")


def test(bin_dir, folder):
    options = arguments()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    data, out = os.path.join(folder, "data"), os.path.join(folder, "out")
    platform = harness.Platform(bin_dir, data, "--config", configure(folder))
    killer = Killer(platform, folder, options.seed)
    killer.rounds(options.rounds)
    with killer.launch("--out", out) as program:
        killer.settle(program)
        program.send(signal.SIGTERM)
        code = program.wait(40)
        check(code == 0, f"the last run ended with {code}: {program.describe()}\n{harness.tail(platform.log)}")

    believed = Believed(platform.facts("order.intents.v1"), platform.facts("exec.reports.v1"))
    with harness.VenueRecords(bin_dir, os.path.join(data, "venue-sim"), folder) as records:
        orders, fills = compare(believed, records, out)
    check(orders >= 8 * options.rounds, f"only {orders} orders: the test proves little")
    check(fills >= options.rounds, f"only {fills} fills: the test proves little")
    kinds = collections.Counter(kind_of(report) for report in believed.last.values())
    print(f"seed {options.seed}, {dict(killer.done)}: {orders} orders and {fills} fills are the same on both sides; "
          f"absent {len(believed.absent)}, refused {len(believed.refused)}, not sent {len(believed.not_sent)}, ended as {dict(kinds)}", flush=True)

    for command in ("verify", "replay"):
        code, text, errors = harness.run([platform.program, "journal", command, data], 240)
        check(code == 0, f"journal {command} ended with {code}:\n{text[-3000:]}\n{errors[-2000:]}")
        print(f"journal {command}: {text.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    harness.main(test)
