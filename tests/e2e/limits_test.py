#!/usr/bin/env python3
"""Limits by proposal and approval, as people do it: a real `gannet run`, its command
line over the 0600 socket and over TCP with the tokens of two people, through a
restart, a kill, flags switched off and on, and the journal decided again.

usage: limits_test.py BIN_DIR
"""
import hashlib
import json
import os
import re
import signal

import harness
from harness import check

PEOPLE = {"ann": ["read", "risk"], "ben": ["read", "risk"], "tom": ["read", "trade"]}
INSTRUMENT = "binance-spot:BTCUSDT"
# One order of about 3,000 USDT; then 1,000 are allowed.
BEFORE, AFTER = "max_order_notional: 25000 ", "max_order_notional: 1000 "


class Platform:
    def __init__(self, bin_dir, folder, more="", strategies=None, flags=()):
        """`more`: lines of the gate; `strategies`: a file in place of the shipped one; `flags`: of `gannet run`."""
        self.flags = flags
        self.gannet = os.path.join(bin_dir, "gannet")
        self.folder, self.data = folder, os.path.join(folder, "data")
        self.tokens = {name: os.path.join(folder, f"{name}.token") for name in PEOPLE}
        here = os.getcwd()
        people = ""
        for name, rights in PEOPLE.items():
            token = f"token-of-{name}-that-nobody-guesses"
            with open(self.tokens[name], "w", encoding="ascii") as file:
                file.write(token)
            people += f"    - {{name: {name}, rights: [{', '.join(rights)}], token_sha256: {hashlib.sha256(token.encode()).hexdigest()}}}\n"
        self.limits = os.path.join(folder, "limits.yaml")
        with open(os.path.join(here, "config", "limits.yaml"), encoding="utf-8") as file:
            text = file.read()
        with open(self.limits, "w", encoding="utf-8") as file:
            file.write(text.replace("gate:\n", f"gate:\n{more}"))
        self.config = os.path.join(folder, "gannet.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"market: venue-sim\nlimits: {self.limits}\nstrategies: {strategies or os.path.join(here, 'config', 'strategies.yaml')}\n"
                       f"ml-inference: {{registry: {here}/services/ml-inference/models, model: direction}}\n"
                       "gateway: {address: 127.0.0.1, port: 0}\n"
                       f"rpc:\n  address: \"127.0.0.1:0\"\n  people:\n{people}")

    def start(self, name):
        log = os.path.join(self.data, "gannet.log")
        began = harness.size_of(log)
        program = harness.Program([self.gannet, "run", "--plain", "--data", self.data, "--config", self.config, *self.flags], self.folder, name)

        def port():
            if not os.path.exists(log):
                return None
            with open(log, encoding="utf-8", errors="replace") as file:
                file.seek(began)
                found = re.search(r'"event":"rpc_listening".*?"port":(\d+)', file.read())
            return found and found.group(1)

        self.port = program.wait_for(port, 90, "RPC listens")
        self.price()  # the journal is read, and risk decides
        return program

    def ask(self, *arguments, person=None):
        """Exit code and output."""
        where = []
        if person is not None:
            where = ["--address", f"127.0.0.1:{self.port}", "--token-file", self.tokens[person]]
        return harness.ask(self.gannet, self.data, *arguments, *where)

    def cli(self, *arguments, code=0, person=None):
        got, said = self.ask(*arguments, person=person)
        check(got == code, f"gannet {' '.join(arguments)} of {person}: exit code {got}, not {code}\n{said}")
        return said

    def file_in_force(self):
        return self.cli("limits", "show", "--file")

    def file(self, text):
        path = os.path.join(self.folder, "proposal.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def refuses_large_order(self):
        """By the limit: its detail names it. Its price is far below the market's: it rests."""
        code, said, _ = harness.order(self.ask, "submit", INSTRUMENT, "buy", "0.05", "--price", self.price())
        check(code == 5 and "max_notional" in said and "max_order_notional" in said, f"not refused by the limit: {code} {said}")

    def price(self):
        """Below the market, so that what is bought for it rests."""
        return str(int(harness.reference_price(self.ask, INSTRUMENT) * 0.97))


def raised(text, version):
    return re.sub(r"^version: \d+", f"version: {version}", text, flags=re.M)


def check_two_people(platform):
    text = platform.file_in_force()
    check(BEFORE in text and "version: 1" in text, f"not the file in force: {text[:300]}")
    wanted = raised(text, 2).replace(BEFORE, AFTER)
    reason = ("--reason", "smaller orders")
    platform.cli("limits", "propose", platform.file(wanted), *reason, code=1, person="tom")  # not his to do
    said = platform.cli("limits", "propose", platform.file(wanted), *reason, "--request-id", "r1", person="ann")
    check("proposal 1 of version 2" in said and "25000 USDT" in said and "1000 USDT" in said, f"no diff: {said}")
    again = platform.cli("limits", "propose", platform.file(wanted), *reason, "--request-id", "r1", person="ann")
    check("proposal 1 of version 2" in again, f"one request, two proposals: {again}")
    check("another person" in platform.cli("limits", "approve", "1", *reason, code=5, person="ann"), "approved one's own")
    platform.cli("limits", "approve", "1", *reason, code=1, person="tom")
    code, first, _ = harness.order(platform.ask, "submit", INSTRUMENT, "buy", "0.05", "--price", platform.price())
    check(code == 0, f"an order within the limits: {code} {first}")
    platform.cli("order", "cancel", first.split()[0])
    check("version 2 is in force" in platform.cli("limits", "approve", "1", "--reason", "looked at it", person="ben"), "not approved")
    platform.refuses_large_order()
    check("limits version 2" in platform.cli("limits", "show", "firm"), "the version is not shown")
    check("out of date" not in platform.cli("limits", "proposals"), "a decided one is not out of date")


def check_refusals(platform):
    text = platform.file_in_force()
    propose = lambda wanted, code=5: platform.cli("limits", "propose", platform.file(wanted), "--reason", "x", code=code, person="ann")
    check("write version: 3" in propose(text), "a version that was not raised")
    wrong = raised(text, 3).replace("price_collar: 5%", "price_collar: 500%")
    said = propose(wrong)
    line = wrong[:wrong.index("price_collar")].count("\n") + 1
    check(f":{line}: firm.price_collar" in said and "100%" in said, f"no line, key, or what is allowed: {said}")
    said = propose(raised(text, 3).replace("venues:\n", "instruments:\n  \"binance-spot:NOSUCH\": {max_long: 5}\nvenues:\n"))
    check("instruments.binance-spot:NOSUCH: is no instrument" in said, f"an unknown instrument: {said}")
    # The one proposed before another was approved is out of date.
    propose(raised(text, 3).replace(AFTER, "max_order_notional: 900 "), code=0)
    propose(raised(text, 3).replace(AFTER, "max_order_notional: 800 "), code=0)
    platform.cli("limits", "approve", "2", "--reason", "fine", person="ben")
    check("out of date" in platform.cli("limits", "approve", "3", "--reason", "fine", code=5, person="ben"), "a stale proposal passed")
    platform.cli("limits", "reject", "3", "--reason", "see 2", person="ben")
    platform.refuses_large_order()


def check_kept(platform):
    listed = json.loads(platform.cli("limits", "proposals", "--json"))
    check(listed["limit_version"] == "3", f"in force is not version 3: {listed['limit_version']}")
    seen = [(row["proposal"], row["state"], row["proposer"], row["decider"], row["decider_reason"]) for row in listed["proposals"]]
    check(seen == [("3", "LIMIT_STEP_REJECTED", "ann", "ben", "see 2"), ("2", "LIMIT_STEP_APPROVED", "ann", "ben", "fine"),
                   ("1", "LIMIT_STEP_APPROVED", "ann", "ben", "looked at it")], f"{seen}")
    check("max_order_notional: 900 " in platform.file_in_force(), "the file in force is another")
    platform.refuses_large_order()


def check_flags(platform):
    """Orders by hand are switched off by two people and on again, and the audit knows who did."""
    def switch(version, before, after, reason):
        text = platform.file_in_force()
        check(before in text, f"{before!r} is not in force: {text[:600]}")
        said = platform.cli("limits", "propose", platform.file(raised(text, version).replace(before, after, 1)), "--reason", reason, person="ann")
        check("manual_orders" in said, f"no diff of the flag: {said}")
        platform.cli("limits", "approve", re.search(r"proposal (\d+)", said).group(1), "--reason", f"seen: {reason}", person="ben")

    price = platform.price()  # while orders by hand are off nobody is told one

    def submit():
        code, said, _ = harness.order(platform.ask, "submit", INSTRUMENT, "buy", "0.001", "--price", price)
        return code, said

    def rests():
        code, said = submit()
        check(code == 0, f"a small order by hand: {code} {said}")
        platform.cli("order", "cancel", said.split()[0])
    rests()
    switch(4, "\nfirm:\n", "\nfirm:\n  manual_orders: false\n", "nobody trades by hand today")
    code, said = submit()
    check(code == 5 and "manual_orders is switched off for firm" in said, f"not refused by the flag: {code} {said}")
    check(re.search(r"manual_orders\s.*false", platform.cli("limits", "show", "firm")), "the flag is not shown")
    switch(5, "manual_orders: false", "manual_orders: true", "enough")
    rests()
    audit = platform.cli("audit").splitlines()
    for person, words in [("ann", "nobody trades by hand today"), ("ben", "seen: nobody trades by hand today"), ("ben", "seen: enough")]:
        check(any(person in line and words in line for line in audit), f"the audit does not say that {person} did it ({words}): {audit[-12:]}")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    platform = Platform(bin_dir, folder)
    with platform.start("first") as program:
        check_two_people(platform)
        check_refusals(platform)
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), f"did not drain: {program.describe()}")
    with platform.start("second") as program:
        check_kept(platform)
        program.kill()
    with platform.start("third") as program:
        check_kept(platform)
        check_flags(platform)
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), f"did not drain: {program.describe()}")
    code, out, err = harness.run([platform.gannet, "journal", "replay", platform.data], 120)
    check(code == 0, f"the journal does not decide the same again: {out[-1500:]}{err[-1500:]}")
    alone = os.path.join(folder, "alone")
    os.mkdir(alone)
    single = Platform(bin_dir, alone, more="  four_eyes: false\n")
    with single.start("alone") as program:
        wanted = raised(single.file_in_force(), 2).replace(BEFORE, AFTER)
        single.cli("limits", "propose", single.file(wanted), "--reason", "mine")
        check("version 2 is in force" in single.cli("limits", "approve", "1", "--reason", "mine too"), "one person is not enough")
        program.send(signal.SIGTERM)
        program.wait(40)
    # Nobody switches the second person off where orders are real.
    with open(single.config, encoding="utf-8") as file:
        real = file.read().replace("market: venue-sim", "market: configured")
    real += ("execution: {venue: binance-spot, environment: main-net, confirm: trade real money of main/paper on binance-spot,"
             " binance: {key_file: k, secret_file: s}}\n"
             "ingest: {venues: [{name: binance-spot, kind: spot, instruments: [BTCUSDT]}]}\n")
    with open(single.config, "w", encoding="utf-8") as file:
        file.write(real)
    code, _, err = harness.run([single.gannet, "run", "--data", os.path.join(alone, "other"), "--config", single.config], 60)
    check(code == 2 and "gate.four_eyes" in err, f"not refused: {code} {err}")


if __name__ == "__main__":
    harness.main(test)
