#!/usr/bin/env python3
"""Each service as a program of its own, alone: it serves its area of gRPC on loopback
and on its private socket, a client that knows nothing of the platform can list and call
everything, and SIGTERM ends it with 0.

usage: services_rpc_test.py BIN_DIR
"""
import json
import os
import re
import signal

import harness
from harness import check
from rpc_clients import call_all, environment

# What each serves beside gannet.ops.v1.AdminService.
AREAS = {
    "ingest": {"gannet.market.v1.MarketDataService"},
    "news-signal": {"gannet.news.v1.SignalService"},
    "ml-inference": {"gannet.ml.v1.InferenceService", "gannet.ml.v1.ModelService", "inference.GRPCInferenceService"},
    "strategy": {"gannet.market.v1.MarketDataService", "gannet.order.v1.OrderService"},
    "risk": {"gannet.risk.v1.RiskService"},
    "execution": {"gannet.exec.v1.ExecutionService", "gannet.market.v1.MarketDataService", "gannet.order.v1.OrderService",
                  "gannet.risk.v1.RiskService"},
    "reporting": {"gannet.report.v1.ReportService"},
    "gateway": {"gannet.market.v1.MarketDataService", "gannet.news.v1.SignalService", "gannet.ml.v1.InferenceService",
                "gannet.order.v1.OrderService", "gannet.risk.v1.RiskService", "gannet.report.v1.ReportService"},
}
CONFIGS = {"risk": "config/limits.yaml", "strategy": "config/strategies.yaml"}


def start(bin_dir, folder, name):
    arguments = [os.path.join(bin_dir, f"gannet-{name}"), "--data", os.path.join(folder, name), "--rpc-address", "127.0.0.1:0"]
    config = CONFIGS.get(name)
    if name == "ml-inference":
        config = os.path.join(folder, "ml-inference.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"registry: {os.getcwd()}/services/ml-inference/models\nmodel: direction\n")
    if config is not None:
        arguments += ["--config", config]
    return harness.Program(arguments, folder, name)


def check_service(python, gannet, folder, name, program):
    def port():
        found = re.search(r'"event":"rpc_listening".*?"port":(\d+)', program.err())
        return found.group(1) if found else None
    target = "127.0.0.1:" + program.wait_for(port, 30, "RPC listens")
    with open(os.path.join(folder, name, "rpc.token"), encoding="ascii") as file:
        token = file.read().strip()
    codes = call_all(python, target, token)
    services = {path.split("/")[1] for path in codes}
    wanted = AREAS[name] | {"gannet.ops.v1.AdminService"}
    check(services == wanted, f"{name} serves {services}, not {wanted}")
    bad = {path: code for path, code in codes.items() if code in ("UNKNOWN", "INTERNAL", "UNAUTHENTICATED", "UNAVAILABLE")}
    check(not bad, f"{name}: these do not answer: {bad}")
    code, said = harness.ask(gannet, os.path.join(folder, name), "status", "--json")
    check(code == 0, f"gannet status of {name}: {said}")
    check(name in {row["service"] for row in json.loads(said)["services"]}, f"{name}: {said}")
    for where in (["--data", os.path.join(folder, name)], ["--address", target]):
        check(health(gannet, *where) == 0, f"{name} is not healthy at {where}")
    check(health(gannet, "--address", target, "--service", sorted(wanted)[0]) == 0, f"{name}: health of {sorted(wanted)[0]}")
    served = sum(code != "UNIMPLEMENTED" for code in codes.values())
    print(f"{name}: {len(codes)} methods, {served} served", flush=True)


def health(gannet, *flags):
    return harness.run([gannet, "healthcheck", "--timeout", "30s", *flags], 60)[0]


def test(bin_dir, folder):
    programs = {name: os.path.join(bin_dir, f"gannet-{name}") for name in AREAS}
    gannet = os.path.join(bin_dir, "gannet")
    harness.need(gannet, *programs.values())
    python = environment(folder)
    for name in AREAS:
        with start(bin_dir, folder, name) as program:
            check_service(python, gannet, folder, name, program)
            program.send(signal.SIGTERM)
            check(program.wait(30) == 0, f"{name} did not drain: {program.describe()}")
            check(health(gannet, "--data", os.path.join(folder, name)) == 4, f"{name} has ended and is called healthy")
    for address, said in (("0.0.0.0:0", "rpc.address"), ("127.0.0.1", "--rpc-address: '127.0.0.1' is no address")):
        code, _, err = harness.run([programs["risk"], "--data", os.path.join(folder, "risk"), "--rpc-address", address], 30)
        check(code != 0 and said in err, f"--rpc-address {address}: {err}")


harness.main(test)
