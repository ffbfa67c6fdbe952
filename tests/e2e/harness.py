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
import uuid

SKIPPED = 4
UNREACHABLE = 4  # of `gannet`: no process answers there
NOT_IN_ORDER = 3  # of whatever serves: it ran, and its end was cut short
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


def wait_until(condition, seconds, what, pause=0.05):
    """The first true value of `condition`; Failure when there was none in PATIENCE times `seconds`,
    which is what it takes at most on a machine with nothing else to do."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, f"{what} did not happen within {seconds} s")
        time.sleep(pause)


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

    def wait_for(self, condition, seconds, what, pause=0.05):
        """Like wait_until, but notices the program's end."""
        def probe():
            value = condition()
            check(value or self.running(), f"ended with {self.process.poll()} before {what}: {self.describe()}")
            return value
        try:
            return wait_until(probe, seconds, what, pause)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.describe()}") from None

    def wait(self, seconds):
        """The exit code; as patient as wait_until."""
        try:
            return self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"still running after {seconds * PATIENCE} s: {self.describe()}") from None

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


def listening(pid):
    """TCP ports of a process."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii").readlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]


def venue_address(program):
    """Of the exchange that `gannet run` has started: the port that answers a ping."""
    for pid in children(program.process.pid):
        for port in listening(pid):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v3/ping", timeout=5):
                    return f"http://127.0.0.1:{port}"
            except OSError:
                continue
    return None


def logged(path, event, after=0):
    """Whether a line of this event is in a JSON log behind byte `after`."""
    try:
        with open(path, "rb") as file:
            file.seek(after)
            return f'"event":"{event}"'.encode() in file.read()
    except OSError:
        return False


def in_order(code, log, after=0):
    """Whether a run that traded until it was told to end has ended in order. It may say otherwise for one reason: on a busy
    machine the fate of its last orders and cancels is not known within the drain's limit. The next start finds it out."""
    if code == 0:
        return True
    with open(log, "rb") as file:
        file.seek(after)
        text = file.read()
    cut = re.findall(rb'"event":"drain_cut_short".*?"name":"([^"]*)"', text)
    waited = cut and set(cut) <= {b"strategy", b"execution"} and b'"event":"end_failed"' not in text
    check(code == NOT_IN_ORDER and waited, f"ended with {code}: {tail(log)}")
    return False


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def run(arguments, seconds, **options):
    """Runs to the end: (code, standard output, standard error); as patient as wait_until."""
    try:
        done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=seconds * PATIENCE, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"still running after {seconds * PATIENCE} s: {arguments}") from None
    return done.returncode, done.stdout, done.stderr


def ask(gannet, data, *arguments):
    """Exit code and output of a command given to the process of that data folder; of an answer in JSON its standard output
    alone: a library that is kept waiting may have words for the other."""
    patience = () if "--timeout" in arguments else ("--timeout", "60s")
    code, out, err = run([gannet, *arguments, *patience, "--data", data], 60)
    return code, out if code == 0 and "--json" in arguments else out + err


# --- orders by hand: ask(*arguments) gives exit code and output of `gannet` at some process ---

# Reasons for which an order is refused now that would be taken a moment later: a book that is being read anew, market data
# that is late, a used-up budget of messages, a fill, a balance or a definition that not every service has heard of yet.
PASSING = ("BALANCE", "BOOK_INVALID", "CROSSED_BOOK", "GATE_CLOSED", "INSTRUMENT_VERSION", "MESSAGE_RATE", "NO_PRICE", "POSITION_MISMATCH", "STALE_PRICE")
ASK_AGAIN = 0.5  # seconds: a person may send twenty messages in ten


def passes_by_itself(said, *more):
    """Whether what was said of an order is no answer yet; `more`: further reasons that pass."""
    reasons = "|".join((*PASSING, *more))
    return re.search(rf"\b(denied|REJECT_REASON)[ :_]+({reasons})\b|messages in |too old to act on|of a venue that is connected|no instrument is known yet", said, re.I) is not None


def order(ask_gannet, verb, *arguments, passing=()):
    """(exit code, output, request id) of `gannet order VERB …`, asked again while it is refused for what passes by itself.
    Whoever gets no answer at all asks with the same request id, so that there is one order."""
    request, answer = None, None

    def answered():
        nonlocal request, answer
        request = request or str(uuid.uuid4())
        code, said = answer = ask_gannet("order", verb, *arguments, "--request-id", request)
        if code == UNREACHABLE or "ask again with the same" in said:
            return None
        if code != 0 and passes_by_itself(said, *passing):
            request = None
            return None
        return code, said, request
    try:
        return wait_until(answered, 60, f"an answer to order {verb} {' '.join(arguments)}", ASK_AGAIN)
    except Failure as failure:
        raise Failure(f"{failure}; the last: {answer}") from None


def reference_price(ask_gannet, instrument):
    """What risk takes for the market, as it says when it refuses an order far from it."""
    def said():
        found = re.search(r"price_collar: .* around ([0-9.]+)", ask_gannet("order", "submit", instrument, "buy", "0.001", "--price", "20000")[1])
        return found and float(found[1])
    return wait_until(said, 60, f"risk judges an order in {instrument} by the market", ASK_AGAIN)


def place(ask_gannet, instrument, *arguments):
    """Gives an order that must be taken, and its id."""
    code, said, _ = order(ask_gannet, "submit", instrument, *arguments, "--reason", "test")
    check(code == 0, f"not taken: {said}")
    return said.split()[0]


def free_port():
    """For a program that must be told its port, or come back to it."""
    return int(subprocess.run(["tools/free-port"], stdout=subprocess.PIPE, text=True, check=True).stdout)


def quiet_strategies(folder):
    """A strategies file in which nobody trades."""
    path = os.path.join(folder, "strategies.yaml")
    with open("config/strategies.yaml", encoding="utf-8") as file, open(path, "w", encoding="utf-8") as out:
        out.write(file.read().partition("\nplaybooks:")[0] + "\n")
    return path


def venue_sim(bin_dir, data, folder, name, *flags):
    """The exchange simulator, and by name what it says of where it listens."""
    program = Program([os.path.join(bin_dir, "gannet-venue-sim"), "--data", data, *flags], folder, name)
    ready = program.wait_for(lambda: re.search(r"^ready (.*)\n", program.out(), re.M), 90, "the venue's ready line")
    return program, dict(word.split("=", 1) for word in ready.group(1).split())


class QuietPlatform:
    """`gannet run` in which nobody trades but the test."""

    def __init__(self, bin_dir, folder, limits=None):
        """`limits`: a text in place of config/limits.yaml."""
        self.gannet = os.path.join(bin_dir, "gannet")
        self.folder, self.data, self.config = folder, os.path.join(folder, "data"), os.path.join(folder, "gannet.yaml")
        here = os.getcwd()
        strategies, own_limits = quiet_strategies(folder), os.path.join(folder, "limits.yaml")
        if limits is not None:
            with open(own_limits, "w", encoding="utf-8") as file:
                file.write(limits)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"market: venue-sim\nlimits: {own_limits if limits is not None else here + '/config/limits.yaml'}\nstrategies: {strategies}\n"
                       f"ml-inference: {{registry: {here}/services/ml-inference/models, model: direction}}\n"
                       "gateway: {address: 127.0.0.1, port: 0}\n")

    def start(self, name):
        return Program([self.gannet, "run", "--plain", "--data", self.data, "--config", self.config], self.folder, name)

    def cli(self, *arguments):
        return ask(self.gannet, self.data, *arguments)


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

    def drain(self, program, how=signal.SIGTERM):
        """Told to end while it trades: whether it ends in order."""
        program.send(how)
        return in_order(program.wait(40), self.log, self.log_start)

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
            with urllib.request.urlopen(request, timeout=20 * PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 429:
                time.sleep(ASK_AGAIN)
                return self._ask(path)
            return json.load(error)  # 503: not serving, with the reasons

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


class VenueAccount:
    """The exchange simulator's REST API, as whoever has the account's key; waits where it is told to."""

    def __init__(self, base, data):
        """`data`: the simulator's folder."""
        self.base = base
        self.key, self.secret = (open(os.path.join(data, name), encoding="ascii").read().strip() for name in ("api-key", "api-secret"))

    def _ask(self, make):
        for _ in range(20):
            request = make()
            try:
                with urllib.request.urlopen(request, timeout=20 * PATIENCE) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise Failure(f"{request.method or 'GET'} {request.selector}: {error.code} {error.read()[:300]}") from None
                time.sleep(float(error.headers.get("Retry-After", "1")))
        raise Failure(f"{request.selector}: the venue's rate limit did not clear")

    def get(self, path, **parameters):
        return self._ask(lambda: urllib.request.Request(self.base + path + ("?" + urllib.parse.urlencode(parameters) if parameters else "")))

    def signed(self, path, method="GET", **parameters):
        def make():
            query = urllib.parse.urlencode({**parameters, "timestamp": int(time.time() * 1000), "recvWindow": 30000})
            signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            return urllib.request.Request(f"{self.base}{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": self.key}, method=method)
        return self._ask(make)

    def open_orders(self):
        return self.signed("/api/v3/openOrders")


class VenueRecords(VenueAccount):
    """What an exchange that has ended says of its account: it is started for that, on a market that stands still."""

    def __init__(self, bin_dir, data, folder):
        self.process, at = venue_sim(bin_dir, data, folder, "venue-records", "--port", "0", "--speed", "0")
        super().__init__(at["http"], data)

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

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
