#!/usr/bin/env python3
"""A platform that trades is backed up, encrypted, while it runs; its folder and its database are lost; both are
restored, and it goes on: every order and fill that the journal had is there, in journal and rows, and it trades again.

usage: backup_test.py BIN_DIR. The rows are those of a private PostgreSQL; skipped where that or openssl is missing.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import harness
import truth
from harness import check

CONFIG = """
market: venue-sim
limits: limits.yaml
strategies: strategies.yaml
execution:
  reconcile_every: 5s
reporting:
  {store}
"""
FLAGS = ("--seed", "9", "--market-speed", "3")
# One trades on after the backup: what it does then is lost here, and its markets wait for people to explain the difference.
# The other is stopped before it, and its orders go on.
MARKETS = {"loser": ("BTC", "ETH", "BNB", "LTC"), "keeper": ("SOL", "XRP", "ADA", "DOGE")}
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def tool(*arguments, fails=False):
    code, out, err = harness.run([ROOT / "tools" / arguments[0], *arguments[1:]], 120)
    if code == 4:
        harness.skip(err.strip() or f"{arguments[0]} has not what it needs")
    check((code != 0) == fails, f"{' '.join(map(str, arguments))} ended with {code}: {out}{err}")
    return out + err


class Database:
    """A server of its own; root's has a short path that another user may enter."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gannet-backup-", dir="/var/tmp"))
        os.chmod(self.folder, 0o755)
        self.dir = self.folder / "pg"

    def __enter__(self):
        self.section = tool("postgres-dev", "start", "--dir", self.dir, "--watch", os.getpid(), "--set", "fsync=off").partition("store:")[2]
        return self

    def __exit__(self, *_):
        subprocess.run([ROOT / "tools" / "postgres-dev", "stop", "--dir", self.dir, "--mode", "immediate", "--wipe"], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, name="gannet"):
        os.environ["PGPASSWORD"] = (self.dir / "password").read_text().strip()
        return f"host={self.dir} user=gannet dbname={name}"

    def ask(self, text, name="gannet"):
        code, out, err = harness.run(["psql", "--no-psqlrc", "-At", "--dbname", self.conninfo(name), "-c", text], 30)
        check(code == 0, f"psql: {err}")
        return out.strip()


def certificate(folder):
    """Of whoever may read the backups; the key stays elsewhere."""
    code, _, err = harness.run(["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "2", "-subj", "/CN=backups",
                                "-keyout", folder / "backup.key", "-out", folder / "backup.pem"], 60)
    check(code == 0, err)
    return folder / "backup.pem", folder / "backup.key"


def orders(platform):
    return {fact["client_order_id"] for fact in platform.facts("exec.reports.v1") if truth.kind_of(fact) == "JOURNALED"}


def proposed(platform):
    """Intents of new orders, oldest first."""
    return [fact for fact in platform.facts("order.intents.v1") if truth.kind_of(fact) == "NEW"]


def write_strategies(folder, *names):
    head, _, maker = truth.STRATEGIES.partition("makers:\n")
    makers = [maker.replace("busy-maker", name).replace('"binance-spot:*USDT"', ", ".join(f'"binance-spot:{asset}USDT"' for asset in MARKETS[name]))
              for name in names]
    (folder / "config" / "strategies.yaml").write_text(head + "makers:\n" + "".join(makers))


def steer(platform, command, scope):
    code, said = harness.ask(platform.program, platform.data, command, scope, "--reason", "a backup")
    check(code == 0, f"{command} {scope}: {code} {said}")


def trade(platform, program):
    seen = platform.counters()["orders"]
    program.wait_for(lambda: platform.counters()["fills"] > 0 and platform.counters()["orders"] > seen + 3, 90, "orders and a fill")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    if shutil.which("openssl") is None:
        harness.skip("openssl is not installed")
    folder = pathlib.Path(folder)
    sealed_files(folder)
    with Database() as database:
        config = folder / "config"
        shutil.copytree(ROOT / "config", config)
        write_strategies(folder, *MARKETS)
        indented = "store:" + database.section.replace("\n", "\n  ")
        (config / "test.yaml").write_text(CONFIG.format(store=indented))
        run(bin_dir, folder, database, config / "test.yaml")


def sealed_files(folder):
    """Of RSA and of other keys; what was sealed with the older padding opens too."""
    sys.path.insert(0, str(ROOT / "tools"))
    import sealed
    work = folder / "sealed"
    work.mkdir()
    plain = work / "plain"
    plain.write_bytes(os.urandom(100_000))
    kinds = {"rsa": ("rsa:2048",), "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")}
    for kind, key in kinds.items():
        code, _, err = harness.run(["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", "/CN=x", "-keyout", work / f"{kind}.key",
                                    "-out", work / f"{kind}.pem"], 60)
        check(code == 0, err)
        sealed.seal(plain, work / kind, work / f"{kind}.pem")
    code, _, err = harness.run(["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-in", plain, "-out", work / "older", work / "rsa.pem"], 60)
    check(code == 0, err)
    for name, kind in (("rsa", "rsa"), ("ec", "ec"), ("older", "rsa")):
        back = work / f"{name}.back"
        sealed.unseal(work / name, back, work / f"{kind}.key", work / f"{kind}.pem")
        check(back.read_bytes() == plain.read_bytes() != (work / name).read_bytes(), f"{name}: sealed and opened is not the same")
    check(b"rsaesOaep" in harness.run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", work / "rsa"], 30)[1].encode(), "RSA without OAEP")


def run(bin_dir, folder, database, config):
    gannet, data, out = os.path.join(bin_dir, "gannet"), folder / "data", folder / "backup"
    public, private = certificate(folder)
    code, said, err = harness.run([gannet, "migrate", "--store", write_store(folder, database)], 60)
    check(code == 0, f"migrate: {said}{err}")
    platform = harness.Platform(bin_dir, str(data), "--config", config, *FLAGS)
    with platform.start(str(folder)) as program:
        trade(platform, program)
        steer(platform, "kill", "strategy:keeper")
        tool("backup", "make", out, "--data", f"node={data}", "--postgres", database.conninfo(), "--to", public, "--gannet", gannet)
        trade(platform, program)
        program.kill()
    kept = orders(platform)
    with open(out / "manifest.json", encoding="ascii") as file:
        manifest = json.load(file)
    check(set(manifest["files"]) == {"node.tar.cms", "rows.dump.cms"} and manifest["files"]["node.tar.cms"]["program_ran"], f"manifest {manifest}")
    check(b"client_order_id" not in (out / "rows.dump.cms").read_bytes(), "the rows are in the clear")
    refusals(folder, data, out, database, private, public)

    # Everything here is lost; the exchange is not.
    data.rename(folder / "lost")
    database.ask("create database restored owner gannet", "postgres")
    tool("backup", "restore", out, "--data", f"node={data}", "--postgres", database.conninfo("restored"), "--key", private, "--certificate", public,
         "--gannet", gannet)
    shutil.copytree(folder / "lost" / "venue-sim", data / "venue-sim", dirs_exist_ok=True)
    back, before = orders(platform), len(proposed(platform))
    check(back and back < kept, f"{len(back)} orders came back, {len(kept)} there were")
    rows = int(database.ask("select count(*) from gannet.fills", "restored"))
    config.write_text(config.read_text().replace("database: gannet", "database: restored"))
    with platform.start(str(folder), name="again") as program:
        steer(platform, "resume", "strategy:keeper")
        trade(platform, program)
        # Whose last orders the exchange knows and the journal does not proposes new ones too.
        program.wait_for(lambda: any(fact["strategy"] == "loser" for fact in proposed(platform)[before:]), 90, "an order of the one that had traded on")
        program.send(signal.SIGTERM)
        check(program.wait(60) in (0, 3), f"it did not drain: {program.describe()}")
    after = orders(platform)
    check(back < after, "what was restored is not part of what goes on")
    again = {fact["client_order_id"] for fact in proposed(platform)[before:]} & (kept - back)
    check(not again, f"names of lost orders were given once more: {sorted(again)}")
    permitted = {fact["intent"]["client_order_id"] for fact in platform.facts("risk.decisions.v1") if fact.get("permitted")}
    unanswered = permitted - {fact["client_order_id"] for fact in platform.facts("exec.reports.v1")}
    check(not unanswered, f"verdicts without an answer: {sorted(unanswered)}")
    fills = {(fact["instrument"], fact["fill"]["trade_id"]) for fact in platform.facts("exec.reports.v1") if truth.kind_of(fact) == "FILL"}
    stored = int(database.ask("select count(*) from gannet.fills", "restored"))
    check(rows <= stored and stored == len(fills), f"{stored} fills in rows, {len(fills)} in the journal, {rows} were restored")
    print(f"{len(back)} of {len(kept)} orders restored, {len(after)} after going on; {stored} fills in journal and rows")


def write_store(folder, database):
    path = folder / "store.yaml"
    path.write_text("store:" + database.section)
    return path


def refusals(folder, data, out, database, private, public):
    check("is there" in tool("backup", "restore", out, "--data", f"node={data}", fails=True), "a folder was overwritten")
    check("encrypted" in tool("backup", "check", out, fails=True), "checked without the key")
    check("already" in tool("backup", "restore", out, "--postgres", database.conninfo(), "--key", private, "--certificate", public, fails=True),
          "rows were restored over others")
    tool("backup", "make", out, fails=True)  # OUT is there
    tool("backup", "check", out, "--key", private, "--certificate", public)
    spoilt = folder / "spoilt"
    shutil.copytree(out, spoilt)
    with open(spoilt / "node.tar.cms", "r+b") as file:
        file.seek(1000)
        file.write(b"x")
    check("damaged" in tool("backup", "check", spoilt, "--key", private, "--certificate", public, fails=True), "damage was not seen")

if __name__ == "__main__":
    harness.main(test)
