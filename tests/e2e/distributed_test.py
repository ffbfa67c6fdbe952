#!/usr/bin/env python3
"""The platform as separate processes over a real Kafka, as `make up-local` starts it.
While it trades, its processes are killed (-9), one after the other, and started again:
each service, the exchange simulator, the broker, the database. At the end orders, fills
and the positions in PostgreSQL are the same on both sides, and the journal of every service, decided again in one process,
gives the same facts to the byte.

With --node the named services share one process, the low-latency node.

usage: distributed_test.py BIN_DIR [--kills NAME,…] [--seed N] [--node NAME,…]
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import time
import urllib.error
import urllib.request

import harness
import truth
from harness import check

LOCAL = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "local"
KILLS = "ml-inference,ingest,news-signal,reporting,gateway,execution,risk,strategy,venue-sim,postgres,kafka"
JOURNALED = ["ingest", "news-signal", "ml-inference", "strategy", "risk", "execution"]
ENOUGH_ORDERS = 20  # below it the comparison proves little
UP_LIMIT, DOWN_LIMIT = 240, 120


class Local:
    """tools/local on a folder of its own."""

    def __init__(self, bin_dir, folder, node, speed=3):
        self.node, self.speed = node, speed
        self.bin_dir, self.data, self.config = bin_dir, os.path.join(folder, "data"), os.path.join(folder, "config")
        os.mkdir(self.config)
        with open("config/limits.yaml", encoding="utf-8") as limits:
            texts = {"limits.yaml": limits.read(), "strategies.yaml": truth.STRATEGIES}
        for name, text in texts.items():
            with open(os.path.join(self.config, name), "w", encoding="utf-8") as file:
                file.write(text)

    def call(self, command, seconds, *flags):
        return harness.run([LOCAL, command, "--data", self.data, *flags], seconds)

    def up(self):
        code, out, err = self.call("up", UP_LIMIT, "--bin", self.bin_dir, "--config", self.config, "--speed", str(self.speed), "--seed", "9",
                                   "--reconcile", "5s", "--free-ports", *(["--node", ",".join(self.node)] if self.node else []))
        if code == harness.SKIPPED:
            harness.skip(err.strip())
        check(code == 0, f"local up ended with {code}: {err}\n{out}")

    def down(self):
        code, out, err = self.call("down", DOWN_LIMIT)
        check(code == 0, f"local down ended with {code}: {err}\n{out}")

    def kill(self, name):
        if name == "kafka":
            code, _, err = harness.run([LOCAL.parent / "kafka-dev", "--dir", os.path.join(self.data, "kafka"), "kill", "1"], 60)
            return check(code == 0, f"kafka-dev kill ended with {code}: {err}")
        if name == "postgres":
            if self.store():  # its own way to fall over: no checkpoint, recovery at the next start
                self.postgres("stop", "--mode", "immediate")
            return None
        pid = int(pathlib.Path(self.data, f"{name}.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        harness.wait_until(lambda: ended(pid), 10, f"the end of {name}")

    def store(self):
        """The folder of the PostgreSQL; empty where rows are kept in a file."""
        path = pathlib.Path(self.data, "store")
        return path.read_text(encoding="utf-8").partition(" ")[2] if path.exists() else ""

    def postgres(self, command, *arguments):
        code, out, err = harness.run([LOCAL.parent / "postgres-dev", command, "--dir", self.store(), *arguments], 60)
        check(code == 0, f"postgres-dev {command} ended with {code}: {err}")
        return out

    def stop_trading(self):
        """Ends what decides, which withdraws its orders, and waits until the store has all of it."""
        name = "node" if "strategy" in self.node else "strategy"
        pid = int(pathlib.Path(self.data, f"{name}.pid").read_text().split()[0])
        os.kill(pid, signal.SIGTERM)
        harness.wait_until(lambda: ended(pid), 40, f"the end of {name}")
        if name == "strategy":  # what it has withdrawn is on its way to the exchange
            wait_settled(self)
        if not self.store():
            return

        # Behind a broker that came back, its reader first has to rejoin its group.
        def all_stored():
            stored = int(self.postgres("psql", "-At", "-c", "SELECT count(*) FROM gannet.fills"))
            return stored == sum(1 for report in self.facts("execution", "exec.reports.v1") if report.get("fill"))

        harness.wait_until(all_stored, 60, "every fill in the store")

    def log(self, name):
        return os.path.join(self.data, f"{name}.log")

    def home(self, service):
        """The folder of its journal."""
        return os.path.join(self.data, "node" if service in self.node else service)

    def gateway(self, path):
        lines = reversed(open(self.log("gateway"), encoding="utf-8").readlines())
        port = next((json.loads(line)["port"] for line in lines if '"gateway_listening"' in line and line.endswith("\n")), None)
        if port is None:
            return None
        with open(os.path.join(self.data, "gateway", "gateway-token"), encoding="ascii") as file:
            token = file.read().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20 * harness.PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code in (429, 503):
                return None  # too often, or not in service yet
            raise harness.Failure(f"GET {path}: {error.code} {error.read()[:300]}") from None
        except OSError:
            return None  # just started, or the one that was killed

    def newest_order(self):
        orders = self.gateway("/api/v1/orders") or []
        return max((order["created"] for order in orders), default="")

    def wait_trading(self, seconds=90):
        seen = self.newest_order()
        try:
            harness.wait_until(lambda: self.newest_order() > seen, seconds, "a new order")
        except harness.Failure as failure:
            logs = "\n".join(f"--- {name}\n{harness.tail(self.log(name), 1200)}" for name in JOURNALED)
            raise harness.Failure(f"{failure}\n{logs}") from None

    def facts(self, service, topic):
        code, out, err = harness.run([os.path.join(self.bin_dir, "gannet"), "journal", "dump", self.home(service), "--type", "fact",
                                      "--channel", topic], 120)
        check(code == 0, f"journal dump of {service} ended with {code}: {err}")
        return [json.loads(line)["event"]["value"] for line in out.splitlines()]


def ended(pid):
    """Gone, or a zombie that nobody waits for."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def unsettled(local):
    """Orders of which nobody could say now how they ended or that they rest."""
    return [order["client_order_id"] for order in local.gateway("/api/v1/orders") or [{"state": "?", "client_order_id": "none seen"}]
            if order["state"] in ("?", "PENDING_NEW", "SENT", "UNKNOWN", "PENDING_CANCEL", "JOURNALED")]


def wait_settled(local):
    try:
        harness.wait_until(lambda: not unsettled(local), 90, "the fate of every order")
    except harness.Failure as failure:
        raise harness.Failure(f"{failure}: {unsettled(local)}") from None


def reached_venue(local):
    return sum(order["state"] not in ("DENIED", "REJECTED", "ABSENT", "SUBMITTED") for order in local.gateway("/api/v1/orders") or [])


def rounds(local, kills, chance):
    for name in kills:
        local.wait_trading()
        time.sleep(chance.uniform(0.0, 1.0))
        local.kill(name)
        time.sleep(chance.uniform(0.0, 1.0))
        local.up()
        print(f"killed {name}, started again", flush=True)


def test(bin_dir, folder):
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir")
    parser.add_argument("--kills", default=KILLS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--node", default="")
    options = parser.parse_args()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-risk"))
    local = Local(bin_dir, folder, [name for name in options.node.split(",") if name])
    try:
        local.up()
        rounds(local, [name for name in options.kills.split(",") if name], random.Random(options.seed))
        local.wait_trading()
        harness.wait_until(lambda: reached_venue(local) >= ENOUGH_ORDERS, 120, "enough orders to compare")
        wait_settled(local)
        local.stop_trading()
        local.down()
        check_truth(local, folder)
    finally:
        local.call("down", DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")
    check_journals(local)


def check_truth(local, folder):
    believed = truth.Believed(local.facts("strategy", "order.intents.v1"), local.facts("execution", "exec.reports.v1"))
    with harness.VenueRecords(local.bin_dir, os.path.join(local.data, "venue-sim"), folder) as records:
        orders, fills, trades = truth.compare(believed, records)
    stored = check_positions(local, folder, trades)
    check(orders >= ENOUGH_ORDERS, f"only {orders} orders: the test proves little")
    kinds = collections.Counter(truth.kind_of(report) for report in believed.last.values())
    print(f"{orders} orders and {fills} fills are the same on both sides, {stored}; absent {len(believed.absent)}, "
          f"refused {len(believed.refused)}, not sent {len(believed.not_sent)}, ended as {dict(kinds)}", flush=True)


def check_positions(local, folder, trades):
    if not local.store():
        return "positions not compared: no PostgreSQL"
    local.postgres("start")
    try:
        text = local.postgres("psql", "-c", "COPY (SELECT instrument, net FROM gannet.positions_readable) TO STDOUT CSV HEADER")
    finally:
        local.postgres("stop")
    pathlib.Path(folder, "positions.csv").write_text(text, encoding="utf-8")
    truth.compare_positions(folder, trades)
    return f"{len(text.splitlines()) - 1} positions in PostgreSQL too"


def check_journals(local, gaps=()):
    """`gaps`: services whose disk was full, so that their journals lack inputs and say so."""
    for home in dict.fromkeys(local.home(service) for service in JOURNALED):
        service = os.path.basename(home)
        for command in ("verify", "replay"):
            code, text, errors = harness.run([os.path.join(local.bin_dir, "gannet"), "journal", command, home], 240)
            allowed = service in gaps and command == "replay" and "what was compared is equal" in errors
            check(code == 0 or allowed, f"journal {command} of {service} ended with {code}:\n{text[-3000:]}\n{errors[-2000:]}")
        counts = [line for line in text.splitlines() if line.startswith("  all")]
        print(f"{service}: {counts[0].split()[1]} facts decided again the same", flush=True)


if __name__ == "__main__":
    harness.main(test)
