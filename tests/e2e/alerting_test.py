#!/usr/bin/env python3
"""From a kill switch to a person's phone, on the programs themselves: `gannet run` is scraped by a real Prometheus with
the shipped rules, which tells a real Alertmanager with the shipped routes (as Compose starts it), which posts to the
notifier that reporting hosts, which signs and posts to a channel: the alert with its runbook, and its end.

usage: alerting_test.py BIN_DIR. Skipped where Prometheus or Alertmanager is not installed.
"""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import secrets
import shutil
import threading

import harness
from harness import check

RULES = pathlib.Path("charts/gannet/files/rules").resolve()
ROUTES = pathlib.Path("charts/gannet/files/alertmanager").resolve()
CONFIG = """
market: venue-sim
limits: limits.yaml
strategies: strategies.yaml
execution:
  reconcile_every: 5s
reporting:
  notify:
    runbooks: https://desk.example/
    alerts: {{port: {port}, token_file: {folder}/token}}
    channels:
      - {{name: desk, type: webhook, secret_file: {folder}/hook, url: "http://127.0.0.1:{channel}/in", kinds: [alert], teams: [trading], per_minute: 600}}
"""


class Channel:
    """What a person looks at; each message is proven to come from the notifier."""

    def __init__(self, key):
        self.told = told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = hmac.new(key.encode(), self.headers["X-Gannet-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
                told.append((self.headers["X-Gannet-Signature"] == "sha256=" + signed, json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self, name):
        return [message for genuine, message in self.told if genuine and message["labels"].get("alertname") == name]


def alertmanager(folder, token, notifier):
    """The shipped routes by way of Compose's own script, with shorter waits."""
    own = folder / "alertmanager"
    (own / "secrets").mkdir(parents=True)
    for path in ROUTES.iterdir():
        text = path.read_text(encoding="utf-8").replace("/etc/alertmanager", str(own))
        text = re.sub(r"group_wait: \w+", "group_wait: 1s", re.sub(r"group_interval: \w+", "group_interval: 2s", text))
        (own / path.name).write_text(text, encoding="utf-8")
    (own / "secrets/notifier-token").write_text(token, encoding="ascii")
    port = harness.free_port()
    script = pathlib.Path("docker/compose/obs/alertmanager.sh").read_text(encoding="ascii")
    for before, after in (("/etc/alertmanager/alertmanager.yaml", f"{own}/alertmanager.yaml"), ("/etc/alertmanager/secrets", f"{own}/secrets"),
                          ("/secrets/alertmanager", f"{own}/secrets"), ("127.0.0.1:7190", f"127.0.0.1:{notifier}"), ("/tmp/alertmanager.yaml", f"{own}/made.yaml"),
                          ("/bin/alertmanager", shutil.which("prometheus-alertmanager")), ("--storage.path=/alertmanager", f"--storage.path={own}/data"),
                          ("127.0.0.1:9093", f"127.0.0.1:{port}")):
        check(before in script or before == "/etc/alertmanager/secrets", f"alertmanager.sh no longer says {before}")
        script = script.replace(before, after)
    started = own / "start.sh"
    started.write_text(script, encoding="ascii")
    return port, harness.Program(["env", "MAIL=127.0.0.1:9", "MAIL_TO=desk@localhost", "sh", started], str(folder), "alertmanager")


def prometheus(folder, admin, alerts):
    config = folder / "prometheus.yaml"
    config.write_text(f"global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\nrule_files: ['{RULES}/*.yaml']\n"
                      f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alerts}']}}]}}]}}\n"
                      f"scrape_configs:\n  - job_name: gannet\n    static_configs: [{{targets: ['127.0.0.1:{admin}']}}]\n", encoding="ascii")
    return harness.Program([shutil.which("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{harness.free_port()}",
                            "--rules.alert.resend-delay=1s"], str(folder), "prometheus")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    if shutil.which("prometheus") is None or shutil.which("prometheus-alertmanager") is None:
        harness.skip("Prometheus or Alertmanager is not installed")
    folder, hook, token = pathlib.Path(folder), secrets.token_hex(24), secrets.token_hex(24)
    for name, text in (("hook", hook), ("token", token)):
        (folder / name).write_text(text + "\n", encoding="ascii")
        (folder / name).chmod(0o600)
    channel, port = Channel(hook), harness.free_port()
    shutil.copytree("config", folder / "config")
    (folder / "config/test.yaml").write_text(CONFIG.format(folder=folder, port=port, channel=channel.port), encoding="utf-8")
    platform = harness.Platform(bin_dir, str(folder / "data"), "--config", folder / "config/test.yaml", "--admin-address", "127.0.0.1:0")
    with platform.start(str(folder)) as program:
        with open(platform.log, "rb") as file:
            admin = int(re.search(rb'"event":"admin_listening".*?"port":(\d+)', file.read())[1])
        alerts, manager = alertmanager(folder, token, port)
        with manager, prometheus(folder, admin, alerts):
            code, said = harness.ask(platform.program, platform.data, "kill", "firm", "--reason", "alerting test")
            check(code in (0, 6), f"kill: {code} {said}")
            program.wait_for(lambda: channel.alerts("GannetKillSwitchOn"), 60, "the alert on the channel")
            first = channel.alerts("GannetKillSwitchOn")[0]
            check(first["link"] == "https://desk.example/docs/runbooks/kill-switch.md" and not first["resolved"], f"without its runbook: {first}")
            code, said = harness.ask(platform.program, platform.data, "resume", "firm", "--reason", "alerting test")
            check(code == 0, f"resume: {code} {said}")
            program.wait_for(lambda: any(message["resolved"] for message in channel.alerts("GannetKillSwitchOn")), 120, "the alert's end on the channel")
    check(all(genuine for genuine, _ in channel.told), "a message was not signed by the notifier")
    print(f"{len(channel.told)} messages; told and taken back: {first['labels']['alertname']}", flush=True)


if __name__ == "__main__":
    harness.main(test)
