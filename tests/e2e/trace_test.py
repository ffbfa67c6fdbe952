"""A real Jaeger is told what `gannet run` does: every order is one trace, from what caused it to its report, with the
edges between services that the platform has; `gannet trace` tells the same from the journal, and the run decides the same
again without a collector.

usage: trace_test.py BIN_DIR [--keep FILE]   FILE: the trace of a headline with the most services, as Jaeger's API has it
Skipped where Jaeger cannot be had (tools/jaeger-dev).
"""
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import harness

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVICES = ["ingest", "news-signal", "ml-inference", "strategy", "risk", "execution", "reporting"]
ENOUGH = 5  # orders
HEADLINE = {("ingest", "news-signal"), ("news-signal", "strategy"), ("strategy", "risk"), ("risk", "execution"),
            ("execution", "binance-spot"), ("execution", "reporting")}
PREDICTION = {("ml-inference", "strategy"), ("strategy", "risk"), ("risk", "execution"), ("execution", "binance-spot"), ("execution", "reporting")}


class Jaeger:
    def __init__(self, folder):
        made = subprocess.run([ROOT / "tools" / "jaeger-dev", "fetch"], capture_output=True, text=True, check=False)
        if made.returncode == harness.SKIPPED:
            harness.skip(made.stderr.strip())
        harness.check(made.returncode == 0, f"tools/jaeger-dev: {made.stderr}")
        self.otlp, self.query = harness.free_port(), harness.free_port()
        anywhere = [f"--{one}.host-port=127.0.0.1:0" for one in
                    ("collector.otlp.http", "query.grpc-server", "collector.grpc-server", "collector.http-server", "admin.http")]
        self.program = harness.Program(
            ["env", "OTEL_TRACES_SAMPLER=always_off",  # it would trace itself
             made.stdout.strip(), f"--collector.otlp.grpc.host-port=127.0.0.1:{self.otlp}",
             f"--query.http-server.host-port=127.0.0.1:{self.query}", "--log-level=warn", *anywhere], folder, "jaeger")

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.query}{path}", timeout=10) as answer:
                return json.load(answer)["data"] or []
        except (OSError, ValueError):
            return None

    def traces(self, service):
        return [Trace(one) for one in self.get(f"/api/traces?service={service}&limit=5000&lookback=2h") or []]


class Trace:
    def __init__(self, raw):
        self.raw, self.id = raw, raw["traceID"]
        self.spans = {}
        for span in raw["spans"]:
            tags = {tag["key"]: tag["value"] for tag in span["tags"]}
            parents = [ref["spanID"] for ref in span["references"] if ref["refType"] == "CHILD_OF" and ref["traceID"] == self.id]
            self.spans[span["spanID"]] = {"service": raw["processes"][span["processID"]]["serviceName"], "name": span["operationName"],
                                          "parent": parents[0] if parents else None, "order": tags.get("gannet.order.id"), "tags": tags}

    def edges(self):
        """Directed: (service of the parent, service of the child), where they differ."""
        found = set()
        for span in self.spans.values():
            parent = self.spans.get(span["parent"])
            if parent and parent["service"] != span["service"]:
                found.add((parent["service"], span["service"]))
        return found

    def services(self):
        return {span["service"] for span in self.spans.values()}

    def orphans(self):
        return [span for span in self.spans.values() if span["parent"] and span["parent"] not in self.spans]

    def names(self):
        return {span["name"] for span in self.spans.values()}


def whole(traces, edges, root):
    """Those that begin as `root` and went all the way to a report."""
    return [t for t in traces if edges <= t.edges() and root in t.names()]


def wait_for_stories(jaeger, gannet, platform):
    def both():
        traces = jaeger.traces("execution")
        return whole(traces, HEADLINE, "headline") and whole(traces, PREDICTION, "prediction") and platform.counters()["orders"] > 2 * ENOUGH
    gannet.wait_for(both, 240, "an order from a headline and one from a prediction, each filled, reported and in Jaeger")


def check_orders(platform, jaeger):
    """Every order that was written down has exactly one trace, whole."""
    journaled = {fact["client_order_id"] for fact in platform.facts("exec.reports.v1") if fact["kind"] in ("JOURNALED", "EXEC_KIND_JOURNALED", 1)}
    harness.check(len(journaled) > ENOUGH, f"{len(journaled)} orders were sent")
    where = {}
    traces = jaeger.traces("execution")
    for trace in traces:
        for span in trace.spans.values():
            if span["order"]:
                where.setdefault(span["order"], set()).add(trace.id)
    for order in sorted(journaled):
        harness.check(len(where.get(order, ())) == 1, f"order {order} is in the traces {where.get(order)}")
    answered = {span["order"] for trace in traces for span in trace.spans.values() if span["name"] == "order"}
    for trace in traces:
        lost = [span for span in trace.orphans() if span["order"] in answered]
        harness.check(not lost, f"trace {trace.id} has spans without their parents: {lost}")
    return where


def check_text(platform, where, order):
    code, out, err = harness.run([platform.program, "trace", order, "--data", platform.data], 60)
    harness.check(code == 0, f"gannet trace: {err}")
    harness.check(out.split()[1].lstrip("0") == next(iter(where[order])).lstrip("0"), f"another trace than Jaeger's {where[order]}: {out}")
    for word in ("intent", "verdict", "JOURNALED"):
        harness.check(word in out, f"gannet trace does not tell of the {word}: {out}")
    print(out)


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    jaeger = Jaeger(folder)
    with jaeger.program as running:
        running.wait_for(lambda: jaeger.get("/api/services") is not None, 30, "Jaeger's API")
        platform = harness.Platform(bin_dir, os.path.join(folder, "data"), "--otlp-endpoint", f"http://127.0.0.1:{jaeger.otlp}",
                                    "--market-speed", "3")
        with platform.start(folder) as gannet:
            wait_for_stories(jaeger, gannet, platform)
            platform.drain(gannet)
        services = jaeger.get("/api/services")
        harness.check(set(SERVICES) <= set(services), f"Jaeger knows {services}")
        traces = jaeger.traces("execution")
        best = max(whole(traces, HEADLINE, "headline"), key=lambda trace: len(trace.services()))
        harness.check(len(best.services()) >= 7, f"the headline's trace has {best.services()}")
        tick = max(whole(traces, PREDICTION, "prediction"), key=lambda trace: len(trace.services()))
        harness.check(len(tick.services()) >= 6, f"the prediction's trace has {tick.services()}")
        where = check_orders(platform, jaeger)
        check_text(platform, where, next(span["order"] for span in best.spans.values() if span["name"] == "order"))
        code, out, err = harness.run([platform.program, "journal", "replay", platform.data], 240)
        harness.check(code == 0, f"the traced run decides otherwise without a collector: {out[-1500:]} {err[-1500:]}")
        if "--keep" in sys.argv:
            pathlib.Path(sys.argv[sys.argv.index("--keep") + 1]).write_text(json.dumps(best.raw))

if __name__ == "__main__":
    harness.main(test)
