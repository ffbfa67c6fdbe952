#!/usr/bin/env python3
"""A run of the platform over time: seconds from start to ready, events a second,
resident memory and disk with their growth as a slope, orders and fills.

The slope is a least-squares line over the second half of the samples: the first half
fills caches and rings that are bounded.

usage: soak.py BUILD_DIR [MINUTES]
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


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


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
    folder = tempfile.mkdtemp(prefix="gannet-soak-")
    log = os.path.join(folder, "gannet.log")
    gannet = os.path.join(build, "bin", "gannet")

    def start():
        began = time.monotonic()
        size = os.path.getsize(log) if os.path.exists(log) else 0
        if size:
            os.rename(log, log + ".before")
        process = subprocess.Popen([gannet, "run", "--data", folder, "--plain"], stdout=subprocess.DEVNULL)
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
        memory, disk, began = [], [], time.monotonic()
        before = counters()
        while time.monotonic() - began < minutes * 60 and process.poll() is None:
            time.sleep(PERIOD)
            memory.append((time.monotonic() - began, resident_mb(process.pid)))
            disk.append((time.monotonic() - began, folder_mb(folder)))
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
    print(f"resident memory: {memory[-1][1]:.1f} MB at the end, most {max(v for _, v in memory):.1f} MB, "
          f"slope {slope_a_minute(memory):+.2f} MB/min over the second half")
    print(f"disk: {disk[-1][1]:.1f} MB at the end, slope {slope_a_minute(disk):+.2f} MB/min; retention bounds it")
    return 0 if code == 0 else 1


sys.exit(main())
