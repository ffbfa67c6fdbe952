"""Random states and orders for the gate and its oracle, near the edges of every control.

The same seed gives the same cases. A case file is a state (docs/risk-check.md) and
orders; each state picks a theme that makes some controls matter.
"""
import random

START = 1_767_355_200_000  # 2026-01-02T12:00:00Z in milliseconds
INSTRUMENTS = [
    dict(id="v:BTCUSDT", base="BTC", quote="USDT", price_scale=2, quantity_scale=5, tick="0.05", lot="0.001"),
    dict(id="v:ETHBTC", base="ETH", quote="BTC", price_scale=5, quantity_scale=4, tick="0.00001", lot="0.01"),
    dict(id="v:SOLUSDC", base="SOL", quote="USDC", price_scale=4, quantity_scale=3, quote_scale=6, tick="0.001", lot="0.01"),
    dict(id="w:BTCUSDT", base="BTC", quote="USDT", kind="perpetual", price_scale=1, quantity_scale=3, tick="0.1", lot="0.001", multiplier=10),
    dict(id="w:ADAUSDT", base="ADA", quote="USDT", price_scale=8, quantity_scale=8, tick="0.0001", lot="0.5"),
]
PRICES = {"v:BTCUSDT": 100.0, "v:ETHBTC": 0.05, "v:SOLUSDC": 20.0, "w:BTCUSDT": 100.0, "w:ADAUSDT": 0.5}
TICKS = {i["id"]: float(i["tick"]) for i in INSTRUMENTS}
ACCOUNTS = ["main/a", "main/b"]
STRATEGIES = ["alpha", "beta", "manual/ann"]
NEWCOMER = "gamma"  # asks, but has no history
THEMES = ["calm", "tight", "flow", "rates", "latched", "state", "market", "funds", "spread", "names", "stage", "people", "losses"]


def at(milliseconds):
    seconds, rest = divmod(milliseconds, 1000)
    day = seconds % 86_400
    assert seconds // 86_400 == START // 86_400_000
    return f"2026-01-02T{day // 3600:02d}:{day // 60 % 60:02d}:{day % 60:02d}.{rest:03d}Z"


def decimal(value, digits):
    return f"{value:.{digits}f}"


class Cases:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.theme = THEMES[seed % len(THEMES)]
        self.now = START
        self.number = 0
        self.open = []
        self.a = random.Random(f"amendments of {seed}")  # its own: the rest of a seed stays as it is
        self.n = random.Random(f"news of {seed}")
        self.w = random.Random(f"waits of {seed}")
        self.b = random.Random(f"bounds of {seed}")
        self.unquoted = None  # what is held and nobody quotes
        self.placed, self.amending = {}, {}
        self.history = []
        self.instruments = [dict(i) for i in INSTRUMENTS]

    def chance(self, p):
        return self.r.random() < p

    def near(self, value):
        """Around a value, often close to it."""
        return value * (self.r.choice([0.2, 0.9, 0.99, 1, 1, 1.01, 1.1, 3]) if self.chance(0.5) else self.r.uniform(0.5, 2))

    def amount(self, value):
        return decimal(self.near(value), self.r.choice([0, 2, 8]))

    # --- limits ---

    def limits(self):
        r, theme = self.r, self.theme
        scopes = {"firm": {}, "account": {}, "strategy": {}, "venue": {}, "instrument": {}}
        wide = dict(max_order_notional="100000", price_collar="10%", stale_after="60s", message_rate=dict(count=1000, window="1s"),
                    max_open_orders=100, max_open_notional="1000000", max_long="1000000", max_short="1000000", max_gross="2000000",
                    max_net="2000000", max_daily_loss="1000000", max_drawdown="1000000", stage="full")
        scopes["firm"].update(wide)
        if self.theme == "names" and self.chance(0.3):
            del scopes["firm"][r.choice(list(wide))]
        anywhere = ["firm", "account", "strategy", "venue", "instrument"]
        own = anywhere[:3]

        def state(key, value, where=anywhere):
            scopes[r.choice(where)][key] = value
        def maybe(themes, p, key, value, where=anywhere):
            if theme in themes and self.chance(p):
                state(key, value() if callable(value) else value, where)
        maybe(["tight"], 0.4, "max_order_notional", lambda: self.amount(300))
        maybe(["tight"], 0.4, "price_collar", lambda: r.choice(["1%", "50bp", "5%", "12345ppm"]))
        maybe(["tight"], 0.4, "max_open_orders", lambda: r.randint(1, 12))
        maybe(["tight"], 0.4, "max_open_notional", lambda: self.amount(900))
        for key in ("max_long", "max_short"):
            maybe(["tight"], 0.4, key, lambda: self.amount(600))
        for key in ("max_gross", "max_net"):
            maybe(["tight"], 0.4, key, lambda: self.amount(1500))
        maybe(["tight", "market"], 0.3, "max_order_quantity", lambda: self.amount(3), ["instrument"])
        maybe(["tight", "losses"], 0.4, "capital", lambda: self.amount(2000), ["firm"])
        for key in ("max_daily_loss", "max_drawdown"):
            maybe(["losses"], 0.7, key, lambda: self.amount(30))
        maybe(["rates"], 0.7, "message_rate", lambda: dict(count=r.randint(1, 20), window=r.choice(["5s", "30s", "60s"])))
        maybe(["rates"], 0.7, "duplicates", lambda: dict(count=r.randint(1, 3), window=r.choice(["20s", "90s"])))
        maybe(["latched"], 0.7, "repeated_executions", lambda: dict(count=r.randint(1, 4), window=r.choice(["30s", "90s"])))
        maybe(["latched"], 0.7, "breaker", lambda: dict(count=r.randint(1, 5), window=r.choice(["10s", "60s"])))
        maybe(["flow"], 0.5, "clip_quantity", lambda: self.amount(10), ["instrument"])
        maybe(["flow"], 0.5, "clip_notional", lambda: self.amount(1500))
        maybe(["flow"], 0.5, "clip_fills", lambda: r.randint(1, 12))
        maybe(["flow"], 0.6, "max_orders_per_fill", lambda: r.randint(1, 6))
        maybe(["flow"], 0.6, "max_cancel_ratio", lambda: r.choice(["10%", "20%", "30%", "50%"]))
        maybe(["spread"], 0.6, "max_concentration", lambda: r.choice(["20%", "40%", "333333ppm"]), own)
        maybe(["spread"], 0.4, "concentration_above", lambda: self.amount(1000), own)
        maybe(["spread"], 0.6, "max_correlated", lambda: self.amount(900), own)
        maybe(["spread"], 0.6, "max_instruments", lambda: r.randint(1, 4), own)
        maybe(["spread"], 0.6, "max_venues", 1, own[1:])
        maybe(["names"], 0.2, "restricted", lambda: self.chance(0.7))
        maybe(["names"], 0.4, "permitted_types", lambda: r.sample(["LIMIT", "MARKET", "STOP"], 2))
        maybe(["names", "people"], 0.3, "manual_orders", lambda: self.chance(0.3))
        maybe(["names", "people"], 0.3, "model_orders", lambda: self.chance(0.3))
        if theme in ("names", "people") and self.n.random() < 0.3:
            scopes[self.n.choice(anywhere)]["news_orders"] = self.n.random() < 0.3
        maybe(["names"], 0.4, "permitted_instruments", lambda: r.choice([["v:*"], ["v:BTCUSDT", "w:*"], ["v:BTCUSDT"]]))
        for _ in range(2):
            maybe(["funds"], 0.4, "margin_allowed", lambda: self.chance(0.8))
            if self.chance(0.2):
                state("self_trade_by_venue", self.chance(0.8))
            maybe(["funds"], 0.5, "initial_margin", lambda: r.choice(["5%", "20%", "333333ppm"]), ["firm", "account", "venue", "instrument"])
        maybe(["market"], 0.5, "stale_after", lambda: r.choice(["1s", "2s", "500ms"]))
        maybe(["market"], 0.6, "max_move", lambda: r.choice(["2%", "5%", "12345ppm"]))
        maybe(["market"], 0.6, "max_volatility", lambda: r.choice(["2%", "5%", "23456ppm"]))
        maybe(["people"], 0.8, "dead_man", lambda: r.choice(["5s", "30s", "1h"]))
        maybe(["people"], 0.5, "require_reason", True)
        maybe(["people"], 0.5, "require_model", lambda: self.chance(0.9))
        for _ in range(2):
            maybe(["stage"], 0.8, "stage", lambda: r.choice(["shadow", "paper", "canary", "canary", "canary", "canary", "full"]))
            maybe(["stage"], 0.7, "canary_notional", lambda: self.amount(400))
        out = {"version": 1, "valuation": {"asset": "USDT", "at_par": ["USDC"], "by": {"BTC": "v:BTCUSDT", "BNB": "v:BNBUSDT"}},
               "firm": scopes["firm"],
               "accounts": {name: {} for name in ACCOUNTS},
               "paper_accounts": ["main/a"],
               "correlation": {"coins": {"rho": r.choice(["0%", "30%", "80%", "100%"]), "assets": ["BTC", "ETH"]},
                               "others": {"rho": "50%", "assets": ["SOL", "ADA"]}},
               "windows": {"flow": r.choice(["10s", "60s"]), "market": r.choice(["8s", "60s"]), "ratio_minimum": r.randint(0, 6)}}
        for group, kind, names in (("accounts", "account", ["main/a", "main/b"]), ("strategies", "strategy", STRATEGIES),
                                   ("venues", "venue", ["v", "w"]), ("instruments", "instrument", [i["id"] for i in INSTRUMENTS])):
            out.setdefault(group, {})
            if scopes[kind]:
                # To the default entry, or one name; other keys to another.
                for key, value in scopes[kind].items():
                    out[group].setdefault(r.choice(["*", "*", *names]), {})[key] = value
        if theme == "funds" and self.chance(0.5):
            out["wallets"] = {"main/a": "v"}
        if self.chance(0.3):
            out["gate"] = {"unanswered_alarm": "3s", "position_alarm": "1s"}
        return out

    # --- history ---

    def event(self, event, **fields):
        self.history.append({"event": event, "at": at(self.now), **fields})

    def quote(self, i, drift):
        digits = i["price_scale"]
        middle = PRICES[i["id"]] * (1 + self.r.uniform(-drift, drift))
        tick = 10**-digits
        bid, ask = middle - self.r.randint(1, 3) * tick, middle + self.r.randint(1, 3) * tick
        if self.theme in ("market", "names") and self.chance(0.06):
            bid, ask = ask, bid
        fields = {"bid": decimal(bid, digits), "ask": decimal(ask, digits)}
        if self.theme in ("market", "losses") and self.chance(0.05):
            del fields[self.r.choice(["bid", "ask"])]
        if i["id"] == self.unquoted:
            return
        self.event("quote", instrument=i["id"], **fields)

    def order(self):
        r = self.r
        i = r.choice(self.instruments)
        digits, lots = i["price_scale"], float(i["lot"])
        side = r.choice(["buy", "sell"])
        size = self.near(r.choice([0.5, 2, 4]) * 100 / PRICES[i["id"]] / i.get("multiplier", 1))
        quantity = max(lots, round(size / lots) * lots)
        order = {"account": r.choice(ACCOUNTS), "strategy": r.choice(STRATEGIES), "instrument": i["id"], "side": side,
                 "quantity": decimal(quantity, i["quantity_scale"])}
        tick = TICKS[i["id"]]
        def price(spread):
            return decimal(max(tick, round(PRICES[i["id"]] * (1 + r.uniform(-spread, spread)) / tick) * tick), digits)
        kind = r.random()
        spread = r.choice([0.002, 0.002, 0.03, 0.12])
        if kind < 0.7:
            order["price"] = price(spread)
            if self.chance(0.2):
                order["time_in_force"] = r.choice(["IOC", "POST_ONLY", "FOK"])
        elif kind < 0.85:
            order["type"] = "MARKET"
        elif kind < 0.9:
            order.update(type=r.choice(["STOP", "TAKE_PROFIT"]), stop_price=price(spread))
        elif kind < 0.93:
            order.update(type="TRAILING_STOP", trailing_bps=r.choice([1, 10, 150, 2000]))
            if self.chance(0.3):
                order["stop_price"] = price(spread)
        else:
            order.update(type=r.choice(["STOP_LIMIT", "TAKE_PROFIT_LIMIT"]), stop_price=price(spread), price=price(spread))
        if self.chance(0.5):
            order["reason"] = "test"
        if self.chance(0.5):
            order["model"] = "m1"
        if self.n.random() < 0.3:
            order["signal"] = self.n.randint(1, 9)
        if self.chance(0.1):
            order["reduce_only"] = True
        return order, i

    def spoil(self, order, i):
        """What no honest sender sends."""
        r = self.r
        change = r.randrange(22)
        if change == 0:
            order["account"] = r.choice(["main/x", "*", ""])
        elif change == 1:
            order["instrument"] = "v:NONE"
        elif change == 2:
            order["version"] = 7
        elif change == 3:
            order["strategy"] = r.choice(["", "manual/"])
        elif change == 4:
            order["quantity"] = r.choice(["0", "-1", "1000000"])
        elif change == 5:
            order["price"] = r.choice(["0", "-1"])
        elif change == 6:
            order["price"] = decimal(float(order.get("price", "1")) + 10**-i["price_scale"], i["price_scale"])
        elif change == 7:
            order["quantity"] = decimal(float(order["quantity"]) + 10**-i["quantity_scale"], i["quantity_scale"])
        elif change == 8:
            order["quantity"] = decimal(float(i["lot"]), i["quantity_scale"])
        elif change == 9:
            order["hash_matches"] = False
        elif change == 10:
            order["attempt"] = r.choice([0, 2])
        elif change == 11:
            order["sequence"] = r.randint(1, 5)
        elif change == 12:
            order["client_order_id"] = r.choice(["", "x" * 36, "x" * 37, *self.open[:3]])
        elif change == 13:
            order.update(time_in_force="GTD", expires=at(self.now + r.choice([-1000, 0, 1000])))
        elif change == 14:
            order.update(kind="REPLACE", target=r.choice(["nothing", *self.open[:2]]))
        elif change == 15:
            order.update(type=r.choice(["TRAILING_STOP", "LIMIT"]), trailing_bps=r.choice([0, 100, 2001]))
        elif change == 16:
            order["time_in_force"] = "POST_ONLY"
        elif change == 17:
            order["stop_price"] = "1"
        elif change == 18:
            order.update(type="MARKET", price="0")
        return order

    def past_order(self):
        order, i = self.order()
        self.number += 1
        order["client_order_id"] = f"o{self.number}"
        last = self.history[-1]
        if self.theme in ("rates", "flow") and self.chance(0.3) and last["event"] == "order" and "kind" not in last:
            order = {**self.history[-1], "client_order_id": order["client_order_id"]}
            for key in ("event", "at", "permitted", "reserved", "malformed", "answered"):
                order.pop(key, None)
            i = next(x for x in self.instruments if x["id"] == order["instrument"])
        permitted = self.chance(0.75)
        fields = {"permitted": permitted}
        if permitted:
            worth = PRICES[i["id"]] * float(order["quantity"]) * i.get("multiplier", 1) * self.r.uniform(0.95, 1.1)
            fields["reserved"] = decimal(worth, min(8, i.get("quote_scale", 8)))
            if self.theme == "state" and self.chance(0.1):
                fields["answered"] = False
        elif self.chance(0.3):
            fields["malformed"] = True
        self.event("order", **order, **fields)
        if not permitted:
            return
        self.open.append(order["client_order_id"])
        if order.get("type", "LIMIT") == "LIMIT":
            self.placed[order["client_order_id"]] = order, i
        self.after(order, i)

    def amendment(self, order, i):
        """Another price, quantity, or both, of an order."""
        r, lots, tick = self.a, float(i["lot"]), TICKS[i["id"]]
        changed = {k: order[k] for k in ("account", "strategy", "instrument", "side", "quantity", "price", "time_in_force") if k in order}
        changed.update(kind="AMEND", target=order["client_order_id"])
        if r.random() < 0.75:
            size = float(order["quantity"]) * r.choice([0.3, 0.5, 0.9, 1, 1.1, 2, 4])
            changed["quantity"] = decimal(max(lots, round(size / lots) * lots), i["quantity_scale"])
        if r.random() < 0.5 and "price" in changed:
            spread = r.choice([0.002, 0.002, 0.03, 0.12])
            changed["price"] = decimal(max(tick, round(PRICES[i["id"]] * (1 + r.uniform(-spread, spread)) / tick) * tick), i["price_scale"])
        if r.random() < 0.5:
            changed["reason"] = "test"
        return changed

    def amend(self):
        r = self.a
        if self.amending and r.random() < 0.6:
            target = r.choice(sorted(self.amending))
            amendment = self.amending.pop(target)
            took_effect = r.random() < 0.6
            if took_effect and target in self.placed:
                order, i = self.placed[target]
                self.placed[target] = {**order, "price": amendment["price"], "quantity": amendment["quantity"]}, i
            return self.event("amended", client_order_id=target, amendment=amendment["client_order_id"], took_effect=took_effect)
        may = [name for name in self.open if name in self.placed and name not in self.amending]
        if not may:
            return
        order, i = self.placed[r.choice(may)]
        changed = self.amendment(order, i)
        self.number += 1
        changed["client_order_id"] = f"o{self.number}"
        permitted = r.random() < 0.85
        fields = {"permitted": permitted}
        if permitted:
            worth = PRICES[i["id"]] * float(changed["quantity"]) * i.get("multiplier", 1) * r.uniform(0.95, 1.1)
            fields["reserved"] = decimal(worth, min(8, i.get("quote_scale", 8)))
            if self.theme == "state" and r.random() < 0.1:
                fields["answered"] = False
            self.amending[order["client_order_id"]] = changed
        self.event("order", **changed, **fields)

    def after(self, order, i):
        r, identity = self.r, {"client_order_id": order["client_order_id"]}
        fate = r.random()
        if fate < 0.35:
            return
        if fate < 0.75:
            last = self.chance(0.6)
            part = float(order["quantity"]) if last else round(float(order["quantity"]) / 2, i["quantity_scale"])
            if part <= 0:
                return
            fields = {"price": decimal(PRICES[i["id"]] * r.uniform(0.9, 1.1), i["price_scale"]),
                      "quantity": decimal(part, i["quantity_scale"]), "last": last}
            if self.chance(0.4):
                fields.update(fee=decimal(r.uniform(0, 0.02), 8), fee_asset=r.choice([i["base"], i["quote"], "BNB", "BTC"]))
            self.event("fill", **identity, **fields)
            if last:
                self.open.remove(order["client_order_id"])
        else:
            kind = r.choice(["ACCEPTED", "REJECTED", "CANCELED", "EXPIRED", "UNKNOWN", "ABSENT", "NOT_SENT", "TRIGGERED"])
            self.event("report", **identity, kind=kind)
            if kind in ("REJECTED", "CANCELED", "EXPIRED", "ABSENT", "NOT_SENT"):
                self.open.remove(order["client_order_id"])

    def step(self):
        r = self.r
        self.now += r.choice([0, 1, 50, 400, 1000, 2500])
        kind = r.random()
        if kind < 0.25:
            self.quote(r.choice(self.instruments), 0.05 if self.theme in ("market", "losses") else 0.003)
        elif kind < 0.65:
            self.past_order()
        elif kind < 0.75:
            i = r.choice(self.instruments)
            self.event("cancel", account=r.choice([*ACCOUNTS, "main/x"]), strategy=r.choice(STRATEGIES), instrument=i["id"])
        elif kind < 0.8 and self.theme in ("people", "state"):
            if self.chance(0.4):
                self.event("person", name="ann")
            else:
                self.event("told", account=r.choice(ACCOUNTS), strategy=r.choice(STRATEGIES), instrument=r.choice(self.instruments)["id"],
                           position=r.choice(["0", "0", "1", "-2.5"]))
        elif kind < 0.86 and self.theme in ("state", "latched"):
            scope = r.choice([("firm", ""), ("account", r.choice(ACCOUNTS)), ("strategy", r.choice(STRATEGIES)), ("venue", "w"),
                              ("instrument", r.choice(self.instruments)["id"])])
            fields = {"scope": scope[0], **({"name": scope[1]} if scope[1] else {})}
            if self.theme == "latched":
                self.event("state", **fields, person=r.choice(["ann", ""]))
            else:
                self.event("state", **fields, state=r.choice(["ACTIVE", "REDUCING", "CANCEL_ONLY", "HALTED"]), killed=self.chance(0.15),
                           person=r.choice(["ann", ""]))
        elif kind < 0.9:
            i = r.choice(self.instruments)
            self.event("fill", account=r.choice([*ACCOUNTS, "main/x"]), strategy=r.choice(STRATEGIES + ["EXTERNAL"]), instrument=i["id"],
                       side=r.choice(["buy", "sell"]), price=decimal(PRICES[i["id"]], i["price_scale"]),
                       quantity=decimal(max(0.1, self.near(100 / PRICES[i["id"]] / i.get("multiplier", 1))), 1))
        elif kind < 0.94:
            self.event("timer")
        elif self.theme == "losses":
            self.event("marks", scope="firm", day_baseline=decimal(r.uniform(-50, 50), 4), peak=decimal(r.uniform(-20, 80), 4))
        elif self.theme == "names" and self.chance(0.3):
            i = r.choice(self.instruments)
            i["version"] = i.get("version", 1) + 1
            i["status"] = r.choice(["trading", "halted", "cancel_only"])
            self.event("instrument", **i)
        elif self.theme == "market" and self.chance(0.5):
            if self.chance(0.5):
                self.event("feed", venue=r.choice(["v", "w"]), up=self.chance(0.7))
            else:
                self.event("book", instrument=r.choice(self.instruments)["id"], valid=self.chance(0.7))

    def order_bounds(self, i):
        """The venue's bounds of market orders and of values, each in half of the states."""
        b, lot, digits = self.b, float(i["lot"]), i["quantity_scale"]
        bounds = {"market_lot": decimal(lot * b.choice([1, 5]), digits), "min_market_quantity": decimal(lot * b.choice([2, 50]), digits),
                  "max_market_quantity": b.choice(["2", "10", "500"]), "max_notional": b.choice(["300", "1000", "5000"]),
                  "min_notional_limit_only": True, "max_notional_limit_only": True}
        bounds.update((f"{side}_band_{way}_ppm", b.choice([1_000, 20_000, 12_345])) for side in ("buy", "sell") for way in ("up", "down"))
        return {name: bound for name, bound in bounds.items() if b.random() < 0.5}

    def wait_in_vain(self, i):
        """Something is held that nobody quotes, for as long as results wait for it, or nearly."""
        w, self.unquoted = self.w, i["id"]
        venue = i["id"].split(":")[0]
        self.event("fill", account=w.choice(ACCOUNTS), strategy=w.choice(STRATEGIES), instrument=i["id"], side=w.choice(["buy", "sell"]),
                   price=decimal(PRICES[i["id"]], i["price_scale"]), quantity="1.0")
        if w.random() < 0.2:
            self.event("feed", venue=venue, up=False)
        for wait in (0, w.choice([150_000, 299_999]), w.choice([0, 1, 150_000])):
            self.now += wait
            self.event("timer")
        self.event("feed", venue=venue, up=True)

    def state(self, steps):
        r = self.r
        for i in self.instruments:
            if self.theme == "names":
                i.update(min_quantity=i["lot"], min_notional="25", max_quantity=r.choice(["0", "20", "1000"]))
                i.update(self.order_bounds(i))
                if self.chance(0.1):
                    i.pop(r.choice(["tick"]))
                    i["tick"] = "0"
            if self.theme == "names" and i["id"].startswith("w:BTC") and self.chance(0.3):
                i["settle"] = "BTC"
            self.event("instrument", **i)
        for account in ACCOUNTS:
            for venue in "vw":
                for asset in ("USDT", "USDC", "BTC", "ETH", "SOL", "ADA"):
                    if self.theme != "funds" or self.chance(0.85):
                        worth = 700 if self.theme == "funds" else 1_000_000
                        unit = {"USDT": 1, "USDC": 1, "BTC": 100, "ETH": 5, "SOL": 20, "ADA": 0.5}[asset]
                        self.event("balance", account=account, venue=venue, asset=asset, total=decimal(self.near(worth / unit), 6))
        if self.theme == "losses" and self.w.random() < 0.4:
            self.wait_in_vain(self.w.choice(self.instruments))
        silent = r.choice(self.instruments)["id"] if self.theme == "market" and self.chance(0.3) else None
        for i in self.instruments:
            if i["id"] != silent:
                self.quote(i, 0.001)
                self.event("book", instrument=i["id"])
        limits = self.limits()
        for _ in range(steps // 4 if self.theme == "spread" else steps):
            self.step()
            if self.a.random() < 0.15:
                self.amend()
        if self.theme not in ("market", "losses"):
            for i in self.instruments:
                self.quote(i, 0.002)
        self.now += r.choice([0, 1, 900, 4000])
        if not self.chance(0.2):
            for i in self.instruments:
                self.quote(i, 0.001)
        return {"now": at(self.now), "limits": limits, "history": self.history}

    def orders(self, count):
        for _ in range(count):
            order, i = self.order()
            if self.theme in ("rates", "flow") and self.chance(0.3):
                past = [e for e in self.history if e["event"] == "order" and "kind" not in e]
                if past:
                    order = dict(self.r.choice(past[-6:]))
                    for key in ("event", "at", "permitted", "reserved", "malformed", "answered", "client_order_id"):
                        order.pop(key, None)
                    i = next(x for x in self.instruments if x["id"] == order["instrument"])
            if self.theme == "spread" and self.chance(0.3):
                order["strategy"] = NEWCOMER
            may = [name for name in self.open if name in self.placed]
            if may and self.a.random() < 0.2:
                order, i = self.placed[self.a.choice(may)]
                order = self.amendment(order, i)
                if self.a.random() < 0.1:
                    order.update(self.a.choice([{"side": "buy"}, {"target": "nothing"}, {"type": "STOP_LIMIT", "stop_price": "1"},
                                                {"strategy": NEWCOMER}, {"account": "main/x"}, {"time_in_force": "GTD"}]))
            if self.chance(0.3 if self.theme == "names" else 0.05):
                order = self.spoil(order, i)
            if self.chance(0.1):
                order["at"] = at(self.now + self.r.choice([1, 1000, 10_000, 61_000]))
            yield order
