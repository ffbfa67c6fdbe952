"""What the platform believes of its orders and fills, against the records of the exchange
simulator: nothing lost, nothing doubled, nothing invented. Shared by the tests that kill
processes."""
import collections
import csv
import decimal
import os

from harness import check

Decimal = decimal.Decimal

# Trades from the third second on, and all the time: a few cancels and placements a
# second, in ten markets.
STRATEGIES = """
account: main/paper
stale_after: 5s
messages: {count: 60, window: 10s}
volatility: {span: 10, warm_up: 2}
cancel_on_drain: true
makers:
  - name: busy-maker
    instruments: ["binance-spot:*USDT"]
    quote_notional: 100
    max_position: 2000
    min_half_spread: 0.5bp
    volatility: 20%
    horizon: 1s
    skew: 50%
    refresh: 0.5bp
    min_life: 300ms
    pause_after_fill: 300ms
"""

# Names of the states in which nothing more is to come of an order.
ENDED = ("FILLED", "CANCELED", "REJECTED", "EXPIRED", "DENIED", "ABSENT")


def kind_of(value):
    return value["kind"].removeprefix("EXEC_KIND_").removeprefix("INTENT_KIND_")


def symbol_of(instrument):
    return instrument.rsplit(":", 1)[-1]


class Believed:
    """What the platform's journal says of its orders and fills."""

    def __init__(self, intents, reports):
        cancels = {intent["client_order_id"] for intent in intents if kind_of(intent) == "CANCEL"}
        self.sent, self.last = set(), {}
        # Why there is no such order at the venue: it refused, it proved that it never had
        # it, or no byte of the request left.
        self.refused, self.absent, self.not_sent = set(), set(), set()
        self.fills = {}
        for report in reports:
            order, kind = report["client_order_id"], kind_of(report)
            if order in cancels:
                continue  # no order of its own
            if kind == "JOURNALED":
                check(order not in self.sent, f"order {order} is journaled twice")
                self.sent.add(order)
            elif kind == "REJECTED":
                self.refused.add(order)
            elif kind == "ABSENT":
                self.absent.add(order)
            elif kind == "NOT_SENT":
                self.not_sent.add(order)
            if report.get("fill"):
                self.add_fill(report)
            self.last[order] = report

    def at_venue(self):
        return self.sent - self.refused - self.absent - self.not_sent

    def add_fill(self, report):
        fill = report["fill"]
        key = (symbol_of(report["instrument"]), fill["trade_id"])
        check(key not in self.fills, f"the journal books fill {key} twice")
        self.fills[key] = (report["client_order_id"], int(fill["price"]), int(fill["quantity"]))


def same_scale(pairs, what):
    """Recorded integers are the venue's decimals at one scale an instrument."""
    scales = {Decimal(number) / Decimal(text) for number, text in pairs if Decimal(text) != 0}
    check(len(scales) <= 1, f"{what}: recorded numbers and the venue's differ by more than one scale: {sorted(scales)[:4]}")
    for scale in scales:
        check(scale.as_tuple().digits == (1,) or scale.normalize().as_tuple().digits == (1,), f"{what}: {scale} is no power of ten")


def compare_orders(believed, venue_orders):
    unknown = venue_orders.keys() - believed.sent
    check(not unknown, f"the venue has orders that the journal does not: {sorted(unknown)[:5]}")
    nowhere = believed.refused | believed.absent | believed.not_sent
    lost = believed.sent - venue_orders.keys() - nowhere
    check(not lost, f"orders that the venue never had and the platform does not know to be absent: "
                    f"{[(name, kind_of(believed.last[name])) for name in sorted(lost)[:5]]}")
    wrong = venue_orders.keys() & nowhere
    check(not wrong, f"taken for absent, refused or not sent but at the venue: {sorted(wrong)[:5]}")
    for name, order in venue_orders.items():
        state = believed.last[name]["state"].removeprefix("ORDER_STATE_")
        expected = {"NEW": "ACCEPTED", "EXPIRED_IN_MATCH": "EXPIRED"}.get(order["status"], order["status"])
        check(state == expected, f"order {name} is {order['status']} at the venue and {state} here, after {kind_of(believed.last[name])}")


def compare_fills(believed, venue_orders, venue_trades):
    missing = venue_trades.keys() - believed.fills.keys()
    check(not missing, f"fills that the platform does not know: {sorted(missing)[:5]}")
    invented = believed.fills.keys() - venue_trades.keys()
    check(not invented, f"fills that the venue does not have: {sorted(invented)[:5]}")
    prices, quantities = collections.defaultdict(list), collections.defaultdict(list)
    by_id = {(order["symbol"], order["orderId"]): name for name, order in venue_orders.items()}
    for key, trade in venue_trades.items():
        order, price, quantity = believed.fills[key]
        owner = by_id[(key[0], trade["orderId"])]
        check(owner == order, f"fill {key} is booked on order {order}, the venue says {owner}")
        prices[key[0]].append((price, trade["price"]))
        quantities[key[0]].append((quantity, trade["qty"]))
    for symbol in prices:
        same_scale(prices[symbol], f"prices of {symbol}")
        same_scale(quantities[symbol], f"quantities of {symbol}")


def compare_positions(out, venue_trades):
    """Of the store, over all runs: what the venue's trades sum to, less fees in the base asset."""
    net = collections.Counter()
    for (symbol, _), trade in venue_trades.items():
        fee = Decimal(trade["commission"]) if symbol.startswith(trade["commissionAsset"]) else 0
        net[symbol] += Decimal(trade["qty"]) * (1 if trade["isBuyer"] else -1) - fee
    with open(os.path.join(out, "positions.csv"), newline="", encoding="utf-8") as file:
        stored = collections.Counter()
        for row in csv.DictReader(file):
            stored[symbol_of(row["instrument"])] += Decimal(row["net"].removeprefix("'"))
    for symbol in net.keys() | stored.keys():
        check(net[symbol] == stored[symbol], f"position {symbol}: the venue's trades sum to {net[symbol]}, the store says {stored[symbol]}")


def compare(believed, records):
    """(orders, fills, the venue's trades)."""
    venue_orders, venue_trades = {}, {}
    for symbol in records.symbols():
        for order in records.orders(symbol):
            name = order["clientOrderId"]
            check(name not in venue_orders, f"the venue has order {name} twice")
            venue_orders[name] = order
        for trade in records.trades(symbol):
            venue_trades[(symbol, str(trade["id"]))] = trade
    compare_orders(believed, venue_orders)
    compare_fills(believed, venue_orders, venue_trades)
    return len(venue_orders), len(venue_trades), venue_trades
