#!/usr/bin/env python3
"""What stands around the services is missing: the broker, the database and the exchange at
their start, then each of them while the platform runs, and the clock of one service. The
state is seen (readiness, `gannet status`) with its reason, and everything settles by itself.

With --node: people steer the low-latency node by its own socket, with Kafka and without.

usage: outage_test.py BIN_DIR [--node]
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import distributed_test
import harness
import places
from harness import check

BTC = "binance-spot:BTCUSDT"
NODE = ["strategy", "risk", "execution"]


class Outage:
    def __init__(self, bin_dir, folder, node):
        self.local = distributed_test.Local(bin_dir, folder, node)
        self.bin_dir, self.folder, self.data = bin_dir, folder, self.local.data
        self.gannet = os.path.join(bin_dir, "gannet")
        apart = ["reporting", "gateway", "execution", "risk", "strategy", "ml-inference", "news-signal", "ingest"]
        self.services = (["node"] if node else []) + [name for name in apart if name not in node]

    def ask(self, service, *arguments):
        """Exit code and output of a command given to that process."""
        return harness.ask(self.gannet, os.path.join(self.data, service), *arguments)

    def why(self, service):
        """Why it is not in full service; nothing when it is."""
        code, text = self.ask(service, "status", "--json")
        if code != 0:
            return f"no status: {text}"
        return "; ".join(f"{row['service']}: {reason}" for row in json.loads(text)["services"] for reason in row["reasons"] or
                         ([] if row["state"] == "HEALTH_STATE_SERVING" else [row["state"]]))

    def wait_said(self, service, *words, seconds=40):
        harness.wait_until(lambda: all(word in self.why(service) for word in words), seconds, f"{service} says {words}")

    def wait_serving(self, seconds=60):
        for service in self.services:
            try:
                harness.wait_until(lambda service=service: not self.why(service), seconds, f"{service} serves")
            except harness.Failure as failure:
                raise harness.Failure(f"{failure}: {self.why(service)}\n{harness.tail(self.local.log(service), 1500)}") from None

    def kafka(self, *arguments):
        code, out, err = harness.run([distributed_test.LOCAL.parent / "kafka-dev", "--dir", os.path.join(self.data, "kafka"), *arguments], 90)
        check(code == 0, f"kafka-dev {arguments}: {code} {out} {err}")

    def launch(self, service, environment=None):
        """As tools/local starts it, which then leaves it alone."""
        config = pathlib.Path(self.data, "config")
        command = [os.path.join(self.bin_dir, f"gannet-{service}"), "--data", os.path.join(self.data, service), "--bus", str(config / "bus.yaml")]
        if (config / f"{service}.yaml").exists():
            command += ["--config", str(config / f"{service}.yaml")]
        command += ["--rpc-address", "127.0.0.1:0"]
        log = pathlib.Path(self.local.log(service))
        pathlib.Path(self.data, f"{service}.offset").write_text(str(log.stat().st_size), encoding="ascii")
        with open(log, "ab") as out:
            child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
                                     env={**os.environ, **(environment or {})})
        started = pathlib.Path(f"/proc/{child.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        pathlib.Path(self.data, f"{service}.pid").write_text(f"{child.pid} {started}", encoding="ascii")
        return child

    def venue_orders(self):
        """How many of ours rest at the exchange."""
        line = next(text for text in reversed(open(self.local.log("venue-sim"), encoding="utf-8").readlines()) if text.startswith("ready "))
        base = dict(word.split("=", 1) for word in line.split()[1:])["http"]
        return len(harness.VenueAccount(base, os.path.join(self.data, "venue-sim")).open_orders())

    # --- apart -----------------------------------------------------------------------

    def absent_at_start(self):
        """Nothing is there but the services, in any order; then the rest comes."""
        children = {service: self.launch(service) for service in reversed(self.services)}
        for service in self.services:
            if service == "reporting" and self.local.store():  # it has nothing to show before it has its rows
                log = self.local.log(service)
                since = int(pathlib.Path(self.data, "reporting.offset").read_text(encoding="ascii"))
                harness.wait_until(lambda log=log, since=since: harness.logged(log, "waiting_for_store", since), 60, "reporting says that it waits")
            else:
                self.wait_said(service, "127.0.0.1:", seconds=60)
        ended = {service: child.poll() for service, child in children.items() if child.poll() is not None}
        check(not ended, f"without a broker, a database and an exchange these ended: {ended}")
        print("started without broker, database and exchange: " + self.why("risk")[:160], flush=True)
        self.local.up()
        self.wait_serving()
        self.local.wait_trading()
        ended = {service: child.poll() for service, child in children.items() if child.poll() is not None}
        check(not ended, f"these had to be started again: {ended}")
        print("all came, and it trades", flush=True)

    def lost_while_running(self):
        self.local.kill("kafka")
        for service in ("risk", "ingest", "gateway"):
            self.wait_said(service, "bus", "127.0.0.1:")
        self.local.up()
        self.wait_serving()
        self.local.wait_trading()
        if self.local.store():
            self.local.kill("postgres")
            self.wait_said("reporting", "postgres://")
            self.local.up()
            self.wait_serving()
        self.local.kill("venue-sim")
        self.wait_said("ingest", "binance-spot")
        self.wait_said("execution", "execution")
        self.local.up()
        self.wait_serving()
        self.local.wait_trading()
        print("broker, database and exchange lost and back: seen, and it trades", flush=True)

    def clock_of_one(self):
        """The clock of risk is wrong: nothing is sent on its word, and it is seen."""
        clock = places.MovableClock(self.folder, self.gannet)
        if not clock.usable:
            print("SKIPPED: clock of one service: no C compiler here, or a build with a sanitizer", flush=True)
            return
        # Behind, by as much as may be; ahead, by little: so long it must then be stopped, since its time does not go back.
        for seconds, where, who, words in ((600, "behind", "risk", "ahead of this clock"), (-20, "ahead", "execution", "ahead of this clock")):
            self.stop("risk")
            clock.set_back(seconds)
            self.launch("risk", {"LD_PRELOAD": clock.library, "GANNET_TEST_CLOCK": clock.offset})
            harness.wait_until(lambda who=who, words=words: words in self.why(who) or "clock is" in self.why("risk"), 40, f"the clock in the health of {who}")
            said = self.why(who) or self.why("risk")
            clock.set_back(0)
            self.stop("risk")
            time.sleep(max(0, -seconds))
            self.launch("risk")
            self.wait_serving(120)
            self.local.wait_trading()
            print(f"risk's clock {where} the others': {said[:200]}; set right, it trades", flush=True)

    def stop(self, service):
        pid = int(pathlib.Path(self.data, f"{service}.pid").read_text(encoding="ascii").split()[0])
        os.kill(pid, signal.SIGTERM)
        harness.wait_until(lambda: distributed_test.ended(pid), 40, f"the end of {service}")

    # --- the low-latency node -----------------------------------------------------------

    def steer(self, what):
        """An order, a halt, the kill switch and its release at the node's own socket."""
        code, out = self.ask("node", "halt", "instrument:" + BTC, "--reason", "drill")
        check(code == 0 and "halted" in out, f"halt {what}: {code} {out}")
        # Without Kafka the gate closes as well, once nobody has been heard of for long.
        reasons = ("trading_state",) if what == "with Kafka" else ("trading_state", "gate_closed")
        last = []

        def refused():
            code, out = last[:] = self.ask("node", "order", "submit", BTC, "buy", "0.001", "--price", "20000")
            check(code != 0, f"an order in a halted instrument was taken {what}: {out}")
            return code == 5 and any(reason in out for reason in reasons)
        try:
            harness.wait_until(refused, 60, f"an order is refused in a halted instrument {what}", harness.ASK_AGAIN)
        except harness.Failure as failure:
            raise harness.Failure(f"{failure}: {last}") from None
        code, out = self.ask("node", "resume", "instrument:" + BTC, "--reason", "drill is over")
        check(code == 0, f"resume {what}: {code} {out}")
        code, out = self.ask("node", "limits", "show", "firm")
        check(code == 0 and "max_order_notional" in out, f"limits {what}: {code} {out}")
        harness.wait_until(lambda: self.venue_orders() > 0 or what != "with Kafka", 30, "orders that rest")
        resting, began = self.venue_orders(), time.monotonic()
        code, out = self.ask("node", "kill", "firm", "--reason", "drill")
        check(code == 0 and "halted" in out, f"kill {what}: {code} {out}")
        harness.wait_until(lambda: self.venue_orders() == 0, 15, f"every order withdrawn {what}")
        print(f"node {what}: killed, {resting} orders withdrawn after {time.monotonic() - began:.1f} s", flush=True)

    def node(self):
        self.local.wait_trading()
        self.steer("with Kafka")
        harness.wait_until(self.killed, 20, "the gateway shows the kill")
        code, out = self.ask("gateway", "resume", "firm", "--reason", "drill is over")
        check(code == 0, f"resume at the gateway: {code} {out}")
        self.local.wait_trading()
        self.kafka("pause", "1")  # frozen: it answers nothing, and nobody is told
        self.steer("without Kafka")
        self.wait_said("node", "bus")
        self.kafka("resume", "1")
        self.wait_serving(120)
        harness.wait_until(self.killed, 30, "the gateway shows the kill that was given without Kafka")
        code, out = self.ask("gateway", "resume", "firm", "--reason", "drill is over")
        check(code == 0, f"resume at the gateway: {code} {out}")
        self.local.wait_trading()

    def killed(self):
        """Whether the firm is, as the gateway has heard."""
        return any(state["killed"] for state in (self.local.gateway("/api/v1/state") or {}).get("risk", []))


def test(bin_dir, folder):
    began = time.monotonic()
    node = "--node" in sys.argv[2:]
    outage = Outage(bin_dir, folder, NODE if node else [])
    harness.need(outage.gannet, os.path.join(bin_dir, "gannet-risk"))
    local = outage.local
    try:
        local.up()
        if node:
            local.wait_trading()
            outage.node()
        else:
            local.down()
            outage.absent_at_start()
            outage.lost_while_running()
            outage.clock_of_one()
        distributed_test.wait_settled(local)
        local.stop_trading()
        local.down()
        distributed_test.check_truth(local, folder)
    finally:
        local.call("down", distributed_test.DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")
    print(f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    harness.main(test)
