#!/usr/bin/env python3
"""People steer the platform apart: an order, its cancel, the kill switch and its release
go through the gateway's gRPC and over a real Kafka, and each service answers for its part.

usage: distributed_rpc_test.py BIN_DIR
"""
import json
import os
import pathlib
import re
import subprocess

import harness
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
        done = subprocess.run([self.gannet, *arguments, "--data", os.path.join(self.data, service)], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def state(self, order):
        return self.ask("order", "show", order)[1]


def near_market(platform):
    """A price 3% below what risk takes for the market, once the platform trades."""
    def probe():
        said = platform.ask("order", "submit", BTC, "buy", "0.001", "--price", "20000")[1]
        found = re.search(r"price_collar: .* around (\d+)", said)
        return int(int(found[1]) * 0.97) if found else None
    return harness.wait_until(probe, 60, "risk judges an order by the market")


def buy(platform, price, *more, **where):
    """Its answer, once the book is proven and the message budget, which other answers have used, has room."""
    def answered():
        code, out = platform.ask("order", "submit", BTC, "buy", "0.001", "--price", price, *more, **where)
        return None if "messages in" in out or "book is not proven" in out else (code, out)
    return harness.wait_until(answered, 60, "a valid book and room in the message budget")


def steer(platform):
    def journaled():
        """At the start books are not valid yet and balances have not come."""
        price = str(near_market(platform))
        code, out = buy(platform, price, "--json")
        check(code in (0, 5), f"neither taken nor denied: {code} {out}")
        return (price, json.loads(out)) if code == 0 else None
    price, placed = harness.wait_until(journaled, 60, "an order that is journaled")
    order = placed["order"]["intent"]["client_order_id"]
    check(placed["progress"] == "ORDER_PROGRESS_JOURNALED", placed)
    harness.wait_until(lambda: "accepted" in platform.state(order), 30, "the order's acceptance")
    code, out = platform.ask("order", "cancel", order)
    check(code == 0, f"the cancel: {out}")
    harness.wait_until(lambda: "canceled" in platform.state(order), 30, "the cancel")
    code, out = platform.ask("kill", "firm", "--reason", "drill")
    check(code == 0 and "halted" in out, f"kill: {out}")
    code, out = buy(platform, price)
    check(code == 5 and "kill_switch" in out, f"an order while killed: {code} {out}")
    code, out = platform.ask("resume", "firm", "--reason", "drill is over")
    check(code == 0, f"resume: {out}")
    code, out = platform.ask("limits", "show", "firm", service="risk")
    check(code == 0 and "max_order_notional" in out, f"risk's own limits: {out}")
    # What decides can be stopped on the spot; the others hear of it.
    for service in ("risk", "execution"):
        code, out = platform.ask("kill", "firm", "--reason", "drill", service=service)
        check(code == 0 and "halted" in out, f"kill at {service}: {code} {out}")
        code, out = buy(platform, price)
        check(code == 5 and "kill_switch" in out, f"an order after a kill at {service}: {code} {out}")
        code, out = platform.ask("resume", "firm", "--reason", "drill is over")
        check(code == 0, f"resume: {out}")
    code, out = buy(platform, price, "--json", service="strategy")
    check(code == 0 and json.loads(out)["progress"] == "ORDER_PROGRESS_JOURNALED", f"an order given to strategy itself: {code} {out}")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-gateway"), os.path.join(bin_dir, "gannet-risk"))
    platform = Platform(bin_dir, folder)
    try:
        code, out, err = platform.local("up", "--bin", bin_dir, "--speed", "3", "--free-ports")
        if code == harness.SKIPPED:
            harness.skip(err.strip())
        check(code == 0, f"local up ended with {code}: {err}\n{out}")
        steer(platform)
    finally:
        code, out, err = platform.local("down")
    check(code == 0, f"local down ended with {code}: {err}\n{out}")


harness.main(test)
