#!/usr/bin/env python3
"""A program that dies of a fault leaves a report with its build id; `gannet crashes` shows it and sends it on in Sentry's
protocol, to an endpoint that this test plays, over TLS; what has arrived is taken away, what has not is kept.

usage: crash_test.py BIN_DIR
"""
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import harness
from certificate_test import Authority
from harness import check

KEY = "5d41402abc4b2a76b9719d911017c592"


class Endpoint:
    """Takes envelopes; `status` is what it answers."""

    def __init__(self, certificate, key):
        self.got, self.status = [], 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def build_id(program):
    if shutil.which("readelf") is None:
        return None
    said = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=False).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", said)[1]


def die(bin_dir, folder, name, number):
    data = os.path.join(folder, name)
    program = os.path.join(bin_dir, f"gannet-{name}")
    with harness.Program([program, "--data", data, "--port", "0"], folder, name) as running:
        running.wait_for(lambda: "ready http=" in running.out(), 60, "the start")
        running.send(number)
        check(running.wait(30) == -number, f"{signal.Signals(number).name} did not end it: {running.describe()}")
    return data, program


def crashes(bin_dir, data, *flags, code=0):
    got, out, err = harness.run([os.path.join(bin_dir, "gannet"), "crashes", "--data", data, *flags], 60)
    check(got == code, f"gannet crashes {flags}: {got}\n{out}{err}")
    return out + err


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    data, program = die(bin_dir, folder, "venue-sim", signal.SIGSEGV)
    die(bin_dir, folder, "venue-sim", signal.SIGABRT)
    reports = [json.loads(line) for line in crashes(bin_dir, data, "--json").splitlines()]
    check([report["signal"] for report in reports] == ["SIGSEGV", "SIGABRT"], f"reports {reports}")
    own = [frame for frame in reports[0]["frames"] if frame["module"] == "venue-sim"]
    check(own and own[0]["build_id"] == (build_id(program) or own[0]["build_id"]), f"frames {reports[0]['frames']}")
    check("venue-sim" in crashes(bin_dir, data) and "died of SIGABRT" in crashes(bin_dir, data), "the list does not say what died")
    if shutil.which("addr2line"):
        named = subprocess.run(["addr2line", "-fCe", program, own[-1]["offset"]], capture_output=True, text=True, check=False).stdout
        check("_start" in named or "main" in named, f"the frames lead nowhere: {named}")

    authority = Authority(folder, "authority")
    endpoint = Endpoint(*authority.issue("localhost"))
    dsn = os.path.join(folder, "dsn")
    with open(dsn, "w", encoding="ascii") as file:
        file.write(f"https://{KEY}@localhost:{endpoint.port}/7\n")
    os.chmod(dsn, 0o644)
    check("others may read" in crashes(bin_dir, data, "--send-to", dsn, code=1), "a DSN that others may read is taken")
    os.chmod(dsn, 0o600)
    check(not endpoint.got and "certificate" in crashes(bin_dir, data, "--send-to", dsn, code=1), "it is sent to whoever answers")
    endpoint.status = 503
    said = crashes(bin_dir, data, "--send-to", dsn, "--ca", authority.pem, code=1)
    check("503" in said and KEY not in said, f"a refusal: {said}")
    check(len(crashes(bin_dir, data, "--json").splitlines()) == 2, "what was refused is gone")
    endpoint.status, endpoint.got = 200, []
    said = crashes(bin_dir, data, "--send-to", dsn, "--ca", authority.pem)
    check(said.count("    sent\n") == 2 and "has died" in crashes(bin_dir, data), f"sent and kept: {said}")
    arrived(endpoint, folder)
    print(f"{len(endpoint.got)} reports sent", flush=True)


def arrived(endpoint, folder):
    check(len(endpoint.got) == 2, f"{len(endpoint.got)} envelopes")
    for path, headers, body in endpoint.got:
        check(path == "/api/7/envelope/" and f"sentry_key={KEY}" in headers["X-Sentry-Auth"], f"{path} {headers}")
        head, item, event = body.decode().rstrip("\n").split("\n")
        check(json.loads(item) == {"type": "event", "length": len(event.encode())}, item)
        event = json.loads(event)
        check(event["event_id"] == json.loads(head)["event_id"] and event["platform"] == "native" and event["level"] == "fatal", f"{event}")
        values = event["exception"]["values"][0]
        check(values["stacktrace"]["frames"] and event["debug_meta"]["images"], f"{event}")
        for hidden in (socket.gethostname(), folder, os.path.expanduser("~"), KEY):
            check(len(hidden) < 3 or hidden.encode() not in body, f"{hidden} is in what was sent: {body[:500]}")


if __name__ == "__main__":
    harness.main(test)
