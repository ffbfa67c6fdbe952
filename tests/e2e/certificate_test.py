#!/usr/bin/env python3
"""Certificates of the page (HTTPS) and of gRPC (mutual TLS) are replaced while the platform
runs: connections that come get the new one, those that are there live on, and one that is
broken, half replaced or out of date is not used, which is seen.

usage: certificate_test.py BIN_DIR
"""
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import sys
import time

import harness
import rpc_clients
from harness import check

HOST = "127.0.0.1"


class Authority:
    """Makes certificates with the openssl program."""

    def __init__(self, folder, name):
        self.folder, self.name, self.count = folder, name, 0
        self.pem, self.key = self.path("pem"), self.path("key")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", self.key, "-out", self.pem)

    def path(self, what):
        return os.path.join(self.folder, f"{self.name}.{what}")

    def openssl(self, *arguments):
        code, out, err = harness.run(["openssl", *arguments], 30)
        check(code == 0, f"openssl {arguments[0]}: {out}{err}")

    def issue(self, common_name, days="1"):
        """Paths of a certificate and its key."""
        self.count += 1
        base = self.path(str(self.count))
        with open(base + ".ext", "w", encoding="ascii") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common_name}",
                     "-keyout", base + ".key", "-out", base + ".csr")
        self.openssl("x509", "-req", "-in", base + ".csr", "-CA", self.pem, "-CAkey", self.key, "-set_serial", str(self.count + 1), "-days", days,
                     "-extfile", base + ".ext", "-out", base + ".pem")
        return base + ".pem", base + ".key"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def fingerprint(pem_path):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(read(pem_path).decode())).hexdigest()


def put(source, target):
    """As one step."""
    shutil.copy(source, target + ".next")
    os.replace(target + ".next", target)


class Doors:
    """HTTPS and gRPC of the running platform."""

    def __init__(self, authority, client, https_port, rpc_port):
        self.authority, self.client, self.https_port, self.rpc_port = authority, client, https_port, rpc_port

    def context(self):
        context = ssl.create_default_context(cafile=self.authority.pem)
        return context

    def https(self):
        connection = http.client.HTTPSConnection(HOST, self.https_port, timeout=60, context=self.context())
        connection.connect()
        return connection

    @staticmethod
    def alive(connection):
        connection.request("GET", "/health/live")
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200

    def shown(self, port, with_client=False):
        """The fingerprint that a new connection is shown."""
        import socket
        context = self.context()
        if with_client:
            context.load_cert_chain(*self.client)
            context.set_alpn_protocols(["h2"])
        with socket.create_connection((HOST, port), 60) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
            return hashlib.sha256(tls.getpeercert(True)).hexdigest()

    def both(self):
        return self.shown(self.https_port), self.shown(self.rpc_port, True)

    def rpc(self, client=None, unique=0):
        """A method without an answer to wait for, on a channel of its own."""
        import grpc
        pem, key = client or self.client
        channel = grpc.secure_channel(f"localhost:{self.rpc_port}", grpc.ssl_channel_credentials(read(self.authority.pem), read(key), read(pem)),
                                      [("grpc.use_local_subchannel_pool", 1), ("unique", unique)])

        def call():
            try:
                channel.unary_unary("/gannet.ops.v1.AdminService/GetStatus", lambda m: m, lambda m: m)(b"", timeout=60)
                return "OK"
            except grpc.RpcError as error:
                return error.code().name
        return call


def test(bin_dir, folder):
    began = time.monotonic()
    if shutil.which("openssl") is None:
        harness.skip("the program openssl is not here")
    authority, strangers = Authority(folder, "authority"), Authority(folder, "strangers")
    client, stranger = authority.issue("desk"), strangers.issue("desk")
    served = [os.path.join(folder, name) for name in ("served.pem", "served.key", "clients.pem")]
    first = authority.issue("localhost")
    for source, target in zip((*first, authority.pem), served):
        put(source, target)
    config, data = os.path.join(folder, "gannet.yaml"), os.path.join(folder, "data")
    here = os.getcwd()
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"market: venue-sim\nlimits: {here}/config/limits.yaml\nstrategies: {here}/config/strategies.yaml\n"
                   f"gateway: {{address: 127.0.0.1, port: 0, certificate: {served[0]}, key: {served[1]}}}\n"
                   f"rpc: {{address: \"127.0.0.1:0\", tls: {{certificate: {served[0]}, key: {served[1]}, client_ca: {served[2]}}}, people: [{{name: desk, rights: [read]}}]}}\n")
    platform = harness.Platform(bin_dir, data, "--config", config)
    with platform.start(folder) as program:
        log = open(platform.log, encoding="utf-8").read()
        ports = [int(re.search(rf'"event":"{event}".*?"port":(\d+)', log)[1]) for event in ("gateway_listening", "rpc_listening")]
        doors = Doors(authority, client, *ports)

        def status():
            code, out = harness.ask(platform.program, data, "status", "--json")
            check(code == 0, f"status: {out}")
            answer = json.loads(out)
            return ({row["name"]: int(row["value"]) for row in answer["counters"]},
                    " | ".join(reason for row in answer["services"] for reason in row["reasons"]))
        check(doors.both() == (fingerprint(first[0]),) * 2, "not the certificate of the start")
        old_page, old_call = doors.https(), doors.rpc(unique=1)
        check(doors.alive(old_page) and old_call() == "OK", "the first calls")
        check(doors.rpc(stranger, 2)() == "UNAVAILABLE", "a client of another authority was let in")

        second = authority.issue("localhost")
        put(second[0], served[0])
        put(second[1], served[1])
        harness.wait_until(lambda: doors.both() == (fingerprint(second[0]),) * 2, 15, "the second certificate")
        check(doors.alive(old_page) and old_call() == "OK", "connections that were there ended")
        check(doors.rpc(unique=3)() == "OK", "a new client")
        print("replaced: new connections are shown the new certificate, old ones live on", flush=True)

        third, late = authority.issue("localhost"), authority.issue("localhost", days="0")
        time.sleep(1.1)  # the certificate of no days is out of date
        for what, pem, key in [("noise", None, None), ("a certificate without its key", third[0], None), ("out of date", *late)]:
            refused = status()[0]["rpc_certificates_refused"]
            if pem is None:
                with open(served[0] + ".next", "wb") as file:
                    file.write(os.urandom(500))
                os.replace(served[0] + ".next", served[0])
            else:
                put(pem, served[0])
            if key is not None:
                put(key, served[1])
            harness.wait_until(lambda refused=refused: status()[0]["rpc_certificates_refused"] > refused, 15, f"{what} is refused")
            harness.wait_until(lambda: "the certificate on disk is not used" in (said := status()[1]) and served[0] in said, 10, f"{what} in the health")
            check(doors.both() == (fingerprint(second[0]),) * 2, f"{what} is shown")
            check(doors.alive(old_page) and old_call() == "OK", f"{what}: connections that were there ended")
        check(harness.logged(platform.log, "certificate_refused"), "the log does not tell")
        put(third[0], served[0])
        put(third[1], served[1])
        harness.wait_until(lambda: doors.both() == (fingerprint(third[0]),) * 2, 15, "the third certificate")
        harness.wait_until(lambda: not status()[1], 30, "a health without it")
        print("broken, half replaced, out of date: not used, said in health, counters and log; a right one afterwards is used", flush=True)

        put(strangers.pem, served[2])
        harness.wait_until(lambda: doors.rpc(stranger, int(time.monotonic() * 1000) % 1_000_000_000)() == "OK", 15, "clients of the new authority")
        check(doors.rpc(unique=4)() == "UNAVAILABLE", "clients of the old authority are let in")
        check(old_call() == "OK", "a client that was there ended")
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), program.describe())
    print(f"the authority of clients was replaced; {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    harness.need(os.path.join(sys.argv[1], "gannet"), os.path.join(sys.argv[1], "gannet-venue-sim"))
    rpc_clients.run_with_clients()
    harness.main(test)
