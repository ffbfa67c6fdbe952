#!/usr/bin/env python3
"""Compares the gate with its oracle on random cases; every reason must be reached.

usage: risk_oracle_test.py GANNET [--cases N] [--seed S] [--least N] [--jobs N] [--keep DIR]

Half of the states are asked about with orders that meet the same state, half with
orders that come after one another. A difference prints the state's seed and ends
with exit code 1; --seed S --cases 1 writes its files to --keep.
"""
import argparse
import collections
import json
import multiprocessing
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import risk_cases  # noqa: E402
import risk_oracle  # noqa: E402

ORDERS, SEQUENCE, STEPS = 160, 40, 60  # of a state


def compare(task):
    """(seed, differences, reasons that failed, reasons that were the answer, orders) of one state."""
    gannet, seed, folder = task
    cases = risk_cases.Cases(seed)
    state = cases.state(STEPS)
    sequence = seed // len(risk_cases.THEMES) % 4 == 0
    orders = list(cases.orders(SEQUENCE if sequence else ORDERS))
    if sequence:  # one after the other, in time
        for order in orders:
            order.pop("at", None)
    folder = pathlib.Path(folder)
    paths = folder / f"state-{seed}.json", folder / f"orders-{seed}.jsonl"
    paths[0].write_text(json.dumps(state))
    paths[1].write_text("".join(json.dumps(order) + "\n" for order in orders))
    command = [gannet, "risk", "check", "--state", paths[0], "--orders", paths[1]] + (["--sequence"] if sequence else [])
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        return seed, [f"the gate ended with {run.returncode}: {run.stderr.strip()}"], {}, {}, len(orders)
    lines = run.stdout.splitlines()
    differences, failed, answers = [], collections.Counter(), collections.Counter()
    if len(lines) != len(orders):
        differences.append(f"{len(lines)} verdicts for {len(orders)} orders")
    world = risk_oracle.World(state)
    for number, (order, line) in enumerate(zip(orders, lines), 1):
        theirs = json.loads(line)
        ours = world.ask(order)
        reserved = None
        if not ours:
            scale = world.instruments[order["instrument"]].quote_scale
            reserved = risk_oracle.Fraction(world.last_order.reserved, 10**scale)
        if (theirs["failing"] != ours or theirs["permitted"] == bool(ours) or theirs["reason"] != (ours + ["NONE"])[0]
                or reserved != (risk_oracle.Fraction(theirs["reserved"]) if "reserved" in theirs else None)):
            differences.append(f"line {number}: gate {theirs['failing']} {theirs.get('reserved')} ({theirs['detail']}), oracle {ours} "
                               f"{reserved}: {json.dumps(order)}")
        failed.update(ours)
        answers[(ours + ["NONE"])[0]] += 1
        if sequence:
            world.take(ours)
    for path in paths:
        if not differences:
            path.unlink()
    return seed, differences, failed, answers, len(orders)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gannet")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=int, default=20, help="times that each reason must be reached")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", help="folder for the files of states that differ")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="risk-oracle-")
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    failed, answers, asked, states, bad = collections.Counter(), collections.Counter(), 0, 0, 0
    seed = options.seed
    with multiprocessing.Pool(options.jobs) as pool:
        while asked < options.cases:
            rest = options.cases - asked
            batch = [(options.gannet, seed + i, folder) for i in range(max(1, min(260, rest // 130)))]
            seed += len(batch)
            for state_seed, differences, some_failed, some_answers, count in pool.imap_unordered(compare, batch, 4):
                asked += count
                states += 1
                failed.update(some_failed)
                answers.update(some_answers)
                bad += bool(differences)
                if differences and bad <= 10:
                    print(f"seed {state_seed}: {len(differences)} differences; files in {folder}\n  " + "\n  ".join(differences[:3]))
    print(f"RESULT {asked} cases in {states} states, {bad} states with differences, permitted {answers['NONE']}")
    missed = [reason for reason in risk_oracle.REASONS if failed[reason] < options.least] if options.cases > 1000 else []
    for reason in risk_oracle.REASONS:
        print(f"  {reason:20} failed {failed[reason]:7} the answer {answers[reason]:7}")
    if missed:
        print(f"reached fewer than {options.least} times: {' '.join(missed)}")
    if not bad:
        for path in pathlib.Path(folder).glob("*"):
            path.unlink()
        if not options.keep:
            pathlib.Path(folder).rmdir()
    sys.exit(1 if bad or missed else 0)


if __name__ == "__main__":
    main()
