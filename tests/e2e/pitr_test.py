#!/usr/bin/env python3
"""Rows of a platform that trades, with a server that archives its log (encrypted): a base backup while it trades, then
somebody deletes the fills. The server is restored to the moment before, every row committed until then is there, and the
platform goes on with it: rows and journal agree again. From an archive that is damaged no server takes over.

usage: pitr_test.py BIN_DIR. Skipped where PostgreSQL 15 or openssl is missing.
"""
import datetime
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import harness
import truth
from backup_test import CONFIG, FLAGS, ROOT, Database, certificate, tool, trade, write_store
from harness import check


class Archiving(Database):
    """A server that archives; what it runs has to be where its user may read."""

    def __enter__(self):
        self.archive, self.tool = self.folder / "archive", self.folder / "pitr"
        for name in ("pitr", "sealed.py"):
            shutil.copy(ROOT / "tools" / name, self.folder)
            os.chmod(self.folder / name, 0o755)
        self.public, self.private = certificate(self.folder)
        os.chmod(self.public, 0o644)
        self.archive.mkdir(mode=0o700)
        self.give(self.archive)
        command = f"python3 -B {self.tool} keep {self.archive} %p %f --to {self.public}"
        self.section = tool("postgres-dev", "start", "--dir", self.dir, "--watch", os.getpid(), "--set", "fsync=off", "--set", "archive_mode=on",
                            "--set", f"archive_command='{command}'").partition("store:")[2]
        return self

    @staticmethod
    def give(*paths):
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "postgres:", *paths], check=True)

    def pitr(self, *arguments, fails=False):
        self.conninfo()  # PGPASSWORD
        code, out, err = harness.run(["python3", self.tool, *arguments], 120)
        check((code != 0) == fails, f"pitr {' '.join(map(str, arguments))}: {code}: {out}{err}")
        return out + err


class Restored(Database):
    """A second server on what was laid out."""

    def __init__(self, first, data):
        super().__init__()
        self.dir.mkdir(mode=0o700)
        shutil.move(data, self.dir / "data")
        shutil.copy(first.dir / "password", self.dir / "password")
        Archiving.give(self.dir / "data", self.dir)
        os.chown(self.dir / "password", 0, 0) if os.getuid() == 0 else None


def fills_in(platform):
    return {(fact["instrument"], fact["fill"]["trade_id"]) for fact in platform.facts("exec.reports.v1") if truth.kind_of(fact) == "FILL"}


def moment(database):
    """Of the server's clock, between two commits."""
    time.sleep(0.05)
    now = datetime.datetime.fromisoformat(database.ask("select clock_timestamp() at time zone 'utc'"))
    time.sleep(0.05)
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rows(database):
    return database.ask("select count(*), coalesce(sum(('x' || substr(md5(f::text), 1, 8))::bit(32)::bigint), 0) from gannet.fills f")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    if shutil.which("openssl") is None:
        harness.skip("openssl is not installed")
    folder = pathlib.Path(folder)
    shutil.copytree(ROOT / "config", folder / "config")
    config = folder / "config" / "test.yaml"
    with Archiving() as database:
        config.write_text(CONFIG.format(store="store:" + database.section.replace("\n", "\n  ")))
        gannet = os.path.join(bin_dir, "gannet")
        code, said, err = harness.run([gannet, "migrate", "--store", write_store(folder, database)], 60)
        check(code == 0, f"migrate: {said}{err}")
        platform = harness.Platform(bin_dir, str(folder / "data"), "--config", config, *FLAGS)
        with platform.start(str(folder)) as program:
            trade(platform, program)
            before_base = moment(database)
            base = database.pitr("base", database.archive, "--postgres", database.conninfo(), "--to", database.public).strip()
            trade(platform, program)
            program.send(signal.SIGTERM)
            check(program.wait(60) in (0, 3), f"it did not drain: {program.describe()}")
        right, then = rows(database), moment(database)
        check(int(right.split("|")[0]) > 0, f"there are no fills: {right}")
        database.ask("delete from gannet.fills")  # the mistake
        newest = database.ask("select pg_walfile_name(pg_switch_wal())", "postgres")  # the segment that has the mistake
        harness.wait_until(lambda: database.ask("select coalesce(last_archived_wal, '') from pg_stat_archiver", "postgres") >= newest, 30, "the log in the archive")
        check(database.ask("select failed_count from pg_stat_archiver", "postgres") == "0", "the server could not archive")
        stored = sorted(path.name for path in (database.archive / "wal").iterdir())
        check(stored and all(name.endswith(".cms") for name in stored), f"the log is in the clear: {stored}")
        refusals(folder, database, before_base)
        laid_out = database.folder / "laid-out"
        keys = ("--key", database.private, "--certificate", database.public)
        os.chmod(database.private, 0o600)
        Archiving.give(database.private)  # the server that recovers has to read it
        said = database.pitr("restore", database.archive, laid_out, "--time", then, *keys)
        check(base in said, said)
        with Restored(database, laid_out) as again:
            harness.wait_until(lambda: again.ask("select pg_is_in_recovery()") == "f", 60, "the end of the recovery")
            check(rows(again) == right, f"restored {rows(again)}, there were {right}")
            go_on(platform, folder, config, database, again)
        database.pitr("prune", database.archive, "--keep", "1")
        check(base in database.pitr("list", database.archive), "the only base backup was taken away")
        unreadable(database, newest)
        pruned(database, base)


def log_of(database):
    return {path.name[:24] for path in (database.archive / "wal").iterdir() if re.match("[0-9A-F]{24}", path.name)}


def pruned(database, base):
    """What the oldest kept backup needs stays, however long it took to seal it."""
    before = log_of(database)
    newer = database.pitr("base", database.archive, "--postgres", database.conninfo(), "--to", database.public).strip()
    label = harness.wait_until(lambda: [path for path in (database.archive / "wal").glob("*.backup*") if path.name[:24] not in before], 30, "its label")
    for path in (database.archive / "wal").glob("*.backup*"):
        if path not in label:
            os.utime(path, (path.stat().st_mtime - 300,) * 2)
    database.pitr("prune", database.archive, "--keep", "2")
    check(before <= log_of(database), f"of the log that {base} needs is gone: {sorted(before - log_of(database))}")
    said = database.pitr("prune", database.archive, "--keep", "1")
    check(not before & log_of(database), f"what only {base} needed is there: {said}")
    listed = database.pitr("list", database.archive)
    check(newer in listed and base not in listed, listed)
    (database.archive / newer / "first").unlink()
    check("no file of the log" in database.pitr("prune", database.archive, "--keep", "1"), "pruned without knowing what is needed")


def unreadable(database, segment):
    """The server may not take for the end of the log what only could not be read."""
    fetched = database.folder / "fetched"

    def fetch(archive, name):
        return harness.run(["python3", database.tool, "fetch", archive, name, fetched, "--key", database.private, "--certificate", database.public], 60)[0]
    check(fetch(database.archive, segment) == 0, "a segment that is there was not fetched")
    check(fetch(database.archive, "F" * 24) == 1, "the end of the log is told otherwise")
    check(fetch(database.folder / "not-mounted", segment) > 125, "an archive that is not there is taken for the end of the log")
    stored = database.archive / "wal" / f"{segment}.cms"
    damaged = bytearray(stored.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    stored.write_bytes(damaged)
    check(fetch(database.archive, segment) > 125, "damage is taken for the end of the log")

    laid_out = database.folder / "damaged"
    keys = [os.path.relpath(path) for path in (database.private, database.public)]  # the server starts elsewhere
    database.pitr("restore", os.path.relpath(database.archive), laid_out, "--key", keys[0], "--certificate", keys[1])
    again = Restored(database, laid_out)
    try:
        # Up to the damage it may answer readers.
        subprocess.run([ROOT / "tools" / "postgres-dev", "start", "--dir", again.dir, "--watch", str(os.getpid()), "--set", "fsync=off"],
                       capture_output=True, check=False)
        log = again.dir / "log"
        harness.wait_until(lambda: re.search("archive recovery complete|database system is shut down", log.read_text()), 60, "the end of the recovery")
        check("archive recovery complete" not in log.read_text(), f"it took over without what was damaged:\n{log.read_text()}")
        check("restored log file" in log.read_text(), f"the keys were not found:\n{log.read_text()}")
    finally:
        again.__exit__()


def go_on(platform, folder, config, database, again):
    config.write_text(config.read_text().replace(str(database.dir), str(again.dir)))
    with platform.start(str(folder), name="again") as program:
        trade(platform, program)
        program.send(signal.SIGTERM)
        check(program.wait(60) in (0, 3), f"it did not drain: {program.describe()}")
    stored, journaled = int(rows(again).split("|")[0]), len(fills_in(platform))
    check(stored == journaled, f"{stored} fills in rows, {journaled} in the journal")
    print(f"restored to a moment, then {stored} fills in journal and rows")


def refusals(folder, database, before_base):
    out = database.pitr("restore", database.archive, folder / "never", "--time", before_base, fails=True)
    check("no base backup that was complete before" in out, out)
    check("is no time" in database.pitr("restore", database.archive, folder / "never", "--time", "yesterday", fails=True), "yesterday is taken for a time")
    check("encrypted" in database.pitr("restore", database.archive, folder / "no-key", fails=True), "restored without the key")
    (folder / "full").mkdir()
    (folder / "full" / "kept").touch()
    check("nothing is overwritten" in database.pitr("restore", database.archive, folder / "full", fails=True), "a folder was overwritten")
    other = folder / ("0" * 24)
    other.write_bytes(b"x")
    database.pitr("keep", folder / "plain", other, other.name)
    database.pitr("keep", folder / "plain", other, other.name)  # the same again
    other.write_bytes(b"y")
    check("other content" in database.pitr("keep", folder / "plain", other, other.name, fails=True), "another server's log was mixed in")
    check("no file of the log" in database.pitr("keep", folder / "plain", other, "../password", fails=True), "a path was taken for a name")


if __name__ == "__main__":
    harness.main(test)
