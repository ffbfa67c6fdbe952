#!/usr/bin/env python3
"""Strangers at the doors of a platform that trades: HTTP, WebSocket and gRPC requests that
are malformed, forged, replayed, oversized, endless, compressed to burst, or never end, by
single connections and by more than are let in; and model input of wrong shapes, types and
numbers. Each gets a clear refusal, is counted or is cut off; nobody else waits for it.

usage: hostile_requests_test.py BIN_DIR
"""
import base64
import concurrent.futures
import gzip
import json
import os
import re
import signal
import socket
import struct
import sys
import time
import uuid

import harness
import rpc_clients
from harness import check

HOST = "127.0.0.1"
CONNECTIONS = 1024  # of the gateway, at most
MEMORY_LIMIT = 400 << 20  # bytes that the platform may grow by
# Seconds. Whoever is served beside a stranger waits less than a stranger may take.
LIMIT, MEANWHILE = 15 * harness.PATIENCE, 5 * harness.PATIENCE


class Gate:
    """The gateway's door: raw bytes in, status out."""

    def __init__(self, port, token):
        self.port, self.token = port, token

    def connect(self, limit=LIMIT):
        return socket.create_connection((HOST, self.port), limit)

    def send(self, data, limit=LIMIT):
        """The status of the answer; 0: closed without one."""
        with self.connect(limit) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # it may answer before it has read all
            answer = b""
            try:
                while b"\r\n" not in answer:
                    part = connection.recv(4096)
                    if not part:
                        break
                    answer += part
            except socket.timeout:
                raise harness.Failure(f"no answer and no end within {limit} s to {data[:100]}") from None
            except OSError:
                pass
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        return int(found[1]) if found else 0

    def ask(self, method, path, headers=(), body=b"", host=None, auth=True):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'{HOST}:{self.port}'}", "Connection: close"]
        if auth:
            lines.append(f"Authorization: Bearer {self.token}")
        lines += [f"{name}: {value}" for name, value in headers]
        if body and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def healthy(self, limit=MEANWHILE):
        began = time.monotonic()
        status = self.ask("GET", "/health/live", auth=False)
        check(status == 200 and time.monotonic() - began < limit, f"others wait: {status} after {time.monotonic() - began:.1f} s")


def expect(what, got, *wanted):
    check(got in wanted, f"{what}: {got}, not {' or '.join(map(str, wanted))}")


def http_requests(gate):
    line = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    post = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    for what, data, *wanted in [
            ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200) + b"\r\n\r\n", 400, 0),
            ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            ("HTTP/0.9", b"GET /\r\n\r\n", 400),
            ("NUL in the target", b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
            ("long method", b"A" * 30_000 + b" / HTTP/1.1\r\n\r\n", 400, 431),
            ("long target", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 400, 431),
            ("large header", line + b"X: " + b"a" * 200_000 + b"\r\n\r\n", 431),
            ("many headers", line + b"".join(b"X-%d: y\r\n" % i for i in range(10_000)) + b"\r\n", 431),
            ("header without name", line + b": x\r\n\r\n", 400),
            ("NUL in a header", line + b"X: a\x00b\r\n\r\n", 400),
            ("two lengths", post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ", 400),
            ("negative length", post + b"Content-Length: -1\r\n\r\n{}", 400),
            ("absurd length", post + b"Content-Length: 99999999999999999999999\r\n\r\n{}", 400, 413),
            ("length too large", post + b"Content-Length: 1000000000000\r\n\r\n{}", 413),
            ("length and chunks", post + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("chunk too large", post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 400, 413),
            ("endless chunks", post + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + (b"a" * 65536 + b"\r\n10000\r\n") * 40, 413),
            ("chunk of no number", post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("two requests, the second hidden", line + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n", 400)]:
        expect(what, gate.send(data), *wanted)
    as_json = [("Content-Type", "application/json")]
    for what, body, *wanted in [
            ("deep JSON", b"[" * 15_000, 400), ("deep objects", b"{\"user\":" * 1_500, 400), ("no JSON", b"\x00\xff\xfe", 400),
            ("not UTF-8", b'{"user":"\xff\xfe","password":"x"}', 400), ("half a surrogate", b'{"user":"\\ud800","password":"x"}', 400),
            ("wrong types", b'{"user":{"$gt":""},"password":["x"]}', 400), ("unknown fields", b'{"user":"a","password":"b","role":"admin"}', 400),
            ("a large number", b'{"user":' + b"9" * 10_000 + b"}", 400), ("body too large", b" " * (3 << 20), 413),
            ("packed body", gzip.compress(b'{"user":"' + b"a" * (50 << 20) + b'","password":"x"}'), 400),
            ("empty", b"", 400)]:
        extra = [("Content-Encoding", "gzip")] if what == "packed body" else []
        expect(what, gate.ask("POST", "/api/v1/session", as_json + extra, body, auth=False), *wanted)
    expect("no type of content", gate.ask("POST", "/api/v1/session", [("Content-Type", "text/plain")], b"{}", auth=False), 415)
    expect("unknown method", gate.ask("BREW", "/api/v1/state"), 400, 405)
    expect("wrong method", gate.ask("DELETE", "/api/v1/state"), 405)
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fgateway-token", "/api/v1/state/..", "//etc/passwd", "/%00", "/%zz"):
        status = gate.ask("GET", path)
        check(status in (400, 404), f"GET {path}: {status}")
    for query in ("interval=-1", "interval=60&interval=60", "interval=%ff", "nonsense=1", "interval=1e9", "interval=" + "9" * 500, "%zz=1", "instrument=b"):
        path = "/api/v1/candles?instrument=a&" + query
        expect(path[:60], gate.ask("GET", path), 400)
    gate.healthy()


def forged(gate, user, password):
    for what, headers in [("no token", []), ("an empty token", [("Authorization", "Bearer ")]), ("a wrong token", [("Authorization", "Bearer " + "x" * 43)]),
                          ("a signed nothing", [("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.")]), ("Basic", [("Authorization", "Basic YWRtaW46YWRtaW4=")]),
                          ("a made-up session", [("Cookie", "gannet_session=" + "A" * 43)]), ("a large cookie", [("Cookie", "gannet_session=" + "A" * 10_000)]),
                          ("two sessions", [("Cookie", "gannet_session=a; gannet_session=b")])]:
        expect(what, gate.ask("GET", "/api/v1/state", headers, auth=False), 401)
    expect("another host", gate.ask("GET", "/api/v1/state", host="evil.example"), 421)
    body = json.dumps({"user": user, "password": password}).encode()
    headers = f"POST /api/v1/session HTTP/1.1\r\nHost: {HOST}:{gate.port}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with gate.connect() as connection:
        connection.sendall(headers.encode() + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    cookie = re.search(rb"(gannet_session_\d+=[^;]+)", answer)[1].decode()
    csrf = json.loads(answer.partition(b"\r\n\r\n")[2])["csrf"]
    act = json.dumps({"scope": "firm", "name": "", "reason": "x"}).encode()

    def change(*extra):
        return gate.ask("POST", "/api/v1/risk/kill", [("Cookie", cookie), ("Content-Type", "application/json"), *extra], act, auth=False)
    expect("no CSRF token", change(), 403)
    expect("a made-up CSRF token", change(("X-CSRF-Token", "A" * len(csrf))), 403)
    expect("another site's page", change(("X-CSRF-Token", csrf), ("Origin", "https://evil.example")), 403)
    expect("the CSRF token of nobody", gate.ask("POST", "/api/v1/risk/kill", [("X-CSRF-Token", csrf), ("Content-Type", "application/json")], act), 403)
    tampered = cookie[:-1] + ("A" if cookie[-1] != "A" else "B")
    expect("a tampered session", gate.ask("GET", "/api/v1/state", [("Cookie", tampered)], auth=False), 401)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: gate.ask("POST", "/api/v1/session", [("Content-Type", "application/json")],
                                                    json.dumps({"user": user, "password": "guess"}).encode(), auth=False), range(30)))
    check(set(statuses) <= {401, 429} and statuses.count(429) >= 10, f"guessing is not slowed down: {statuses}")
    gate.healthy()


def frame(opcode, payload, final=True, masked=True, length=None):
    size = len(payload) if length is None else length
    head = bytes([(0x80 if final else 0) | opcode])
    bit = 0x80 if masked else 0
    head += bytes([bit | size]) if size < 126 else bytes([bit | 126]) + struct.pack(">H", size) if size < 65536 else bytes([bit | 127]) + struct.pack(">Q", size)
    return head + (b"\x00\x00\x00\x00" if masked else b"") + payload


def websockets(gate):
    def request(*extra, version="13", key=True, token=True):
        lines = ["GET /api/v1/stream HTTP/1.1", f"Host: {HOST}:{gate.port}", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Version: {version}", *extra]
        if key:
            lines.append("Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode())
        if token:
            lines.append(f"Authorization: Bearer {gate.token}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n"
    expect("a WebSocket of nobody", gate.send(request(token=False)), 401, 403, 404)
    expect("a WebSocket of another site", gate.send(request("Origin: https://evil.example")), 401, 403, 404)
    expect("another version", gate.send(request(version="7")), 400, 401, 404, 426)
    expect("no key", gate.send(request(key=False)), 400, 401, 404, 426)
    expect("frames before the upgrade", gate.send(request() + frame(1, b"{}")), 400)
    for what, data in [("a frame without a mask", frame(1, b"{}", masked=False)), ("a frame of 2^62 bytes", frame(1, b"", length=1 << 62)),
                       ("a message above the limit", frame(1, b"a" * (3 << 20))), ("no UTF-8", frame(1, b"\xff\xfe")), ("an unknown kind of frame", frame(5, b"x")),
                       ("a long ping", frame(9, b"x" * 126)), ("a fragment of nothing", frame(0, b"x")), ("a message of endless fragments", frame(1, b"", final=False) + frame(0, b"a" * 60_000, final=False) * 40),
                       ("nonsense", frame(1, b'{"resume":{"deep":' + b"[" * 50_000)), ("a binary message", frame(2, os.urandom(1000)))]:
        with gate.connect() as connection:
            connection.sendall(request())
            check(connection.recv(4096).startswith(b"HTTP/1.1 101"), f"{what}: no upgrade")
            try:
                connection.sendall(data)
                connection.settimeout(LIMIT)
                end = time.monotonic() + LIMIT
                while connection.recv(1 << 16):
                    check(time.monotonic() < end, f"{what}: it goes on as if nothing was")
            except socket.timeout:
                raise harness.Failure(f"{what}: the connection stays") from None
            except OSError:
                pass
    with gate.connect() as deaf:  # asks for everything and never reads
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(request())
        for _ in range(2000):
            deaf.sendall(frame(9, b"x" * 100))
        gate.healthy()


def slow_and_many(gate, counted):
    """More connections than there may be; each says a byte now and then, or nothing."""
    before = counted()
    connections = []
    for i in range(CONNECTIONS + 200):
        connection = gate.connect()
        connection.sendall(b"GET / HTTP/1.1\r\nX" if i % 2 else b"P")
        connections.append(connection)
        if i % 200 == 0:
            gate.healthy()
    gate.healthy()  # the oldest of those that ask nothing made room
    after = counted()
    check(after["http_connections_ended"] - before["http_connections_ended"] >= 200, f"none was ended for another: {after}")
    end = time.monotonic() + LIMIT
    while counted()["http_timed_out"] - before["http_timed_out"] < CONNECTIONS - 100:
        check(time.monotonic() < end, f"slow requests are not cut off: {counted()}")
        for connection in connections[-200:]:
            try:
                connection.send(b"a")
            except OSError:
                pass  # ended for another, or for its slowness
        time.sleep(1)
    gate.healthy()
    for connection in connections:
        connection.close()


# --- gRPC ------------------------------------------------------------------------------


def grpc_calls(target, token, tracker):
    import grpc
    from gannet.ops.v1 import admin_service_pb2 as ops
    from gannet.order.v1 import order_service_pb2 as orders
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1), ("grpc.max_metadata_size", 1 << 20)]
    channel = grpc.insecure_channel(target, options)
    mine = [("authorization", f"Bearer {token}")]

    def call(path, data, metadata=mine, limit=4 * LIMIT, on=channel, **more):
        try:
            return "OK", on.unary_unary(path, lambda m: m, lambda m: m)(data, timeout=limit, metadata=metadata, **more)
        except grpc.RpcError as error:
            return error.code().name, error.details()
    status = "/gannet.ops.v1.AdminService/GetStatus"
    submit = "/gannet.order.v1.OrderService/SubmitOrder"
    kill = "/gannet.risk.v1.RiskService/ActivateKillSwitch"
    expect("the token", call(status, b"")[0], "OK")
    for what, metadata in [("nobody", []), ("an empty token", [("authorization", "Bearer ")]), ("a wrong token", [("authorization", "Bearer " + "x" * 43)]),
                           ("a signed nothing", [("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")]), ("a claim", [("x-person", "admin"), ("person", "admin")]),
                           ("a hash instead of its token", [("authorization", "Bearer " + "0" * 64)])]:
        for path in (status, submit, kill, "/gannet.ops.v1.AdminService/Drain"):
            expect(f"{what} at {path}", call(path, b"", metadata)[0], "UNAUTHENTICATED")
    other = grpc.insecure_channel(target, [*options, ("grpc.use_local_subchannel_pool", 1)])  # which may be ended for it
    expect("metadata above the limit", call(status, b"", mine + [("x", "y" * 100_000)], on=other)[0], "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "UNKNOWN")
    expect("no such method", call("/gannet.ops.v1.AdminService/Format", b"")[0], "UNIMPLEMENTED")
    expect("no such service", call("/evil.Service/Call", b"")[0], "UNIMPLEMENTED")
    expect("bytes that are no message", call(submit, b"\xff" * 1000)[0], "INVALID_ARGUMENT")
    expect("a cut message", call(submit, orders.SubmitOrderRequest(request_id="x", account="main/paper").SerializeToString()[:-2])[0], "INVALID_ARGUMENT")
    expect("not UTF-8", call(submit, b"\x0a\x02\xff\xfe")[0], "INVALID_ARGUMENT")
    expect("groups in groups", call(submit, b"\x0b" * 100_000)[0], "INVALID_ARGUMENT")
    expect("a message above the limit", call(submit, b"\x00" * (5 << 20))[0], "RESOURCE_EXHAUSTED")
    before = tracker()
    expect("a message packed to burst", call(submit, b"\x00" * (400 << 20), compression=grpc.Compression.Gzip)[0], "UNIMPLEMENTED", "INVALID_ARGUMENT")
    check(tracker() - before < 200 << 20, f"a message packed to burst took {(tracker() - before) >> 20} MiB")
    # A request is one request, whoever repeats it and however it is changed.
    name = f"replay-{uuid.uuid4()}"
    first = orders.SubmitOrderRequest(request_id=name, account="main/paper", instrument="binance-spot:BTCUSDT", quantity=1, side=1, type=2, time_in_force=1, price=1, reason="a")
    outcome = call(submit, first.SerializeToString())
    check(outcome[0] in ("OK", "INVALID_ARGUMENT", "FAILED_PRECONDITION"), outcome)
    expect("the same once more", call(submit, first.SerializeToString())[0], outcome[0])
    first.quantity = 2
    expect("another request under the same id", call(submit, first.SerializeToString())[0], "ALREADY_EXISTS")
    for what, bad in [("no request id", ""), ("a long request id", "x" * 65)]:
        first.request_id = bad
        expect(what, call(submit, first.SerializeToString())[0], "INVALID_ARGUMENT")
    expect("pages without end", call("/gannet.order.v1.OrderService/ListOrders", orders.ListOrdersRequest(page_size=2**31 - 1).SerializeToString())[0], "OK", "INVALID_ARGUMENT")
    expect("a page token of ours that is not", call("/gannet.order.v1.OrderService/ListOrders", orders.ListOrdersRequest(page_token="../../x").SerializeToString())[0], "INVALID_ARGUMENT")
    # Streams beyond the limit, from several connections, read by nobody.
    channels = [grpc.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(3)]
    streams = [channels[i % 3].unary_stream("/gannet.news.v1.SignalService/StreamSignals", lambda m: m, lambda m: m)(b"", metadata=mine) for i in range(300)]

    def ended():
        return [stream.code().name for stream in streams if not stream.is_active() and stream.code() is not None]
    harness.wait_until(ended, 20, "streams beyond the limit are refused")
    expect("another call meanwhile", call(status, b"")[0], "OK")
    refused = ended()
    for stream in streams:
        stream.cancel()
    check(set(refused) == {"RESOURCE_EXHAUSTED"}, f"300 streams: {len(refused)} refused: {set(refused)}")
    for extra in channels:
        extra.close()
    counters = {row.name: row.value for row in ops.GetStatusResponse.FromString(call(status, b"")[1]).counters}
    check(counters.get("rpc_refused", 0) >= 20 and counters.get("rpc_failed", 0) >= 3, f"refusals are not counted: {counters}")
    return call


def grpc_connections(target, call):
    """Sockets that say nothing, half of HTTP/2, or something else; then others are served."""
    port = int(target.rpartition(":")[2])
    greetings = [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000,
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + struct.pack(">I", 0x00FFFFFF)[1:] + b"\x04\x00\x00\x00\x00\x00" + b"\x00" * 1000]
    connections = []
    for i in range(600):
        try:
            connection = socket.create_connection((HOST, port), 5)
            connection.sendall(greetings[i % len(greetings)])
            connections.append(connection)
        except OSError:
            pass
    # Streams that are opened and reset at once, as fast as they go.
    reset = socket.create_connection((HOST, port), LIMIT)
    reset.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
    burst = b"".join(b"\x00\x00\x01\x01\x04" + struct.pack(">I", i) + b"\x82" + b"\x00\x00\x04\x03\x00" + struct.pack(">I", i) + b"\x00\x00\x00\x08" for i in range(1, 20_001, 2))
    try:
        reset.sendall(burst)
    except OSError:
        pass
    began = time.monotonic()
    expect("a call beside 600 strange connections", call("/gannet.ops.v1.AdminService/GetStatus", b"")[0], "OK")
    check(time.monotonic() - began < MEANWHILE, f"others wait for {time.monotonic() - began:.1f} s")
    for connection in [*connections, reset]:
        connection.close()


def model_input(target, token):
    """The Open Inference Protocol: what is no row of features is no question."""
    import numpy
    import tritonclient.grpc as triton
    from tritonclient.grpc import service_pb2
    client = triton.InferenceServerClient(target)
    headers = {"authorization": f"Bearer {token}"}

    def raw(shape, data, datatype="FP32", name="features", model="direction", contents=None, version=""):
        request = service_pb2.ModelInferRequest(model_name=model, model_version=version)
        tensor = request.inputs.add(name=name, datatype=datatype, shape=shape)
        if contents is not None:
            tensor.contents.fp32_contents.extend(contents)
        if data is not None:
            request.raw_input_contents.append(data)
        try:
            client._client_stub.ModelInfer(request, metadata=[("authorization", f"Bearer {token}")], timeout=4 * LIMIT)
            return "OK"
        except Exception as error:
            return error.code().name
    row = numpy.zeros(11, dtype=numpy.float32).tobytes()
    expect("a right row", raw([1, 11], row), "OK")
    for what, arguments in {
            "too few columns": ([1, 10], row[:40]), "less data than its shape": ([2, 11], row), "more data than its shape": ([1, 11], row * 2), "no data": ([1, 11], b""),
            "a negative shape": ([-1, 11], row), "no rows": ([0, 11], b""), "a flat shape": ([11], row), "a deep shape": ([1, 1, 11], row),
            "a shape that overflows": ([1 << 62, 11], row), "a shape whose product is small again": ([1 << 32, 1 << 32, 11], row), "a huge shape": ([1 << 40, 11], row)}.items():
        expect(what, raw(*arguments), "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
    for datatype in ("FP64", "INT8", "BYTES", "BOOL", "", "fp32", "x" * 1000):
        expect(f"type {datatype[:10]}", raw([1, 11], row, datatype=datatype), "INVALID_ARGUMENT")
    for number in (float("nan"), float("inf"), float("-inf")):
        expect(f"{number}", raw([1, 11], numpy.full(11, number, dtype=numpy.float32).tobytes()), "INVALID_ARGUMENT")
    expect("the largest number", raw([1, 11], numpy.full(11, 3.4e38, dtype=numpy.float32).tobytes()), "OK", "INVALID_ARGUMENT")
    expect("another name", raw([1, 11], row, name="../../etc"), "INVALID_ARGUMENT")
    expect("another model", raw([1, 11], row, model="../../etc/passwd"), "NOT_FOUND", "INVALID_ARGUMENT")
    expect("another version", raw([1, 11], row, version="../1"), "NOT_FOUND", "INVALID_ARGUMENT")
    expect("data twice", raw([1, 11], row, contents=[0.0] * 11), "INVALID_ARGUMENT")
    expect("too many rows", raw([90_000, 11], row * 90_000), "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
    given = triton.InferInput("features", (1, 11), "FP32")
    given.set_data_from_numpy(numpy.zeros((1, 11), dtype=numpy.float32))
    check(client.infer("direction", [given], headers=headers).as_numpy("probabilities").shape == (1, 3), "a right row afterwards")


def memory_of(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test(bin_dir, folder):
    began = time.monotonic()
    here = os.getcwd()
    config = os.path.join(folder, "gannet.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"market: venue-sim\nlimits: {here}/config/limits.yaml\nstrategies: {here}/config/strategies.yaml\n"
                   f"ml-inference: {{registry: {here}/services/ml-inference/models, model: direction}}\nrpc: {{address: \"127.0.0.1:0\"}}\n")
    data = os.path.join(folder, "data")
    platform = harness.Platform(bin_dir, data, "--config", config, "--seed", "9", "--market-speed", "3")
    with platform.start(folder) as program:
        def logged(event):
            found = re.search(rf'"event":"{event}".*?"port":(\d+)', open(platform.log, encoding="utf-8").read())
            return int(found[1])

        def secret(name):
            return open(os.path.join(data, name), encoding="ascii").read().strip()

        def counted():
            code, out = harness.ask(platform.program, data, "status", "--json")
            check(code == 0, f"status: {out}")
            return {row["name"]: int(row["value"]) for row in json.loads(out)["counters"]}
        gate = Gate(logged("gateway_listening"), secret("gateway-token"))
        user, password = platform.first_sign_in(program)
        target, token = f"{HOST}:{logged('rpc_listening')}", secret("rpc.token")
        program.wait_for(lambda: counted().get("shard_clock_went_back") is not None, 20, "counters")
        start = memory_of(program.process.pid)
        for part in (lambda: http_requests(gate), lambda: forged(gate, user, password), lambda: websockets(gate)):
            part()
            check(program.running(), program.describe())
        counts = counted()
        check(counts["http_bad_requests"] >= 10 and counts["http_too_large"] >= 5, f"refusals are not counted: {counts}")
        print(f"HTTP and WebSocket: refused {counts['http_bad_requests']} malformed and {counts['http_too_large']} oversized requests", flush=True)
        call = grpc_calls(target, token, lambda: memory_of(program.process.pid))
        grpc_connections(target, call)
        model_input(target, token)
        print("gRPC and the Open Inference Protocol: refused by name, others served", flush=True)
        slow_and_many(gate, counted)
        print("slow and too many connections: cut off, others served", flush=True)
        check(program.running(), program.describe())
        grown = memory_of(program.process.pid) - start
        check(grown < MEMORY_LIMIT, f"the platform grew by {grown >> 20} MiB")
        fills = platform.counters()["fills"]
        program.wait_for(lambda: platform.counters()["fills"] > fills, 60, "a fill afterwards")
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), program.describe())
    print(f"grown by {grown >> 20} MiB; {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    harness.need(os.path.join(sys.argv[1], "gannet"), os.path.join(sys.argv[1], "gannet-venue-sim"))
    rpc_clients.run_with_clients()
    harness.main(test)
