"""The platform as separate processes, started by tools/local on a folder of its own, for the
benchmarks that measure over real processes. Standard library only.

    with Platform(build, "--webhook", config=FOLDER) as platform: …
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402


class Platform:
    """Up while the block runs; the folder goes with it, unless the block failed."""

    def __init__(self, build, *flags, config=None):
        """`config`: texts of limits.yaml and strategies.yaml that replace the shipped ones."""
        self.bin = os.path.abspath(os.path.join(build, "bin"))
        self.folder = tempfile.mkdtemp(prefix="gannet-bench-")
        self.data = os.path.join(self.folder, "data")
        files = os.path.join(self.folder, "config")
        shutil.copytree(ROOT / "config", files)
        for name, text in (config or {}).items():
            pathlib.Path(files, name).write_text(text, encoding="utf-8")
        self.flags = ["--bin", self.bin, "--config", files, "--free-ports", *flags]

    def local(self, command, *flags):
        return harness.run([ROOT / "tools" / "local", command, "--data", self.data, *flags], 240)

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        code, out, err = self.local("up", *self.flags)
        if code != 0:
            self.local("down", "--wipe")
        if code == harness.SKIPPED:
            harness.skip(err.strip())
        harness.check(code == 0, f"local up ended with {code}: {err}\n{out}")
        self.said = out
        return self

    def down(self):
        code, out, err = self.local("down")
        harness.check(code == 0, f"local down ended with {code}: {err}\n{out}")

    def __exit__(self, kind, *_):
        self.local("down", *(["--wipe"] if kind is None else []))
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"(kept: {self.folder})", flush=True)

    def home(self, service):
        """Its data folder."""
        hosted = pathlib.Path(self.data, "node.services").read_text(encoding="utf-8").split(",")
        return os.path.join(self.data, "node" if service in hosted else service)

    def events(self, service):
        """Lines of its log."""
        home = self.home(service)
        log = os.path.join(home, "gannet.log") if home.endswith("/node") else home + ".log"
        for line in open(log, encoding="utf-8", errors="replace"):
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def records(self, service, kind, channel):
        """Of its journal, in order; one at a time, since there may be many."""
        dump = subprocess.Popen([os.path.join(self.bin, "gannet"), "journal", "dump", self.home(service), "--type", kind,
                                 "--channel", channel], stdout=subprocess.PIPE, text=True)
        yield from map(json.loads, dump.stdout)
        harness.check(dump.wait() == 0, f"the journal of {service} cannot be dumped")

    def pids(self):
        """(name, pid) of what runs: services, node, venue-sim."""
        for file in sorted(pathlib.Path(self.data).glob("*.pid")):
            yield file.stem, int(file.read_text(encoding="ascii").split()[0])

    def psql(self, query):
        """One value of the store; None when rows are kept in a file."""
        kept = pathlib.Path(self.data, "store").read_text(encoding="utf-8")
        if not kept.startswith("postgres"):
            return None
        code, out, err = harness.run([ROOT / "tools" / "postgres-dev", "psql", "--dir", kept.partition(" ")[2], "-At", "-c", query], 60)
        harness.check(code == 0, f"psql: {err}")
        return out.strip()


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def verdict(met, goal):
    """The last words of a figure's line."""
    return f"goal {goal}: {'met' if met else 'MISSED'}"


def main(run):
    """Ends with 0 (measured, whatever came out), 1 (could not be measured), 4 (skipped)."""
    try:
        run()
    except harness.Failure as failure:
        sys.exit(f"FAILED: {failure}")


def wait(seconds, what):
    print(f"{what}: {seconds:g} s", flush=True)
    time.sleep(seconds)
