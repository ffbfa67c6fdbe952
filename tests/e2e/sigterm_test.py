#!/usr/bin/env python3
"""SIGTERM of every program that serves: it starts, says that it is ready, and on
SIGTERM drains and ends with 0 within its limit; a second start on the same folder
does the same, and so does one that is interrupted while it is starting.

usage: sigterm_test.py BIN_DIR
"""
import os
import signal
import time

import harness
from harness import check

# Drain of all services (25 s) and the end of journal and logs (10 s), with a margin.
LIMIT = 35
# Programs that do one thing and end.
# The recorder needs a Kafka: recorder_test.py stops it.
NOT_SERVING = {"gannet-decide", "gannet-plants", "gannet-recorder"}


def ready_probe(name, program, data, log_start):
    if name == "gannet":
        # The log goes on where the start before left it: only what is new counts.
        return lambda: harness.logged(os.path.join(data, "gannet.log"), "started", log_start)
    if name == "gannet-venue-sim":
        return lambda: "ready http=" in program.out()
    return lambda: harness.logged(program.err_path, "started")


def command(name, path, data):
    if name == "gannet":
        return [path, "run", "--data", data, "--plain"]
    if name == "gannet-venue-sim":
        return [path, "--data", data, "--port", "0"]
    return [path, "--data", data]


def stop(bin_dir, folder, name, number, what):
    data = os.path.join(folder, name + "-data")
    log_start = harness.size_of(os.path.join(data, "gannet.log"))
    with harness.Program(command(name, os.path.join(bin_dir, name), data), folder, name) as program:
        began = time.monotonic()
        program.wait_for(ready_probe(name, program, data, log_start), 90, "readiness")
        ready = time.monotonic() - began
        began = time.monotonic()
        program.send(number)
        code = program.wait(LIMIT)
        check(code == 0, f"{name}: {what} ended with {code}\n{program.describe()}\n{harness.tail(os.path.join(data, 'gannet.log'))}")
        print(f"{name}: {what}: ready after {ready:.1f} s, ended after {time.monotonic() - began:.1f} s", flush=True)


def stop_while_starting(bin_dir, folder):
    """As soon as main has begun: the journal is open, venue-sim is not yet."""
    data = os.path.join(folder, "gannet-data")
    log = os.path.join(data, "gannet.log")
    log_start = harness.size_of(log)
    with harness.Program(command("gannet", os.path.join(bin_dir, "gannet"), data), folder, "gannet") as program:
        program.wait_for(lambda: harness.size_of(log) > log_start, 30, "the first line of the log")
        program.send(signal.SIGINT)
        code = program.wait(LIMIT)
        check(code == 0, f"gannet: SIGINT while starting ended with {code}\n{program.describe()}\n{harness.tail(log)}")
        check(not harness.logged(log, "draining", log_start) or harness.logged(log, "stopped", log_start),
              f"began to drain and did not end: {harness.tail(log)}")
    print("gannet: SIGINT while starting: ended with 0", flush=True)


def test(bin_dir, folder):
    names = sorted(name for name in os.listdir(bin_dir) if name == "gannet" or name.startswith("gannet-"))
    names = [name for name in names if name not in NOT_SERVING]
    if not names:
        harness.skip(f"no program in {bin_dir}")
    for name in names:
        stop(bin_dir, folder, name, signal.SIGTERM, "SIGTERM")
        stop(bin_dir, folder, name, signal.SIGINT, "second start, SIGINT")
    if "gannet" in names:
        stop_while_starting(bin_dir, folder)


harness.main(test)
