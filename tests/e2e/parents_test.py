#!/usr/bin/env python3
"""Parent orders as a person meets them: a TWAP given to a real `gannet run` by command line,
killed in its middle and started again, a bracket cancelled, a POV; each ends once with the
figures of its children, and the journal decides the same again.

usage: parents_test.py BIN_DIR
"""
import json
import os
import signal

import harness
from harness import check

INSTRUMENT = "binance-spot:BTCUSDT"
ENDS = ("COMPLETED", "EXPIRED", "CANCELED", "FAILED", "DENIED")


class Platform(harness.QuietPlatform):
    def submit(self, *arguments):
        return harness.place(self.cli, INSTRUMENT, *arguments)

    def show(self, parent):
        code, text = self.cli("order", "show", parent, "--json")
        return json.loads(text) if code == 0 else None


def state(shown):
    return shown["order"]["parent_order"]["state"].removeprefix("PARENT_STATE_")


def ended(platform, parent):
    """Once what is told of it and of its children since this start of the program has come, too."""
    shown = platform.show(parent)
    if not shown or not shown["order"].get("parent_order") or state(shown) not in ENDS:
        return None
    return shown if int(shown["order"]["parent_order"].get("filled", 0)) >= filled(shown) else None


def with_children(platform, parent, count, least_filled=0):
    shown = platform.show(parent)
    return shown if shown and len(shown.get("children", [])) >= count and filled(shown) >= least_filled else None


def filled(shown):
    """By its children."""
    return sum(int(order.get("cumulative_quantity", 0)) for order in shown.get("children", []))


def check_refusals(platform, market):
    for arguments, why in ((("--price", str(int(market * 1.01)), "--algo", "twap", "--slices", "3"), None),
                           (("--algo", "pov", "--participation", "10%", "--for", "1m"), "price"),
                           (("--price", str(int(market * 1.01)), "--algo", "pov", "--participation", "80%", "--for", "1m"), "at most 50%"),
                           (("--price", str(int(market * 1.01)), "--algo", "twap", "--slices", "1", "--stop", "1000", "--stop-limit", "900", "--for", "1m"),
                            "TWAP takes no stop")):
        code, said = platform.cli("order", "submit", INSTRUMENT, "buy", "0.01", *arguments)
        check(code != 0 and (why is None or why in said), f"{arguments}: {code} {said}")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    platform = Platform(bin_dir, folder)
    with platform.start("first") as program:
        market = harness.reference_price(platform.cli, INSTRUMENT)
        check_refusals(platform, market)
        limit = str(int(market * 1.02))
        twap = platform.submit("buy", "0.05", "--price", limit, "--algo", "twap", "--for", "60s", "--slices", "20")
        program.wait_for(lambda: with_children(platform, twap, 2), 20, "children of the TWAP")
        bracket = platform.submit("buy", "0.01", "--price", str(int(market * 0.97)), "--algo", "bracket", "--for", "1h", "--take-profit",
                                  str(int(market * 1.1)), "--stop", str(int(market * 0.96)), "--stop-limit", str(int(market * 0.95)))
        program.wait_for(lambda: with_children(platform, bracket, 1), 20, "the bracket's entry")
        before = program.wait_for(lambda: with_children(platform, twap, 2, least_filled=1), 20, "a fill of the TWAP")
        program.kill()
    with platform.start("second") as program:
        shown = program.wait_for(lambda: ended(platform, twap), 90, "the end of the TWAP")
        parent = shown["order"]["parent_order"]
        check(state(shown) in ("COMPLETED", "EXPIRED"), f"ended {state(shown)}: {parent.get('detail')}")
        check(int(parent.get("filled", 0)) >= filled(before) > 0, "fills were forgotten")
        check(int(parent["average_price"]) > 0 and int(parent["arrival_price"]) > 0, f"no figures: {parent}")
        code, said = platform.cli("order", "cancel", bracket)
        check(code == 0, f"the bracket was not cancelled: {said}")
        shown = program.wait_for(lambda: ended(platform, bracket), 20, "the end of the bracket")
        check(state(shown) == "CANCELED", f"the bracket ended {state(shown)}")
        # It ends when it is filled; its time is for a slow machine.
        market = harness.reference_price(platform.cli, INSTRUMENT)
        pov = platform.submit("sell", "0.01", "--price", str(int(market * 0.98)), "--algo", "pov", "--participation", "20%", "--for", "90s")
        shown = program.wait_for(lambda: ended(platform, pov), 120, "the end of the POV")
        parent = shown["order"]["parent_order"]
        check(int(parent.get("filled", 0)) == filled(shown) > 0, f"not its children's fills: {parent}")
        check(int(parent["filled"]) * 5 <= int(parent["market_volume"]), f"above its share: {parent}")
        code, text = platform.cli("order", "show", pov)
        for part in ("POV", "slippage against arrival", "children", "CHILD"):
            check(code == 0 and part in text, f"'{part}' is not in: {text}")
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), f"did not drain: {program.describe()}")
    code, out, err = harness.run([platform.gannet, "journal", "replay", platform.data], 120)
    check(code == 0, f"the journal does not decide the same again: {out[-1500:]}{err[-1500:]}")
    print("parents: a TWAP over a kill, a bracket and a POV ended once each, decided again the same")


harness.main(test)
