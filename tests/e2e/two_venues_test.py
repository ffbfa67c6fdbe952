#!/usr/bin/env python3
"""One platform that watches two venues of one instrument: two simulators, each with its
own seed, one by Binance's protocol, the other by Bybit's, spot and linear. Their books
are VALID and each its own venue's; one venue dies, and only its books are INVALID until
it is back; what ingest made of it is decided again from the journal.

usage: two_venues_test.py BIN_DIR
"""
import json
import os
import signal
import urllib.request

import harness
from harness import check

SYMBOLS = ["BTCUSDT", "ETHUSDT"]


class Venue:
    def __init__(self, bin_dir, folder, name, seed):
        self.bin_dir, self.folder, self.name, self.seed = bin_dir, folder, name, seed
        self.port = harness.free_port()  # it comes back to it
        self.running = self.start()

    def start(self):
        running, at = harness.venue_sim(self.bin_dir, os.path.join(self.folder, self.name), self.folder, self.name,
                                        "--port", self.port, "--seed", self.seed)
        return running

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20 * harness.PATIENCE) as answer:
            return json.load(answer)

    def bid(self, kind, symbol):
        """The best bid as this kind of venue says it."""
        if kind == "spot":
            return self.get(f"/api/v3/depth?symbol={symbol}&limit=5")["bids"][0]
        return self.get(f"/v5/market/orderbook?category={kind.removeprefix('bybit-')}&symbol={symbol}")["result"]["b"][0]


class Watched:
    """Name of the venue part of its instruments, kind, and who it is."""

    def __init__(self, name, kind, venue):
        self.name, self.kind, self.venue = name, kind, venue

    def yaml(self):
        at = f"127.0.0.1:{self.venue.port}"
        return f"    - {{name: {self.name}, kind: {self.kind}, ws_url: 'ws://{at}', rest_url: 'http://{at}', instruments: [{', '.join(SYMBOLS)}]}}\n"

    def instruments(self):
        return [f"{self.name}:{symbol}" for symbol in SYMBOLS]


def write_config(folder, watched):
    here, strategies = os.getcwd(), harness.quiet_strategies(folder)
    config = os.path.join(folder, "gannet.yaml")
    with open(config, "w", encoding="utf-8") as out:
        out.write(f"market: configured\nlimits: {here}/config/limits.yaml\nstrategies: {strategies}\n"
                  f"ml-inference: {{registry: {here}/services/ml-inference/models, model: direction}}\n"
                  "gateway: {address: 127.0.0.1, port: 0}\nexecution: {venue: paper}\n"
                  "ingest:\n  venues:\n" + "".join(each.yaml() for each in watched))
    return config


def test(bin_dir, folder):
    gannet = os.path.join(bin_dir, "gannet")
    harness.need(gannet, os.path.join(bin_dir, "gannet-venue-sim"))
    one, two = Venue(bin_dir, folder, "one", 1), Venue(bin_dir, folder, "two", 2)
    try:
        watched = [Watched("binance-spot", "spot", one), Watched("bybit-spot", "bybit-spot", two), Watched("bybit-linear", "bybit-linear", two)]
        data = os.path.join(folder, "data")
        platform = harness.Platform(bin_dir, data, "--config", write_config(folder, watched))

        def markets():
            return {row["instrument"]: row for row in platform._ask("/api/v1/state")["markets"]}

        def books_are(state, venues):
            rows = markets()
            return all(rows.get(instrument, {}).get("book") == state for each in venues for instrument in each.instruments())

        def shows_its_venue(each, symbol):
            """The market moves between two questions: at some moment they agree."""
            price, quantity = each.venue.bid(each.kind, symbol)
            row = markets()[f"{each.name}:{symbol}"]
            return row["bid"] is not None and float(row["bid"]) == float(price) and float(row["bid_quantity"]) == float(quantity)

        with platform.start(folder) as program:
            program.wait_for(lambda: books_are("VALID", watched), 60, "six VALID books")
            for each in watched:
                for symbol in SYMBOLS:
                    program.wait_for(lambda: shows_its_venue(each, symbol), 60, f"{each.name}:{symbol} as its venue has it")
            print("six books VALID, each its venue's", flush=True)
            differ = lambda: markets()["binance-spot:BTCUSDT"]["bid"] != markets()["bybit-spot:BTCUSDT"]["bid"]
            program.wait_for(differ, 30, "two prices of one instrument")

            two.running.kill()
            program.wait_for(lambda: books_are("INVALID", watched[1:]), 60, "INVALID books of the venue that died")
            program.wait_for(lambda: books_are("VALID", watched[:1]), 60, "VALID books of the other venue")
            two.running = two.start()
            program.wait_for(lambda: books_are("VALID", watched), 90, "VALID books of the venue that is back")
            for each in watched[1:]:
                program.wait_for(lambda: shows_its_venue(each, "BTCUSDT"), 60, f"{each.name} as its venue has it")
            print("one venue died and came back: only its books were INVALID", flush=True)
            program.send(signal.SIGTERM)
            check(program.wait(60) == 0, f"did not end well: {program.describe()}")
        code, out, err = harness.run([gannet, "journal", "replay", data], 240)
        check(code == 0 and "all facts are equal" in out, f"journal replay ended with {code}: {out[-2000:]}{err[-2000:]}")
        print("decided again from the journal, all facts equal", flush=True)
    finally:
        for venue in (one, two):
            venue.running.__exit__()


harness.main(test)
