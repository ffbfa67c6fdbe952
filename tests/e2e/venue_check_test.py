#!/usr/bin/env python3
"""`gannet venue check` against a real venue-sim over its real protocol: all well, a wrong
key, a clock 10 s off, a key that may withdraw, files that others may read, a venue that
is down. No order is sent.

usage: venue_check_test.py BIN_DIR
"""
import json
import os

import harness
from harness import check


class Venue:
    def __init__(self, bin_dir, folder, name, settings=""):
        self.gannet = os.path.join(bin_dir, "gannet")
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.keys = os.path.join(self.folder, "venue")
        sim_config = os.path.join(self.folder, "sim.yaml")
        with open(sim_config, "w", encoding="utf-8") as file:
            file.write(f"news_interval: 0s\n{settings}")
        self.program, self.at = harness.venue_sim(bin_dir, self.keys, self.folder, "sim", "--config", sim_config)
        self.key = self.configure(os.path.join(self.keys, "api-key"))

    def configure(self, key_file, instruments="BTCUSDT, ETHUSDT", more=""):
        here = os.getcwd()
        self.config = os.path.join(self.folder, "gannet.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"market: configured\nlimits: {here}/config/limits.yaml\nstrategies: {here}/config/strategies.yaml\n"
                       f"ingest:\n  venues:\n    - {{name: binance-spot, kind: spot, instruments: [{instruments}], "
                       f"rest_url: \"{self.at['http']}\", ws_url: \"{self.at['ws']}\"}}\n"
                       f"execution:\n  venue: binance-spot\n  binance: {{rest_url: \"{self.at['http']}\", stream_url: \"{self.at['ws-api']}\", "
                       f"key_file: {key_file}, secret_file: {self.keys}/api-secret{more}}}\n")
        return key_file

    def ask(self, code, *more, name="binance-spot"):
        """What is said with that exit code; asked again, since a machine that is busy may be measured as a clock that is off."""
        last = []

        def said():
            got, out, err = harness.run([self.gannet, "venue", "check", name, "--config", self.config, *more], 60)
            last[:] = f"exit code {got}, not {code}\n{out}{err}",
            return (out if "--json" in more else out + err) if got == code else None
        try:
            return harness.wait_until(said, 10, f"venue check {name} ends with {code}")
        except harness.Failure as failure:
            raise harness.Failure(f"{failure}: {last[0]}") from None

    def rows(self, code):
        said = json.loads(self.ask(code, "--json"))
        check(said["ready"] == (code == 0), f"{said}")
        for row in said["checks"]:
            check(row["verdict"] in ("ok", "skipped") or row["remedy"], f"nothing said of what helps: {row}")
        return {row["check"]: row for row in said["checks"]}


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    venue = Venue(bin_dir, folder, "well")
    with venue.program:
        harness.wait_until(lambda: all(row["verdict"] == "ok" for row in venue.rows(0).values()), 20, "all is well")
        print(venue.ask(0))
        venue.ask(2, name="nasdaq")
        venue.configure(venue.key, "BTCUSDT, NOSUCH")
        check(venue.rows(1)["instruments"]["verdict"] == "failed", "an instrument that is not there")
        venue.configure(venue.key, more=f", order_url: \"{venue.at['ws']}/nowhere\"")
        row = venue.rows(0)["order socket"]
        check(row["verdict"] == "warning" and "orders go by REST" in row["detail"], f"an order socket that does not open: {row}")
        wrong = os.path.join(venue.folder, "wrong-key")
        with open(wrong, "w", encoding="ascii") as file:
            file.write("A" * 64)
        os.chmod(wrong, 0o600)
        venue.configure(wrong)
        rows = venue.rows(1)
        check(rows["key"]["verdict"] == "failed" and rows["key rights"]["verdict"] == "skipped", f"a wrong key: {rows}")
        os.chmod(wrong, 0o644)
        check("chmod 600" in venue.rows(1)["key"]["remedy"], "a key that others may read")
        venue.configure(venue.key)
    check("→" in venue.ask(4) and venue.rows(4)["reached"]["verdict"] == "failed", "a venue that is down")

    off = Venue(bin_dir, folder, "off", "clock_offset: 10s\n")
    with off.program:
        rows = off.rows(1)
        check(rows["clock"]["verdict"] == "failed" and "behind" in rows["clock"]["detail"], f"{rows['clock']}")
        check(rows["key"]["verdict"] == "ok", f"the key could not be looked at for the clock: {rows['key']}")
    rich = Venue(bin_dir, folder, "rich", "key_may_withdraw: true\nkey_ip_restricted: false\n")
    with rich.program:
        rows = rich.rows(1)
        check(rows["key rights"]["verdict"] == "failed" and "may withdraw" in rows["key rights"]["detail"], f"{rows['key rights']}")
        check(rows["ip restriction"]["verdict"] == "warning", f"{rows['ip restriction']}")  # on this machine it is one


harness.main(test)
