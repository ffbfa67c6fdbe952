#!/usr/bin/env python3
"""People steer the platform apart: an order, its cancel, the kill switch and its release
go through the gateway's gRPC and over a real Kafka, and each service answers for its part;
what stands is shown when the gateway or execution alone is killed and started again.

usage: distributed_rpc_test.py BIN_DIR
"""
import functools
import json
import os
import pathlib
import re
import signal
import types

import harness
import redis_test
from harness import check

LOCAL = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "local"
BTC = "binance-spot:BTCUSDT"


class Platform:
    def __init__(self, bin_dir, folder):
        self.gannet, self.bin_dir, self.data = os.path.join(bin_dir, "gannet"), bin_dir, os.path.join(folder, "data")

    def local(self, command, *flags):
        return harness.run([LOCAL, command, "--data", self.data, *flags], 240)

    def ask(self, *arguments, service="gateway"):
        """Exit code and output."""
        return harness.ask(self.gannet, os.path.join(self.data, service), *arguments)

    def buy(self, price, *more, service="gateway", passing=()):
        """Exit code and output."""
        return harness.order(functools.partial(self.ask, service=service), "submit", BTC, "buy", "0.001", "--price", price, *more, passing=passing)[:2]

    def state(self, order):
        return self.ask("order", "show", order)[1]


def below(platform):
    """The market of now, so that what is bought for it rests."""
    return str(int(harness.reference_price(platform.ask, BTC) * 0.97))


def steer(platform):
    price = below(platform)
    code, out = platform.buy(price, "--json")
    check(code == 0, f"an order: {code} {out}")
    placed = json.loads(out)
    order = placed["order"]["intent"]["client_order_id"]
    check(placed["progress"] == "ORDER_PROGRESS_JOURNALED", placed)
    harness.wait_until(lambda: "accepted" in platform.state(order), 30, "the order's acceptance")
    code, out = platform.ask("order", "cancel", order)
    check(code == 0, f"the cancel: {out}")
    harness.wait_until(lambda: "canceled" in platform.state(order), 30, "the cancel")
    code, out = platform.ask("kill", "firm", "--reason", "drill")
    check(code == 0 and "halted" in out, f"kill: {out}")
    code, out = platform.buy(price)
    check(code == 5 and "kill_switch" in out, f"an order while killed: {code} {out}")
    code, out = platform.ask("resume", "firm", "--reason", "drill is over")
    check(code == 0, f"resume: {out}")
    code, out = platform.ask("limits", "show", "firm", service="risk")
    check(code == 0 and "max_order_notional" in out, f"risk's own limits: {out}")
    # What decides can be stopped on the spot; the others hear of it.
    for service in ("risk", "execution"):
        code, out = platform.ask("kill", "firm", "--reason", "drill", service=service)
        check(code == 0 and "halted" in out, f"kill at {service}: {code} {out}")
        code, out = platform.buy(price)
        check(code == 5 and "kill_switch" in out, f"an order after a kill at {service}: {code} {out}")
        code, out = platform.ask("resume", "firm", "--reason", "drill is over")
        check(code == 0, f"resume: {out}")
    # Of the release each hears in its own time.
    code, out = platform.buy(below(platform), "--json", service="strategy", passing=("KILL_SWITCH", "TRADING_STATE"))
    check(code == 0 and json.loads(out)["progress"] == "ORDER_PROGRESS_JOURNALED", f"an order given to strategy itself: {code} {out}")


def rests(platform):
    """What a person has bought, and an order of theirs that rests."""
    market = harness.reference_price(platform.ask, BTC)
    code, out = platform.buy(str(int(market * 1.02)))
    check(code == 0, f"a purchase: {code} {out}")
    code, out = platform.buy(below(platform), "--json")
    check(code == 0, f"an order: {code} {out}")
    return json.loads(out)["order"]["intent"]["client_order_id"]


def shows(platform, order):
    """Whether the gateway shows both; by whose strategy they are."""
    orders, positions = (platform.ask(*words, "--json") for words in (("order", "list", "--open"), ("position", "list")))
    if orders[0] != 0 or positions[0] != 0:
        return None  # not heard of everything yet
    open_orders = [row["intent"]["client_order_id"] for row in json.loads(orders[1]).get("orders", [])]
    held = [row["strategy"] for row in json.loads(positions[1]).get("positions", []) if row["strategy"].startswith("manual/") and row["instrument"] == BTC]
    return held[0] if order in open_orders and held else None


def at_the_page(platform):
    """Somebody signed in, and where."""
    with open(os.path.join(platform.data, "gateway.log"), encoding="utf-8") as file:
        ports = re.findall(r'"event":"gateway_listening".*?"port":(\d+)', file.read())
    with open(os.path.join(platform.data, "gateway", "first-password"), encoding="ascii") as file:
        user, password = re.fullmatch(r"user (\S+)\npassword (\S+)\n", file.read()).groups()
    person, gateway = redis_test.Person(), types.SimpleNamespace(port=int(ports[-1]))
    check(person.sign_in(gateway, user, password).status == 200, "the sign-in is refused")
    return person, gateway


def start_alone(platform, bin_dir):
    order = rests(platform)
    strategy = harness.wait_until(lambda: shows(platform, order), 60, "an order and a position")
    for service in ("gateway", "execution"):
        with open(os.path.join(platform.data, f"{service}.pid"), encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        code, out, err = platform.local("up", "--bin", bin_dir, "--speed", "3", "--free-ports")
        check(code == 0, f"{service} is not started again: {err}\n{out}")
        harness.wait_until(lambda: shows(platform, order), 60, f"an order and a position after {service} was killed")
    person, gateway = at_the_page(platform)
    wanted = {"scope": "strategy", "name": strategy, "reason": "test"}
    harness.wait_until(lambda: json.loads(person.ask(gateway, "POST", "/api/v1/orders/cancel-all", wanted).body).get("verified"), 60,
                       "the verified end of a cancel-all")
    harness.wait_until(lambda: "canceled" in platform.state(order), 30, "the end of the order")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-gateway"), os.path.join(bin_dir, "gannet-risk"))
    platform = Platform(bin_dir, folder)
    try:
        code, out, err = platform.local("up", "--bin", bin_dir, "--speed", "3", "--free-ports")
        if code == harness.SKIPPED:
            harness.skip(err.strip())
        check(code == 0, f"local up ended with {code}: {err}\n{out}")
        steer(platform)
        start_alone(platform, bin_dir)
    finally:
        code, out, err = platform.local("down")
    check(code == 0, f"local down ended with {code}: {err}\n{out}")


harness.main(test)
