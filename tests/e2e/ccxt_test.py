#!/usr/bin/env python3
"""Proof that gannet-venue-sim speaks Binance's protocol and not ours alone.

Runs ccxt, an independent client that knows nothing of this project, against the
real binary, with nothing changed but its base URLs: markets, book, trades,
candles, orders of each kind, queries, cancels, balances and own trades.

  ccxt_test.py <gannet-venue-sim>

Exit codes: 0 passed, 1 failed, 4 skipped (ccxt cannot be had here).
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import harness


class Venue:
    """The binary under test, on a data folder of its own."""

    def __init__(self, binary, data):
        self.binary, self.data = binary, data
        self.start()

    def start(self):
        self.log = open(os.path.join(self.data, "..", "venue.log"), "ab")
        self.process = subprocess.Popen([self.binary, "--data", self.data, "--port", "0", "--seed", "5"],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        ready = re.match(r"ready http=(\S+) ws=(\S+)", line)
        assert ready, f"no ready line but {line!r}; its log is {self.log.name}"
        self.http = ready.group(1)

    def secret(self, name):
        path = os.path.join(self.data, name)
        assert os.stat(path).st_mode & 0o777 == 0o600, f"{path} must be for its owner only"
        with open(path) as file:
            return file.read().strip()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(timeout=30 * harness.PATIENCE)
        self.process.stdout.close()
        self.log.close()
        return code


def client(venue):
    import ccxt

    exchange = ccxt.binance({"apiKey": venue.secret("api-key"), "secret": venue.secret("api-secret")})
    for name, url in exchange.urls["api"].items():
        exchange.urls["api"][name] = re.sub(r"https://[^/]+", venue.http, url)
    return exchange


def close(a, b, tolerance=1e-9):
    return abs(a - b) <= tolerance * max(1, abs(a), abs(b))


def check_public(exchange):
    markets = exchange.load_markets()
    assert len(markets) >= 10, sorted(markets)
    market = markets["BTC/USDT"]
    assert market["spot"] and market["active"]
    assert market["precision"] == {"amount": 1e-05, "price": 0.01, "cost": None, "base": 1e-08, "quote": 1e-08} or \
        (market["precision"]["amount"] == 1e-05 and market["precision"]["price"] == 0.01), market["precision"]
    assert market["limits"]["cost"]["min"] == 5.0, market["limits"]
    assert market["limits"]["amount"]["min"] == 1e-05

    for symbol in ("BTC/USDT", "ETH/USDT", "ETH/BTC", "DOGE/USDT"):
        book = exchange.fetch_order_book(symbol, limit=20)
        assert len(book["bids"]) == 20 and len(book["asks"]) == 20, symbol
        assert book["bids"][0][0] < book["asks"][0][0], (symbol, "crossed")
        assert book["bids"] == sorted(book["bids"], key=lambda level: -level[0])
        assert book["nonce"] > 0

    trades = exchange.fetch_trades("BTC/USDT", limit=50)
    assert len(trades) == 50
    assert all(later["timestamp"] >= earlier["timestamp"] for earlier, later in zip(trades, trades[1:]))
    assert {trade["side"] for trade in trades} == {"buy", "sell"}

    for timeframe, step in (("1m", 60_000), ("5m", 300_000), ("1h", 3_600_000)):
        candles = exchange.fetch_ohlcv("ETH/USDT", timeframe, limit=100)
        assert len(candles) == 100, (timeframe, len(candles))
        for before, after in zip(candles, candles[1:]):
            assert after[0] - before[0] == step
        for _, opened, high, low, closed, volume in candles:
            assert low <= min(opened, closed) <= max(opened, closed) <= high and volume >= 0

    ticker = exchange.fetch_ticker("SOL/USDT")
    assert ticker["bid"] < ticker["ask"] and ticker["low"] <= ticker["last"] <= ticker["high"]
    assert len(exchange.fetch_tickers()) >= 10
    assert abs(exchange.fetch_time() - time.time() * 1000) < 5_000


def check_orders(exchange):
    import ccxt

    symbol = "BTC/USDT"
    start = exchange.fetch_balance()
    assert start["USDT"]["free"] > 10_000 and start["BTC"]["free"] > 0.5

    # A limit order that rests: seen, found, counted in the balance, cancelled.
    bid = exchange.fetch_order_book(symbol, 5)["bids"][0][0]
    low = round(bid * 0.9, 2)
    resting = exchange.create_limit_buy_order(symbol, 0.01, low, {"clientOrderId": "e2e-resting"})
    assert resting["status"] == "open" and resting["clientOrderId"] == "e2e-resting"
    found = exchange.fetch_order(resting["id"], symbol)
    assert (found["status"], found["price"], found["amount"], found["filled"]) == ("open", low, 0.01, 0.0)
    assert [order["id"] for order in exchange.fetch_open_orders(symbol)] == [resting["id"]]
    assert close(exchange.fetch_balance()["USDT"]["used"], 0.01 * low)
    try:
        exchange.create_limit_buy_order(symbol, 0.01, low, {"clientOrderId": "e2e-resting"})
        raise AssertionError("a duplicate client order id was taken")
    except ccxt.InvalidOrder as error:
        assert "Duplicate order sent" in str(error), error
    cancelled = exchange.cancel_order(resting["id"], symbol)
    assert cancelled["status"] == "canceled"
    assert exchange.fetch_open_orders(symbol) == []
    assert exchange.fetch_balance()["USDT"]["used"] == 0
    try:
        exchange.cancel_order(resting["id"], symbol)
        raise AssertionError("an order was cancelled twice")
    except ccxt.OrderNotFound:
        pass

    # Market orders fill at once; balances and own trades say the same.
    bought = exchange.create_market_buy_order(symbol, 0.02)
    assert bought["status"] == "closed" and close(bought["filled"], 0.02)
    assert close(sum(trade["amount"] for trade in bought["trades"]), 0.02)
    after = exchange.fetch_balance()
    fee = sum(trade["fee"]["cost"] for trade in bought["trades"])
    assert close(after["BTC"]["total"], start["BTC"]["total"] + 0.02 - fee)
    assert close(after["USDT"]["total"], start["USDT"]["total"] - bought["cost"])
    mine = exchange.fetch_my_trades(symbol)
    assert {trade["order"] for trade in mine} == {bought["id"]}
    assert close(sum(trade["cost"] for trade in mine), bought["cost"])
    assert all(trade["takerOrMaker"] == "taker" and trade["fee"]["currency"] == "BTC" for trade in mine)
    sold = exchange.create_market_sell_order("ETH/USDT", 0.5)
    assert sold["status"] == "closed" and sold["side"] == "sell"
    spent = exchange.create_market_buy_order_with_cost(symbol, 500)
    assert 499 < spent["cost"] <= 500, spent["cost"]

    # Stops wait; what they cannot do is refused by name.
    stop = exchange.create_order(symbol, "limit", "sell", 0.01, round(bid * 0.94, 2), {"stopLossPrice": round(bid * 0.95, 2)})
    waiting = exchange.fetch_order(stop["id"], symbol)
    assert waiting["status"] == "open" and close(waiting["triggerPrice"], round(bid * 0.95, 2))
    assert waiting["type"] == "limit" or waiting["type"] == "stop_loss_limit", waiting["type"]
    market_stop = exchange.create_order(symbol, "market", "sell", 0.01, None, {"triggerPrice": round(bid * 0.95, 2)})
    profit = exchange.create_order(symbol, "limit", "sell", 0.01, round(bid * 1.06, 2), {"takeProfitPrice": round(bid * 1.05, 2)})
    assert len(exchange.fetch_open_orders(symbol)) == 3
    cancelled = exchange.cancel_all_orders(symbol)
    assert {order["id"] for order in cancelled} == {stop["id"], market_stop["id"], profit["id"]}
    for bad, kind in (((symbol, "limit", "buy", 0.01, bid * 1.2, {"postOnly": True}), ccxt.OrderImmediatelyFillable),
                      ((symbol, "limit", "sell", 50, bid * 1.1), ccxt.InsufficientFunds),
                      ((symbol, "limit", "buy", 0.00001, low), ccxt.BadRequest)):
        try:
            exchange.create_order(*bad)
            raise AssertionError(f"taken: {bad}")
        except kind:
            pass

    # Time in force, replace, history.
    ioc = exchange.create_order(symbol, "limit", "buy", 0.01, low, {"timeInForce": "IOC"})
    assert ioc["status"] == "expired" and ioc["filled"] == 0
    first = exchange.create_limit_buy_order(symbol, 0.01, low)
    second = exchange.edit_order(first["id"], symbol, "limit", "buy", 0.02, low)
    assert exchange.fetch_order(first["id"], symbol)["status"] == "canceled"
    assert exchange.fetch_order(second["id"], symbol)["amount"] == 0.02
    assert exchange.fetch_order(None, symbol, {"clientOrderId": "e2e-resting"})["status"] == "canceled"
    assert len(exchange.fetch_orders(symbol)) >= 8
    fees = exchange.fetch_trading_fee(symbol)
    assert fees["taker"] == 0.001, fees
    return second["id"], exchange.fetch_balance()


def check_refusals(venue):
    import ccxt

    wrong = client(venue)
    wrong.secret = "x" * 64
    try:
        wrong.fetch_balance()
        raise AssertionError("a wrong signature was taken")
    except ccxt.AuthenticationError as error:
        assert "-1022" in str(error), error
    wrong = client(venue)
    wrong.apiKey = "x" * 64
    try:
        wrong.fetch_balance()
        raise AssertionError("an unknown key was taken")
    except ccxt.AuthenticationError as error:
        assert "-2015" in str(error), error


def check_survival(venue, order, balance):
    """kill -9 and a restart lose nothing that was acknowledged."""
    venue.stop(signal.SIGKILL)
    venue.start()
    exchange = client(venue)
    exchange.load_markets()
    assert exchange.fetch_order(order, "BTC/USDT")["status"] == "open"
    after = exchange.fetch_balance()
    for asset in ("BTC", "ETH", "USDT"):
        assert close(after[asset]["total"], balance[asset]["total"]), asset
    assert venue.stop() == 0, "SIGTERM must end it with 0"
    venue.start()
    exchange = client(venue)
    exchange.load_markets()
    assert [found["id"] for found in exchange.fetch_open_orders("BTC/USDT")] == [order]


def run(binary):
    with tempfile.TemporaryDirectory(prefix="venue-sim-e2e-") as folder:
        data = os.path.join(folder, "data")
        os.mkdir(data)
        venue = Venue(binary, data)
        try:
            exchange = client(venue)
            check_public(exchange)
            order, balance = check_orders(exchange)
            check_refusals(venue)
            check_survival(venue, order, balance)
        finally:
            if venue.process.poll() is None:
                venue.stop()
    print("ccxt against gannet-venue-sim: all checks passed")


if __name__ == "__main__":
    if sys.argv[1] != "--inside":
        sys.exit(subprocess.run([harness.clients_python(), __file__, "--inside", sys.argv[1]]).returncode)
    run(sys.argv[2])
