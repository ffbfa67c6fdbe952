#!/usr/bin/env python3
"""kill -9 in the middle of trading, again and again, and a start after each: no
order is lost or doubled, every fill is known once. The witness is the exchange
simulator, asked over its own signed REST API.

usage: kill_test.py BIN_DIR [KILLS]
"""
import collections
import decimal
import os
import random
import sys
import time

import harness
from harness import check

Decimal = decimal.Decimal


def kind_of(value):
    return value["kind"].removeprefix("EXEC_KIND_").removeprefix("INTENT_KIND_")


def symbol_of(instrument):
    return instrument.rsplit(":", 1)[-1]


class Believed:
    """What the platform's journal says of its orders and fills."""

    def __init__(self, intents, reports):
        cancels = {intent["client_order_id"] for intent in intents if kind_of(intent) == "CANCEL"}
        self.sent, self.refused, self.absent, self.last = set(), set(), set(), {}
        self.fills = {}
        for report in reports:
            order, kind = report["client_order_id"], kind_of(report)
            if order in cancels:
                continue  # no order of its own
            if kind == "JOURNALED":
                self.sent.add(order)
            elif kind == "REJECTED":
                self.refused.add(order)
            elif kind == "ABSENT":
                self.absent.add(order)
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


def compare(believed, records):
    venue_orders, venue_trades = {}, {}
    for symbol in records.symbols():
        for order in records.orders(symbol):
            name = order["clientOrderId"]
            check(name not in venue_orders, f"the venue has order {name} twice")
            venue_orders[name] = order
        for trade in records.trades(symbol):
            venue_trades[(symbol, str(trade["id"]))] = trade

    unknown = venue_orders.keys() - believed.sent
    check(not unknown, f"the venue has orders that the journal does not: {sorted(unknown)[:5]}")
    lost = believed.sent - venue_orders.keys() - believed.refused - believed.absent
    check(not lost, f"orders that the venue never had and the platform does not know to be absent: "
                    f"{[(name, kind_of(believed.last[name])) for name in sorted(lost)[:5]]}")
    wrong = venue_orders.keys() & believed.absent
    check(not wrong, f"taken for absent but at the venue: {sorted(wrong)[:5]}")

    missing = venue_trades.keys() - believed.fills.keys()
    check(not missing, f"fills that the platform does not know: {sorted(missing)[:5]}")
    invented = believed.fills.keys() - venue_trades.keys()
    check(not invented, f"fills that the venue does not have: {sorted(invented)[:5]}")
    prices, quantities = collections.defaultdict(list), collections.defaultdict(list)
    by_id = {order["orderId"]: name for name, order in venue_orders.items()}
    for key, trade in venue_trades.items():
        order, price, quantity = believed.fills[key]
        check(by_id[trade["orderId"]] == order, f"fill {key} is booked on order {order}, the venue says {by_id[trade['orderId']]}")
        prices[key[0]].append((price, trade["price"]))
        quantities[key[0]].append((quantity, trade["qty"]))
    for symbol in prices:
        same_scale(prices[symbol], f"prices of {symbol}")
        same_scale(quantities[symbol], f"quantities of {symbol}")
    return len(venue_orders), len(venue_trades)


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    data = os.path.join(folder, "data")
    platform = harness.Platform(bin_dir, data)
    moments = random.Random(7)
    for number in range(kills):
        with platform.start(folder, "--seed", "9", name=f"gannet-{number}") as program:
            seen = platform.counters()["orders"]
            program.wait_for(lambda: platform.counters()["orders"] > seen, 90, "a new order")
            time.sleep(moments.uniform(0.0, 3.0))
            check(program.running(), f"ended by itself: {program.describe()}")
            program.kill()
    with platform.start(folder, "--seed", "9", "--for", "12s", name="gannet-last") as program:
        code = program.wait(120)
        check(code == 0, f"the last run ended with {code}: {program.describe()}\n{harness.tail(platform.log)}")

    believed = Believed(platform.facts("order.intents.v1"), platform.facts("exec.reports.v1"))
    with harness.VenueRecords(bin_dir, os.path.join(data, "venue-sim"), folder) as records:
        orders, fills = compare(believed, records)
    check(orders > 0, "nothing was ordered: the test proves nothing")
    check(fills > 0, "nothing was filled: the test proves nothing")
    print(f"{kills} kills: {orders} orders and {fills} fills are the same on both sides", flush=True)

    for command in ("verify", "replay"):
        code, text, errors = harness.run([platform.program, "journal", command, data], 240)
        check(code == 0, f"journal {command} ended with {code}:\n{text[-2000:]}\n{errors[-2000:]}")
        print(f"journal {command}: {text.strip().splitlines()[-1] if text.strip() else 'fine'}", flush=True)


harness.main(test)
