#!/usr/bin/env python3
"""Both sides compared and the kill switch to its verified end, on real programs: `gannet
reconcile`, `gannet kill --drill` and `gannet adjust` against a trading `gannet run`; an order
made by hand at the exchange is found, booked to EXTERNAL and withdrawn.

With --apart: over a real Kafka; then risk and the broker are killed (-9) and the kill switch
is given where execution runs. Both come back: they hear of the kill, a person resumes, it trades,
and orders, fills and positions are the same on both sides.

usage: truth_test.py BIN_DIR [--apart]
"""
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.parse
import urllib.request

import harness
from harness import check

EQUAL, DIFFERENT, NOT_VERIFIED = 0, 7, 6


class Exchange:
    """The exchange of a running platform, as somebody who has the account's key."""

    def __init__(self, data, base):
        self.base = base
        self.key, self.secret = (open(os.path.join(data, name), encoding="ascii").read().strip() for name in ("api-key", "api-secret"))

    def signed(self, path, method="GET", **parameters):
        query = urllib.parse.urlencode({**parameters, "timestamp": int(time.time() * 1000), "recvWindow": 30000})
        signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"{self.base}{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": self.key}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def open_orders(self):
        return self.signed("/api/v3/openOrders")


def ask(gannet, data, *arguments, seconds=60):
    code, out, err = harness.run([gannet, *arguments, "--data", data], seconds)
    return code, out + err


def compare(gannet, data, *flags):
    """Exit code and the comparison; a venue that asks for a pause is asked again."""
    code, out, err = harness.run([gannet, "reconcile", *flags, "--json", "--timeout", "30s", "--data", data], 60)
    check(code in (EQUAL, DIFFERENT), f"reconcile {flags}: {code} {out} {err}")
    found = json.loads(out)
    check(bool(found.get("equal")) == (code == EQUAL), f"exit code {code} beside {out[:500]}")
    return code, found


def one_process(bin_dir, folder):
    data = os.path.join(folder, "data")
    platform = harness.Platform(bin_dir, data)
    with platform.start(folder) as program:
        gannet = platform.program
        harness.wait_until(lambda: platform.facts("exec.reports.v1"), 90, "the first report")
        address = harness.wait_until(lambda: venue_address(program), 30, "the exchange's address")
        exchange = Exchange(os.path.join(data, "venue-sim"), address)
        harness.wait_until(exchange.open_orders, 90, "orders that rest")

        code, found = compare(gannet, data, "--dry-run")
        check(code == EQUAL, f"a platform that trades differs from its venue: {json.dumps(found)[:2000]}")
        code, text = ask(gannet, data, "reconcile", "--dry-run", "--timeout", "30s")
        check(code == EQUAL and "balances" in text and "equal" in text, f"reconcile for people: {code} {text}")
        print(f"reconcile: equal while it trades, {len(found.get('orders', []))} orders, {found.get('equalFills', 0)} fills", flush=True)

        exchange.signed("/api/v3/order", "POST", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.001",
                        price=cheap(exchange), newClientOrderId="web_by_hand")
        harness.wait_until(lambda: "EXTERNAL" in ask(gannet, data, "order", "list", "--open", "--strategy", "EXTERNAL")[1], 30,
                           "the order made by hand is booked to EXTERNAL")
        code, found = compare(gannet, data)
        check(code == EQUAL, f"with an order by hand: {json.dumps(found)[:2000]}")
        check(any(row.get("strategy") == "EXTERNAL" for row in found["orders"]), f"it is not among {found['orders']}")

        code, text = ask(gannet, data, "adjust", "propose", "USDT", "--reason", "nothing differs")
        check(code == 5, f"an adjustment of nothing: {code} {text}")
        code, text = ask(gannet, data, "adjust", "list")
        check(code == 0 and "explained" in text, f"adjust list: {code} {text}")

        code, text = ask(gannet, data, "kill", "firm", "--drill", "--reason", "drill", "--timeout", "40s")
        check(code == 0 and "command to verified end state" in text and "off again" in text, f"drill: {code} {text}")
        print(text, flush=True)
        code, text = ask(gannet, data, "kill", "firm", "--reason", "now for good", "--timeout", "40s")
        check(code == 0 and "verified after" in text, f"kill: {code} {text}")
        check(exchange.open_orders() == [], f"orders after the kill: {exchange.open_orders()}")
        kinds = {event["kind"] for event in platform.facts("exec.events.v1")}
        fills = sum(1 for report in platform.facts("exec.reports.v1") if report.get("kind") == "EXEC_KIND_FILL")
        booked = sum(1 for event in platform.facts("exec.events.v1") if event["kind"] == "ACCOUNT_EVENT_KIND_FILL")
        check(fills == booked, f"{fills} fills, {booked} account events of fills")
        print(f"{booked} fills are account events, kinds: {sorted(kinds)}", flush=True)


def cheap(exchange):
    """Far below the market: it rests."""
    with urllib.request.urlopen(f"{exchange.base}/api/v3/ticker/price?symbol=BTCUSDT", timeout=20) as answer:
        return str(round(float(json.load(answer)["price"]) * 0.9, 0))


def listening(pid):
    """TCP ports of a process."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii").readlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]


def venue_address(program):
    """Of the exchange that `gannet run` has started: the port that answers a ping."""
    for pid in harness.children(program.process.pid):
        for port in listening(pid):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v3/ping", timeout=5):
                    return f"http://127.0.0.1:{port}"
            except OSError:
                continue
    return None


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
        code, text = outage.ask("execution", "kill", "firm", "--drill", "--keep", "--reason", "risk and Kafka are gone", "--timeout", "40s")
        check(code == 0 and "risk has not answered" not in text, f"kill where execution runs: {code} {text}")
        check(outage.venue_orders() == 0, f"{outage.venue_orders()} orders rest after the verified end")
        print(f"risk and Kafka down: {resting} orders withdrawn, verified after {time.monotonic() - began:.1f} s\n{text}", flush=True)
        code, text = outage.ask("execution", "reconcile", "--dry-run", "--timeout", "30s")
        check(code == EQUAL, f"reconcile without Kafka: {code} {text}")

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
        harness.wait_until(lambda: not distributed.unsettled(local), 90, f"the fate of every order: {distributed.unsettled(local)}")
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
