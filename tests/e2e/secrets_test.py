#!/usr/bin/env python3
"""Secrets are planted in a platform that trades, and looked for in all that it leaves behind: logs, journals, rows,
reports, metrics, traces, the API of the page, commands, crash reports and a core dump; in clear, in hex (both cases),
in base64 at each of its three offsets, escaped for a URL, and inside of what is packed. None may be found, and each
planted leak must be.

usage: secrets_test.py BIN_DIR. Rows are in a private PostgreSQL, sessions in a private Redis and traces in a Jaeger where these can be had; the rest goes on without.
"""
import base64
import contextlib
import gzip
import http.server
import io
import json
import os
import pathlib
import re
import resource
import secrets
import shutil
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib

import harness
from backup_test import Database
from certificate_test import Authority
from harness import check
from redis_test import Redis
from trace_test import Jaeger

LEAST = 12  # bytes of a secret that are looked for: fewer are found by chance
CONFIG = """
market: venue-sim
limits: limits.yaml
strategies: strategies.yaml
execution:
  reconcile_every: 5s
gateway:
  port: 0
  certificate: {folder}/gateway.pem
  key: {folder}/gateway.key
  {redis}
reporting:
  {store}
  notify:
    channels:
      - {{name: desk, type: webhook, secret_file: {folder}/hook, url: "http://127.0.0.1:{hook}/in", kinds: [fill, reject, kill, halt], per_minute: 600}}
      - {{name: chat, type: slack, url_file: {folder}/chat, kinds: [fill, kill]}}
"""


# --- looking ----------------------------------------------------------------------

def forms(secret):
    """Each way in which the bytes of a secret may stand in a file."""
    yield "clear", secret
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    for offset in range(3):
        # What is before and behind it in the text that was encoded changes the letters at its ends.
        coded = base64.b64encode(b"\0" * offset + secret)
        cut = coded[(offset * 8 + 5) // 6:len(coded) - (4 if (offset + len(secret)) % 3 else 0)]
        yield f"base64+{offset}", cut
        yield f"base64url+{offset}", cut.replace(b"+", b"-").replace(b"/", b"_")
    escaped = urllib.parse.quote_from_bytes(secret, safe="").encode()
    if escaped != secret:
        yield "URL", escaped
    text = json.dumps(secret.decode("latin-1"))[1:-1].replace("/", "\\/").encode()
    if text != secret:
        yield "JSON", text


def unpacked(data, depth=0):
    """The bytes, and what is packed in them: gzip, zip (XLSX), streams of a PDF."""
    yield data
    if depth == 3:
        return
    if data[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(data), depth + 1)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from unpacked(archive.read(name), depth + 1)
    if data[:4] == b"%PDF":
        for stream in re.finditer(rb"stream\r?\n", data):
            try:
                yield zlib.decompressobj().decompress(data[stream.end():])
            except zlib.error:
                pass


class Search:
    def __init__(self, planted):
        """planted: name → bytes."""
        self.needles = [(name, form, needle) for name, secret in planted.items() for form, needle in forms(secret)]
        self.places = self.bytes = 0

    def leaks(self, place, data):
        self.places += 1
        self.bytes += len(data)
        return [f"{name} ({form}) in {place}" for part in unpacked(data) for name, form, needle in self.needles if needle in part]

    def in_folder(self, folder, but):
        """`but`: files that are there to hold a secret."""
        found = []
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file() and path.name not in but and not path.is_symlink():
                found += self.leaks(str(path), path.read_bytes())
        return found


def the_search_bites(planted):
    search = Search(planted)
    for name, secret in planted.items():
        for before in (b"", b"x", b"xy", b"xyz"):
            text = before + secret + b"tail"
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("xl/sheet.xml", text)
            for what, data in (("clear", text), ("hex", text.hex().encode()), ("HEX", text.hex().upper().encode()), ("base64", base64.b64encode(text)),
                               ("base64url", base64.urlsafe_b64encode(text)), ("gzip", gzip.compress(text)), ("gzip of base64", gzip.compress(base64.b64encode(text))),
                               ("xlsx", packed.getvalue()), ("pdf", b"%PDF-1.5\nstream\n" + zlib.compress(text) + b"\nendstream")):
                check(any(name in leak for leak in search.leaks("a planted leak", data)), f"{name} as {what} after {len(before)} bytes is not found")
    check(not search.leaks("noise", os.urandom(1 << 20)), "noise is taken for a secret")


# --- planting ---------------------------------------------------------------------

class Hooks:
    """A channel of the notifier: takes everything, keeps what it was told."""

    def __init__(self):
        self.told = told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                told.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", "0")))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def key_lines(path):
    """A PEM key: each line of it, and its bytes."""
    lines = [line for line in pathlib.Path(path).read_text(encoding="ascii").splitlines() if not line.startswith("-")]
    return {f"TLS key, line {number}": line.encode() for number, line in enumerate(lines) if len(line) >= LEAST} | {
        "TLS key, its number": base64.b64decode("".join(lines))[36:68]}  # PKCS #8 of a P-256 key: the private number


class Page:
    """The page's API over TLS, as a person signed in."""

    def __init__(self, authority, port):
        self.base = f"https://localhost:{port}"
        self.context = __import__("ssl").create_default_context(cafile=authority.pem)
        self.cookie = self.csrf = ""

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.cookie:
            headers |= {"Cookie": f"gannet_session={self.cookie}", "X-CSRF-Token": self.csrf}
        request = urllib.request.Request(self.base + path, json.dumps(body).encode() if body is not None else None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:
                set_cookie = answer.headers.get("Set-Cookie") or ""
                return answer.status, answer.read(), set_cookie
        except urllib.error.HTTPError as error:
            return error.code, error.read(), ""

    def try_password(self, user, password):
        """503: its Redis is slow now, which is no answer."""
        return harness.wait_until(lambda: (lambda answer: answer if answer[0] != 503 else None)(
            self.ask("POST", "/api/v1/session", {"user": user, "password": password})), 30, "an answer to a password", harness.ASK_AGAIN)

    def sign_in(self, user, password):
        status, body, cookie = self.try_password(user, password)
        check(status == 200, f"sign-in: {status} {body[:300]}")
        self.cookie, self.csrf = re.match(r"gannet_session_\d+=([^;]+)", cookie)[1], json.loads(body)["csrf"]

    def everything(self):
        """Every answer to a GET of the API's own description, without parameters."""
        status, body, _ = self.ask("GET", "/api/v1/openapi.json")
        check(status == 200, f"openapi.json: {status}")
        answers = {"openapi.json": body}
        for path, methods in json.loads(body)["paths"].items():
            if "get" in methods and "{" not in path and path != "/api/v1/session":  # which gives the CSRF token to who is signed in
                answers[path] = self.ask("GET", path)[1]
        return answers


def write(path, text, mode=0o600):
    pathlib.Path(path).write_text(text, encoding="ascii")
    os.chmod(path, mode)
    return text.strip().encode()


# --- the run ----------------------------------------------------------------------

def logged(platform, event, field):
    with open(platform.log, "rb") as file:
        found = re.search(rb'"event":"%s".*?"%s":(\d+)' % (event.encode(), field.encode()), file.read())
    return int(found[1]) if found else None


def drive(stage, platform, program, planted, authority):
    """Orders, commands, people: all that could carry a secret somewhere."""
    gannet, data = platform.program, platform.data
    user, password = platform.first_sign_in(program)
    port = logged(platform, "gateway_listening", "port")
    page = Page(authority, port)
    page.sign_in(user, password)
    planted |= {"password of a person": password.encode(), "session token": page.cookie.encode(), "CSRF token": page.csrf.encode()}
    for name, path in (("gateway token", "gateway-token"), ("token of gRPC", "rpc.token"), ("venue's key", "venue-sim/api-key"), ("venue's secret", "venue-sim/api-secret")):
        if os.path.exists(os.path.join(data, path)):
            planted[name] = pathlib.Path(data, path).read_bytes().strip()
    wrong = secrets.token_urlsafe(24)
    planted["a mistyped password"] = wrong.encode()
    check(page.try_password(user, wrong)[0] == 401, "a wrong password is taken")

    def traded():
        with open(platform.log, "rb") as file:
            file.seek(0)
        return len([fact for fact in platform.facts("exec.reports.v1") if "fill" in fact]) > 2
    program.wait_for(traded, 120, "three fills")
    outputs = {}
    for command in (["status", "--json"], ["order", "list", "--json"], ["position", "list", "--json"], ["limits", "show", "--json"], ["audit", "--json"],
                    ["halt", "strategy:maker", "--reason", "secrets test"], ["kill", "firm", "--reason", "secrets test"], ["journal", "dump", data]):
        where = ["--data", data] if command[0] != "journal" else []
        _, out, err = harness.run([gannet, *command, *where], 90)
        outputs[" ".join(command[:2])] = (out + err).encode()
    _, out, err = harness.run([gannet, "report", "--config", stage / "config/test.yaml", "--data", data, "--out", stage / "report"], 90)
    outputs["gannet report"] = (out + err).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{logged(platform, 'admin_listening', 'port')}/metrics", timeout=20) as answer:
        outputs["/metrics"] = answer.read()
    for path, body in page.everything().items():
        outputs["page " + path] = body
    return outputs


def memory_of(pid):
    """What it may write to: that is what a whole dump would hold."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if rights.startswith("rw") and "[v" not in line:
                memory.seek(int(begin, 16))
                try:
                    yield memory.read(int(end, 16) - int(begin, 16))
                except OSError:
                    pass


def core_of(folder, program):
    """The kernel's dump of a process that is made to crash."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    program.send(signal.SIGSEGV)
    code = program.wait(60)
    check(code == -signal.SIGSEGV, f"SIGSEGV ended it with {code}")
    if "/" in pattern or pattern.startswith("|"):
        print(f"SKIPPED: core dump: this kernel gives it to {pattern}", flush=True)
        return None
    found = list(pathlib.Path(folder).glob("core*"))
    check(found, f"no core dump in {folder} ({pattern})")
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def traces_of(jaeger):
    """Nothing while there are too few to look into."""
    found = b"".join(json.dumps(trace.raw).encode() for name in ("execution", "gateway", "risk") for trace in jaeger.traces(name))
    return found if found.count(b"traceID") > 10 else None


def rows_of(database):
    """Nothing before a fill is stored."""
    if int(database.ask("select count(*) from gannet.fills")) == 0:
        return None
    code, out, err = harness.run(["pg_dump", "--dbname", database.conninfo()], 60)
    check(code == 0 and "CREATE TABLE gannet.fills" in out, f"pg_dump: {code} {err}")
    return out.encode()


def kept_by(redis):
    """What Redis has written down, and its log."""
    files = [path for path in pathlib.Path(redis.folder).rglob("*") if "appendonlydir" in path.parts or path.name == "log"]
    written = b"".join(path.read_bytes() for path in files if path.is_file())
    check(b"gannet:session:" in written, "Redis keeps no session: then it proves nothing")
    return written


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    stage = pathlib.Path(folder)
    planted = {"database's password": b"", "signing key of a web hook": write(stage / "hook", secrets.token_hex(24) + "\n")}
    hooks = Hooks()
    slug = secrets.token_urlsafe(24)
    write(stage / "chat", f"http://127.0.0.1:{hooks.port}/services/{slug}\n")
    planted["address of a chat"] = slug.encode()
    authority = Authority(folder, "authority")
    certificate, key = authority.issue("localhost")
    shutil.copy(certificate, stage / "gateway.pem")
    shutil.copy(key, stage / "gateway.key")
    planted |= key_lines(key)
    jaeger = Jaeger(folder)
    private = Redis(folder) if shutil.which("redis-server") else contextlib.nullcontext()
    with jaeger.program, Database() as database, private as redis:
        section = ""
        if redis is not None:
            section = redis.section.replace("\n", "\n  ") + "  timeout: 5s"  # a slow one is no subject here
            planted["Redis's password"] = pathlib.Path(redis.folder, "password").read_bytes().strip()
        planted["database's password"] = (database.dir / "password").read_bytes().strip()
        the_search_bites(planted)
        shutil.copytree("config", stage / "config")
        store = "store:" + database.section.replace("\n", "\n  ")
        (stage / "config/test.yaml").write_text(CONFIG.format(folder=folder, store=store, redis=section, hook=hooks.port), encoding="utf-8")
        code, out, err = harness.run([os.path.join(bin_dir, "gannet"), "migrate", "--store", stage / "config/test.yaml"], 60)
        check(code == 0, f"migrate: {out}{err}")
        run(bin_dir, stage, planted, authority, jaeger, database, hooks, redis)


def run(bin_dir, stage, planted, authority, jaeger, database, hooks, redis):
    data = str(stage / "data")
    os.makedirs(data)
    platform = harness.Platform(bin_dir, data, "--config", str(stage / "config/test.yaml"), "--seed", "9", "--market-speed", "3", "--admin-address", "127.0.0.1:0",
                                "--otlp-endpoint", f"http://127.0.0.1:{jaeger.otlp}")
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    before = os.getcwd()
    program = platform.launch(str(stage))
    with program:
        platform.wait_started(program)
        cores = os.readlink(f"/proc/{program.process.pid}/cwd")
        old = {path: path.stat().st_mtime_ns for path in pathlib.Path(cores).glob("core*")}  # one name may be written over
        outputs = drive(stage, platform, program, planted, authority)
        outputs["traces"] = harness.wait_until(lambda: traces_of(jaeger), 30, "traces to look into")
        if redis is not None:
            outputs["what Redis keeps"] = kept_by(redis)
        outputs["rows"] = harness.wait_until(lambda: rows_of(database), 30, "rows to look into")
        harness.wait_until(lambda: hooks.told, 30, "something told to a channel")
        outputs["what the channels were told"] = b"".join(body for _, body in hooks.told)
        held = {name for part in memory_of(program.process.pid) for name, secret in planted.items() if secret in part}
        check({"venue's secret", "database's password"} & held, f"its memory holds only {held}: then a core dump proves nothing")
        core = core_of(cores, program)
    os.chdir(before)
    outputs["its standard output"], outputs["its standard error"] = program.out().encode(), program.err().encode()
    search = Search({name: secret for name, secret in planted.items() if len(secret) >= LEAST})
    found = [leak for place, content in outputs.items() for leak in search.leaks(place, content)]
    # What is there to hold a secret, for its owner alone.
    holders = {"gateway-token", "rpc.token", "api-key", "api-secret", "first-password", "users.json", "reports.key"}
    found += search.in_folder(data, holders)
    found += search.in_folder(stage / "report", set())
    for name in holders:
        for path in pathlib.Path(data).rglob(name):
            check(path.stat().st_mode & 0o077 == 0, f"others may read {path}")
    report = pathlib.Path(data, "crash-0.json")
    check(report.exists() and json.loads(report.read_text())["signal"] == "SIGSEGV", "the crash left no report")
    if core is not None and core.stat().st_mtime_ns != old.get(core):
        size = core.stat().st_size
        found += search.leaks("the core dump", core.read_bytes())
        shown = harness.run(["file", core], 20)[1] if shutil.which("file") else ""
        print(f"core dump: {size >> 10} KiB, of a memory that holds {len(held)} of them {shown.strip()[:60]}", flush=True)
        core.unlink()
    check(not found, f"{len(found)} leaks:\n" + "\n".join(sorted(set(found))[:40]))
    print(f"{len(search.needles)} forms of {len(planted)} secrets in none of {search.places} places ({search.bytes >> 20} MiB)", flush=True)


if __name__ == "__main__":
    harness.main(test)
