#!/usr/bin/env python3
"""How many times faster than the market `gannet replay` runs the shared USD-M
captures, everything on: books, features, strategies, risk, execution, files.

Beside it, of the same run, the floor: decompressing the same files and splitting
them into lines, with Python's zlib.

usage: replay_speed.py BUILD_DIR [CAPTURE...]
"""
import glob
import gzip
import os
import re
import subprocess
import sys
import tempfile
import time

SHARED = "../shared/data/l2-binance-2024-08"


def span_and_floor(captures):
    """(market seconds, lines, seconds of reading alone)."""
    began, lines, first, last = time.monotonic(), 0, None, None
    for path in captures:
        with gzip.open(path, "rb") as file:
            data = file.read().splitlines()
        lines += len(data)
        start, end = int(data[0][:19]), int(data[-1][:19])
        first = start if first is None else min(first, start)
        last = end if last is None else max(last, end)
    return (last - first) / 1e9, lines, time.monotonic() - began


def main():
    captures = sys.argv[2:] or sorted(glob.glob(SHARED + "/usdm-*.gz"))
    if not captures:
        print(f"SKIPPED: {SHARED} not present")
        return 0
    market, lines, floor = span_and_floor(captures)
    with tempfile.TemporaryDirectory() as out:
        began = time.monotonic()
        done = subprocess.run([os.path.join(sys.argv[1], "bin", "gannet"), "replay", *captures, "--out", out],
                              capture_output=True, text=True, check=False)
        took = time.monotonic() - began
    if done.returncode != 0:
        print(done.stderr[-2000:])
        return 1
    decisions = re.search(r"decisions sha256=(\w{12})", done.stdout + done.stderr)
    print(f"replay: {lines} lines, {market:.1f} s of market in {took:.2f} s = {market / took:.1f} x real time "
          f"({lines / took:.0f} lines/s), decisions {decisions.group(1) if decisions else '?'}")
    print(f"floor: reading the lines alone {floor:.2f} s; ratio {took / floor:.1f}")
    return 0


sys.exit(main())
