#!/usr/bin/env python3
"""Two executions of one shard over a real Kafka, their lease in a real PostgreSQL. The
second waits; when the first is killed (-9) it takes over with a higher epoch. Another
takes over, with the journal's copy, from one that was stopped (SIGSTOP); continued, the
stopped one sends nothing more. At the end orders and fills are the venue's, each once.

usage: lease_test.py BIN_DIR
"""
import json
import os
import pathlib
import shutil
import signal

import harness
import truth
from harness import check

LOCAL = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "local"


class Platform:
    def __init__(self, bin_dir, folder):
        self.bin_dir, self.folder, self.data = bin_dir, folder, os.path.join(folder, "data")
        self.config = os.path.join(folder, "config")
        os.mkdir(self.config)
        shutil.copy("config/limits.yaml", self.config)
        with open(os.path.join(self.config, "strategies.yaml"), "w", encoding="utf-8") as file:
            file.write(truth.STRATEGIES)

    def local(self, command, *flags):
        return harness.run([LOCAL, command, "--data", self.data, *flags], 240)

    def up(self):
        code, out, err = self.local("up", "--bin", self.bin_dir, "--config", self.config, "--speed", "3", "--seed", "9",
                                    "--reconcile", "5s", "--free-ports", "--postgres")
        if code == harness.SKIPPED:
            harness.skip(err.strip())
        check(code == 0, f"local up ended with {code}: {err}\n{out}")
        check(os.path.exists(os.path.join(self.data, "config", "lease.yaml")), "local names no lease")

    def pid(self, name):
        return int(pathlib.Path(self.data, f"{name}.pid").read_text().split()[0])

    def execution(self, name, home):
        config = os.path.join(self.data, "config")
        return harness.Program([os.path.join(self.bin_dir, "gannet-execution"), "--data", home, "--bus", f"{config}/bus.yaml",
                                "--config", f"{config}/execution.yaml", "--lease", f"{config}/lease.yaml", "--rpc-address", "off"],
                               self.folder, name)

    def facts(self, home, topic):
        code, out, err = harness.run([os.path.join(self.bin_dir, "gannet"), "journal", "dump", home, "--type", "fact", "--channel", topic], 120)
        check(code == 0, f"journal dump ended with {code}: {err}")
        return [json.loads(line)["event"]["value"] for line in out.splitlines()]


def events(text, name):
    found = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("event") == name:
            found.append(entry)
    return found


def epoch(text):
    opened = events(text, "journal_opened")
    return opened[-1]["epoch"] if opened else 0


def trades(platform, home, more_than):
    return harness.wait_until(
        lambda: (n := sum(1 for r in platform.facts(home, "exec.reports.v1") if truth.kind_of(r) == "JOURNALED")) > more_than and n,
        120, f"orders in {home}")


def take_over(platform):
    first_home = os.path.join(platform.data, "execution")
    sent = trades(platform, first_home, 5)
    before = epoch(open(os.path.join(platform.data, "execution.log"), encoding="utf-8").read())
    # Killed, while another stands by for its folder.
    second = platform.execution("second", first_home)
    with second:
        second.wait_for(lambda: events(second.err(), "waiting_for_data_folder"), 30, "it stands by")
        os.kill(platform.pid("execution"), signal.SIGKILL)
        second.wait_for(lambda: events(second.err(), "started"), 60, "it takes over")
        check(events(second.err(), "waiting_for_lease"), "it did not wait for the lease of the one that was killed")
        check(epoch(second.err()) > before, f"epochs {before}, then {epoch(second.err())}")
        sent = trades(platform, first_home, sent)
        # Stopped, while another stands by for the lease; its folder is a copy.
        other_home = os.path.join(platform.folder, "execution-elsewhere")
        third = platform.execution("third", other_home)
        with third:
            third.wait_for(lambda: events(third.err(), "waiting_for_lease"), 30, "it waits for the lease")
            second.send(signal.SIGSTOP)
            shutil.rmtree(os.path.join(other_home, "journal"), ignore_errors=True)
            shutil.copytree(first_home, other_home, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".lock", "*.sock", "rpc.token"))
            third.wait_for(lambda: events(third.err(), "started"), 60, "it takes over")
            check(epoch(third.err()) > epoch(second.err()), "the epoch did not rise")
            kept = trades(platform, other_home, sent)
            second.send(signal.SIGCONT)
            second.wait_for(lambda: any("not ours" in e["error"] for e in events(second.err(), "lease_not_renewed")), 30, "it sees that it lost")
            trades(platform, other_home, kept + 5)
            finish(platform, second, third, other_home)


def gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def finish(platform, second, third, home):
    pid = platform.pid("strategy")
    os.kill(pid, signal.SIGTERM)  # withdraws its orders
    harness.wait_until(lambda: gone(pid), 60, "the end of strategy")
    intents = platform.facts(os.path.join(platform.data, "strategy"), "order.intents.v1")
    cancels = {intent["client_order_id"] for intent in intents if truth.kind_of(intent) == "CANCEL"}

    def ended():
        last = {r["client_order_id"]: r["state"].removeprefix("ORDER_STATE_") for r in platform.facts(home, "exec.reports.v1")}
        return all(state in truth.ENDED or order in cancels for order, state in last.items())
    harness.wait_until(ended, 60, "the end of every order")
    for program in (second, third):
        program.send(signal.SIGTERM)
        check(program.wait(60) in (0, 3), f"did not drain: {program.describe()}")
    reports = platform.facts(home, "exec.reports.v1")
    code, out, err = platform.local("down")
    check(code == 0, f"local down ended with {code}: {err}\n{out}")
    with harness.VenueRecords(platform.bin_dir, os.path.join(platform.data, "venue-sim"), platform.folder) as records:
        orders, fills, _ = truth.compare(truth.Believed(intents, reports), records)
    check(orders > 10, f"only {orders} orders: nothing was tried")
    print(f"{orders} orders, {fills} fills, the same on both sides; three holders")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-execution"))
    platform = Platform(bin_dir, folder)
    try:
        platform.up()
        take_over(platform)
    except BaseException:
        for name in ("execution", "risk", "strategy"):
            print(f"--- {name}\n{harness.tail(os.path.join(platform.data, name + '.log'), 1500)}")
        raise
    finally:
        platform.local("down", "--wipe")


harness.main(test)
