#!/usr/bin/env python3
"""Portfolio risk as an operator meets it: a real `gannet run` keeps prices, a position is
held, a limit on stress is broken and the firm may only reduce; a person lets it trade;
kill -9 and another start know what was known; the journal decides the same again.

usage: portfolio_test.py BIN_DIR
"""
import json
import os
import re
import signal

import harness
from harness import check

INSTRUMENT = "binance-spot:BTCUSDT"
CHANGES = {"interval: 1m ": "interval: 1s ", "minimum: 60 ": "minimum: 20 ", "horizon: 24h ": "horizon: 1h ",
           "signals: 2 ": "signals: 5 ", "max_stress_loss: 250000 ": "max_stress_loss: 100 "}


class Platform(harness.QuietPlatform):
    def __init__(self, bin_dir, folder):
        with open("config/limits.yaml", encoding="utf-8") as file:
            limits = file.read()
        for before, after in CHANGES.items():
            check(before in limits, f"config/limits.yaml has no '{before}'")
            limits = limits.replace(before, after)
        super().__init__(bin_dir, folder, limits)

    def figures(self):
        code, text = self.cli("risk", "portfolio", "--json")
        return json.loads(text) if code == 0 else None


def units(money):
    return ((int(money.get("units_high", 0)) << 64) + int(money.get("units_low", 0))) / 10 ** money.get("scale", 0)


def check_early(platform, program):
    early = program.wait_for(platform.figures, 60, "figures")
    check(len(early["methods"]) == 4 and len(early["stress"]) == 4 and len(early["signals"]) == 5, f"incomplete: {early}")
    check(all(units(path["worst_loss"]) == 0 for path in early["stress"]), "a loss without a position")
    if early.get("observations", 0) < 20:
        check("20 are needed" in early["methods"][0]["problem"], f"no reason for no figure: {early['methods'][0]}")


def buy(platform, quantity, part):
    """At this part of the market's price: exit code, what was said."""
    price = int(harness.reference_price(platform.cli, INSTRUMENT) * part)
    code, said, _ = harness.order(platform.cli, "submit", INSTRUMENT, "buy", quantity, "--price", str(price))
    return code, said


def hold(platform):
    code, said = buy(platform, "0.05", 1.02)
    check(code == 0, f"the order was not taken: {said}")


def reduced(platform):
    figures = platform.figures()
    return figures if figures and "REDUCING" in figures["state"]["state"] else None


def check_figures(platform, figures):
    check(re.match(r"portfolio: loss in crash-2020-03 [0-9.]+ above max_stress_loss 100", figures["state"]["reason"]),
          f"another reason: {figures['state']}")
    gross, crash = units(figures["gross"]), figures["stress"][0]
    # 0.910 * 0.977 * 0.998 * 0.628 of it is left at the worst moment.
    check(crash["name"] == "crash-2020-03" and abs(units(crash["worst_loss"]) / gross - 0.4428) < 0.002, f"{crash} of {gross}")
    code, text = platform.cli("risk", "portfolio")
    for part in ("METHOD", "cornish-fisher", "crash-2020-03", "backtest:", "correlation", "firm: reducing (portfolio: ", "BEYOND: loss in "):
        check(code == 0 and part in text, f"'{part}' is not in: {text}")
    code, said = buy(platform, "0.01", 0.98)
    check(code == 5 and "reduce_only" in said, f"an order that does not reduce was taken: {code} {said}")


def with_observations(platform):
    figures = platform.figures()
    return figures if figures and figures.get("observations", 0) > 0 else None


def with_all_methods(platform):
    figures = platform.figures()
    known = figures and [m for m in figures["methods"] if units(m.get("value_at_risk", {})) > 0]
    return figures if known and len(known) >= 3 else None


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    platform = Platform(bin_dir, folder)
    with platform.start("first") as program:
        check_early(platform, program)
        hold(platform)
        figures = program.wait_for(lambda: reduced(platform), 60, "the firm reduces")
        check_figures(platform, figures)
        code, said = platform.cli("resume", "firm", "--reason", "seen, and meant")
        check(code == 0, f"not resumed: {said}")
        figures = program.wait_for(lambda: with_all_methods(platform), 90, "figures of all methods")
        check("ACTIVE" in figures["state"]["state"] and figures["broken"], f"a person was overruled: {figures['state']}")
        for method in figures["methods"]:
            if "value_at_risk" in method:
                check(units(method["expected_shortfall"]) >= units(method["value_at_risk"]) > 0, f"{method}")
        program.kill()
    with platform.start("second") as program:
        # What is asked for before the journal is read has no figures yet.
        again = program.wait_for(lambda: with_observations(platform), 60, "figures after a kill")
        check(again["observations"] >= figures["observations"], f"the past was forgotten: {again['observations']}")
        check("ACTIVE" in again["state"]["state"], "what a person had seen was raised again")
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), f"did not drain: {program.describe()}")
    code, out, err = harness.run([platform.gannet, "journal", "replay", platform.data], 120)
    check(code == 0, f"the journal does not decide the same again: {out[-1500:]}{err[-1500:]}")
    print(f"portfolio: {again['observations']} returns kept over a kill, reduced and resumed, decided again the same")


harness.main(test)
