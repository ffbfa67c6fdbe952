#!/usr/bin/env python3
"""The gRPC APIs and the command line of a real `gannet run`, by clients that are not
ours: generic reflection, an unmodified Open Inference client, and the Python client.

usage: rpc_test.py BIN_DIR
"""
import json
import os
import re
import socket
import signal

import harness
from harness import check
from rpc_clients import call_all, environment, run_python

INSTRUMENT = "binance-spot:BTCUSDT"
INFER = '''
import sys, numpy, tritonclient.grpc as triton
client = triton.InferenceServerClient(sys.argv[1])
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("direction") and not client.is_model_ready("no-such-model")
about = client.get_model_metadata("direction")
assert about.inputs[0].name == "features" and list(about.inputs[0].shape) == [-1, 11], about
rows = numpy.zeros((3, 11), dtype=numpy.float32)
given = triton.InferInput("features", rows.shape, "FP32"); given.set_data_from_numpy(rows)
answer = client.infer("direction", [given], request_id="mine").as_numpy("probabilities")
assert answer.shape == (3, 3) and abs(answer.sum() - 3) < 1e-4 and (answer >= 0).all(), answer
for bad in (numpy.zeros((3, 10), dtype=numpy.float32), numpy.full((1, 11), numpy.nan, dtype=numpy.float32)):
    wrong = triton.InferInput("features", bad.shape, "FP32"); wrong.set_data_from_numpy(bad)
    try:
        client.infer("direction", [wrong]); raise SystemExit("a wrong tensor was answered")
    except triton.InferenceServerException as refused:
        assert refused.status() == "StatusCode.INVALID_ARGUMENT", refused
print("inference ok", answer[0].tolist())
'''


class Platform:
    def __init__(self, bin_dir, folder):
        self.gannet = os.path.join(bin_dir, "gannet")
        self.data = os.path.join(folder, "data")
        self.log, self.config = os.path.join(self.data, "gannet.log"), os.path.join(folder, "gannet.yaml")
        here = os.getcwd()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"market: venue-sim\nlimits: {here}/config/limits.yaml\nstrategies: {here}/config/strategies.yaml\n"
                       f"ml-inference: {{registry: {here}/services/ml-inference/models, model: direction}}\n"
                       "gateway: {address: 127.0.0.1, port: 0}\nrpc: {address: \"127.0.0.1:0\"}\n")
        self.program = harness.Program([self.gannet, "run", "--plain", "--data", self.data, "--config", self.config], folder)

    def ask(self, *arguments):
        """Exit code and output."""
        return harness.ask(self.gannet, self.data, *arguments)

    def cli(self, *arguments, code=0):
        got, said = self.ask(*arguments)
        check(got == code, f"gannet {' '.join(arguments)}: exit code {got}, not {code}\n{said}")
        return said

    def order(self, verb, *arguments, code=0, passing=()):
        """What was said, and the request's id."""
        got, said, request = harness.order(self.ask, verb, *arguments, passing=passing)
        check(got == code, f"gannet order {verb} {' '.join(arguments)}: exit code {got}, not {code}\n{said}")
        return said, request

    def look(self):
        """At the market: on a slow machine it is another after a minute."""
        self.price = str(int(harness.reference_price(self.ask, INSTRUMENT) * 0.97))

    def buy(self, quantity, *more, **how):
        """Below the market, so that it rests."""
        return self.order("submit", INSTRUMENT, "buy", quantity, "--price", self.price, *more, **how)

    def port(self):
        """As the log says it; none before it listens."""
        found = re.search(r'"event":"rpc_listening".*?"port":(\d+)', harness.tail(self.log, 100_000))
        return int(found.group(1)) if found else None


def check_reflection(python, target, token):
    codes = call_all(python, target, token)
    check(len(codes) >= 50, f"reflection lists only {len(codes)} methods")
    bad = {path: code for path, code in codes.items() if code in ("UNKNOWN", "INTERNAL", "UNAUTHENTICATED", "UNAVAILABLE")}
    check(not bad, f"these do not answer: {bad}")
    served = sum(code != "UNIMPLEMENTED" for code in codes.values())
    print(f"reflection: {len(codes)} methods, {served} served")
    stranger = call_all(python, target)
    let_in = {path for path, code in stranger.items() if code != "UNAUTHENTICATED"}
    allowed = {f"/inference.GRPCInferenceService/{name}" for name in ("ServerLive", "ServerReady")}
    check(let_in <= allowed, f"a stranger may call {let_in - allowed}")


def check_garbage(port):
    for bytes_sent in (b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096, b"\x00" * 100_000):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            try:
                connection.sendall(bytes_sent)
                connection.settimeout(2)
                connection.recv(4096)
            except OSError:
                pass


def check_command_line(platform):
    status = json.loads(platform.cli("status", "--json"))
    check({"risk", "strategy", "execution", "rpc"} <= {row["service"] for row in status["services"]}, f"{status}")
    check("max_order_notional" in platform.cli("limits", "show", "firm"), "limits show does not show them")
    platform.cli("position", "list")
    platform.cli("signals", "tail", "--no-follow", "--count", "3")
    platform.look()
    placed = json.loads(platform.buy("0.001", "--json")[0])
    order = placed["order"]["intent"]["client_order_id"]
    check(placed["progress"] == "ORDER_PROGRESS_JOURNALED" and placed["order"]["intent"]["strategy"].startswith("manual/"), f"{placed}")
    check(order in platform.cli("order", "list", "--open"), "an open order is not listed")
    lower = str(int(float(platform.price)) - 10)
    replaced = json.loads(platform.order("replace", order, "--price", lower, "--json")[0])["order"]["intent"]["client_order_id"]
    check(replaced != order, "a replacement has the old name")
    harness.wait_until(lambda: "accepted" in platform.cli("order", "show", replaced), 10, "the replacement's acceptance")
    platform.order("amend", replaced, "--quantity", "0.0009")
    harness.wait_until(lambda: "0.0009" in platform.cli("order", "show", replaced), 10, "the smaller order, in place")
    platform.cli("order", "cancel", replaced)
    harness.wait_until(lambda: "canceled" in platform.cli("order", "show", replaced), 10, "the cancel")
    trails = ("submit", INSTRUMENT, "sell", "0.001", "--type", "trailing-stop", "--trail")
    trailing = json.loads(platform.order(*trails, "1.5%", "--json")[0])["order"]["intent"]["client_order_id"]
    harness.wait_until(lambda: "ACCEPTED" in platform.cli("order", "show", trailing, "--json"), 30, "the trailing stop's acceptance")
    shown = json.loads(platform.cli("order", "show", trailing, "--json"))["order"]["intent"]
    check(shown.get("trailing_bps") == 150, f"a trailing stop without its distance: {shown}")
    platform.cli("order", "cancel", trailing)
    harness.wait_until(lambda: "canceled" in platform.cli("order", "show", trailing), 30, "the trailing stop's cancel")
    denied, _ = platform.order(*trails, "25%", code=5)
    check("1 to 2000 basis points" in denied, f"a distance that no venue has: {denied}")
    check("is no distance" in platform.cli("order", *trails, "1.5", code=1), "a distance without its unit is taken")
    dated = ("submit", INSTRUMENT, "buy", "0.001", "--price", lower)
    check("takes --for" in platform.cli("order", *dated, "--tif", "gtd", code=1), "an order good till no date is taken")
    check("--for is of" in platform.cli("order", *dated, "--for", "1h", code=1), "a life of an order that has none is taken")
    denied, _ = platform.order(*dated, "--tif", "gtd", "--for", "1h", code=5)
    check("good-till-date" in denied, f"spot has no such orders: {denied}")
    denied, _ = platform.buy("50", code=5)
    check("max_order_notional" in denied, f"not denied for its size: {denied}")
    platform.cli("kill", "firm", "--reason", "drill")
    denied, _ = platform.buy("0.001", code=5)
    check("kill_switch" in denied, f"not denied for the kill switch: {denied}")
    platform.cli("resume", "firm", "--reason", "drill is over")
    platform.cli("halt", "instrument:" + INSTRUMENT, "--reason", "auction")
    platform.cli("resume", "instrument:" + INSTRUMENT, "--reason", "auction is over")
    platform.cli("halt", "nonsense", "--reason", "x", code=2)
    platform.look()
    # What was lifted may not have been heard of everywhere.
    first, request = platform.buy("0.001", passing=("KILL_SWITCH", "TRADING_STATE"))
    again = platform.cli("order", "submit", INSTRUMENT, "buy", "0.001", "--price", platform.price, "--request-id", request)
    check(first.split()[0] == again.split()[0], f"one request made two orders: {first} {again}")
    platform.cli("order", "cancel", first.split()[0])


MORE = """
import sys, time, hashlib, uuid
from gannet.ml.v1 import inference_service_pb2 as ml, model_service_pb2 as models
from gannet.news.v1 import news_pb2, signal_service_pb2 as news
from gannet.ops.v1 import admin_service_pb2 as ops
from gannet.report.v1 import report_service_pb2 as report
from gannet_client import Client
with Client.local(sys.argv[1]) as gannet:
    said = gannet.news.ClassifyText(news.ClassifyTextRequest(title="Hackers drain $200 million of Bitcoin from exchange")).signal
    assert said.type == news_pb2.NEWS_EVENT_TYPE_HACK and said.sentiment_ppm < 0, said
    features = gannet.inference.GetFeatures(ml.GetFeaturesRequest(instrument="binance-spot:BTCUSDT"))
    assert len(features.feature_schema_hash) == 32 and len(features.features) == (11 if features.warm else 0), features
    listed = gannet.models.ListModelVersions(models.ListModelVersionsRequest()).model_versions
    assert any("champion" in one.aliases for one in listed), listed
    assert "market: venue-sim" in gannet.admin.GetConfig(ops.GetConfigRequest()).yaml
    deadline = time.monotonic() + 270
    def until(ask, enough):
        said = ask()
        while not enough(said):
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
            said = ask()
        return said
    journal = until(lambda: gannet.admin.VerifyJournal(ops.VerifyJournalRequest()), lambda said: said.records > 100)
    assert not journal.bad_file, journal
    fill = until(lambda: gannet.reports.ListFills(report.ListFillsRequest()).fills, len)[0].value
    # Reporting hears of intents, decisions and reports on topics of their own.
    traced = report.TraceFillRequest(account=fill.account, instrument=fill.instrument, trade_id=fill.fill.trade_id)
    whole = ["order.intents.v1", "risk.decisions.v1", "exec.reports.v1", "exec.reports.v1"]
    topics = until(lambda: [step.topic for step in gannet.reports.TraceFill(traced).steps], lambda said: said[-4:] == whole)
    content = b""
    while fill.fill.trade_id.encode() not in content:  # the store is written once in a while
        assert time.monotonic() < deadline, content
        asked = report.CreateReportRequest(request_id=str(uuid.uuid4()), kind=report.REPORT_KIND_FILLS, format=report.REPORT_FORMAT_CSV)
        asked.filter.accounts.append(fill.account)
        made = gannet.reports.CreateReport(asked).report
        assert gannet.reports.CreateReport(asked).report.report_id == made.report_id
        while made.state == report.REPORT_STATE_PENDING:
            time.sleep(0.05)
            made = gannet.reports.GetReport(report.GetReportRequest(report_id=made.report_id)).report
        assert made.state == report.REPORT_STATE_READY, made
        content = b"".join(piece.chunk for piece in gannet.reports.DownloadReport(report.DownloadReportRequest(report_id=made.report_id)))
        assert hashlib.sha256(content).digest() == made.content_hash, made
    print("fill traced over", topics)
"""


def check_example(python, platform):
    """What it shows is one order; one that is refused for what passes is not what it shows."""
    def shown():
        code, out, err = harness.run([python, "clients/python/examples/signals_and_order.py", "--data", platform.data], 120)
        check(code == 0, f"the example: {code} {out}{err[-2000:]}")
        return None if harness.passes_by_itself(out) or "no prices now" in out else out
    out = harness.wait_until(shown, 60, "an answer to the example's order", harness.ASK_AGAIN)
    check("journaled" in out, f"the example: {out}")
    print(out.strip())


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    python = environment(folder)
    platform = Platform(bin_dir, folder)
    with platform.program:
        port = platform.program.wait_for(platform.port, 90, "RPC listens")
        harness.reference_price(platform.ask, INSTRUMENT)  # books are valid, and risk decides
        with open(os.path.join(platform.data, "rpc.token"), encoding="ascii") as file:
            token = file.read().strip()
        check(os.stat(os.path.join(platform.data, "rpc.token")).st_mode & 0o77 == 0, "others can read the token")
        check(os.stat(os.path.join(platform.data, "gannet.sock")).st_mode & 0o777 == 0o600, "others can open the socket")
        check_reflection(python, f"127.0.0.1:{port}", token)
        check_garbage(port)
        print(run_python(python, INFER, f"unix:{platform.data}/gannet.sock").strip())
        check_command_line(platform)
        print(run_python(python, MORE, platform.data).strip())
        check_example(python, platform)
        platform.program.send(signal.SIGTERM)
        harness.in_order(platform.program.wait(40), platform.log)
    platform.cli("status", code=4)
    code, out, err = harness.run([platform.gannet, "journal", "replay", platform.data], 120)
    check(code == 0, f"the journal does not decide the same again: {out[-1500:]}{err[-1500:]}")


harness.main(test)
