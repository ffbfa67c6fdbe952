"""What is done to a platform that runs as pods, wherever they run (kube_test.py: a cluster;
pods_test.py: a Docker engine). A platform has ask(service, *command), kill(name), ready(name),
volume(name), stop(names), secret(name, key), sql(statement)."""
import json
import os
import pathlib
import time

import harness
import truth
from harness import check

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENOUGH_ORDERS = 20
# Who decides, who feeds them, who watches, what they stand on.
KILLED = ["risk", "execution", "strategy", "ingest", "news-signal", "ml-inference", "gateway", "reporting", "recorder", "venue-sim", "redis", "postgres", "kafka"]
JOURNALED = ["ingest", "news-signal", "ml-inference", "strategy", "risk", "execution"]
NOT_AGAIN = {"ml-inference"}  # its configuration names models by their place in the image
# In the pod of PostgreSQL, the statement behind it.
PSQL = ["bash", "-c", 'PGPASSWORD=$(cat /etc/postgresql/password/password) exec /usr/lib/postgresql/15/bin/psql -h /tmp -U gannet -d gannet -qc "$0"']
rows = []


def note(what, value):
    rows.append((what, value))
    print(f"{what}: {value}", flush=True)


def write_notes(name):
    folder = ROOT / "build" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("| what | seen |\n|---|---|\n" + "".join(f"| {what} | {value} |\n" for what, value in rows))


def timed(what, action):
    began = time.monotonic()
    result = action()
    note(what, f"{time.monotonic() - began:.1f} s")
    return result


def orders(platform, limit=1000):
    """Newest first; none while the gateway is away."""
    code, out, _ = platform.ask("gateway", "order", "list", "--limit", str(limit), "--json", "--data", "/var/lib/gannet/data")
    return json.loads(out).get("orders", []) if code == 0 else []


def settled(platform):
    open_ones = ("PENDING_NEW", "SENT", "UNKNOWN", "PENDING_CANCEL", "JOURNALED")
    known = orders(platform)
    return known and not any(order["state"].removeprefix("ORDER_STATE_") in open_ones for order in known)


def trades(platform, seconds=300):
    """An order that was not there before."""
    def newest():
        return max((int(order["intent"]["created_ns"]) for order in orders(platform, 20)), default=0)
    seen = newest()
    deadline = time.monotonic() + seconds
    while newest() <= seen:
        check(time.monotonic() < deadline, f"no new order in {seconds} s")
        time.sleep(0.5)


def wait_ready(platform, name, seconds):
    """Asked twice a second: each question starts programs."""
    deadline = time.monotonic() + seconds
    while not platform.ready(name):
        check(time.monotonic() < deadline, f"{name} is not ready after {seconds} s")
        time.sleep(0.5)


def kills(platform, names, meanwhile={}):
    """`meanwhile`: what is done while a pod of that name is away."""
    for name in names:
        trades(platform)
        began = time.monotonic()
        platform.kill(name)
        meanwhile.get(name, lambda: None)()
        wait_ready(platform, name, 300)
        back = time.monotonic() - began
        trades(platform)
        note(f"{name} killed: ready again, a new order", f"{back:.1f} s, {time.monotonic() - began:.1f} s")


def compare(platform, bin_dir, folder):
    """Everything but Kafka, PostgreSQL and Redis is stopped; journals and rows are the platform's word. Each journal is whole, and
    what was decided from it is decided again."""
    harness.wait_until(lambda: settled(platform), 180, "the fate of every order")
    platform.stop(["strategy"])
    time.sleep(10)  # the cancels that its drain asked for, and their answers
    timed("SIGTERM to all, until the last has ended", lambda: platform.stop(None))

    def dumped(service, topic):
        code, out, err = harness.run([os.path.join(bin_dir, "gannet"), "journal", "dump", platform.volume(service) / "data", "--type", "fact",
                                      "--channel", topic], 120)
        check(code == 0, f"journal dump of {service}: {err}")
        return [json.loads(line)["event"]["value"] for line in out.splitlines()]
    believed = truth.Believed(dumped("strategy", "order.intents.v1"), dumped("execution", "exec.reports.v1"))
    # Where the exchange's keys were mounted, empty files are left on its volume.
    for key in ("api-key", "api-secret"):
        path = platform.volume("venue-sim") / key
        path.write_bytes(platform.secret("gannet-venue-sim", key))
        path.chmod(0o600)
    with harness.VenueRecords(bin_dir, str(platform.volume("venue-sim")), str(folder)) as records:
        count, fills, trades_there = truth.compare(believed, records)
    (folder / "positions.csv").write_text(platform.sql("COPY (SELECT instrument, net FROM gannet.positions_readable) TO STDOUT CSV HEADER"))
    truth.compare_positions(folder, trades_there)
    again = []
    for service in JOURNALED:
        for command in ("verify",) if service in NOT_AGAIN else ("verify", "replay"):
            code, out, err = harness.run([os.path.join(bin_dir, "gannet"), "journal", command, platform.volume(service) / "data"], 300)
            check(code == 0, f"journal {command} of {service} ended with {code}:\n{out[-2000:]}\n{err[-1000:]}")
        again += [f"{service} {line.split()[1]}" for line in out.splitlines() if line.startswith("  all")]
    note("facts decided again, the same", ", ".join(again))
    check(count >= ENOUGH_ORDERS, f"only {count} orders: the test proves little")
    note("orders and fills, positions too, the same here and at the exchange", f"{count}, {fills}; absent {len(believed.absent)}, not sent {len(believed.not_sent)}")
