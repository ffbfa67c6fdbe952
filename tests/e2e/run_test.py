#!/usr/bin/env python3
"""`gannet run` as a newcomer uses it: it trades, ends by itself, writes its files,
goes on at the next start, can be decided again from its journal, and says clearly
what it cannot work with.

usage: run_test.py BIN_DIR
"""
import collections
import csv
import decimal
import json
import os
import signal

import harness
from harness import check

Decimal = decimal.Decimal
TABLES = ("orders", "fills", "positions", "pnl")
ENOUGH_FILLS = 3  # strategies measure volatility for half a minute before they act


def read_tables(folder):
    """Rows of each table; CSV and JSON must hold the same."""
    tables = {}
    for name in TABLES:
        with open(os.path.join(folder, name + ".csv"), newline="", encoding="utf-8") as file:
            from_csv = list(csv.DictReader(file))
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            from_json = json.load(file)
        check(len(from_csv) == len(from_json), f"{name}: {len(from_csv)} rows in CSV, {len(from_json)} in JSON")
        for one, other in zip(from_csv, from_json):
            # CSV puts an apostrophe before text that a spreadsheet would run.
            same = one.keys() == other.keys() and all(one[key] in (other[key], "'" + other[key]) for key in one)
            check(same, f"{name}: CSV and JSON differ: {one} {other}")
        tables[name] = from_json
    return tables


def check_tables(tables):
    orders = {row["client_order_id"]: row for row in tables["orders"]}
    check(len(orders) == len(tables["orders"]), "an order is listed twice")
    filled = collections.Counter()
    trades = set()
    for fill in tables["fills"]:
        key = (fill["instrument"], fill["trade_id"])
        check(key not in trades, f"fill {key} is listed twice")
        trades.add(key)
        price, quantity = Decimal(fill["price"]), Decimal(fill["quantity"])
        check(price > 0 and quantity > 0, f"fill without price or quantity: {fill}")
        check(price * quantity == Decimal(fill["notional"]), f"notional is not price x quantity: {fill}")
        filled[fill["client_order_id"]] += quantity
        order = orders.get(fill["client_order_id"])
        check(order is not None, f"fill of an order that is not listed: {fill}")
        check(order["side"] == fill["side"] and order["instrument"] == fill["instrument"], f"fill and order differ: {fill} {order}")
    for key, order in orders.items():
        check(Decimal(order["filled"]) == filled[key], f"order {key} says {order['filled']} filled, its fills say {filled[key]}")
        check(Decimal(order["filled"]) <= Decimal(order["quantity"]), f"order {key} is overfilled")


def change_of_position(fill):
    """Bought or sold, less a fee that was taken out of the base asset."""
    change = Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1)
    symbol = fill["instrument"].rsplit(":", 1)[-1]
    in_base = fill["fee_asset"] and symbol.startswith(fill["fee_asset"])
    return change - (Decimal(fill["fee"]) if in_base else 0)


def check_positions(tables):
    """Of a first run: positions are the sum of its fills."""
    net = collections.Counter()
    for fill in tables["fills"]:
        net[(fill["account"], fill["strategy"], fill["instrument"])] += change_of_position(fill)
    positions = {(row["account"], row["strategy"], row["instrument"]): Decimal(row["net"]) for row in tables["positions"]}
    for key in net.keys() | positions.keys():
        check(net[key] == positions.get(key, 0), f"position {key}: fills sum to {net[key]}, the position says {positions.get(key)}")


def trades_and_ends(bin_dir, folder, data):
    """With as much as a minute or so brings; a run that ends by its own clock is the second."""
    out = os.path.join(folder, "out")
    platform = harness.Platform(bin_dir, data, "--seed", "3")
    with platform.start(folder, "--out", out) as program:
        program.wait_for(lambda: platform.counters()["fills"] >= ENOUGH_FILLS, 120, "fills")
        in_order = platform.drain(program, signal.SIGINT)
    text = program.out()
    check("\x1b" not in text, "plain output holds escape sequences")
    tables = read_tables(out)
    check_tables(tables)
    check_positions(tables)
    # The order socket opens at the start, strategies act half a minute later.
    by_socket = [report for report in platform.facts("exec.reports.v1") if report["evidence"].startswith("ws:")]
    check(by_socket, "no order went over the order socket")
    check(tables["orders"], f"no order in the files\n{text[-1500:]}")
    check(len(tables["fills"]) >= ENOUGH_FILLS, f"{len(tables['fills'])} fills in the files\n{text[-1500:]}")
    print(f"first run: {len(tables['orders'])} orders, {len(tables['fills'])} fills, {len(tables['positions'])} positions", flush=True)
    return tables, in_order


def reports(bin_dir, folder, data, tables, in_order):
    """The report of the run, from the store alone, says what the run's own files say."""
    out = os.path.join(folder, "report")
    gannet = os.path.join(bin_dir, "gannet")
    code, text, errors = harness.run([gannet, "report", "--data", data, "--out", out, "--returns", "minute"], 60)
    check(code == 0, f"gannet report ended with {code}\n{text[-2000:]}\n{errors}")
    for name in ("report.pdf", "report.xlsx", "csv/fills.csv"):
        check(os.path.getsize(os.path.join(out, name)) > 0 and f"{out}/{name}" in text, f"{name} is not there or not named: {text}")
    with open(os.path.join(out, "report.json"), encoding="utf-8") as file:
        report = json.load(file)
    check(report["trading"] == "paper on venue-sim", f"the report says it was traded: {report['trading']!r}")
    listed = {(row["instrument"], row["trade_id"]): Decimal(row["realized"]) for row in report["tables"]["fills"]["rows"]}
    known = {(row["instrument"], row["trade_id"]) for row in tables["fills"]}
    check(listed.keys() == known, f"{len(listed)} fills in the report, {len(known)} in the run's files")
    # Folded again from the fills: the same results as were kept while trading.
    kept = sum(Decimal(row["realized_pnl"]) for row in tables["positions"])
    fees = sum(Decimal(row["fees"]) for row in tables["positions"])
    check(sum(listed.values()) - fees == kept, f"realised: {sum(listed.values())} less {fees} in the report, {kept} in the positions")
    for table in ("pnl_by_strategy", "pnl_by_instrument", "pnl_by_event_type", "pnl_by_model"):
        total = Decimal(report["tables"][table]["totals"]["net"])
        check(total == kept, f"{table} sums to {total}, the positions to {kept}")
    unrealized = sum(Decimal(row["unrealized_pnl"]) for row in tables["positions"])
    result = Decimal(report["figures"]["result"]["value"])
    check(result == kept + unrealized, f"result {result}, the positions say {kept} + {unrealized}")
    check(not in_order or not report["tables"]["unknown_orders"]["rows"], "an order is UNKNOWN after an end in order")
    code, text, errors = harness.run([gannet, "report", "--data", data, "--out", out, "--account", "nobody"], 60)
    check(code == 1 and "it knows main/paper" in errors, f"a wrong account: {code}: {text} {errors}")
    print(f"report: {len(listed)} fills, result {result}", flush=True)


def goes_on(bin_dir, folder, data, before):
    """A second start knows the first one's positions, and adds to them."""
    out = os.path.join(folder, "out2")
    gannet = os.path.join(bin_dir, "gannet")
    log = os.path.join(data, "gannet.log")
    begin = harness.size_of(log)
    code, _, _ = harness.run([gannet, "run", "--data", data, "--for", "8s", "--out", out, "--plain", "--seed", "3"], 120)
    harness.in_order(code, log, begin)
    tables = read_tables(out)
    old = {(row["instrument"], row["trade_id"]) for row in before["fills"]}
    new = {(row["instrument"], row["trade_id"]) for row in tables["fills"]}
    check(not old & new, "the second run's files hold fills of the first")
    net = collections.Counter({(r["account"], r["strategy"], r["instrument"]): Decimal(r["net"]) for r in before["positions"]})
    for fill in tables["fills"]:
        net[(fill["account"], fill["strategy"], fill["instrument"])] += change_of_position(fill)
    for row in tables["positions"]:
        key = (row["account"], row["strategy"], row["instrument"])
        check(Decimal(row["net"]) == net[key], f"position {key} after both runs: {row['net']}, expected {net[key]}")
    print(f"second run: {len(tables['orders'])} orders, {len(tables['fills'])} fills on top", flush=True)


def decides_again(bin_dir, data):
    """Both runs, from the journal alone."""
    gannet = os.path.join(bin_dir, "gannet")
    code, text, errors = harness.run([gannet, "journal", "verify", data], 120)
    check(code == 0 and text.rstrip().endswith("valid"), f"journal verify ended with {code}\n{text}\n{errors}")
    code, text, errors = harness.run([gannet, "journal", "replay", data], 240)
    check(code == 0, f"journal replay ended with {code}\n{text[-4000:]}\n{errors}")
    check("2 starts" in text and "decisions sha256=" in text and "all facts are equal" in text, f"journal replay says: {text[-2000:]}")
    counts = {words[0]: (int(words[1]), int(words[2])) for words in map(str.split, text.splitlines()) if len(words) == 3 and words[1].isdigit()}
    for topic in ("order.intents.v1", "risk.decisions.v1", "exec.reports.v1", "exec.positions.v1"):
        recorded, equal = counts.get(topic, (0, 0))
        check(recorded == equal > 0, f"{topic}: {recorded} recorded, {equal} equal: {text[-2000:]}")
    print(f"journal replay: {counts['all'][1]} facts decided again, all equal", flush=True)


def refuses_a_used_folder(bin_dir, folder):
    data = os.path.join(folder, "used")
    platform = harness.Platform(bin_dir, data)
    with platform.start(folder):
        code, text, errors = harness.run([platform.program, "run", "--data", data, "--plain", "--for", "5s"], 60)
        check(code == 1, f"a second process on a used folder ended with {code}: {text[-500:]} {errors[-500:]}")
        check(data in errors, f"the message does not name the folder: {errors}")
        out = os.path.join(folder, "meanwhile")
        code, text, errors = harness.run([platform.program, "report", "--data", data, "--out", out, "--format", "json"], 60)
        started = code == 0 or "it is empty" in errors  # before the first balance there is no account
        check(started, f"gannet report beside a running platform: {code}: {text} {errors}")


def refuses_a_read_only_folder(bin_dir, folder):
    if os.geteuid() == 0:
        # Root may write everywhere but on what is no folder at all.
        data = os.path.join(folder, "file")
        open(data, "w", encoding="ascii").close()
    else:
        data = os.path.join(folder, "read-only")
        os.mkdir(data, 0o500)
    code, text, errors = harness.run([os.path.join(bin_dir, "gannet"), "run", "--data", data, "--plain", "--for", "5s"], 60)
    check(code == 1, f"a folder that cannot be written: ended with {code}: {text[-500:]} {errors[-500:]}")
    check(data in errors, f"the message does not name the folder: {errors}")


def checks_configuration(bin_dir, folder):
    gannet = os.path.join(bin_dir, "gannet")
    data = os.path.join(folder, "unused")
    path = os.path.join(folder, "broken.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write("no_such_section: 1\n")
    code, text, errors = harness.run([gannet, "run", "--data", data, "--config", path, "--check-config"], 30)
    check(code == 2, f"a broken configuration: ended with {code}: {text} {errors}")
    said = text + errors
    check("no_such_section" in said and path in said and ":1" in said, f"key, file or line are not named: {said}")
    with open(path, "w", encoding="ascii") as file:
        file.write("a: [1, 2\nb: }\n")
    code, text, errors = harness.run([gannet, "run", "--data", data, "--config", path, "--check-config"], 30)
    check(code == 2 and path in text + errors, f"text that is no YAML: {code}: {text} {errors}")
    code, text, errors = harness.run([gannet, "run", "--data", data, "--check-config"], 30)
    check(code == 0, f"the shipped configuration: ended with {code}: {text} {errors}")
    check(not os.path.exists(data), "--check-config made a data folder")
    with open(path, "w", encoding="ascii") as file:
        file.write("rules:\n  - fault: no_such_fault\n")
    code, text, errors = harness.run([gannet, "run", "--data", data, "--faults", path, "--for", "5s"], 30)
    check(code == 2 and f"{path}:2" in errors and "no_such_fault" in errors, f"a wrong fault script: {code}: {text} {errors}")
    code, text, errors = harness.run([gannet, "run", "--data", data, "--faults", "config/faults.yaml", "--for", "2s", "--plain"], 60)
    check(code == 0, f"the shipped fault script: {code}: {text} {errors}")


def explains_itself(bin_dir):
    gannet = os.path.join(bin_dir, "gannet")
    code, text, _ = harness.run([gannet, "--help"], 30)
    check(code == 0 and "run" in text and "replay" in text, f"--help: {code}: {text}")
    for command in ("run", "replay", "train", "journal", "journal verify", "journal dump", "journal prune", "journal replay", "report"):
        code, text, _ = harness.run([gannet, *command.split(), "--help"], 30)
        check(code == 0 and len(text) > 200, f"{command} --help: {code}: {text}")
    for mistyped, said in ((["rnu"], "'rnu' is no command; see gannet --help"),
                           (["order", "sumbit", "x"], "'sumbit' is no command; see gannet order --help")):
        code, _, errors = harness.run([gannet, *mistyped], 30)
        check(code == 2 and said in errors, f"{mistyped}: {code}: {errors}")
    code, text, errors = harness.run([gannet, "run", "--for", "soon"], 30)
    check(code == 2 and "--for" in errors + text, f"a wrong duration: {code}: {text} {errors}")
    for wrong, option in ((["run", "--journal-keep=-1h", "--check-config"], "--journal-keep"), (["journal", "prune", ".", "--keep=-1h"], "--keep"),
                          (["journal", "skip", ".", "--to=99999999999999999999"], "--to"), (["journal", "skip", ".", "--to=-5"], "--to"),
                          (["journal", "skip", ".", "--to=5o"], "--to")):
        code, text, errors = harness.run([gannet, *wrong], 30)
        check(code == 2 and option in errors, f"{wrong}: {code}: {text} {errors}")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    explains_itself(bin_dir)
    checks_configuration(bin_dir, folder)
    refuses_a_read_only_folder(bin_dir, folder)
    data = os.path.join(folder, "data")
    first, in_order = trades_and_ends(bin_dir, folder, data)
    reports(bin_dir, folder, data, first, in_order)
    goes_on(bin_dir, folder, data, first)
    decides_again(bin_dir, data)
    refuses_a_used_folder(bin_dir, folder)


harness.main(test)
