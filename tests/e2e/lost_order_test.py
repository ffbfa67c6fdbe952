#!/usr/bin/env python3
"""An order that its venue has lost, on real programs: the exchange simulator loses it without a word (`fault: lost_order`);
a person is told what is wrong and what ends it, two people sign its end, through a crash in between, and what was reserved
for it is free again.

usage: lost_order_test.py BIN_DIR
"""
import json
import os
import signal

import harness
import limits_test
from harness import check

LOSES, OTHER = "binance-spot:ETHUSDT", "binance-spot:BTCUSDT"
FAULTS = "rules:\n  - {fault: lost_order, symbol: ETHUSDT, from: 1s, every: 1s}\n"
# Room for one order of the two: each is worth some 300 USDT.
OPEN_NOTIONAL = "max_open_notional: 500000", "max_open_notional: 500"
DENIED, DIFFERENT, NOT_VERIFIED = 5, 7, 6


def platform_of(bin_dir, folder):
    faults = os.path.join(folder, "faults.yaml")
    with open(faults, "w", encoding="utf-8") as file:
        file.write(FAULTS)
    platform = limits_test.Platform(bin_dir, folder, strategies=harness.quiet_strategies(folder), flags=("--faults", faults))
    with open(platform.limits, encoding="utf-8") as file:
        text = file.read()
    check(text.count(OPEN_NOTIONAL[0]) == 1, "config/limits.yaml has another max_open_notional")
    with open(platform.limits, "w", encoding="utf-8") as file:
        file.write(text.replace(*OPEN_NOTIONAL))
    return platform


def resting(platform, instrument):
    """Arguments of an order of some 300 USDT that rests."""
    price = harness.reference_price(platform.ask, instrument) * 0.97
    return instrument, "buy", f"{300 / price:.4f}", "--price", str(int(price))


def field(text, name):
    return next((line.split(None, len(name.split()))[-1] for line in text.splitlines() if line.startswith(name + " ")), None)


def lost(platform):
    """Places an order that the exchange loses; its id, once execution has found that it is gone."""
    order = harness.place(platform.ask, *resting(platform, LOSES))

    def named():
        platform.ask("reconcile")
        return order in platform.cli("adjust", "list")
    harness.wait_until(named, 60, "execution finds that the venue has lost the order", 0.5)
    return order


def check_told(platform, order):
    """Wherever a person looks or is stopped: what is wrong, and what ends it."""
    remedy = f"`gannet adjust propose --order {order}`"
    said = platform.cli("status")
    check("degraded" in said and "the venue does not find" in said and "gannet adjust" in said, f"status: {said}")
    said = platform.cli("reconcile", code=DIFFERENT)
    check(f"the venue does not find order {order}; {remedy}" in said and "not found at the venue" in said, f"reconcile: {said}")
    said = platform.cli("adjust", "list")
    check(f"not found at binance-spot: order {order}" in said and remedy in said, f"adjust list: {said}")
    check("accepted" in platform.cli("order", "show", order), "it has ended without people")
    code, said = platform.ask("order", "amend", order, "--quantity", "0.01", "--reason", "test")
    check(code == DENIED and remedy in said, f"its amendment: {code} {said}")
    code, said = platform.ask("kill", "firm", "--drill", "--timeout", "3s", "--reason", "drill")
    check(code == NOT_VERIFIED and f"the venue does not find {order}" in said and "gannet adjust" in said, f"drill: {code} {said}")


def check_shut(platform):
    """What is reserved for it stays, and its instrument takes no order."""
    code, said, _ = harness.order(platform.ask, "submit", *resting(platform, OTHER))
    check(code == DENIED and "max_open_notional" in said, f"its reservation is gone before its end: {code} {said}")


def check_signed(platform, order):
    why = ("--reason", "the venue's support: purged")
    code, said = platform.ask("adjust", "propose", "--order", order, *why, person="ann")
    check(code == DENIED and "evidence" in said, f"no evidence: {code} {said}")
    said = platform.cli("adjust", "propose", "--order", order, "--evidence", "https://tickets/12", *why, person="ann")
    check(f"proposal 1: end with 0 filled of order {order}" in said, f"propose: {said}")
    check("another person" in platform.cli("adjust", "approve", "1", *why, code=DENIED, person="ann"), "approved one's own")
    platform.cli("adjust", "approve", "1", *why, code=1, person="tom")  # not his to do


def check_over(platform, order):
    shown = platform.cli("order", "show", order)
    check(field(shown, "state") == "canceled" and field(shown, "filled") == "0", f"its end: {shown}")
    check("proposed by ann" in shown and "approved by ben" in shown, f"who signed: {shown}")
    said = platform.cli("status")
    check("degraded" not in said and "does not find" not in said, f"status: {said}")
    check(platform.cli("adjust", "list").startswith("everything is explained"), "adjust list still names it")
    harness.place(platform.ask, *resting(platform, OTHER))  # its reservation is given back


def check_venue_agrees(platform):
    def equal():
        code, said = platform.ask("reconcile", "--json")
        return code == 0 and json.JSONDecoder().raw_decode(said)[0]
    found = harness.wait_until(equal, 30, "both sides are equal", 0.5)
    check(not found.get("halts") and not found.get("positions"), f"reconcile: {found}")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    platform = platform_of(bin_dir, folder)
    with platform.start("before") as program:
        order = lost(platform)
        check_told(platform, order)
        check_shut(platform)
        check_signed(platform, order)
        program.kill()
    with platform.start("after") as program:
        harness.wait_until(lambda: order in platform.cli("adjust", "list").partition("\n\n")[0], 60, "the order is missed after a crash too", 0.5)
        why = ("--reason", "looked at the ticket")
        check(f"order {order} has ended with 0 filled" in platform.cli("adjust", "approve", "1", *why, person="ben"), "approve")
        check_over(platform, order)
        check_venue_agrees(platform)
        program.send(signal.SIGTERM)
        check(program.wait(60) == 0, f"SIGTERM: {program.describe()}")


if __name__ == "__main__":
    harness.main(test)
