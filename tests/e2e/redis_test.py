#!/usr/bin/env python3
"""The gateway's sessions in a real Redis over TLS: they outlive the gateway; while Redis hangs or
is gone nobody is let in and nobody signed out, and it can be seen; when it is back everything goes
on as before, without a restart and without signing in again.

usage: redis_test.py BIN_DIR
"""
import base64
import http.cookies
import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import harness
from harness import check, wait_until

HOST = "127.0.0.1"


class Redis:
    """tools/redis-dev."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "redis")
        self.section = self.do("start", "--tls")

    def do(self, command, *arguments):
        done = subprocess.run(["tools/redis-dev", command, "--dir", self.folder, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode == harness.SKIPPED:
            harness.skip(done.stderr.strip())
        check(done.returncode == 0, f"redis-dev {command}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.do("stop", "--wipe")

    def pid(self):
        with open(os.path.join(self.folder, "pid"), encoding="ascii") as file:
            return int(file.read())


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Person:
    """Somebody at the page; by TLS where a gateway says how (`tls`)."""

    def __init__(self):
        self.cookie = self.csrf = None

    def ask(self, gateway, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.cookie:
            headers["Cookie"] = f"gannet_session={self.cookie}"
        if self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        tls = getattr(gateway, "tls", None)
        request = urllib.request.Request(f"{'https' if tls else 'http'}://{HOST}:{gateway.port}{path}", method=method, headers=headers,
                                         data=json.dumps(body).encode() if body is not None else None)
        try:
            with urllib.request.urlopen(request, timeout=60, context=tls) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def sign_in(self, gateway, user, password):
        answer = self.ask(gateway, "POST", "/api/v1/session", {"user": user, "password": password})
        if answer.status == 200:
            self.cookie = next(iter(http.cookies.SimpleCookie(answer.headers["Set-Cookie"]).values())).value
            self.csrf = json.loads(answer.body)["csrf"]
        return answer


class Gateway:
    def __init__(self, bin_dir, folder, config, name):
        self.data = os.path.join(folder, "data")
        self.program = harness.Program([os.path.join(bin_dir, "gannet-gateway"), "--data", self.data, "--config", config, "--rpc-address", "off",
                                        "--admin-address", f"{HOST}:0"], folder, name)
        self.port = self.port_of("gateway_listening")
        self.admin = self.port_of("admin_listening")

    def port_of(self, event):
        return int(self.program.wait_for(lambda: re.search(rf'"event":"{event}".*?"port":(\d+)', self.program.err()), 60, event).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.program.__exit__(*arguments)

    def admin_says(self, path):
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.admin}{path}", timeout=20) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def count(self, what):
        found = re.search(rf'^gannet_counts_total{{what="{what}"}} (\d+)', self.admin_says("/metrics"), re.M)
        return int(found.group(1)) if found else 0

    def degraded(self):
        return "nobody can sign in" in self.admin_says("/readyz")


def first_message(gateway, person):
    """What the stream says first to somebody's socket; empty: it was closed without a word."""
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((HOST, gateway.port), 60) as connection:
        connection.sendall("\r\n".join([
            "GET /api/v1/stream HTTP/1.1", f"Host: {HOST}:{gateway.port}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}", f"Cookie: gannet_session={person.cookie}", "", ""]).encode())
        received = b""
        while True:
            part = connection.recv(1 << 16)
            received += part
            frames = received.partition(b"\r\n\r\n")[2]
            if not part or b'"snapshot"' in frames or frames[:1] == b"\x88":
                return frames if b'"snapshot"' in frames else b""


def told(call, what):
    """The first answer but 503: a Redis that is slow now is none to the gateway."""
    return wait_until(lambda: (lambda answer: answer if answer.status != 503 else None)(call()), 20, what, harness.ASK_AGAIN)


def signed_in(gateway, person, user, password):
    answer = told(lambda: person.sign_in(gateway, user, password), "signing in")
    check(answer.status == 200, f"signing in: {answer.status} {answer.body}")


def check_away(gateway, person, user, password):
    """Nobody is let in, nobody is signed out, and it shows."""
    answer = wait_until(lambda: (lambda a: a if a.status == 503 else None)(person.ask(gateway, "GET", "/api/v1/state")), 10, "503 without Redis")
    check(answer.headers["Retry-After"] == "2", f"no word of when to ask again: {answer.headers}")
    check("Set-Cookie" not in answer.headers, "somebody was signed out")
    answer = Person().sign_in(gateway, user, password)
    check(answer.status == 503, f"somebody was let in: {answer.status}")
    check(Person().ask(gateway, "GET", "/api/v1/state").status == 401, "who shows nothing is told to sign in")
    check(Person().ask(gateway, "GET", "/healthz").status == 200, "the gateway is alive")
    check(not first_message(gateway, person), "the stream was opened")
    wait_until(gateway.degraded, 10, "readiness that says so")
    lost = gateway.count("redis_lost")
    wait_until(lambda: gateway.count("redis_lost") > lost, 20, "attempts that are counted")


def check_back(gateway, person):
    """The same session, without a restart of anything."""
    wait_until(lambda: person.ask(gateway, "GET", "/api/v1/state").status == 200, 20, "the session of before")
    wait_until(lambda: not gateway.degraded(), 10, "readiness")
    wait_until(lambda: first_message(gateway, person), 20, "the stream")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet-gateway"))
    with Redis(folder) as redis:
        config = os.path.join(folder, "gateway.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("port: 0\n" + redis.section + "  timeout: 2s\n")
        person = Person()
        with Gateway(bin_dir, folder, config, "first") as gateway:
            wait_until(lambda: not gateway.degraded(), 20, "a connection to Redis")
            path = os.path.join(gateway.data, "first-password")
            gateway.program.wait_for(lambda: os.path.exists(path), 60, "the first password")
            with open(path, encoding="ascii") as file:
                user, password = re.fullmatch(r"user (\S+)\npassword (\S+)\n", file.read()).groups()
            signed_in(gateway, person, user, password)
            wait_until(lambda: first_message(gateway, person), 20, "the stream of who is signed in")
            gateway.program.kill()
        with Gateway(bin_dir, folder, config, "second") as gateway:
            check_back(gateway, person)  # killed, and nobody had to sign in again

            os.kill(redis.pid(), signal.SIGSTOP)
            check_away(gateway, person, user, password)
            os.kill(redis.pid(), signal.SIGCONT)
            check_back(gateway, person)

            pid = redis.pid()
            os.kill(pid, signal.SIGKILL)
            check_away(gateway, person, user, password)
            redis.do("start")  # with what it had written down
            check_back(gateway, person)

            check(told(lambda: person.ask(gateway, "DELETE", "/api/v1/session"), "signing out").status in (200, 401), "signing out")
            check(told(lambda: person.ask(gateway, "GET", "/api/v1/state"), "an answer to who has signed out").status == 401, "the session goes on")
            signed_in(gateway, person, user, password)
            redis.do("stop")
            gateway.program.send(signal.SIGTERM)
            check(gateway.program.wait(60) == 0, f"the drain waits for Redis: {gateway.program.describe()}")


if __name__ == "__main__":
    harness.main(test)
