#!/usr/bin/env python3
"""tools/shadow follows the journal of a platform that trades: equal positions let a candidate take over, a difference or
too few of them do not.

usage: shadow_test.py BIN_DIR [CANDIDATE]   CANDIDATE: the `gannet` of another build (default: the same)
"""
import os
import pathlib
import sys

import harness
from harness import check

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def shadow(leader, gannet, *flags):
    return harness.run([ROOT / "tools/shadow", "--leader", leader, "--gannet", gannet, "--every", "2", *flags], 240)


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    candidate = sys.argv[2] if len(sys.argv) > 2 else os.path.join(bin_dir, "gannet")
    platform = harness.Platform(bin_dir, os.path.join(folder, "data"), "--seed", "9", "--market-speed", "3")
    with platform.start(folder) as program:
        program.wait_for(lambda: platform.counters()["orders"] > 5, 120, "orders")
        orders = platform.counters()["orders"]
        code, out, err = shadow(platform.data, candidate, "--positions", "300", "--for", "10", "--work", os.path.join(folder, "kept"))
        check(code == 0 and "it may take over" in out, f"the same decisions: {code}\n{out[-3000:]}{err}")
        program.wait_for(lambda: platform.counters()["orders"] >= orders and not platform.problems(), 60, "the leader in full service")
        code, out, err = shadow(platform.data, candidate, "--positions", "1000000", "--for", "0.02")
        check(code == 4 and "only" in out, f"too little to compare: {code}\n{out}{err}")
        # One that decides otherwise, as the real one says it.
        other = script(folder, "other", 'echo "FIRST DIFFERENCE: record 7: order.intents.v1"; exit 1\n')
        code, out, err = shadow(platform.data, other, "--positions", "1")
        check(code == 1 and "decides otherwise" in out and "record 7" in out, f"a difference: {code}\n{out}{err}")
        pruned = script(folder, "pruned", 'echo "gannet: the journal begins in the middle of a run (pruned)" >&2; exit 1\n')
        code, out, err = shadow(platform.data, pruned, "--positions", "1")
        check(code == 4, f"a pruned journal: {code}\n{out}{err}")
        fewer = script(folder, "fewer", 'echo "  all   10   9"\n')
        code, out, err = shadow(platform.data, fewer, "--positions", "1")
        check(code == 1, f"facts that were not compared: {code}\n{out}{err}")
        platform.drain(program)
    code, out, err = harness.run([ROOT / "tools/shadow", "--leader", folder, "--gannet", candidate], 30)
    check(code == 2, f"a folder without a journal: {code}\n{out}{err}")


if __name__ == "__main__":
    harness.main(test)
