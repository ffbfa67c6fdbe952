#!/usr/bin/env python3
"""Runs one program of Google Benchmark and prints each value beside its floor, or
peer, of the same run, and the ratio between them (medians of three repetitions).

usage: ratios.py PROGRAM
"""
import json
import subprocess
import sys
import tempfile

# What is measured -> what it is compared with; by the beginning of the name, first match.
FLOORS = [
    ("Encode<market::Quote>", "FloorSerialize<market::Quote"),
    ("Encode<market::OrderIntent>", "FloorSerialize<market::OrderIntent"),
    ("Encode<market::RiskDecision>", "FloorSerialize<market::RiskDecision"),
    ("Decode<market::Quote>", "FloorParse<market::Quote"),
    ("Decode<market::OrderIntent>", "FloorParse<market::OrderIntent"),
    ("Decode<market::RiskDecision>", "FloorParse<market::RiskDecision"),
    ("IntentHash", "FloorSha256"),
    ("PublishToGroups", "FloorDirectCalls"),
    ("BM_Decode", "BM_FloorParseOnly"),
    ("BM_Engine", "BM_FloorParseOnly"),
    ("LineToSignal", "FloorLineToItem"),
    ("EncodeAndSign", "FloorOneShotHmac"),
    ("SignWithPreparedKey", "FloorOneShotHmac"),
    ("DecodeAnswer", "FloorOneShotHmac"),
    ("DecodeFill", "FloorOneShotHmac"),
    ("IntentToVerdict", "FloorIntentHash"),
    ("VerdictOnly", "FloorIntentHash"),
    ("FillReleases", "FloorCopyVerdict"),
    ("QuoteRevalues", "FloorCopyVerdict"),
    ("MonteCarlo", "FloorTriangularMultiply"),
    ("IncrementalAnswer", "FloorWholeAnew"),
]
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
STANDARD = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions",
            "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit", "aggregate_name",
            "aggregate_unit"}


def run(program):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([program, "--benchmark_min_time=0.3", "--benchmark_repetitions=3",
                        "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true",
                        f"--benchmark_out={out.name}", "--benchmark_out_format=json"],
                       check=True, stdout=subprocess.DEVNULL)
        rows = json.load(out)["benchmarks"]
    return [row for row in rows if row.get("aggregate_name") == "median"]


def text(nanoseconds):
    for unit in ("s", "ms", "us"):
        if nanoseconds >= NANOSECONDS[unit]:
            return f"{nanoseconds / NANOSECONDS[unit]:.2f} {unit}"
    return f"{nanoseconds:.1f} ns"


def main():
    rows = run(sys.argv[1])
    # Processor time, unless the program measures itself or waits for a disk: it leaves
    # out what others on the machine do.
    clock = {True: "real_time", False: "cpu_time"}
    times = {row["run_name"]: row[clock[row["run_name"].endswith("_time")]] * NANOSECONDS[row["time_unit"]]
             for row in rows}
    for row in rows:
        name = row["run_name"]
        line = f"{name:60} {text(times[name]):>12}"
        floor = next((f for prefix, f in FLOORS if (name + "/").startswith(prefix)), None)
        base = next((other for other in times if floor and other.startswith(floor)), None)
        if base:
            line += f"  {base} {text(times[base])}, ratio {times[name] / times[base]:.2f}"
        counters = {k: v for k, v in row.items() if k not in STANDARD and isinstance(v, (int, float))}
        if counters:
            line += "  (" + ", ".join(f"{k} {v:.4g}" for k, v in counters.items()) + ")"
        print(line, flush=True)
    return 0


sys.exit(main())
