#!/usr/bin/env python3
"""The recorder beside the whole platform over a real Kafka, as `make up-local` starts it.

While it trades, recorder and ingest are killed (-9), each more than once, and started
again. Then every record of every topic, as a plain librdkafka consumer reads it, is in
the recording once and equal to the byte. Its journal verifies; the recorded market and
news, replayed twice without Kafka, give equal decisions over VALID books; a part of the
day is replayed from definitions that came before it. No headline of ingest's journal is
missing on Kafka. The journals of news-signal and ml-inference, killed too, come back from
the bus byte for byte. Stopped under load, reporting has every fill.

usage: recorder_test.py BIN_DIR [--kills N] [--seed N]
"""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import time

import distributed_test
import harness
from harness import check

# Market data may be conflated where a reader is slow: the recording says so, and what lacks its whole book is INVALID, never guessed.
LACKING = re.compile(r"[1-9]\d* changes of books without the whole book before them")
# In the order of `tools/local down`.
SERVICES = ["ingest", "news-signal", "ml-inference", "strategy", "risk", "execution", "gateway", "reporting"]


def main_of(local, *arguments, code=0, seconds=240):
    got, out, err = harness.run([os.path.join(local.bin_dir, "gannet"), *arguments], seconds)
    check(got == code, f"gannet {' '.join(arguments)} ended with {got}:\n{out[-2000:]}\n{err[-2000:]}")
    return out, err


def stop_all_but_recorder(local):
    for name in SERVICES:
        pid = int(pathlib.Path(local.data, f"{name}.pid").read_text().split()[0])
        os.kill(pid, signal.SIGTERM)
        harness.wait_until(lambda: distributed_test.ended(pid), 40, f"the end of {name}")


def check_rows(local):
    """Stopped under load, in the order of `local down`, reporting has stored every fill before it ended."""
    fills = sum(1 for report in local.facts("execution", "exec.reports.v1") if report.get("fill"))
    if not local.store():
        print("rows of reporting not compared: no PostgreSQL", flush=True)
        return
    stored = int(local.postgres("psql", "-At", "-c", "SELECT count(*) FROM gannet.fills"))
    check(stored == fills and fills > 0, f"reporting ended with {stored} of {fills} fills stored")
    print(f"all {fills} fills were stored when reporting ended", flush=True)


def check_against_kafka(local, bin_dir):
    """Kafka's own record of the day, and ours."""
    brokers = re.search(r"brokers: (\S+)", pathlib.Path(local.data, "config", "bus.yaml").read_text()).group(1)
    last = []

    def equal():
        code, out, err = harness.run([os.path.join(bin_dir, "gannet_recording_check"), brokers, local.recording], 120)
        last[:] = [out + err]
        return code == 0

    try:
        harness.wait_until(equal, 30, "a recording that has all that Kafka has")
    except harness.Failure as failure:
        raise harness.Failure(f"{failure}: {last[0]}") from None
    print(last[0].strip(), flush=True)


def check_news(local):
    """No headline that ingest's cursors have passed is missing on the bus, whenever it was killed."""
    def ids(folder):
        out, _ = main_of(local, "journal", "dump", folder, "--channel", "news.raw.v1")
        return {json.loads(line)["event"]["header"]["id"] for line in out.splitlines()}

    decided, published = ids(os.path.join(local.data, "ingest")), ids(local.recording)
    check(decided, "ingest has read no headline")
    check(decided <= published, f"{len(decided - published)} of {len(decided)} headlines never reached Kafka")
    print(f"all {len(decided)} headlines of ingest's journal are on Kafka", flush=True)


def check_copies(local, source, *flags):
    """The journals of the services that may run anywhere, from ops.journals.v1."""
    for program in ("news-signal", "ml-inference"):
        folder = os.path.join(local.data, f"fetched-{program}-{source}")
        main_of(local, "journal", "fetch", program, *flags, "--out", folder)
        on_disk = pathlib.Path(local.data, program, "journal")
        names = {path.name for path in on_disk.glob("*.gnj")}
        check(names == set(os.listdir(folder)), f"fetched from {source}: {os.listdir(folder)}, on disk {names}")
        for name in names:
            check((on_disk / name).read_bytes() == pathlib.Path(folder, name).read_bytes(), f"{program}: {name} from {source} differs")
        main_of(local, "journal", "verify", folder)
        out, _ = main_of(local, "journal", "replay", folder)
        check("all facts are equal" in out, out)
        print(f"the journal of {program}, fetched from {source}, is that of its disk and decides the same", flush=True)


def replay(local, *arguments):
    out, err = main_of(local, "replay", "--recorded", os.path.join(local.data, "recorder"), "--strategies-file",
                       os.path.join(local.config, "strategies.yaml"), *arguments)
    return re.search(r"decisions sha256=(\w+)", out).group(1), err


def check_replay(local):
    first, said = replay(local)
    again, _ = replay(local)
    check(first == again, f"two replays of one recording decided {first} and {again}")
    intents = int(re.search(r"(\d+) intents", said).group(1))
    check(intents > 0, f"a replay of the recording proposed nothing:\n{said}")
    books = re.findall(r"book (\w+) +(\d+) updates, agrees with (\d+) of (\d+) quotes", said)
    check(len(books) == 10, f"the replay shows {len(books)} books, not ten:\n{said}")
    lacking = LACKING.search(said)
    for state, updates, agree, quotes in books:
        check(int(updates) > 0, f"a book of the recording has no updates:\n{said}")
        check(state == "VALID" or lacking, f"a book of the recording is {state} for no reason that is told:\n{said}")
        check(agree == quotes and (int(quotes) > 0 or lacking), f"books and quotes of the recording differ:\n{said}")
    valid = sum(state == "VALID" for state, *_ in books)
    print(f"replayed twice: {intents} intents, decisions {first[:12]}, {valid} of ten books VALID{', ' + lacking.group(0) if lacking else ''}, "
          f"quotes agree ({sum(int(quotes) for *_, quotes in books)} of them)", flush=True)


def check_part(local):
    """Half a day, so to speak: what its instruments are came before it."""
    out, _ = main_of(local, "journal", "dump", local.recording, "--channel", "market.trades.v1")
    times = sorted(json.loads(line)["event"]["header"]["publish_time_ns"] for line in out.splitlines())
    middle = int(times[len(times) // 2])
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(middle // 10**9))
    part, said = replay(local, "--from", text)
    again, _ = replay(local, "--from", text)
    check(part == again, f"two replays of a part decided {part} and {again}")
    check(re.search(r"book VALID", said) or LACKING.search(said), f"the part has no VALID book:\n{said}")


def check_journal(local):
    out, _ = main_of(local, "journal", "verify", local.recording)
    check("\nvalid\n" in out, out)
    out, _ = main_of(local, "journal", "dump", local.recording, "--channel", "exec.reports.v1", "--limit", "1")
    shown = json.loads(out)
    check(shown["offset"] >= 0 and shown["event"]["value"]["client_order_id"], out)
    out, _ = main_of(local, "journal", "dump", local.recording, "--channel", "gap")
    reasons = {json.loads(line)["reason"] for line in out.splitlines()}
    check("producer" in reasons, f"ingest was started again, and the recording has only gaps {reasons}")
    check("forgotten" not in reasons, f"Kafka forgot nothing, and the recording has gaps {reasons}")
    main_of(local, "journal", "replay", local.recording, code=1)


def test(bin_dir, folder):
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-recorder"), os.path.join(bin_dir, "gannet_recording_check"))
    # Slow enough that quotes are not conflated where other tests run beside: books must come out whole.
    local = distributed_test.Local(bin_dir, folder, [], speed=1.5)
    local.recording = os.path.join(local.data, "recorder", "journal")
    chance = random.Random(options.seed)
    try:
        local.up()
        for name in ["recorder", "ingest"] * options.kills + ["news-signal", "ml-inference"]:
            local.wait_trading()
            time.sleep(chance.uniform(0.0, 3.0))
            local.kill(name)
            time.sleep(chance.uniform(0.0, 3.0))
            local.up()
        local.wait_trading()
        stop_all_but_recorder(local)
        check_rows(local)
        check_against_kafka(local, bin_dir)
        check_copies(local, "Kafka", "--bus", os.path.join(local.data, "config", "bus.yaml"))
        local.down()
        check_copies(local, "the recording", "--recorded", os.path.join(local.data, "recorder"))
        check_journal(local)
        check_news(local)
        check_replay(local)
        check_part(local)
    finally:
        local.call("down", distributed_test.DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")


if __name__ == "__main__":
    harness.main(test)
