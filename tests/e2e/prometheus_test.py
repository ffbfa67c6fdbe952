"""A real Prometheus scrapes `gannet run` through its admin port and takes the chart's rules.

usage: prometheus_test.py BIN_DIR (harness.py). Skipped where Prometheus is not installed (Debian package prometheus).
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import harness

RULES = pathlib.Path("charts/gannet/files/rules").resolve()
CONFIG = """
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: ["%s/*.yaml"]
scrape_configs:
  - job_name: gannet
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


class Prometheus:
    def __init__(self, folder, admin_port):
        self.port = harness.free_port()
        config = pathlib.Path(folder, "prometheus.yaml")
        config.write_text(CONFIG % (RULES, admin_port))
        self.program = harness.Program(
            [shutil.which("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{self.port}"], folder, "prometheus")

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return json.load(answer)["data"]
        except (OSError, ValueError):
            return None

    def value(self, query):
        found = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": query}))
        return float(found["result"][0]["value"][1]) if found and found["result"] else None


    def rules(self):
        """None before each was computed once."""
        found = self.get("/api/v1/rules")
        rules = [rule for group in found["groups"] for rule in group["rules"]] if found else []
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None

    def quiet(self):
        """No rule fires."""
        rules = self.rules()
        return rules is not None and not any(rule.get("state") == "firing" for rule in rules)


def admin_port(platform):
    with open(platform.log, "rb") as file:
        return int(re.search(rb'"event":"admin_listening".*?"port":(\d+)', file.read()).group(1))


def scrape_is_well_formed(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text = answer.read()
    checked = subprocess.run([shutil.which("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    harness.check(checked.returncode == 0 and not checked.stdout + checked.stderr,
                  f"promtool: {checked.stdout.decode()} {checked.stderr.decode()}")
    harness.check(b"BTCUSDT" not in text and b"main/" not in text, "an instrument or an account is named in the metrics")


def test(bin_dir, folder):
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        harness.skip("prometheus is not installed (Debian package prometheus)")
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    platform = harness.Platform(bin_dir, os.path.join(folder, "data"), "--admin-address", "127.0.0.1:0")
    with platform.start(folder) as gannet:
        port = admin_port(platform)
        prometheus = Prometheus(folder, port)
        with prometheus.program as running:
            running.wait_for(lambda: prometheus.value("gannet_ready") == 1, 60, "a scrape of a ready platform")
            running.wait_for(lambda: (prometheus.value("sum(gannet_exec_reports_total{kind='JOURNALED'})") or 0) > 0, 120, "an order")
            running.wait_for(lambda: (prometheus.value("gannet_signal_to_order_seconds_count") or 0) > 0, 60, "a timed order")
            running.wait_for(lambda: prometheus.value("sum(gannet_books{state='valid'})") == 10, 60, "ten valid books")
            running.wait_for(lambda: prometheus.value("gannet_order_socket_up") == 1, 60, "orders go over the order socket")
            scrape_is_well_formed(port)
            rules = running.wait_for(prometheus.rules, 60, "each rule was computed once")
            harness.check(len(rules) > 60, f"{len(rules)} rules were taken")
            unknown = [rule["name"] for rule in rules if rule["health"] == "err"]
            harness.check(not unknown, f"rules that Prometheus cannot compute: {unknown}")
            running.wait_for(prometheus.quiet, 60, "a healthy platform fires no alert")
        platform.drain(gannet)

if __name__ == "__main__":
    harness.main(test)
