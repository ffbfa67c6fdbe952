#!/usr/bin/env python3
"""Both sides compared and the kill switch to its verified end, on real programs: `gannet
reconcile`, `gannet kill --drill` and `gannet adjust` against a trading `gannet run`; an order
made by hand at the exchange is found, booked to EXTERNAL and withdrawn.

With --apart: over a real Kafka; then risk and the broker are killed (-9) and the kill switch
is given where execution runs. Both come back: they hear of the kill, a person resumes, it trades,
and orders, fills and positions are the same on both sides.

usage: truth_test.py BIN_DIR [--apart]
"""
import json
import os
import re
import sys
import time

import harness
from harness import ask, check

EQUAL, DIFFERENT, NOT_VERIFIED, NOT_KNOWN = 0, 7, 6, 8


def wait_equal(gannet, data, *flags, such=lambda found: True):
    """A comparison that finds both sides equal: what differs while orders and fills are under way is gone a moment later.
    `such`: what else it must show."""
    last = []

    def equal():
        code, said = harness.ask(gannet, data, "reconcile", *flags, "--json")
        last[:] = [said]
        check(code in (EQUAL, DIFFERENT), f"reconcile {flags}: {code} {said}")
        found, _ = json.JSONDecoder().raw_decode(said)
        check(bool(found.get("equal")) == (code == EQUAL), f"exit code {code} beside {said[:500]}")
        return found if code == EQUAL and such(found) else None
    try:
        return harness.wait_until(equal, 30, f"reconcile {flags} finds both sides equal")
    except harness.Failure as failure:
        raise harness.Failure(f"{failure}: {last[0][:2000]}") from None


def one_process(bin_dir, folder):
    data = os.path.join(folder, "data")
    platform = harness.Platform(bin_dir, data)
    with platform.start(folder) as program:
        gannet = platform.program
        harness.wait_until(lambda: platform.facts("exec.reports.v1"), 90, "the first report")
        configured_names_are_known(gannet, data)
        address = harness.wait_until(lambda: harness.venue_address(program), 30, "the exchange's address")
        exchange = harness.VenueAccount(address, os.path.join(data, "venue-sim"))
        harness.wait_until(exchange.open_orders, 90, "orders that rest")

        found = wait_equal(gannet, data, "--dry-run")
        def for_people():
            code, text = ask(gannet, data, "reconcile", "--dry-run")
            return code == EQUAL and "balances" in text and "\nequal\n" in text
        harness.wait_until(for_people, 30, "reconcile tells people that both sides are equal")
        print(f"reconcile: equal while it trades, {len(found.get('orders', []))} orders, {found.get('equalFills', 0)} fills", flush=True)

        exchange.signed("/api/v3/order", "POST", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.001",
                        price=cheap(exchange), newClientOrderId="web_by_hand")
        harness.wait_until(lambda: "EXTERNAL" in ask(gannet, data, "order", "list", "--open", "--strategy", "EXTERNAL")[1], 30,
                           "the order made by hand is booked to EXTERNAL")
        wait_equal(gannet, data, such=lambda found: any(row.get("strategy") == "EXTERNAL" for row in found.get("orders", [])))

        code, text = ask(gannet, data, "adjust", "propose", "USDT", "--as", "result", "--reason", "nothing differs")
        check(code == 5, f"an adjustment of nothing: {code} {text}")
        code, text = ask(gannet, data, "adjust", "propose", "--order", "web_by_hand", "--evidence", "none", "--reason", "the venue lists it")
        check(code == 5 and "does not find" in text, f"the end of an order that is listed: {code} {text}")
        code, text = ask(gannet, data, "adjust", "list")
        check(code == 0 and "explained" in text, f"adjust list: {code} {text}")

        def fills():
            return [report for report in platform.facts("exec.reports.v1") if report.get("kind") == "EXEC_KIND_FILL"]
        harness.wait_until(fills, 120, "a fill")

        code, text = ask(gannet, data, "kill", "firm", "--drill", "--reason", "drill")
        check(code == 0 and "command to verified end state" in text and "off again" in text, f"drill: {code} {text}")
        print(text, flush=True)
        restricted_is_not_drilled(gannet, data)
        code, text = ask(gannet, data, "kill", "firm", "--reason", "now for good")
        check(code == 0 and "verified after" in text, f"kill: {code} {text}")
        check(exchange.open_orders() == [], f"orders after the kill: {exchange.open_orders()}")
        def all_booked():
            """Once the newest is on disk."""
            kinds = [event["kind"] for event in platform.facts("exec.events.v1")]
            return kinds if kinds.count("ACCOUNT_EVENT_KIND_FILL") == len(fills()) else None
        kinds = harness.wait_until(all_booked, 20, "an account event for each fill")
        print(f"{kinds.count('ACCOUNT_EVENT_KIND_FILL')} fills are account events, kinds: {sorted(set(kinds))}", flush=True)


def configured_names_are_known(gannet, data):
    """A strategy that has not traded yet is no spelling mistake; what nobody has configured may be one."""
    with open("config/strategies.yaml", encoding="utf-8") as file:
        names = re.findall(r"^  - name: (\S+)$", file.read(), re.M)
    check(len(names) > 1, "config/strategies.yaml has no names")
    for name, known in ((*((name, True) for name in names), (names[0] + "x", False))):
        code, text = ask(gannet, data, "halt", f"strategy:{name}", "--reason", "looked at")
        check(code == (0 if known else NOT_KNOWN) and ("NOT KNOWN" in text) != known, f"halt of {name}: {code} {text}")
        code, text = ask(gannet, data, "resume", f"strategy:{name}", "--reason", "looked at")
        check(code == 0, f"resume of {name}: {code} {text}")
    code, text = ask(gannet, data, "kill", f"strategy:{names[0]}x", "--drill", "--reason", "misspelt")
    check(code == NOT_KNOWN and "NOT KNOWN" in text and "off again" in text, f"drill of a misspelt strategy: {code} {text}")
    code, text = ask(gannet, data, "status")
    check(code == 0 and f"{names[0]}x" not in text, f"a drill left its switch behind: {text}")


def restricted_is_not_drilled(gannet, data):
    """The end of a drill would lift what holds for another reason."""
    for state, *restrict in (("halted, kill switch on", "kill", "strategy:maker"),
                             ("reducing: only orders that reduce", "halt", "strategy:maker", "--state", "reducing"),
                             ("cancel_only: no orders, cancels", "halt", "strategy:maker", "--state", "cancel-only")):
        code, text = ask(gannet, data, *restrict, "--reason", "runaway quotes")
        check(code == 0, f"{restrict}: {code} {text}")
        code, text = ask(gannet, data, "status")
        check(code == 0 and re.search(f"^strategy:maker +{state} +runaway quotes ", text, re.M), f"status after {restrict}: {code} {text}")
        code, text = ask(gannet, data, "kill", "strategy:maker", "--drill", "--reason", "monthly")
        check(code != 0 and "runaway quotes" in text, f"drill of a restricted scope: {code} {text}")
        code, text = ask(gannet, data, "resume", "strategy:maker", "--reason", "looked at")
        check(code == 0, f"resume: {code} {text}")


def cheap(exchange):
    """Far below the market: it rests."""
    return str(round(float(exchange.get("/api/v3/ticker/price", symbol="BTCUSDT")["price"]) * 0.9, 0))


def apart(bin_dir, folder):
    import outage_test  # only here: it wants a Kafka
    outage = outage_test.Outage(bin_dir, folder, [])
    local = outage.local
    try:
        local.up()
        local.wait_trading()
        harness.wait_until(lambda: outage.venue_orders() > 0, 60, "orders that rest")
        local.kill("risk")
        local.kill("kafka")
        resting, began = outage.venue_orders(), time.monotonic()
        code, text = outage.ask("execution", "kill", "firm", "--drill", "--keep", "--reason", "risk and Kafka are gone")
        check(code == 0 and "risk has not answered" not in text, f"kill where execution runs: {code} {text}")
        check(outage.venue_orders() == 0, f"{outage.venue_orders()} orders rest after the verified end")
        print(f"risk and Kafka down: {resting} orders withdrawn, verified after {time.monotonic() - began:.1f} s\n{text}", flush=True)
        wait_equal(outage.gannet, os.path.join(local.data, "execution"), "--dry-run")

        local.up()
        outage.wait_serving(120)
        harness.wait_until(outage.killed, 60, "the gateway shows the kill that was given without Kafka")
        check(outage.venue_orders() == 0, f"{outage.venue_orders()} orders rest while the firm is killed")
        code, text = outage.ask("gateway", "resume", "firm", "--reason", "risk and Kafka are back")
        check(code == 0, f"resume at the gateway: {code} {text}")
        local.wait_trading()
        print("risk and Kafka are back: they know of the kill; resumed, it trades", flush=True)
        distributed = outage_test.distributed_test
        harness.wait_until(lambda: distributed.reached_venue(local) >= distributed.ENOUGH_ORDERS, 120, "enough orders to compare")
        distributed.wait_settled(local)
        local.stop_trading()
        local.down()
        distributed.check_truth(local, folder)
    finally:
        local.call("down", outage_test.distributed_test.DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    if "--apart" in sys.argv[2:]:
        apart(bin_dir, folder)
    else:
        one_process(bin_dir, folder)


if __name__ == "__main__":
    harness.main(test)
