#!/usr/bin/env python3
"""A journal that was set back while Kafka was not: ids of facts are positions in it, and the others would take new ones
for repetitions. risk is killed (-9) while it trades, its folder copied, and it starts as always and trades on; then the
copy is put back, which is refused and named, and changes nothing. Given up for lost, it trades on. So with a journal that
is gone; one that is found to be set back when the broker came later has read nothing from it, is refused too, and trades on
once given up for lost.

usage: set_back_test.py BIN_DIR
"""
import json
import os
import pathlib
import re
import shutil
import signal

import distributed_test
import harness
from harness import check


def launch(local, service):
    """As tools/local starts it; a program that is expected to end."""
    config = os.path.join(local.data, "config")
    command = [os.path.join(local.bin_dir, f"gannet-{service}"), "--data", local.home(service), "--bus", f"{config}/bus.yaml", "--rpc-address", "127.0.0.1:0"]
    own = os.path.join(config, f"{service}.yaml")
    return harness.Program(command + (["--config", own] if os.path.exists(own) else []), os.path.dirname(local.data), f"{service}-set-back")


def journal(local, *arguments):
    return harness.run([os.path.join(local.bin_dir, "gannet"), "journal", *arguments], 60)


def ends_at(local, service):
    code, out, err = journal(local, "verify", local.home(service))
    check(code == 0, f"verify: {code} {out}{err}")
    return int(re.search(r"to (\d+)", out)[1])


def published(local, service):
    """The record up to which Kafka has its facts, as it says itself."""
    path = pathlib.Path(local.home(service), "published")
    return int(path.read_text(encoding="ascii")) if path.exists() else 0


def read_from_bus(local, service, after):
    """The topics of which something came in behind that record."""
    code, out, err = journal(local, "dump", local.home(service), "--type", "input", "--after", str(after))
    check(code == 0, f"dump: {code} {err}")
    return sorted({line["channel"] for line in map(json.loads, out.splitlines()) if line["channel"].startswith("bus:")})


def refused(local, service, *words):
    """The position up to which Kafka is said to have its facts."""
    with launch(local, service) as program:
        code = program.wait(60)
        check(code == 1, f"it was not refused: {program.describe()}")
        said = next((line for line in program.err().splitlines() if '"journal_set_back"' in line), "")
    for word in (local.home(service), "gannet journal skip", *words):
        check(word in said, f"'{word}' is not in: {said or program.describe()}")
    return int(re.search(r"up to record (\d+)", said)[1])


def skip(local, service, there):
    code, out, err = journal(local, "skip", local.home(service), "--to", str(there))
    check(code == 0 and str(there) in out, f"skip: {code} {out}{err}")


def put_back(local, copy):
    """Over one that ended in order: what it had read, Kafka does not bring again. What it brings again the older
    journal decides anew, and may wait for answers that were given before (docs/STATUS.md)."""
    pid = int(pathlib.Path(local.data, "risk.pid").read_text(encoding="ascii").split()[0])
    os.kill(pid, signal.SIGTERM)
    harness.wait_until(lambda: distributed_test.ended(pid), 60, "the end of risk")
    shutil.rmtree(local.home("risk"))
    shutil.copytree(copy, local.home("risk"))


def trades_on(local):
    local.up()
    local.wait_trading()


def set_back(local, copy):
    local.wait_trading()
    local.kill("risk")
    shutil.copytree(local.home("risk"), copy, ignore=shutil.ignore_patterns(".lock", "*.sock"))
    trades_on(local)  # an end like any other
    put_back(local, copy)
    kept = ends_at(local, "risk")
    there = refused(local, "risk", f"ends at record {kept}")
    check(there > kept, f"{there} is not beyond {kept}")
    check(ends_at(local, "risk") == kept, "the start that was refused wrote to the journal")
    skip(local, "risk", there)
    trades_on(local)
    print(f"set back from {there} to {kept}: refused, given up for lost, and it trades", flush=True)


def lost(local):
    """The whole journal, of one that has a copy of it on Kafka."""
    harness.wait_until(lambda: local.facts("ml-inference", "ml.predictions.v1"), 120, "a prediction")
    decided = ends_at(local, "ml-inference")
    harness.wait_until(lambda: published(local, "ml-inference") >= decided, 60, "Kafka has it")
    local.kill("ml-inference")
    shutil.rmtree(local.home("ml-inference"))
    there = refused(local, "ml-inference", "ends at record 0", "gannet journal fetch ml-inference")
    fetched = os.path.join(os.path.dirname(local.data), "fetched")
    code, out, err = journal(local, "fetch", "ml-inference", "--bus", os.path.join(local.data, "config", "bus.yaml"), "--out", fetched)
    check(code == 0, f"fetch: {code} {out}{err}")
    shutil.rmtree(os.path.join(local.home("ml-inference"), "journal"))
    shutil.copytree(fetched, os.path.join(local.home("ml-inference"), "journal"))
    check(ends_at(local, "ml-inference") >= there, "what was fetched is not what Kafka had the facts of")
    trades_on(local)
    print(f"lost with {there} records: refused, fetched, and it trades", flush=True)


def found_later(local, copy):
    """Without a broker it starts, and neither says nor hears anything before it has looked: whoever
    asked meanwhile would stand still, as its answers are given up for lost."""
    put_back(local, copy)
    kept = ends_at(local, "risk")
    local.kill("kafka")
    with launch(local, "risk") as program:
        program.wait_for(lambda: "bus_not_compared" in program.err(), 60, "it starts without a broker")
        kafka = [distributed_test.LOCAL.parent / "kafka-dev", "--dir", os.path.join(local.data, "kafka"), "revive", "1"]
        code, _, err = harness.run(kafka, 90)
        check(code == 0, f"kafka-dev revive ended with {code}: {err}")
        program.wait_for(lambda: "journal_set_back" in program.err(), 60, "it sees that it was set back")
        code, said = harness.ask(os.path.join(local.bin_dir, "gannet"), local.home("risk"), "status", "--json")
        check(code == 0 and "gannet journal skip" in said, f"its health does not say so: {code} {said}")
        program.kill()
    heard = read_from_bus(local, "risk", kept)
    check(not heard, f"it decided on what came before it had looked: {heard}")
    skip(local, "risk", refused(local, "risk"))
    trades_on(local)
    print("set back and started without a broker: seen when it came, and it trades", flush=True)


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-risk"))
    local = distributed_test.Local(bin_dir, folder, [])
    copy = os.path.join(folder, "copy")
    try:
        local.up()
        set_back(local, copy)
        lost(local)
        found_later(local, copy)
    finally:
        local.call("down", distributed_test.DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")


if __name__ == "__main__":
    harness.main(test)
