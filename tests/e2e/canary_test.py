#!/usr/bin/env python3
"""`gannet canary` asks a real Prometheus with the chart's rules, which scrapes what this test serves:
a release that holds its budgets stays, one that burns them does not, and where nothing is known it
does not either. With --halt what burns is halted, in a platform that runs.

usage: canary_test.py BIN_DIR (harness.py). Skipped where Prometheus is not installed (Debian package prometheus).
"""
import http.server
import json
import os
import pathlib
import shutil
import threading
import time
import urllib.request

import harness
from harness import check

RULES = pathlib.Path("charts/gannet/files/rules/gannet-slo.yaml")
PATIENCE = "6s"
BLIND = 4
WATCH = ("--for", "8s", "--settle", "1s", "--every", "500ms", "--patience", PATIENCE)


class Metrics:
    """Orders of a platform as Prometheus reads them: `bad` in a thousand of them end unknown."""

    def __init__(self):
        self.bad, self.orders, self.unknown, self.began = 0, 0, 0, time.monotonic()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = outer.text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def text(self):
        self.orders += 1000
        self.unknown += self.bad
        return ("gannet_ready 1\n"
                f'gannet_exec_reports_total{{kind="JOURNALED"}} {self.orders}\n'
                f'gannet_exec_reports_total{{kind="UNKNOWN"}} {self.unknown}\n')


def start_prometheus(folder, port, target):
    # Five minutes of the rules take five minutes: here their windows are seconds.
    rules = RULES.read_text().replace("[5m]", "[5s]").replace("interval: 30s", "interval: 500ms")
    own = pathlib.Path(folder, "rules.yaml")
    own.write_text(rules)
    config = pathlib.Path(folder, "prometheus.yaml")
    config.write_text("global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
                      f"rule_files: ['{own}']\nscrape_configs:\n  - job_name: gannet\n    static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n")
    return harness.Program([shutil.which("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
                            f"--web.listen-address=127.0.0.1:{port}", "--query.lookback-delta=3s"], folder, "prometheus")


def watch(bin_dir, port, *flags):
    return harness.run([os.path.join(bin_dir, "gannet"), "canary", "--prometheus", f"http://127.0.0.1:{port}", *WATCH, *flags], 120)


def canary(bin_dir, port, *flags):
    """A watch that sees something: Prometheus, too, is late on a busy machine."""
    def seen():
        code, out, err = watch(bin_dir, port, *flags)
        return None if code == BLIND else (code, out, err)
    return harness.wait_until(seen, 60, "a watch that is not blind")


def scraped(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query=gannet_ready", timeout=60) as answer:
        return json.load(answer)["data"]["result"]


def burning_rule(folder, bin_dir, port):
    """The rules have to have values before a watch begins."""
    def ready():
        code, out, _ = harness.run([os.path.join(bin_dir, "gannet"), "canary", "--prometheus", f"http://127.0.0.1:{port}", "--for", "200ms", "--settle", "100ms",
                                    "--every", "200ms", "--patience", "1s"], 30)
        return code == 0 and "with events: 1" in out
    harness.wait_until(ready, 40, "a burn rate in Prometheus")


def judged(bin_dir, folder):
    metrics, port = Metrics(), harness.free_port()
    with start_prometheus(folder, port, metrics.port):
        burning_rule(folder, bin_dir, port)
        code, out, err = canary(bin_dir, port)
        check(code == 0 and "healthy: no budget burns" in out, f"a healthy release: {code}\n{out}{err}")
        metrics.bad = 1  # twice the budget of 0.05 %
        code, out, err = canary(bin_dir, port)
        check(code == 0, f"a burn of twice the budget is for a ticket, not for a roll-back: {code}\n{out}{err}")
        metrics.bad = 200
        code, out, err = canary(bin_dir, port)
        check(code == 1 and "burning: order-path burns" in out, f"a release that loses track of a fifth of its orders: {code}\n{out}{err}")
        code, out, err = canary(bin_dir, port, "--slo", "gateway")
        check(code == 0, f"only the gateway is watched: {code}\n{out}{err}")
        halts(bin_dir, folder, port)
        metrics.bad = 0
        metrics.server.shutdown()
        metrics.server.server_close()
        harness.wait_until(lambda: not scraped(port), 20, "Prometheus forgets what it no longer scrapes")
        code, out, err = watch(bin_dir, port)
        check(code == BLIND and "sees no process" in out, f"nothing to scrape: {code}\n{out}{err}")
    code, out, err = watch(bin_dir, port)
    check(code == BLIND and "blind" in out, f"no Prometheus: {code}\n{out}{err}")
    for flags in (("--slo", "order-path=often"), ("--slo", "order_path,gateway"), ("--for", "1s", "--settle", "2s"), ("--halt", "strateg:maker")):
        code, out, err = watch(bin_dir, port, *flags)
        check(code == 2, f"{flags}: {code}\n{out}{err}")


def halts(bin_dir, folder, port):
    data = os.path.join(folder, "platform")
    platform = harness.Platform(bin_dir, data)
    with platform.start(folder):
        code, out, err = canary(bin_dir, port, "--halt", "strategy:maker", "--data", data)
        check(code == 1 and "burning" in out, f"with --halt: {code}\n{out}{err}")
        code, said = harness.ask(platform.program, data, "audit", "--kind", "set-trading-state")
        check(code == 0 and "strategy maker to HALTED" in said and "an error budget burns" in said, f"the audit does not know who halted what: {code}\n{said}")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"))
    if shutil.which("prometheus") is None:
        harness.skip("Prometheus is not installed")
    judged(bin_dir, folder)


if __name__ == "__main__":
    harness.main(test)
