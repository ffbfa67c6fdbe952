#!/usr/bin/env python3
"""A run of the platform over time: seconds from start to ready, events a second,
resident memory and disk with their growth as a slope, orders and fills.

The slope is a least-squares line over the second half of the samples: the first half
fills caches and rings that are bounded.

The journal's bound is set so low that ten minutes reach it several times: what is on
disk must then stop growing. Memory counts anonymous pages beside resident ones: mapped
files (the program, its libraries) are the kernel's to take back.

usage: soak.py BUILD_DIR [MINUTES [MARKET_SPEED [JOURNAL_MB]]]    (default 1 3 40)
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

PERIOD = 2.0


def memory_mb(pid):
    """(resident, anonymous)"""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        text = rollup.read()
    return tuple(int(re.search(rf"{name}:\s+(\d+)", text).group(1)) / 1024 for name in ("Rss", "Anonymous"))


def simulator_of(pid):
    """The exchange that the program started beside it."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return int(children.read().split()[0])


def folder_mb(path):
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except OSError:
                pass  # pruned meanwhile
    return total / 1e6


def slope_a_minute(samples):
    late = samples[len(samples) // 2:]
    if len(late) < 2:
        return 0.0
    mean_t = sum(t for t, _ in late) / len(late)
    mean_v = sum(v for _, v in late) / len(late)
    spread = sum((t - mean_t) ** 2 for t, _ in late)
    return 60 * sum((t - mean_t) * (v - mean_v) for t, v in late) / spread


def wait_for(pattern, path, process, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = re.search(pattern, file.read())
            if found:
                return found
        except OSError:
            pass
        time.sleep(0.02)
    sys.exit(f"no {pattern} in {path}; the program's end: {process.poll()}")


def main():
    build = sys.argv[1]
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    speed = sys.argv[3] if len(sys.argv) > 3 else "3"
    journal_mb = sys.argv[4] if len(sys.argv) > 4 else "40"
    folder = tempfile.mkdtemp(prefix="gannet-soak-")
    log = os.path.join(folder, "gannet.log")
    gannet = os.path.join(build, "bin", "gannet")

    def start():
        began = time.monotonic()
        size = os.path.getsize(log) if os.path.exists(log) else 0
        if size:
            os.rename(log, log + ".before")
        process = subprocess.Popen(
            [gannet, "run", "--data", folder, "--plain", "--market-speed", speed,
             "--journal-max-bytes", f"{journal_mb}MB"], stdout=subprocess.DEVNULL)
        wait_for(r'"event":"started"', log, process, 90)
        return process, time.monotonic() - began

    process, first_start = start()
    port = wait_for(r'"event":"gateway_listening".*"port":(\d+)', log, process, 10).group(1)

    def counters():
        with open(os.path.join(folder, "gateway-token"), encoding="ascii") as file:
            token = file.read().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/state", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["counters"]

    try:
        parts = ("resident", "anonymous", "simulator", "journal", "disk")
        series = {part: [] for part in parts}
        simulator = simulator_of(process.pid)
        before, began, minute = counters(), time.monotonic(), 0
        while time.monotonic() - began < minutes * 60 and process.poll() is None:
            time.sleep(PERIOD)
            resident, anonymous = memory_mb(process.pid)
            now = time.monotonic() - began
            values = (resident, anonymous, memory_mb(simulator)[0], folder_mb(os.path.join(folder, "journal")),
                      folder_mb(folder))
            for part, value in zip(parts, values):
                series[part].append((now, value))
            if now >= (minute + 1) * 60:
                minute = int(now / 60)
                print(f"minute {minute:3}: " + ", ".join(f"{p} {v:.1f} MB" for p, v in zip(parts, values)), flush=True)
        after, took = counters(), time.monotonic() - began
        events = sum(after[k] - before[k] for k in ("trades", "quotes", "signals", "predictions")) / took
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code = process.wait(60)
        stop = time.monotonic() - began
        process, again = start()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"start to ready: {first_start:.2f} s on an empty folder (the simulator's first minute included), {again:.2f} s after "
          f"{minutes:g} min of trading; SIGTERM to exit {code}: {stop:.2f} s")
    print(f"events: {events:.0f}/s over {took:.0f} s; orders {after['orders'] - before['orders']}, fills {after['fills'] - before['fills']}")
    what = {"resident": "resident memory", "anonymous": "  of it anonymous", "simulator": "resident, venue-sim",
            "journal": f"journal, bound {journal_mb} MB", "disk": "disk, all"}
    for part in parts:
        values = [v for _, v in series[part]]
        half = values[len(values) // 2]
        print(f"{what[part]}: {values[-1]:.1f} MB at the end, most {max(values):.1f} MB, half-way {half:.1f} MB, "
              f"ratio {values[-1] / half:.2f}, slope {slope_a_minute(series[part]):+.2f} MB/min over the second half")
    return 0 if code == 0 else 1


sys.exit(main())
