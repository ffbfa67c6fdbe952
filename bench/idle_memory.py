#!/usr/bin/env python3
"""What each service holds in memory while nothing but the market moves: the platform as
separate processes (tools/local), a while after the start. Goal: at most 60 MB resident each.

Resident counts mapped files (the program, its libraries, shared by all of them: the kernel
may take them back); anonymous memory is the service's own. The floor is a process of
grpc, Kafka and ONNX Runtime's libraries that has done nothing: `gannet-X --version`'s peak.

usage: idle_memory.py BUILD_DIR [SECONDS]    (default 120)
"""
import re
import subprocess
import sys

import local_platform

GOAL_MB = 60


def memory_mb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        text = rollup.read()
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        threads = int(re.search(r"Threads:\s+(\d+)", status.read()).group(1))
    return [int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1)) / 1024 for name in ("Rss", "Anonymous")], threads


def floor_mb(program):
    """The largest that a program became which only says its version."""
    code = (f"import resource, subprocess; subprocess.run([{program!r}, '--version'], stdout=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) / 1024


def run():
    build = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 120
    with local_platform.Platform(build) as platform:
        local_platform.wait(seconds, "idle")
        worst = 0.0
        print(f"{'service':<14}{'resident MB':>12}{'anonymous MB':>14}{'threads':>9}{'floor MB':>10}{'ratio':>7}")
        for name, pid in platform.pids():
            (resident, anonymous), threads = memory_mb(pid)
            floor = floor_mb(f"{platform.bin}/gannet-{name}")
            print(f"{name:<14}{resident:>12.1f}{anonymous:>14.1f}{threads:>9}{floor:>10.1f}{resident / floor:>7.1f}")
            worst = max(worst, resident)
    print(f"idle memory: largest {worst:.1f} MB resident; {local_platform.verdict(worst <= GOAL_MB, f'{GOAL_MB} MB a service')}")


local_platform.main(run)
