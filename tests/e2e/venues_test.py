#!/usr/bin/env python3
"""One process that executes at two venues: two exchange simulators with markets of their own. Strategies trade at both, an
order is routed over both, the platform is killed and goes on, a kill switch ends at both. Each venue's own records are
compared with what the platform believes of that venue.

usage: venues_test.py BIN_DIR
"""
import json
import os
import pathlib
import signal

import harness
import truth
from harness import check

VENUES = ("binance-spot", "second-spot")
SYMBOLS = ("BTCUSDT", "ETHUSDT")
ENDS = ("COMPLETED", "EXPIRED", "CANCELED", "FAILED", "DENIED")


class Exchange:
    def __init__(self, bin_dir, folder, name, seed):
        self.name, self.data = name, os.path.join(folder, name)
        settings = os.path.join(folder, name + ".yaml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f"seed: {seed}\nnews_interval: 0s\n")
        self.program, at = harness.venue_sim(bin_dir, self.data, folder, name, "--config", settings)
        self.http, self.ws, self.ws_api = at["http"], at["ws"], at["ws-api"]
        self.account = harness.VenueAccount(self.http, self.data)


def configure(folder, exchanges):
    here = os.getcwd()
    markets = "".join(f"    - {{name: {each.name}, kind: spot, instruments: [{', '.join(SYMBOLS)}], "
                      f"rest_url: \"{each.http}\", ws_url: \"{each.ws}\"}}\n" for each in exchanges)
    sessions = [f"{{venue: {each.name}, rest_url: \"{each.http}\", stream_url: \"{each.ws_api}\", "
                f"key_file: {each.data}/api-key, secret_file: {each.data}/api-secret}}" for each in exchanges]
    # The first gets its orders over the order socket, since nothing else is said, the other by REST.
    sessions[1] = sessions[1].replace("{", "{order_entry: rest, ", 1)
    texts = {"strategies.yaml": truth.STRATEGIES.replace('"binance-spot:*USDT"', ", ".join(f'"{venue}:*USDT"' for venue in VENUES)),
             "gannet.yaml": f"market: configured\nlimits: {here}/config/limits.yaml\nstrategies: strategies.yaml\n"
                            f"ingest:\n  venues:\n{markets}"
                            f"execution:\n  venue: binance-spot\n  reconcile_every: 5s\n  binance: {sessions[0]}\n"
                            f"  more_venues:\n    - {{venue: binance-spot, binance: {sessions[1]}}}\n"
                            "gateway: {address: 127.0.0.1, port: 0}\n"}
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return os.path.join(folder, "gannet.yaml")


class Platform(harness.Platform):
    def cli(self, *arguments):
        return harness.ask(self.program, self.data, *arguments)

    def believed(self, venue):
        """Of one venue, by its instruments."""
        return truth.Believed(*([value for value in self.facts(topic) if value["instrument"].startswith(venue + ":")]
                                for topic in ("order.intents.v1", "exec.reports.v1")))

    def traded(self, orders):
        """Whether so many orders have reached each venue."""
        return all(len(self.believed(venue).at_venue()) >= orders for venue in VENUES)

    def show(self, order):
        code, out = self.cli("order", "show", order, "--json")
        return json.loads(out) if code == 0 else None


def routed(platform, program):
    """A purchase over both venues: children at each, and no more than was asked for."""
    market = harness.reference_price(platform.cli, "binance-spot:BTCUSDT")
    parent = harness.place(platform.cli, "binance-spot:BTCUSDT", "buy", "0.3", "--price", str(int(market * 1.04)), "--algo", "route",
                           "--venues", "second-spot:BTCUSDT", "--for", "3m")

    def children():
        shown = platform.show(parent)
        places = {child["intent"]["instrument"].split(":")[0] for child in (shown or {}).get("children", []) if int(child.get("cumulative_quantity", 0))}
        over = shown and shown["order"]["parent_order"]["state"].removeprefix("PARENT_STATE_") in ENDS
        check(not over or places == set(VENUES), f"ended with fills at {places}: {shown}")
        return shown if places == set(VENUES) else None
    shown = program.wait_for(children, 120, "children filled at both venues", pause=0.5)
    filled = sum(int(child.get("cumulative_quantity", 0)) for child in shown["children"])
    check(filled <= int(shown["order"]["intent"]["quantity"]), f"more than was asked for: {shown}")
    platform.cli("order", "cancel", parent)
    return len(shown["children"])


def resting(platform, program, venue):
    """An order that waits at the venue."""
    market = harness.reference_price(platform.cli, f"{venue}:BTCUSDT")
    order = harness.place(platform.cli, f"{venue}:BTCUSDT", "buy", "0.001", "--price", str(int(market * 0.97)))
    program.wait_for(lambda: state(platform, order) == "ACCEPTED", 30, f"the order waits at {venue}")
    return order


def trailing(platform, program, exchange):
    """An order that follows the market there, too far away to trade."""
    order = harness.place(platform.cli, f"{exchange.name}:BTCUSDT", "sell", "0.001", "--type", "trailing-stop", "--trail", "20%")
    program.wait_for(lambda: state(platform, order) == "ACCEPTED", 30, f"the trailing stop waits at {exchange.name}")
    found = [each for each in exchange.account.open_orders() if each.get("trailingDelta") == 2000]
    check(len(found) == 1, f"not as it was given: {exchange.account.open_orders()}")


def state(platform, order):
    shown = platform.show(order)
    return shown["order"]["state"].removeprefix("ORDER_STATE_") if shown else None


def stopped(platform, program, exchanges):
    """A kill switch of the firm, verified at both."""
    orders = [resting(platform, program, venue) for venue in VENUES]
    trailing(platform, program, exchanges[0])
    code, said = platform.cli("kill", "firm", "--drill", "--keep", "--reason", "test", "--timeout", "60s")
    check(code == 0 and all(f"{venue} verified" in said for venue in VENUES), f"not verified at both venues: {code} {said}")
    for exchange, order in zip(exchanges, orders):
        check(not exchange.account.open_orders(), f"{exchange.name} has orders after the kill switch")
        program.wait_for(lambda: state(platform, order) == "CANCELED", 30, f"the order at {exchange.name} is cancelled")


def no_key(platform, exchanges):
    """Requests are recorded as they were sent, but for what is the key's."""
    keys = [pathlib.Path(each.data, name).read_bytes().strip() for each in exchanges for name in ("api-key", "api-secret")]
    files = [pathlib.Path(platform.log), *(path for path in pathlib.Path(platform.data).rglob("*") if path.is_file())]
    check(len(files) > 3, f"nothing to look at: {files}")
    for path in files:
        check(not any(key in path.read_bytes() for key in keys), f"{path} holds a key of the venue")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    exchanges = [Exchange(bin_dir, folder, venue, seed) for venue, seed in zip(VENUES, (3, 4))]
    platform = Platform(bin_dir, os.path.join(folder, "data"), "--config", configure(folder, exchanges))
    with exchanges[0].program, exchanges[1].program:
        with platform.start(folder, name="first") as program:
            program.wait_for(lambda: platform.traded(4), 120, "orders at both venues", pause=1)
            children = routed(platform, program)
            program.kill()
        with platform.start(folder, name="second") as program:
            program.wait_for(lambda: platform.traded(10), 120, "orders after the kill", pause=1)
            program.wait_for(lambda: not platform.problems(), 90, "full service")
            stopped(platform, program, exchanges)

            def equal():
                code, said = platform.cli("reconcile", "--dry-run")
                return said if code == 0 else None
            said = program.wait_for(equal, 60, "both sides equal", pause=1)
            check(all(f"main/paper at {venue}, asked" in said for venue in VENUES), f"not of both venues: {said}")
            code, said = platform.cli("reconcile", "--dry-run", "--venue", "nowhere")
            check(code != 0 and "execution serves binance-spot (main/paper), second-spot (main/paper)" in said, f"{code} {said}")
            program.send(signal.SIGTERM)
            code = program.wait(60)
            check(code == 0, f"ended with {code}: {program.describe()}\n{harness.tail(platform.log)}")
    counts = []
    for exchange in exchanges:
        with harness.VenueRecords(bin_dir, exchange.data, folder) as records:
            orders, fills, _ = truth.compare(platform.believed(exchange.name), records)
        check(orders >= 10, f"only {orders} orders at {exchange.name}: the test proves little")
        counts.append(f"{orders} orders and {fills} fills at {exchange.name}")
    code, out, err = harness.run([platform.program, "journal", "replay", platform.data], 240)
    check(code == 0, f"the journal does not decide the same again: {out[-1500:]}{err[-1500:]}")
    check("order_socket_open" in harness.tail(platform.log, 1 << 30), f"no order socket: {harness.tail(platform.log)}")
    no_key(platform, exchanges)
    print(f"venues: {', '.join(counts)} the same on both sides, {children} children of a route, a kill switch verified at both, decided again the same")


if __name__ == "__main__":
    harness.main(test)
