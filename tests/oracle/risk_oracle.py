"""A second risk gate, written from docs/risk-controls.md and docs/risk-check.md alone.

It keeps what happened and adds everything up anew when it is asked, where the gate
keeps running sums: the two share no code and no shape. Exact integers throughout.
"""
import re
from datetime import datetime, timezone
from fractions import Fraction

PPM = 1_000_000
VALUE_DIGITS = 8
REASONS = """MALFORMED UNKNOWN_ACCOUNT UNKNOWN_INSTRUMENT INSTRUMENT_VERSION KILL_SWITCH TRADING_STATE GATE_CLOSED
MISSING_LIMIT NOT_PERMITTED OFF_TICK OFF_LOT BELOW_MINIMUM NO_PRICE STALE_PRICE BOOK_INVALID CROSSED_BOOK MAX_QUANTITY
MAX_NOTIONAL PRICE_COLLAR DUPLICATE MESSAGE_RATE OPEN_ORDERS OPEN_NOTIONAL POSITION_LIMIT GROSS_EXPOSURE NET_EXPOSURE
BALANCE DAILY_LOSS DRAWDOWN REDUCE_ONLY INVENTORY SELF_TRADE THROTTLED CLIP_QUANTITY CLIP_NOTIONAL CLIP_FILLS CAPITAL
CONCENTRATION CORRELATION INSTRUMENT_COUNT VENUE_COUNT VENUE_STATUS VELOCITY VOLATILITY DEAD_MAN ORDER_TO_TRADE
CANCEL_RATIO CIRCUIT_BREAKER POSITION_MISMATCH NOT_TRACEABLE RELEASE_STAGE CANARY_NOTIONAL""".split()

METHODS = [(reason, reason.lower()) for reason in REASONS]
MANDATORY = ("max_order_notional price_collar stale_after message_rate max_open_orders max_open_notional max_long "
             "max_short max_gross max_net max_daily_loss max_drawdown stage").split()
AMOUNTS = set("""max_order_quantity max_order_notional clip_quantity clip_notional max_open_notional max_long max_short max_gross
max_net capital max_daily_loss max_drawdown concentration_above max_correlated canary_notional""".split())
RATIOS = set("price_collar initial_margin max_concentration max_move max_volatility max_cancel_ratio".split())
DURATIONS = {"stale_after", "dead_man"}
RATES = {"duplicates", "repeated_executions", "message_rate", "breaker"}
STAGES = ["shadow", "paper", "canary", "full"]
LIMIT_TYPES = {"LIMIT", "STOP_LIMIT", "TAKE_PROFIT_LIMIT"}
STOP_TYPES = {"STOP", "STOP_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
ENDS = {"NOT_SENT", "REJECTED", "CANCELED", "EXPIRED", "ABSENT"}
MEMORY = 256
SLICES = 16
LARGEST_E = 10**12
QUOTE_WAIT = 300 * 10**9


# --- numbers ---------------------------------------------------------------------

# n / d rounded: away from zero, upwards, downwards, towards zero, to the nearest even.

def floor(n, d=1):
    return n // d


def ceil(n, d=1):
    return -(-n // d)


def up(n, d=1):
    return ceil(n, d) if (n >= 0) == (d > 0) else floor(n, d)


def cut(n, d=1):
    return floor(n, d) if (n >= 0) == (d > 0) else ceil(n, d)


def nearest(n, d=1):
    return round(Fraction(n, d))


def mantissa(text, digits):
    whole, _, fraction = str(text).partition(".")
    fraction = fraction.rstrip("0")
    assert len(fraction) <= digits, (text, digits)
    return int(whole + fraction.ljust(digits, "0"))


def nanoseconds(text):
    if "." in text:
        head, rest = text[:-1].split(".")
        fraction = int(rest.ljust(9, "0"))
    else:
        head, fraction = text[:-1], 0
    moment = datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * 10**9 + fraction


def duration(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ns|us|ms|s|m|h)", text).groups()
    size = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}[unit]
    return int(Fraction(number) * size)


def ratio(text):
    number, unit = re.fullmatch(r"([0-9.]+)(%|bp|ppm)", text).groups()
    return int(Fraction(number) * {"%": 10_000, "bp": 100, "ppm": 1}[unit])


# --- limits ----------------------------------------------------------------------

def read_limits(entry):
    out = {}
    for key, value in entry.items():
        if key in AMOUNTS:
            out[key] = mantissa(value, VALUE_DIGITS)
        elif key in RATIOS:
            out[key] = ratio(value)
        elif key in DURATIONS:
            out[key] = duration(value)
        elif key in RATES:
            out[key] = (value["count"], duration(value["window"]))
        elif key == "stage":
            out[key] = STAGES.index(value)
        else:
            out[key] = value
    return out


class Limits:
    def __init__(self, text):
        self.firm = read_limits(text["firm"])
        self.named = {kind: {name: read_limits(entry) for name, entry in text.get(group, {}).items()}
                      for kind, group in (("account", "accounts"), ("strategy", "strategies"), ("venue", "venues"),
                                          ("instrument", "instruments"))}
        valuation = text["valuation"]
        self.unit = {valuation["asset"], *valuation.get("at_par", [])}
        self.by = valuation.get("by", {})
        self.wallets = text.get("wallets", {})
        self.paper = set(text.get("paper_accounts", []))
        self.groups = [(ratio(group["rho"]), set(group["assets"])) for _, group in sorted(text.get("correlation", {}).items())]
        windows = text.get("windows", {})
        self.flow = duration(windows.get("flow", "60s"))
        self.market = duration(windows.get("market", "60s"))
        self.ratio_minimum = windows.get("ratio_minimum", 100)
        gate = text.get("gate", {})
        self.unanswered = duration(gate.get("unanswered_alarm", "10s"))
        self.position_alarm = duration(gate.get("position_alarm", "5s"))
        self.cache = {}

    def of(self, scope):
        if scope not in self.cache:
            kind, name = scope
            self.cache[scope] = self.firm if kind == "firm" else {**self.named[kind].get("*", {}), **self.named[kind].get(name, {})}
        return self.cache[scope]

    def knows(self, account):
        return account != "*" and account in self.named["account"]


class Slices:
    """A sliding window in slices: things by the number of their slice."""

    def __init__(self, window):
        self.length = max(1, window // SLICES)
        self.things = {}

    def add(self, at, thing):
        self.things.setdefault(at // self.length, []).append(thing)

    def live(self, now):
        first = now // self.length - SLICES
        return [(index, self.things[index]) for index in sorted(self.things) if index >= first]


class Scope:
    """What is remembered of a scope besides what adds up from positions and orders."""

    def __init__(self, limits, flow):
        self.limits = limits
        self.state, self.killed = "ACTIVE", False
        self.baseline = self.high = self.fees = 0
        self.messages, self.executions, self.failures = [], [], []
        self.throttled = self.broken = False
        self.flow = Slices(flow)
        self.other_fees = {}

    def latch(self, times, key, at):
        times.append(at)
        if key not in self.limits:
            return False
        count, window = self.limits[key]
        return sum(1 for t in times if t + window > at) >= count


class Order:
    FIELDS = dict(kind="NEW", target="", attempt=1, type="LIMIT", time_in_force="GTC", reduce_only=False, reason="", model="", signal=0,
                  hash_matches=True)

    def __init__(self, world, text, at):
        for key, default in self.FIELDS.items():
            setattr(self, key, text.get(key, default))
        self.account, self.strategy, self.instrument, self.side = text["account"], text["strategy"], text["instrument"], text["side"]
        self.at = at
        known = world.instruments.get(self.instrument)
        price_digits, quantity_digits = (known.price_scale, known.quantity_scale) if known else (8, 8)
        self.price = mantissa(text.get("price", "0"), price_digits)
        self.stop = mantissa(text.get("stop_price", "0"), price_digits)
        self.trailing = text.get("trailing_bps", 0)
        self.quantity = mantissa(text["quantity"], quantity_digits)
        world.orders_read += 1
        self.version = text.get("version", known.version if known else 1)
        self.sequence = text.get("sequence", world.orders_read)
        self.id = text.get("client_order_id", f"g1case{world.orders_read}")
        self.expires = nanoseconds(text["expires"]) if "expires" in text else 0
        self.buy = self.side == "buy"
        self.filled, self.reserved, self.answered, self.in_doubt = 0, 0, False, False
        self.amend = None  # an amendment whose fate is open
        self.asked = at  # when the gate last decided about it

    @property
    def leaf(self):
        return self.account, self.strategy, self.instrument

    def shape(self):
        return (self.version, self.side, self.type, self.time_in_force, self.price, self.stop, self.quantity, self.reduce_only, self.trailing)

    def versions(self):
        return [v for v in (self, self.amend) if v is not None]

    def rest(self):
        return max(max(v.quantity - self.filled, 0) for v in self.versions())

    def part(self):
        return max(up(v.reserved * max(v.quantity - self.filled, 0), v.quantity) for v in self.versions())

    def limit(self):
        return self.price if self.type in LIMIT_TYPES else None

    def meets(self, others):
        """Whether it would trade with one of the open orders `others` of the other side."""
        mine = self.limit()
        for other in others:
            for theirs in (version.limit() for version in other.versions()):
                if mine is None or theirs is None:
                    return True
                if (theirs <= mine) if self.buy else (theirs >= mine):
                    return True
        return False


class Size:
    """What the venue holds the size of one order to; a maximum of 0: none."""

    def __init__(self, text, scales, at_market):
        def quantity(key, own=None):
            there = mantissa(text.get(own, "0"), scales.quantity_scale) if own and at_market else 0
            return there or mantissa(text.get(key, "0"), scales.quantity_scale)

        def amount(key):
            bound = text.get(key, "0") if not (at_market and text.get(key + "_limit_only")) else "0"
            return mantissa(bound, scales.quote_scale)

        self.lot = quantity("lot", "market_lot")
        self.least, self.most = quantity("min_quantity", "min_market_quantity"), quantity("max_quantity", "max_market_quantity")
        self.least_notional, self.most_notional = amount("min_notional"), amount("max_notional")


class Instrument:
    def __init__(self, text):
        get = text.get
        self.id, self.version, self.kind, self.status = text["id"], get("version", 1), get("kind", "spot"), get("status", "trading")
        self.base, self.quote = text["base"], text["quote"]
        self.settle = get("settle", self.quote)
        self.price_scale, self.quantity_scale = get("price_scale", 8), get("quantity_scale", 8)
        self.quote_scale = get("quote_scale", 8)
        self.tick = mantissa(get("tick", "0"), self.price_scale)
        # Of orders with a limit price, and of others.
        self.limit, self.market = Size(text, self, False), Size(text, self, True)
        self.multiplier = get("multiplier", 1)
        self.band = {buy: (get(f"{side}_band_up_ppm", 0), get(f"{side}_band_down_ppm", 0)) for buy, side in ((True, "buy"), (False, "sell"))}
        self.venue = self.id.split(":")[0]
        self.bid = self.ask = self.reference = self.last_fill = 0
        self.data_time, self.valid, self.feed_up = 0, False, True
        self.awaited, self.awaited_since = True, None
        self.moves = None

    def mark(self):
        return self.reference or self.last_fill

    def notional(self, price, quantity, rounding):
        return rounding(price * quantity * self.multiplier * 10**self.quote_scale, 10 ** (self.price_scale + self.quantity_scale))


class Position:
    def __init__(self):
        self.quantity = self.cash = 0
        self.fee_rest = Fraction(0)


class Cell:
    """A scope's sums in an instrument."""

    def __init__(self):
        self.position = self.buys = self.sells = self.cash = self.reserved = 0
        self.orders = 0


class World:
    def __init__(self, text):
        self.limits = Limits(text["limits"])
        self.now = nanoseconds(text["now"])
        self.instruments, self.scopes, self.positions, self.balances = {}, {}, {}, {}
        self.open, self.orders = {}, {}
        self.last_sequence, self.memory, self.told, self.stated = {}, {}, {}, {}
        self.orders_read, self.person, self.sums = 0, None, None
        for entry in text.get("history", []):
            getattr(self, "on_" + entry["event"])(entry, nanoseconds(entry["at"]) if "at" in entry else self.now)
            self.sums = None

    def scope(self, key):
        if key not in self.scopes:
            self.scopes[key] = Scope(self.limits.of(key), self.limits.flow)
        return self.scopes[key]

    def scopes_of(self, account, strategy, instrument):
        keys = [("firm", ""), ("account", account), ("strategy", strategy), ("venue", instrument.split(":")[0]), ("instrument", instrument)]
        return [(key, self.scope(key)) for key in keys]

    def stated_by(self, leaf):
        """The scopes of an order, and by limit those that state it."""
        if leaf not in self.stated:
            scopes, stated = self.scopes_of(*leaf), {}
            for key, scope in scopes:
                for limit, value in scope.limits.items():
                    stated.setdefault(limit, []).append((key, scope, value))
            self.stated[leaf] = scopes, stated
        return self.stated[leaf]

    def wallet(self, account, instrument, asset):
        return account, self.limits.wallets.get(account, self.instruments[instrument].venue), asset

    # --- what happened ---

    def on_instrument(self, e, at):
        new = Instrument(e)
        old = self.instruments.get(new.id)
        if old is not None and old.version >= new.version:
            return
        if old is not None:
            assert (old.price_scale, old.quantity_scale, old.quote_scale) == (new.price_scale, new.quantity_scale, new.quote_scale)
            new.last_fill, new.valid, new.feed_up = old.last_fill, old.valid, old.feed_up
        new.moves = Slices(self.limits.market)
        self.instruments[new.id] = new

    def on_quote(self, e, at):
        i = self.instruments[e["instrument"]]
        i.bid, i.ask = (mantissa(e.get(side, "0"), i.price_scale) for side in ("bid", "ask"))
        i.data_time = max(i.data_time, at)
        quoted = i.reference > 0
        i.reference = i.bid + cut(i.ask - i.bid, 2) if i.bid > 0 and i.ask > 0 else 0
        if i.reference > 0:
            i.awaited = False
        elif quoted:
            i.awaited, i.awaited_since = True, None
        if i.reference > 0:
            i.moves.add(at, i.reference)

    def on_book(self, e, at):
        i = self.instruments[e["instrument"]]
        i.valid = e.get("valid", True)
        if i.valid:
            i.data_time = max(i.data_time, at)

    def on_feed(self, e, at):
        for i in self.instruments.values():
            if i.venue == e["venue"]:
                i.feed_up = e.get("up", True)

    def on_balance(self, e, at):
        self.balances[e["account"], e["venue"], e["asset"]] = Fraction(e["total"])

    def on_order(self, e, at):
        order = Order(self, e, at)
        order.permitted = e.get("permitted", True)
        if order.permitted:
            order.reserved = mantissa(e["reserved"], self.instruments[order.instrument].quote_scale)
            order.answered = e.get("answered", True)
        self.answer(order, malformed=e.get("malformed", False))

    def answer(self, order, malformed):
        """An order that has got its verdict."""
        if not self.has_leaf(order):
            return
        if not malformed:
            self.last_sequence[order.leaf] = max(self.last_sequence.get(order.leaf, 0), order.sequence)
        if order.kind == "NEW":
            self.memory.setdefault(order.leaf, []).append((order.at, order.shape()))
        i = self.instruments[order.instrument]
        target = self.amended_by(order) if order.permitted else None
        quantity, reserved = self.adds(target, order, order.reserved) if target else (order.quantity, order.reserved)
        for _, scope in self.scopes_of(*order.leaf):
            scope.messages.append(order.at)
            scope.flow.add(order.at, ("message", 1))
            if order.permitted:
                if order.kind != "AMEND":
                    scope.flow.add(order.at, ("order", 1))
                scope.flow.add(order.at, ("quantity", up(quantity * 10**VALUE_DIGITS, 10**i.quantity_scale)))
                scope.flow.add(order.at, ("notional", (i.quote, up(reserved * 10**VALUE_DIGITS, 10**i.quote_scale))))
        if order.permitted and order.kind == "AMEND":
            if target and not target.amend:
                target.amend, target.asked, target.answered = order, order.at, order.answered
        elif order.permitted:
            self.orders[order.id] = order
            self.open[order.id] = order

    def amended_by(self, order):
        """The open order that an amendment is about."""
        target = self.open.get(order.target) if order.kind == "AMEND" else None
        return target if target and target.leaf == order.leaf and target.side == order.side else None

    @staticmethod
    def only_reduces(target, order):
        return order.quantity <= target.quantity and order.limit() == target.limit()

    def adds(self, target, order, reserved):
        """Quantity and notional beyond what the order has reserved."""
        if self.only_reduces(target, order) or order.quantity <= 0:
            return 0, 0
        rest = max(order.quantity - target.filled, 0)
        return max(rest - target.rest(), 0), max(up(reserved * rest, order.quantity) - target.part(), 0)

    def on_amended(self, e, at):
        order = self.open.get(e["client_order_id"])
        if order is None:
            return
        order.in_doubt = False
        amendment = order.amend
        if amendment is None or amendment.id != e["amendment"]:
            order.answered = order.answered or amendment is None
            return
        order.answered, order.amend = True, None
        if e.get("took_effect", True):
            order.quantity, order.reserved, order.price = amendment.quantity, amendment.reserved, amendment.price

    def on_cancel(self, e, at):
        if not self.limits.knows(e["account"]) or e["instrument"] not in self.instruments or not e["strategy"]:
            return
        for _, scope in self.scopes_of(e["account"], e["strategy"], e["instrument"]):
            scope.messages.append(at)
            scope.flow.add(at, ("message", 1))
            scope.flow.add(at, ("cancel", 1))

    def on_report(self, e, at):
        order = self.orders[e["client_order_id"]]
        if order.id not in self.open:
            return
        order.answered = order.answered or order.amend is None
        in_doubt, order.in_doubt = order.in_doubt, e["kind"] == "UNKNOWN"
        if e["kind"] in ("REJECTED", "UNKNOWN", "ABSENT") and not in_doubt:
            for _, scope in self.scopes_of(*order.leaf):
                scope.broken = scope.latch(scope.failures, "breaker", at) or scope.broken
        if e["kind"] in ENDS:
            del self.open[order.id]

    def on_fill(self, e, at):
        order = self.orders.get(e.get("client_order_id"))
        leaf, side = (order.leaf, order.side) if order else ((e["account"], e["strategy"], e["instrument"]), e["side"])
        i = self.instruments[leaf[2]]
        price, quantity = mantissa(e["price"], i.price_scale), mantissa(e["quantity"], i.quantity_scale)
        i.last_fill = price
        position = self.positions.setdefault(leaf, Position())
        amount = i.notional(price, quantity, nearest)
        sign = 1 if side == "buy" else -1
        position.quantity += sign * quantity
        position.cash -= sign * amount
        if i.kind == "spot":
            key = self.wallet(leaf[0], i.id, i.quote if side == "buy" else i.base)
            if key in self.balances:
                self.balances[key] -= Fraction(amount, 10**i.quote_scale) if side == "buy" else Fraction(quantity, 10**i.quantity_scale)
        self.fee(i, leaf, position, Fraction(e.get("fee", "0")), e.get("fee_asset", ""))
        for _, scope in self.scopes_of(*leaf):
            scope.flow.add(at, ("fill", 1))
        self.compare(leaf, at)
        if order is None or order.id not in self.open:
            return
        order.answered = order.answered or order.amend is None
        order.in_doubt = False
        if order.filled == 0 and not order.strategy.startswith("manual/"):
            for _, scope in self.scopes_of(*leaf):
                scope.throttled = scope.latch(scope.executions, "repeated_executions", at) or scope.throttled
        order.filled = min(order.filled + quantity, max(v.quantity for v in order.versions()))
        if e.get("last", False):
            del self.open[order.id]

    def fee(self, i, leaf, position, fee, asset):
        if fee == 0:
            return
        if asset == i.quote:
            position.cash -= ceil(fee * 10**i.quote_scale)
        elif asset == i.base and i.kind == "spot":
            owed = position.fee_rest + fee
            whole = cut(owed * 10**i.quantity_scale)
            position.fee_rest = owed - Fraction(whole, 10**i.quantity_scale)
            position.quantity -= whole
        else:
            for _, scope in self.scopes_of(*leaf):
                scope.other_fees[asset] = scope.other_fees.get(asset, 0) + fee

    def on_told(self, e, at):
        leaf = e["account"], e["strategy"], e["instrument"]
        self.told[leaf] = [mantissa(e["position"], self.instruments[leaf[2]].quantity_scale), self.told.get(leaf, [0, None])[1]]
        self.compare(leaf, at)

    def compare(self, leaf, at):
        if leaf not in self.told:
            return
        told = self.told[leaf]
        own = self.positions[leaf].quantity if leaf in self.positions else 0
        told[1] = None if told[0] == own else at if told[1] is None else told[1]

    def on_state(self, e, at):
        scope = self.scope((e["scope"], e.get("name", "")))
        scope.state, scope.killed = e.get("state", "ACTIVE"), e.get("killed", False)
        if scope.state == "ACTIVE" and not scope.killed and e.get("person"):
            scope.throttled = scope.broken = False
            scope.executions, scope.failures = [], []

    def on_marks(self, e, at):
        scope = self.scope((e["scope"], e.get("name", "")))
        scope.baseline, scope.high = (mantissa(e.get(key, "0"), VALUE_DIGITS) for key in ("day_baseline", "peak"))

    def on_person(self, e, at):
        if e["name"]:
            self.person = at if self.person is None else max(self.person, at)

    def on_timer(self, e, at):
        for i in self.instruments.values():
            if i.awaited:
                if not i.feed_up or i.awaited_since is None:
                    i.awaited_since = at
                i.awaited = at - i.awaited_since < QUOTE_WAIT
        for key, scope in self.scopes.items():
            values = [self.value_of_asset(asset, amount) for asset, amount in scope.other_fees.items()]
            scope.fees = sum(v for v in values if v is not None)
        self.sums = None
        for key, scope in self.scopes.items():
            sums = self.sums_of(key)
            if sums["unvalued"] == 0 and not sums["unmarked"] and not any(self.unquoted(asset) for asset in scope.other_fees):
                scope.high = max(scope.high, sums["pnl"] - scope.fees)

    # --- what things are worth ---

    def converter(self, asset):
        """The instrument whose price turns an asset into the valuation asset; None at par and where there is none."""
        by = None if asset in self.limits.unit else self.instruments.get(self.limits.by.get(asset))
        return None if by is None or by.base != asset or by.quote not in self.limits.unit else by

    def rate(self, asset):
        """What turns an asset into the valuation asset, over what; 1 over 1 at par."""
        if asset in self.limits.unit:
            return 1, 1
        by = self.converter(asset)
        if by is None or by.mark() <= 0:
            return None
        return by.mark(), 10**by.price_scale

    def unquoted(self, asset):
        """Whether the quote of the instrument that converts an asset is waited for."""
        by = self.converter(asset)
        return by is not None and by.awaited

    def value(self, units, i, rounding):
        if units == 0:
            return 0
        rate = self.rate(i.quote)
        return None if rate is None else rounding(units * rate[0] * 10**VALUE_DIGITS, 10**i.quote_scale * rate[1])

    def value_of_asset(self, asset, amount):
        rate = self.rate(asset)
        return None if rate is None else ceil(ceil(amount * 10**VALUE_DIGITS) * rate[0], rate[1])

    def has_leaf(self, order):
        return self.limits.knows(order.account) and order.instrument in self.instruments and order.strategy != ""

    # --- sums ---

    def add_up(self):
        """Cells of firm, accounts and strategies, and what orders reserve of balances."""
        cells, reserved = {}, {}
        def cells_of(leaf):
            return [cells.setdefault((key, leaf[2]), Cell()) for key in (("firm", ""), ("account", leaf[0]), ("strategy", leaf[1]))]
        for leaf, position in self.positions.items():
            for cell in cells_of(leaf):
                cell.position += position.quantity
                cell.cash += position.cash
        for order in self.open.values():
            i = self.instruments[order.instrument]
            for cell in cells_of(order.leaf):
                if order.buy:
                    cell.buys += order.rest()
                else:
                    cell.sells += order.rest()
                cell.reserved += order.part()
            if i.kind == "spot":
                key = self.wallet(order.account, i.id, i.quote if order.buy else i.base)
                part = Fraction(order.part(), 10**i.quote_scale) if order.buy else Fraction(order.rest(), 10**i.quantity_scale)
                reserved[key] = reserved.get(key, 0) + part
        margins = {}
        for (scope, instrument), cell in cells.items():
            i = self.instruments[instrument]
            self.weigh(cell, i)
            if scope[0] == "account" and i.kind != "spot":
                cell.margin = self.margin(scope[1], i, max(cell.long_units, cell.short_units)) if cell.valued else 0
                key = self.wallet(scope[1], instrument, i.settle)
                margins[key] = margins.get(key, 0) + Fraction(cell.margin, 10**i.quote_scale)
        self.sums = {"cells": cells, "reserved": reserved, "margins": margins, "scopes": {}}

    def weigh(self, cell, i):
        mark = i.mark()
        def units(quantity):
            return 0 if quantity == 0 else None if mark <= 0 else i.notional(mark, quantity, up)
        held, longs, shorts = units(cell.position), units(cell.position + cell.buys), units(cell.sells - cell.position)
        cell.valued = None not in (held, longs, shorts)
        cell.unmarked = cell.position != 0 and i.awaited
        if cell.valued:
            values = [self.value(longs, i, up), self.value(shorts, i, up), self.value(cell.reserved, i, up),
                      self.value(held + cell.cash, i, floor)]
            cell.valued = None not in values
        if cell.valued:
            cell.long, cell.short, cell.open_value, cell.pnl = values
            cell.long_units, cell.short_units = longs, shorts
            cell.gross = max(cell.long, cell.short)
        else:
            cell.long = cell.short = cell.open_value = cell.pnl = cell.gross = cell.long_units = cell.short_units = 0

    def margin(self, account, i, units):
        stated = [self.limits.of(key).get("initial_margin", 0)
                  for key in (("firm", ""), ("account", account), ("venue", i.venue), ("instrument", i.id))]
        return up(units * (max(stated) or PPM), PPM)

    def cell(self, scope, instrument):
        if self.sums is None:
            self.add_up()
        found = self.sums["cells"].get((scope, instrument))
        if found is None:
            found = Cell()
            self.weigh(found, self.instruments[instrument])
            found.margin = 0
        return found

    def sums_of(self, key):
        if self.sums is None:
            self.add_up()
        if key not in self.sums["scopes"]:
            kind, name = key
            cells = [(instrument, cell) for (scope, instrument), cell in self.sums["cells"].items()
                     if (scope == key if kind in ("firm", "account", "strategy") else
                         scope[0] == "firm" and (instrument == name or kind == "venue" and instrument.split(":")[0] == name))]
            self.sums["scopes"][key] = {
                "gross": sum(c.gross for _, c in cells), "long": sum(c.long for _, c in cells), "short": sum(c.short for _, c in cells),
                "open_value": sum(c.open_value for _, c in cells), "pnl": sum(c.pnl for _, c in cells),
                "unvalued": sum(not c.valued for _, c in cells), "unmarked": any(c.unmarked for _, c in cells),
                "used": [instrument for instrument, c in cells if c.position or c.buys or c.sells],
                "orders": sum(key in [k for k, _ in self.scopes_of(*o.leaf)] for o in self.open.values()),
                "cells": cells}
        return self.sums["scopes"][key]

    # --- the verdict ---

    def ask(self, text):
        """(failing reasons in order, reserved as text or None) of an order."""
        at = nanoseconds(text["at"]) if "at" in text else self.now
        order = Order(self, text, at)
        question = Question(self, order)
        failing = [reason for reason, method in METHODS if getattr(question, method)()]
        self.last_order = order
        order.permitted, order.reserved = not failing, question.notional
        return failing

    def take(self, failing):
        """Lets the order that was asked about happen."""
        self.answer(self.last_order, malformed="MALFORMED" in failing)
        self.sums = None


class Question:
    """One order, and a method a reason: True when it fails."""

    def __init__(self, world, order):
        self.w, self.o, self.now = world, order, order.at
        self.i = world.instruments.get(order.instrument)
        self.known_account = world.limits.knows(order.account)
        self.leaf = world.has_leaf(order)
        self.reference = self.i.reference if self.i else 0
        self.rate = world.converter(self.i.quote) if self.i else None
        self.notional = self.value = self.collar = None
        self.worst, self.reducing, self.scopes, self.stated, self.changes = 0, False, [], {}, {}
        self.amended, self.adds_value = None, None
        if not self.leaf:
            return
        self.scopes, self.stated = world.stated_by(order.leaf)
        collars = [collar for _, _, collar in self.stating("price_collar")]
        self.collar = min(collars) if collars else None
        if order.type in LIMIT_TYPES:
            self.worst = order.price if order.buy else max(order.price, self.reference)
        elif self.reference > 0 and self.collar:
            trigger = ceil(max(self.reference, order.stop) * (10_000 + order.trailing), 10_000)
            self.worst = ceil(trigger * (PPM + self.collar), PPM)
        target = self.amended = world.amended_by(order)
        reduces = target is not None and world.only_reduces(target, order)
        if self.worst > 0 and order.quantity > 0:
            self.notional = (up(target.reserved * order.quantity, target.quantity) if reduces
                             else self.i.notional(self.worst, order.quantity, up))
            self.value = world.value(self.notional, self.i, up)
        # Beyond what is reserved of it already; `opens` is what the quantity added is worth.
        self.adds, self.adds_notional, self.adds_value, self.opens = order.quantity, self.notional, self.value, self.value
        if target and self.notional is not None:
            self.adds, self.adds_notional = world.adds(target, order, self.notional)
            self.adds_value = world.value(self.adds_notional, self.i, up)
            self.opens = world.value(up(self.notional * self.adds, order.quantity), self.i, up)
        position = world.positions.get(order.leaf)
        held = position.quantity if position else 0
        mine = [o.rest() for o in world.open.values() if o.leaf == order.leaf and o.side == order.side]
        left = (-held if order.buy else held) - sum(mine)
        if target:
            self.reducing = reduces or 0 < order.quantity - target.filled <= left + target.rest()
        else:
            self.reducing = 0 < order.quantity <= left

    def markets(self):
        """Whose prices make the order's value: its instrument, and what converts that one's quote."""
        return [i for i in (self.i, self.rate) if i is not None]

    def adds_nothing(self):
        return self.amended is not None and self.adds == 0 and self.adds_notional == 0

    def adds_no_quantity(self):
        return self.amended is not None and self.adds == 0

    def stating(self, key):
        return self.stated.get(key, ())

    def owner(self, key):
        """The scope whose cell stands for a scope."""
        return key if key[0] in ("account", "strategy") else ("firm", "")

    def change(self, key):
        """(opened, before, after, more, cell) of the order in a scope's cell."""
        key = self.owner(key)
        if key not in self.changes:
            cell, q = self.w.cell(key, self.o.instrument), self.adds
            side = cell.position + cell.buys if self.o.buy else cell.sells - cell.position
            opened = q if side >= 0 else min(max(side + q, 0), q)
            before = cell.long if self.o.buy else cell.short
            if self.adds_no_quantity():
                after = before
            elif opened == q:
                after = before + self.opens
            else:
                after = before + up(self.opens * opened, q) + up(before * (q - opened), side)
            self.changes[key] = opened, before, after, max(after, cell.gross) - cell.gross, cell
        return self.changes[key]

    # 21
    def malformed(self):
        o, w = self.o, self.w
        limited, stopped = o.type in LIMIT_TYPES, o.type in STOP_TYPES
        trails = o.type == "TRAILING_STOP"
        return (o.quantity <= 0 or (o.price <= 0 if limited else o.price != 0)
                or (o.stop <= 0 if stopped else o.stop < 0 if trails else o.stop != 0)
                or (not 1 <= o.trailing <= 2000 if trails else o.trailing != 0)
                or o.time_in_force == "POST_ONLY" and o.type != "LIMIT" or o.time_in_force == "GTD" and o.kind != "AMEND" and o.expires <= self.now
                or not o.id or len(o.id) > 36 or o.id in w.open or not o.strategy or o.attempt == 0
                or o.attempt == 1 and self.leaf and o.sequence <= w.last_sequence.get(o.leaf, 0)
                or o.kind == "REPLACE" and o.target not in w.open or o.kind == "AMEND" and self.bad_amendment() or not o.hash_matches)

    def bad_amendment(self):
        o, target = self.o, self.amended
        return (target is None or o.type != "LIMIT" or target.limit() is None or target.amend is not None or not target.answered
                or o.quantity <= target.filled or (o.quantity, o.price) == (target.quantity, target.price))

    def unknown_account(self):
        return not self.known_account

    def unknown_instrument(self):
        return self.i is None

    def instrument_version(self):
        return self.i is not None and self.o.version != self.i.version

    def kill_switch(self):
        return any(s.killed for _, s in self.scopes) if self.leaf else self.w.scope(("firm", "")).killed

    def trading_state(self):
        return any(s.state in ("CANCEL_ONLY", "HALTED") for _, s in self.scopes)

    def gate_closed(self):
        waiting = [o.asked for o in self.w.open.values() if not o.answered]
        return bool(waiting) and self.now - min(waiting) > self.w.limits.unanswered

    def missing_limit(self):
        if not self.leaf:
            return self.known_account and self.i is not None
        return any(not self.stating(key) for key in MANDATORY)

    def not_permitted(self):
        if self.i is None:
            return False
        if self.i.kind != "spot" and self.i.settle != self.i.quote:
            return True
        names = {self.i.id, self.i.venue + ":*"}
        return (any(flag for _, _, flag in self.stating("restricted"))
                or any(self.o.type not in types for _, _, types in self.stating("permitted_types"))
                or any(not names & set(listed) for _, _, listed in self.stating("permitted_instruments"))
                or self.switched_off())

    def switched_off(self):
        """Cases have no parents."""
        if not self.leaf or self.reducing:
            return False
        origins = {"manual_orders": self.o.strategy.startswith("manual/"), "model_orders": bool(self.o.model),
                   "news_orders": self.o.signal > 0 and not self.o.model}
        return any(covered and any(not on for _, _, on in self.stating(flag)) for flag, covered in origins.items())

    def off_tick(self):
        return self.i is not None and (self.i.tick <= 0 or any(p % self.i.tick for p in (self.o.price, self.o.stop)))

    def off_lot(self):
        return self.i is not None and (self.size().lot <= 0 or self.o.quantity % self.size().lot != 0)

    def size(self):
        return self.i.limit if self.o.type in LIMIT_TYPES else self.i.market

    def venue_price(self):
        return self.o.price if self.o.price > 0 else self.reference

    def below_minimum(self):
        if self.i is None:
            return False
        if self.o.quantity < self.size().least:
            return True
        if self.o.reduce_only and self.i.kind != "spot":
            return False
        price = self.venue_price()
        return price > 0 and self.i.notional(price, self.o.quantity, floor) < self.size().least_notional

    def no_price(self):
        if self.i is None:
            return False
        if self.reference <= 0 or self.notional is not None and self.value is None:
            return True
        if self.rate and self.rate.reference <= 0:
            return True
        return any(self.w.sums_of(key)["unvalued"] for key, _ in self.scopes)

    def stale_price(self):
        if self.reference <= 0:
            return False
        quoted = [i for i in self.markets() if i.reference > 0]
        return any(self.now - i.data_time > most for i in quoted for _, _, most in self.stating("stale_after"))

    def book_invalid(self):
        return any(not (i.feed_up and i.valid) for i in self.markets())

    def crossed_book(self):
        return any(0 < i.ask <= i.bid for i in self.markets())

    # 1, 2, 3
    def in_units(self):
        return up(self.o.quantity * 10**VALUE_DIGITS, 10**self.i.quantity_scale)

    def max_quantity(self):
        if self.i is None:
            return False
        return 0 < self.size().most < self.o.quantity or any(self.in_units() > most for _, _, most in self.stating("max_order_quantity"))

    def max_notional(self):
        if self.i is not None and self.venue_price() > 0:
            if 0 < self.size().most_notional < self.i.notional(self.venue_price(), self.o.quantity, ceil):
                return True
        return self.value is not None and any(self.value > most for _, _, most in self.stating("max_order_notional"))

    def price_collar(self):
        if not self.leaf or self.reference <= 0:
            return False
        if self.outside_band():
            return True
        if not self.collar:
            return False
        low = ceil(self.reference * (PPM - self.collar), PPM)
        high = floor(self.reference * (PPM + self.collar), PPM)
        return any(p != 0 and not low <= p <= high for p in (self.o.price, self.o.stop))

    def outside_band(self):
        if self.o.type not in LIMIT_TYPES or (self.i.kind != "spot" and self.o.stop != 0):
            return False
        up_ppm, down_ppm = self.i.band[self.o.buy]
        distance = Fraction(self.o.price, self.reference) - 1
        return (up_ppm > 0 and distance > Fraction(up_ppm, PPM)) or (down_ppm > 0 and -distance > Fraction(down_ppm, PPM))

    # 4, 5, 6
    def duplicate(self):
        if not self.leaf or self.o.kind != "NEW":
            return False
        memory = self.w.memory.get(self.o.leaf, [])[-MEMORY:]
        for _, _, (count, window) in self.stating("duplicates"):
            recent = [shape for at, shape in memory if at + window > self.now]
            if recent.count(self.o.shape()) >= count or len(recent) == MEMORY:
                return True
        return False

    def message_rate(self):
        return any(sum(1 for t in s.messages if t + window > self.now) >= count
                   for _, s, (count, window) in self.stating("message_rate"))

    def throttled(self):
        return any(s.throttled for _, s in self.scopes)

    # 7, 25
    def flow(self, scope, what):
        return [amount for _, things in scope.flow.live(self.now) for kind, amount in things if kind == what]

    def clip_quantity(self):
        if self.leaf and self.adds_no_quantity():
            return False
        own = up(self.adds * 10**VALUE_DIGITS, 10**self.i.quantity_scale) if self.leaf else 0
        return any(sum(self.flow(s, "quantity")) + own > most for _, s, most in self.stating("clip_quantity"))

    def clip_notional(self):
        if self.adds_value is None or self.adds_nothing():
            return False
        for _, s, most in self.stating("clip_notional"):
            by_asset = {}
            for asset, amount in self.flow(s, "notional"):
                by_asset[asset] = by_asset.get(asset, 0) + amount
            values = [self.w.value_of_asset(asset, Fraction(amount, 10**VALUE_DIGITS)) for asset, amount in by_asset.items()]
            if None in values or sum(values) + self.adds_value > most:
                return True
        return False

    def clip_fills(self):
        return any(sum(self.flow(s, "fill")) >= most for _, s, most in self.stating("clip_fills"))

    def order_to_trade(self):
        for _, s, most in self.stating("max_orders_per_fill"):
            messages = sum(self.flow(s, "message")) + 1
            if messages > self.w.limits.ratio_minimum and messages > most * sum(self.flow(s, "fill")):
                return True
        return False

    def cancel_ratio(self):
        for _, s, most in self.stating("max_cancel_ratio"):
            cancels = sum(self.flow(s, "cancel"))
            if cancels > self.w.limits.ratio_minimum and cancels * PPM > most * sum(self.flow(s, "order")):
                return True
        return False

    # 8, 9, 10
    def open_orders(self):
        return self.amended is None and any(self.w.sums_of(key)["orders"] >= most for key, _, most in self.stating("max_open_orders"))

    def open_notional(self):
        if self.adds_value is None or self.adds_nothing():
            return False
        return any(self.w.sums_of(key)["open_value"] + self.adds_value > most
                                              for key, _, most in self.stating("max_open_notional"))

    def position_limit(self):
        if self.value is None:
            return False
        for key, _, most in self.stating("max_long" if self.o.buy else "max_short"):
            opened, _, after, _, _ = self.change(key)
            if opened > 0 and after > most:
                return True
        return False

    def gross_exposure(self):
        if self.value is None:
            return False
        for key, _, most in self.stating("max_gross"):
            opened, _, _, more, _ = self.change(key)
            if opened > 0 and more > 0 and self.w.sums_of(key)["gross"] + more > most:
                return True
        return False

    def net_exposure(self):
        if self.value is None:
            return False
        for key, _, most in self.stating("max_net"):
            opened, before, after, _, _ = self.change(key)
            if opened > 0 and self.w.sums_of(key)["long" if self.o.buy else "short"] + after - before > most:
                return True
        return False

    # 11, 17, 12
    def allowed(self, key):
        stated = [flag for _, _, flag in self.stating(key)]
        return bool(stated) and all(stated)

    def margin_allowed(self):
        return self.allowed("margin_allowed")

    def funds(self, asset):
        """(known, total, reserved, margin) of the balance behind the order."""
        key = self.w.wallet(self.o.account, self.i.id, asset)
        self.w.sums_of(("firm", ""))
        return key in self.w.balances, self.w.balances.get(key, 0), self.w.sums["reserved"].get(key, 0), self.w.sums["margins"].get(key, 0)

    def balance(self):
        if not self.leaf or self.notional is None or self.adds_nothing():
            return False
        i, o = self.i, self.o
        unit = 10**i.quote_scale
        if i.kind != "spot":
            known, total, reserved, margins = self.funds(i.settle)
            if not known:
                return True
            cell = self.w.cell(("account", o.account), i.id)
            side = cell.position + cell.buys if o.buy else cell.sells - cell.position
            opened = min(max(side + self.adds, 0), self.adds)
            more = up(self.notional * opened, o.quantity)
            units = max(cell.long_units if o.buy else cell.short_units, 0) + more
            after = max(cell.margin, self.w.margin(o.account, i, units))
            if opened == 0 or after <= cell.margin:
                return False
            return margins + Fraction(after - cell.margin, unit) > total - reserved
        known, total, reserved, margins = self.funds(i.quote)
        if o.buy:
            return not known or Fraction(self.adds_notional, unit) > total - reserved - margins
        base_known, base_total, base_reserved, _ = self.funds(i.base)
        if not base_known:
            return True
        borrowed = base_reserved + Fraction(self.adds, 10**i.quantity_scale) - base_total
        if not self.margin_allowed() or borrowed <= 0:
            return False
        if not known:
            return True
        secured = i.notional(self.worst, up(borrowed * 10**i.quantity_scale), up)
        return Fraction(self.w.margin(o.account, i, secured), unit) > total - reserved - margins

    def inventory(self):
        if not self.leaf or self.i.kind != "spot" or self.o.buy or self.margin_allowed() or self.adds_no_quantity():
            return False
        known, total, reserved, margins = self.funds(self.i.base)
        return known and Fraction(self.adds, 10**self.i.quantity_scale) > total - reserved - margins

    def capital(self):
        if self.value is None:
            return False
        for key, s, most in self.stating("capital"):
            opened, _, _, more, _ = self.change(key)
            if opened > 0 and more > 0 and self.w.sums_of(key)["gross"] + more + max(self.loss(key, s), 0) > most:
                return True
        return False

    # 13, 19
    def loss(self, key, s):
        return s.baseline - (self.w.sums_of(key)["pnl"] - s.fees)

    def daily_loss(self):
        return not self.reducing and any(self.loss(key, s) > most for key, s, most in self.stating("max_daily_loss"))

    def drawdown(self):
        return not self.reducing and any(s.high - (self.w.sums_of(key)["pnl"] - s.fees) > most
                                         for key, s, most in self.stating("max_drawdown"))

    def reduce_only(self):
        return self.leaf and not self.reducing and (self.o.reduce_only or any(s.state == "REDUCING" for _, s in self.scopes))

    def self_trade(self):
        others = [o for o in self.w.open.values()
                  if o.account == self.o.account and o.instrument == self.o.instrument and o.side != self.o.side]
        prevented = self.o.kind != "AMEND" and self.allowed("self_trade_by_venue")
        return self.leaf and not prevented and self.o.meets(others)

    # 14, 15
    def own(self, key):
        return [entry for entry in self.stating(key) if entry[0][0] in ("firm", "account", "strategy")]

    def concentration(self):
        if self.value is None:
            return False
        for key, s, most in self.own("max_concentration"):
            opened, _, _, more, cell = self.change(key)
            everything = max(self.w.sums_of(key)["gross"] + more, s.limits.get("concentration_above", 0))
            if opened > 0 and more > 0 and (cell.gross + more) * PPM > most * everything:
                return True
        return False

    def correlation(self):
        group = next(((rho, assets) for rho, assets in self.w.limits.groups if self.i and self.i.base in assets), None)
        if self.value is None or group is None:
            return False
        rho, assets = group
        def e(value):
            return max(-LARGEST_E, min(LARGEST_E, up(value, 10**6)))
        for key, _, most in self.own("max_correlated"):
            opened, before, after, _, _ = self.change(key)
            if opened <= 0:
                continue
            others = [e(c.long if self.o.buy else c.short) for instrument, c in self.w.sums_of(key)["cells"]
                      if instrument != self.i.id and self.w.instruments[instrument].base in assets]
            def weighted(mine):
                es = others + [mine]
                return rho * sum(es) ** 2 + (PPM - rho) * sum(x * x for x in es)
            limit = most // 10**6
            if after > LARGEST_E * 10**6 or weighted(e(after)) > PPM * limit * limit and weighted(e(after)) > weighted(e(before)):
                return True
        return False

    def instrument_count(self):
        for key, _, most in self.own("max_instruments"):
            used = self.w.sums_of(key)["used"]
            if self.o.instrument not in used and len(used) >= most:
                return True
        return False

    def venue_count(self):
        for key, _, most in self.own("max_venues"):
            used = self.w.sums_of(key)["used"]
            venues = {instrument.split(":")[0] for instrument in used}
            if self.o.instrument not in used and self.i.venue not in venues and len(venues) >= most:
                return True
        return False

    # 22
    def venue_status(self):
        return self.i is not None and self.i.status != "trading"

    def velocity(self):
        prices = [p for _, slice_ in self.i.moves.live(self.now) for p in slice_] if self.leaf else []
        return bool(prices) and any((max(prices) - min(prices)) * PPM > most * min(prices) for _, _, most in self.stating("max_move"))

    def volatility(self):
        if not self.leaf:
            return False
        lasts = [slice_[-1] for _, slice_ in self.i.moves.live(self.now)]
        squares = sum(cut((b - a) * PPM, a) ** 2 for a, b in zip(lasts, lasts[1:]))
        return any(squares > most * most for _, _, most in self.stating("max_volatility"))

    # 24, 26, 28, 29, 30
    def dead_man(self):
        return any(self.w.person is None or self.now - self.w.person > most for _, _, most in self.stating("dead_man"))

    def circuit_breaker(self):
        return any(s.broken for _, s in self.scopes)

    def position_mismatch(self):
        since = self.w.told.get(self.o.leaf, [0, None])[1]
        return self.leaf and since is not None and self.now - since > self.w.limits.position_alarm

    def not_traceable(self):
        return (self.o.strategy == "manual/" or not self.o.reason and any(flag for _, _, flag in self.stating("require_reason"))
                or not self.o.model and any(flag for _, _, flag in self.stating("require_model")))

    def stage(self):
        return min((stage for _, _, stage in self.stating("stage")), default=3)

    def release_stage(self):
        return self.leaf and (self.stage() == 0 or self.stage() == 1 and self.o.account not in self.w.limits.paper)

    def canary_notional(self):
        if not self.leaf or self.stage() != 2:
            return False
        stating = self.stating("canary_notional")
        for key, _, most in stating:
            if self.value is None:
                continue
            opened, _, _, more, _ = self.change(key)
            if opened > 0 and max(self.value, self.w.sums_of(key)["gross"] + more) > most:
                return True
        return not stating
