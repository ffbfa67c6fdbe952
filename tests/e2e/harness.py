"""What the tests of whole programs share: processes, waiting, the venue's own records.

Standard library only. A test is a script: it ends with 0 (passed), 1 (failed, the
reason on standard output) or 4 (skipped, the reason on standard output).
"""
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

SKIPPED = 4
PATIENCE = 3  # tests run beside each other


class Failure(Exception):
    """The program under test did not do what it must."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def skip(reason):
    print(f"SKIPPED: {reason}", flush=True)
    sys.exit(SKIPPED)


def need(*programs):
    for program in programs:
        if not os.access(program, os.X_OK):
            skip(f"{program} is not built")


def clients_python():
    """The interpreter that has the clients of tests/e2e/requirements.txt; skips where they cannot be had."""
    made = subprocess.run([os.path.join(os.path.dirname(__file__), "..", "..", "tools", "test-python")], capture_output=True, text=True)
    if made.returncode == SKIPPED:
        skip(made.stderr.strip())
    check(made.returncode == 0, f"tools/test-python: {made.stderr}")
    return made.stdout.strip()


def wait_until(condition, seconds, what):
    """The first true value of `condition`; Failure when there was none in PATIENCE times `seconds`,
    which is what it takes at most on a machine with nothing else to do."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, f"{what} did not happen within {seconds} s")
        time.sleep(0.05)


def tail(path, size=3000):
    try:
        with open(path, "rb") as file:
            return file.read()[-size:].decode("utf-8", "replace")
    except OSError as error:
        return f"({error})"


class Program:
    """A running program; its two outputs go to files beside its data."""

    def __init__(self, arguments, folder, name="program"):
        self.arguments = [str(argument) for argument in arguments]
        self.out_path = os.path.join(folder, f"{name}.out")
        self.err_path = os.path.join(folder, f"{name}.err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()  # so that it takes its own children along
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def out(self):
        return open(self.out_path, encoding="utf-8", errors="replace").read()

    def err(self):
        return open(self.err_path, encoding="utf-8", errors="replace").read()

    def describe(self):
        return f"{' '.join(self.arguments)}\nstdout: {self.out()[-2000:]}\nstderr: {self.err()[-2000:]}"

    def running(self):
        return self.process.poll() is None

    def wait_for(self, condition, seconds, what):
        """Like wait_until, but notices the program's end."""
        def probe():
            value = condition()
            check(value or self.running(), f"ended with {self.process.poll()} before {what}: {self.describe()}")
            return value
        try:
            return wait_until(probe, seconds, what)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.describe()}") from None

    def wait(self, seconds):
        """The exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"still running after {seconds} s: {self.describe()}") from None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()


def children(pid):
    """Processes that this one has started and that still run."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue  # no process, or gone
        if name.isdigit() and int(parent) == pid and state != "Z":
            found.append(int(name))
    return found


def logged(path, event, after=0):
    """Whether a line of this event is in a JSON log behind byte `after`."""
    try:
        with open(path, "rb") as file:
            file.seek(after)
            return f'"event":"{event}"'.encode() in file.read()
    except OSError:
        return False


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def run(arguments, seconds, **options):
    """Runs to the end: (code, standard output, standard error)."""
    try:
        done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=seconds, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"still running after {seconds} s: {arguments}") from None
    return done.returncode, done.stdout, done.stderr


class Platform:
    """`gannet run` on one data folder."""

    def __init__(self, bin_dir, data, *flags):
        self.bin_dir, self.data, self.flags = bin_dir, data, flags
        self.program = os.path.join(bin_dir, "gannet")
        self.log = os.path.join(data, "gannet.log")
        self.log_start = 0

    def launch(self, folder, *flags, name="gannet"):
        """Without waiting for anything."""
        self.log_start = size_of(self.log)
        return Program([self.program, "run", "--data", self.data, "--plain", *self.flags, *flags], folder, name)

    def wait_started(self, program):
        try:
            program.wait_for(lambda: logged(self.log, "started", self.log_start), 90, "the start of all services")
        except Failure as failure:
            program.kill()
            raise Failure(f"{failure}\nlog: {tail(self.log)}") from None

    def start(self, folder, *flags, name="gannet"):
        program = self.launch(folder, *flags, name=name)
        self.wait_started(program)
        return program

    def _ask(self, path):
        """The gateway of this run."""
        with open(self.log, "rb") as file:
            file.seek(self.log_start)
            port = re.search(rb'"event":"gateway_listening".*?"port":(\d+)', file.read())
        check(port, f"the gateway does not say where it listens: {tail(self.log)}")
        with open(os.path.join(self.data, "gateway-token"), encoding="ascii") as file:
            token = file.read().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{int(port.group(1))}{path}", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:  # 503: not serving, with the reasons
            return json.load(error)

    def first_sign_in(self, program):
        """User and password of the first start: without a terminal they are in a file."""
        path = os.path.join(self.data, "first-password")
        program.wait_for(lambda: os.path.exists(path) and "first-password" in program.out(), 60, "the first password")
        check(os.stat(path).st_mode & 0o777 == 0o600, "others may read the first password")
        with open(path, encoding="ascii") as file:
            user, password = re.fullmatch(r"user (\S+)\npassword (\S+)\n", file.read()).groups()
        check(password not in program.out(), "the first password is in the output")
        return user, password

    def counters(self):
        """What the gateway counts in this run."""
        return self._ask("/api/v1/state")["counters"]

    def problems(self):
        """Why it is not in full service; nothing when it is."""
        return self._ask("/health/ready")["reasons"]

    def facts(self, topic):
        """Values of all recorded facts of a topic, in order."""
        code, out, err = run([self.program, "journal", "dump", self.data, "--type", "fact", "--channel", topic], 120)
        check(code == 0, f"journal dump ended with {code}: {err}")
        return [json.loads(line)["event"]["value"] for line in out.splitlines()]


class VenueRecords:
    """What the exchange simulator says itself of an account: its signed REST API."""

    def __init__(self, bin_dir, data, folder):
        self.process = Program([os.path.join(bin_dir, "gannet-venue-sim"), "--data", data, "--port", "0", "--speed", "0"],
                               folder, "venue-records")
        ready = self.process.wait_for(lambda: re.search(r"^ready http=(\S+)", self.process.out(), re.M), 90, "the venue's ready line")
        self.base = ready.group(1)
        self.key = open(os.path.join(data, "api-key"), encoding="ascii").read().strip()
        self.secret = open(os.path.join(data, "api-secret"), encoding="ascii").read().strip()

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

    def get(self, path, **parameters):
        for _ in range(20):
            try:
                with urllib.request.urlopen(self.base + path + ("?" + urllib.parse.urlencode(parameters) if parameters else ""), timeout=20) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise Failure(f"GET {path}: {error.code} {error.read()[:300]}") from None
                time.sleep(float(error.headers.get("Retry-After", "1")))
        raise Failure(f"GET {path}: the venue's rate limit did not clear")

    def signed(self, path, **parameters):
        for _ in range(20):
            query = urllib.parse.urlencode({**parameters, "timestamp": int(time.time() * 1000), "recvWindow": 30000})
            signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            request = urllib.request.Request(f"{self.base}{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": self.key})
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise Failure(f"GET {path}: {error.code} {error.read()[:300]}") from None
                time.sleep(float(error.headers.get("Retry-After", "1")))
        raise Failure(f"GET {path}: the venue's rate limit did not clear")

    def symbols(self):
        return [symbol["symbol"] for symbol in self.get("/api/v3/exchangeInfo")["symbols"]]

    def _paged(self, path, symbol, id_name, first_parameter):
        rows, next_id = {}, 1  # from the first; 0 and none mean the newest
        while True:
            page = self.signed(path, symbol=symbol, limit=1000, **{first_parameter: next_id})
            fresh = [row for row in page if row[id_name] not in rows]
            for row in fresh:
                rows[row[id_name]] = row
            if not fresh or len(page) < 1000:
                return [rows[key] for key in sorted(rows)]
            next_id = max(rows) + 1

    def orders(self, symbol):
        return self._paged("/api/v3/allOrders", symbol, "orderId", "orderId")

    def trades(self, symbol):
        return self._paged("/api/v3/myTrades", symbol, "id", "fromId")


def main(test):
    """Calls test(bin_dir, folder) with the folder of binaries (the first argument of
    the script) and an empty one; keeps the latter when the test fails."""
    bin_dir = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="gannet-e2e-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ctest's: run the exits that stop children
    try:
        test(bin_dir, folder)
    except Failure as failure:
        print(f"FAILED: {failure}\n(kept: {folder})", flush=True)
        sys.exit(1)
    shutil.rmtree(folder, ignore_errors=True)
    print("passed", flush=True)
