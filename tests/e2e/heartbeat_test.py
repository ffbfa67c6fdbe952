#!/usr/bin/env python3
"""The platform as separate processes over a real Kafka. Services are frozen (SIGSTOP), each for as long as it takes
until risk says that it does not hear them: then no order that needs them passes, and why is seen in the risk state, in
`gannet status` of risk and in what a refused order says. While strategy is frozen, execution cancels what it left open.
So it does for a second process of strategy that is frozen while the first trades on.
After SIGCONT it trades again by itself. The journals, decided again, give the same facts.

usage: heartbeat_test.py BIN_DIR
"""
import argparse
import contextlib
import os
import pathlib
import signal

import distributed_test
import harness
import truth
from harness import check

SEEN_LIMIT = 120  # seconds: a silence of fifteen, on a machine that may be busy


# Of the second process of strategy: quotes too wide to fill or to be renewed often.
SECOND = """
account: main/paper
stale_after: 5s
messages: {count: 20, window: 10s}
volatility: {span: 10, warm_up: 2}
cancel_on_drain: true
makers:
  - name: second-maker
    instruments: ["binance-spot:ETHUSDT"]
    quote_notional: 50
    max_position: 200
    min_half_spread: 100bp
    volatility: 0%
    horizon: 1s
    refresh: 30bp
    min_life: 1s
    pause_after_fill: 1s
"""
SHARD = "gateway+strategy"  # of what it hosts; a second reporting would take the store from the first


class Frozen:
    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)


def pid_of(local, service):
    return int(pathlib.Path(local.data, f"{service}.pid").read_text(encoding="ascii").split()[0])


def states(local):
    """The newest state of each service that risk has spoken of."""
    rows = (local.gateway("/api/v1/snapshot") or {}).get("rows", {})
    return {row["name"]: row for row in rows.get("risk", {}).values() if row["scope"] == "service"}


def shut(row):
    return row["state"] == "CANCEL_ONLY" and "no heartbeat since" in row["reason"]


def closed(local, service):
    row = states(local).get(service)
    return row if row and shut(row) else None


def opened(local, service):
    row = states(local).get(service)
    return row is not None and row["state"] == "ACTIVE"


def verdicts(local):
    """What risk has recorded so far, oldest first."""
    return local.facts("risk", "risk.decisions.v1")


def refused(local, service):
    """An order by hand is, and says why. The strategies have none to give: theirs are not answered."""
    gannet = os.path.join(local.bin_dir, "gannet")
    said = harness.ask(gannet, local.home("strategy"), "order", "submit", "binance-spot:BTCUSDT", "buy", "0.001", "--price", "20000")[1]
    return "gate_closed" in said and service in said  # a verdict that is not answered closes it too


def permitted(local):
    return sum(1 for verdict in verdicts(local) if verdict.get("permitted"))


def risk_says(local, service):
    code, out, err = harness.run([os.path.join(local.bin_dir, "gannet"), "status", "--data", local.home("risk"), "--timeout", "60s"], 120)
    return code == 0 and f"service {service}: no heartbeat since" in out


def without(local, service, all_stop):
    local.wait_trading()
    with Frozen(pid_of(local, service)):
        harness.wait_until(lambda: closed(local, service), SEEN_LIMIT, f"risk says that it does not hear {service}", 0.5)
        harness.wait_until(lambda: risk_says(local, service), SEEN_LIMIT, f"`gannet status` of risk says so of {service}", 1)
        if all_stop:
            before = permitted(local)
            harness.wait_until(lambda: refused(local, service), SEEN_LIMIT, f"an order is refused for want of {service}", 1)
            check(permitted(local) == before, f"orders were permitted without {service}")
        else:
            local.wait_trading()  # what does not rest on it goes on
            # Whoever asks the gateway often may be told nothing now.
            row = harness.wait_until(lambda: states(local).get(service), SEEN_LIMIT, f"what risk says of {service}", 0.5)
            check(shut(row), f"{service} is open although it stands still: {row}")
    harness.wait_until(lambda: opened(local, service), SEEN_LIMIT, f"risk hears {service} again", 0.5)
    local.wait_trading()
    print(f"{service}: silent, {'all orders stopped' if all_stop else 'orders that do not rest on it went on'}, heard again", flush=True)


def left_open(local, process="strategy"):
    """Orders of programs that have not ended and would open something, as the journals say."""
    opening = {intent["client_order_id"] for intent in local.facts(process, "order.intents.v1")
               if truth.kind_of(intent) == "NEW" and not intent.get("reduce_only") and not intent["strategy"].startswith("manual/")}
    newest = {report["client_order_id"]: report["state"].removeprefix("ORDER_STATE_") for report in local.facts("execution", "exec.reports.v1")}
    return [order for order in opening & newest.keys() if newest[order] not in truth.ENDED]


def abandoned(local):
    local.wait_trading()
    harness.wait_until(lambda: left_open(local), SEEN_LIMIT, "a quote works", 0.5)
    with Frozen(pid_of(local, "strategy")):
        harness.wait_until(lambda: closed(local, "strategy"), SEEN_LIMIT, "risk says that it does not hear strategy", 0.5)
        harness.wait_until(lambda: not left_open(local), SEEN_LIMIT, "execution cancels what strategy left open", 1)
    harness.wait_until(lambda: opened(local, "strategy"), SEEN_LIMIT, "risk hears strategy again", 0.5)
    local.wait_trading()
    print("strategy: silent, what it left open cancelled, heard again", flush=True)


@contextlib.contextmanager
def second_strategy(local):
    """Another process of strategy, beside the one of the platform."""
    config = pathlib.Path(local.data, "config")
    (config / "second-strategy.yaml").write_text(SECOND, encoding="utf-8")
    (config / "second.yaml").write_text((config / "node.yaml").read_text(encoding="utf-8").replace("strategies: strategy.yaml", "strategies: second-strategy.yaml"),
                                        encoding="utf-8")
    command = [os.path.join(local.bin_dir, "gannet"), "run", "--plain", "--data", local.home("second"), "--bus", config / "bus.yaml", "--services",
               SHARD.replace("+", ","), "--config", config / "second.yaml"]
    log = os.path.join(local.home("second"), "gannet.log")
    with harness.Program(command, local.data, "second") as program:
        program.wait_for(lambda: harness.logged(log, "started"), SEEN_LIMIT, "the start of the second strategy")
        yield program
        program.send(signal.SIGTERM)
        check(program.wait(60) == 0, f"the second strategy did not end in order\n{program.describe()}")


def one_of_two(local):
    lost = f"strategy/{SHARD}"
    with second_strategy(local) as program:
        harness.wait_until(lambda: left_open(local, "second"), SEEN_LIMIT, "a quote of the second strategy works", 0.5)
        with Frozen(program.process.pid):
            harness.wait_until(lambda: closed(local, lost), SEEN_LIMIT, "risk says that it does not hear the second strategy", 0.5)
            harness.wait_until(lambda: not left_open(local, "second"), SEEN_LIMIT, "execution cancels what it left open", 1)
            check(local.facts("second", "order.intents.v1"), "the second strategy asked for nothing")
            row = states(local).get("strategy")
            check(row is None or row["state"] == "ACTIVE", f"all of strategy is taken for lost: {row}")
            local.wait_trading()
        harness.wait_until(lambda: opened(local, lost), SEEN_LIMIT, "risk hears the second strategy again", 0.5)
        harness.wait_until(lambda: left_open(local, "second"), SEEN_LIMIT, "the second strategy quotes again", 0.5)
    print("strategy: one of two silent, what it left open cancelled while the other traded, heard again", flush=True)


def test(bin_dir, folder):
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir")
    parser.parse_args()
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-risk"))
    local = distributed_test.Local(bin_dir, folder, [])
    try:
        local.up()
        without(local, "execution", all_stop=True)
        without(local, "news-signal", all_stop=False)
        abandoned(local)
        one_of_two(local)
        local.stop_trading()
        local.down()
    finally:
        local.call("down", distributed_test.DOWN_LIMIT)
        if local.store():
            local.postgres("stop", "--wipe")
    distributed_test.check_journals(local)


if __name__ == "__main__":
    harness.main(test)
