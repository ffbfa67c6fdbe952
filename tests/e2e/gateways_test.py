#!/usr/bin/env python3
"""Two gateways before one platform of separate processes, over a real Kafka and a real Redis: who
signs in at one is signed in at the other, what is done at one is seen at the other, one request
given at both acts once, one of them is killed (-9) and comes back, and a person who is shut out is
shut out at both.

usage: gateways_test.py BIN_DIR
"""
import concurrent.futures
import functools
import http.client
import json
import os
import re
import shutil
import signal

import harness
from distributed_test import DOWN_LIMIT, Local
from harness import check, wait_until
from redis_test import Person, Redis

BTC = "binance-spot:BTCUSDT"
PASSING = (*harness.PASSING, "KILL_SWITCH", "TRADING_STATE")  # of a release each hears in its own time
STEP = 0.00001  # of quantities: each order has one of its own, by which it is counted


class Second:
    """The gateway beside that of the platform."""

    def __init__(self, local, bin_dir, folder, config):
        self.folder, self.starts = folder, 0
        self.data = os.path.join(local.data, "gateway-1")
        self.command = [os.path.join(bin_dir, "gannet-gateway"), "--config", config, "--bus", os.path.join(local.data, "config", "bus.yaml"),
                        "--rpc-address", "127.0.0.1:0"]
        self.program = self.start("1", self.data)
        found = self.program.wait_for(lambda: re.search(r'"event":"gateway_listening".*?"port":(\d+)', self.program.err()), 90, "the second gateway")
        self.port = int(found.group(1))

    def start(self, replica, data):
        self.starts += 1
        return harness.Program([*self.command, "--replica", replica, "--data", data], self.folder, f"gateway-{self.starts}")

    def refused(self, replica, words):
        """Whether another number on this folder is told what is wrong."""
        program = self.start(replica, self.data)
        check(program.wait(30) == 1 and words in program.err(), f"replica {replica} on the folder of 1: {program.describe()}")


class First:
    """That of the platform, wherever its newest start listens."""

    def __init__(self, local):
        self.log = local.log("gateway")

    @property
    def port(self):
        with open(self.log, encoding="utf-8") as file:
            return int(re.findall(r'"event":"gateway_listening".*?"port":(\d+)', file.read())[-1])


class Gone:
    """Nobody is there, or went in between."""
    status, headers = 503, {}

    def __init__(self, error):
        self.body = str(error).encode()


def once(person, gateway, method, path, body=None):
    try:
        return person.ask(gateway, method, path, body)
    except (OSError, http.client.HTTPException) as error:
        return Gone(error)


def ask(person, gateway, method, path, body=None):
    """The answer of a gateway that can give one: 429 and 503 are none."""
    return wait_until(lambda: (lambda a: a if a.status not in (429, 503) else None)(once(person, gateway, method, path, body)), 60,
                      f"an answer to {method} {path}", harness.ASK_AGAIN)


def read(person, gateway, path):
    answer = ask(person, gateway, "GET", path)
    check(answer.status == 200, f"GET {path}: {answer.status} {answer.body}")
    return json.loads(answer.body)


def sign_in(person, gateway, name, password):
    """Five a minute a name."""
    wait_until(lambda: person.sign_in(gateway, name, password).status == 200, 60, f"{name} signs in", harness.ASK_AGAIN * 8)


class Desk:
    """A person's orders by hand, each of a quantity of its own."""

    def __init__(self, price):
        self.price, self.steps = price, 100

    def order(self):
        self.steps += 1
        return {"account": "main/paper", "instrument": BTC, "side": "buy", "type": "LIMIT", "price": self.price,
                "quantity": f"{self.steps * STEP:.5f}", "reason": "test", "request_id": f"request-{self.steps}"}

    def place(self, person, gateways, body=None):
        """The body of an order that is taken, and what each of the gateways, asked in the same moment, says of it; another
        order while it is refused for what passes by itself."""
        def answered():
            nonlocal body
            body = body or self.order()
            with concurrent.futures.ThreadPoolExecutor(len(gateways)) as pool:
                answers = list(pool.map(lambda gateway: give(person, gateway, body), gateways))
            if any(passes(answer) for answer in answers):
                body = None
                return None
            return body, answers
        body, answers = wait_until(answered, 60, "an order that is taken", harness.ASK_AGAIN)
        for answer in answers:
            check(answer.status == 200 and json.loads(answer.body)["denied"] is None, f"{answer.status} {answer.body}")
        return body, [json.loads(answer.body) for answer in answers]


def give(person, gateway, body):
    return ask(person, gateway, "POST", "/api/v1/orders", body)


def passes(answer):
    said = answer.body.decode()
    if answer.status == 200:
        return json.loads(said)["denied"] in PASSING
    return answer.status == 409 and harness.passes_by_itself(said, *PASSING)


def orders_of(person, gateway, body):
    return [row for row in read(person, gateway, "/api/v1/orders") if float(row["quantity"] or 0) == float(body["quantity"])]


def audited(who, gateway, action, **fields):
    rows = read(who, gateway, f"/api/v1/audit?limit=500&action={action}")
    return [row for row in rows if all(row[name] == value for name, value in fields.items())]


def people(gannet, path, *arguments):
    code, out, err = harness.run([gannet, "user", *arguments, "--file", path], 60)
    check(code == 0, f"user {arguments}: {err}")
    return out


def check_people(person, first, second, gannet, path, password):
    """One list of people, kept by neither."""
    sign_in(person, first, "ann", password)
    for gateway in (first, second):
        check(read(person, gateway, "/api/v1/session")["user"] == "ann", "whose session it is")
        refused = ask(person, gateway, "POST", "/api/v1/users", {"name": "eve", "role": "viewer"})
        check(refused.status == 409 and path in refused.body.decode(), f"a user added on the page: {refused.status} {refused.body}")
    wait_until(lambda: audited(person, second, "SIGN_IN", person="ann"), 30, "the sign-in in the other's audit")
    bob = re.search(r"password (\S+)", people(gannet, path, "add", "bob", "--role", "viewer"))[1]
    sign_in(Person(), second, "bob", bob)


def check_consent(person, first, second, desk):
    refused = give(person, second, desk.order())
    check(refused.status == 409 and "disclaimer" in refused.body.decode(), f"an order without consent: {refused.status} {refused.body}")
    given = ask(person, first, "POST", "/api/v1/consent", {"version": 1})
    check(given.status == 200 and not json.loads(given.body)["consent_needed"], f"consent: {given.status} {given.body}")
    wait_until(lambda: not read(person, second, "/api/v1/session")["consent_needed"], 30, "consent at the other")


def check_orders(person, first, second, desk):
    """Seen at the other, and given once wherever it is asked for again."""
    body, [placed] = desk.place(person, [first])
    order = placed["client_order_id"]
    wait_until(lambda: [row["client_order_id"] for row in orders_of(person, second, body)] == [order], 30, "the order at the other")
    wait_until(lambda: audited(person, second, "SUBMIT_ORDER", request_id=body["request_id"], client_order_id=order, result="APPLIED"), 30, "its audit at the other")
    for gateway in (second, first):
        again = give(person, gateway, body)
        said = json.loads(again.body)
        check(again.status == 200 and said["client_order_id"] == order and said["repeated"], f"the same request again: {again.status} {said}")
        other = give(person, gateway, {**body, "quantity": "0.00200"})
        check(other.status == 409 and "another command" in other.body.decode(), f"another order under its id: {other.status} {other.body}")
    return body


def check_at_once(person, first, second, desk):
    """One request at both in the same moment."""
    body, answers = desk.place(person, [first, second])
    check(len({answer["client_order_id"] for answer in answers}) == 1, f"two orders of one request: {answers}")
    return body


def check_kill_switch(person, first, second):
    """What was done at one is not done again at the other, whatever has happened since."""
    def act(gateway, action, request):
        answer = ask(person, gateway, "POST", f"/api/v1/risk/{action}", {"scope": "firm", "reason": "drill", "request_id": request})
        check(answer.status == 200, f"{action}: {answer.status} {answer.body}")
        return json.loads(answer.body)

    def killed(gateway):
        return any(row["scope"] == "firm" and row["killed"] for row in read(person, gateway, "/api/v1/state")["risk"])
    act(first, "kill", "kill-1")
    for gateway in (first, second):
        wait_until(lambda: killed(gateway), 30, "the kill switch at both")
    wait_until(lambda: audited(person, second, "KILL", request_id="kill-1", result="APPLIED"), 30, "the kill in the other's audit")
    act(second, "resume", "resume-1")
    for gateway in (first, second):
        wait_until(lambda: not killed(gateway), 30, "the release at both")
    again = act(second, "kill", "kill-1")
    check(again["repeated"] and not killed(second) and not killed(first), f"the first kill, asked for again: {again}")


def check_killed(local, person, first, second, desk):
    """The first dies with a request under way; the other goes on, and the first comes back."""
    body = desk.order()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(once, person, first, "POST", "/api/v1/orders", body)
        local.kill("gateway")
        under_way.result()
    taken, [placed] = desk.place(person, [second], body)
    meanwhile, _ = desk.place(person, [second])
    local.up()

    def the_same():
        said = json.loads(give(person, first, taken).body)
        return said.get("client_order_id") == placed["client_order_id"]
    wait_until(the_same, 30, "the answer that the other gave", harness.ASK_AGAIN)
    ready = once(person, first, "GET", "/health/ready").body.decode()
    check("has that name" not in ready, f"it takes its own commands for another's: {ready}")
    wait_until(lambda: orders_of(person, first, meanwhile), 30, "what was done meanwhile")
    wait_until(lambda: audited(person, first, "SUBMIT_ORDER", request_id=meanwhile["request_id"], result="APPLIED"), 30, "its audit")
    return [taken, meanwhile]


def check_shut_out(person, first, second, gannet, path, password):
    people(gannet, path, "disable", "ann")
    for gateway in (first, second):
        wait_until(lambda: ask(person, gateway, "GET", "/api/v1/state").status == 401, 30, "the end of a session")
    people(gannet, path, "enable", "ann")
    again = Person()
    sign_in(again, second, "ann", password)
    wait_until(lambda: ask(again, first, "GET", "/api/v1/state").status == 200, 30, "who is let in again, at the other")
    for gateway in (first, second):
        check(ask(person, gateway, "GET", "/api/v1/state").status == 401, "a session of before the shut-out lives again")


def check_once(local, bodies):
    """By the record of who makes orders: one of each."""
    intents = [json.dumps(fact["quantity"]) for fact in local.facts("strategy", "order.intents.v1") if fact["strategy"] == "manual/ann"]
    check(len(intents) == len(set(intents)), f"orders given twice: {sorted(intents)}")
    check(len(intents) >= len(bodies), f"{len(intents)} orders of {len(bodies)} that were taken")
    print(f"{len(intents)} orders by hand at two gateways, each once", flush=True)


def check_journals(local, homes):
    for home in homes:
        code, text, errors = harness.run([os.path.join(local.bin_dir, "gannet"), "journal", "verify", home], 240)
        check(code == 0, f"journal verify of {home} ended with {code}:\n{text[-3000:]}\n{errors[-2000:]}")


def configure(local, folder, redis, gannet):
    """Before the platform's first start: what both gateways have in common. The file of people and the password of ann."""
    path, token, config = os.path.join(folder, "users.json"), os.path.join(folder, "token"), os.path.join(local.data, "config", "gateway.yaml")
    password = re.search(r"password (\S+)", people(gannet, path, "add", "ann", "--role", "admin"))[1]
    with open(token, "w", encoding="ascii", opener=functools.partial(os.open, mode=0o600)) as file:
        file.write(os.urandom(16).hex() + "\n")
    os.makedirs(os.path.dirname(config))
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"port: 0\nusers_file: {path}\ntoken_file: {token}\n{redis.section}")
    return path, config, password


def test(bin_dir, folder):
    gannet = os.path.join(bin_dir, "gannet")
    harness.need(gannet, os.path.join(bin_dir, "gannet-gateway"), os.path.join(bin_dir, "gannet-risk"))
    local = Local(bin_dir, folder, [])
    shutil.copy(harness.quiet_strategies(folder), os.path.join(local.config, "strategies.yaml"))
    with Redis(folder) as redis:
        path, config, password = configure(local, folder, redis, gannet)
        second = None
        try:
            local.up()
            second = Second(local, bin_dir, folder, config)
            run(local, First(local), second, gannet, path, password)
        finally:
            if second is not None:
                second.program.__exit__()
            code, out, err = local.call("down", DOWN_LIMIT)
            if local.store():
                local.postgres("stop", "--wipe")
        check(code == 0, f"local down ended with {code}: {err}\n{out}")


def run(local, first, second, gannet, path, password):
    person = Person()
    check_people(person, first, second, gannet, path, password)
    ask_gannet = functools.partial(harness.ask, gannet, os.path.join(local.data, "gateway"))

    def below():
        """The market of now."""
        return str(int(harness.reference_price(ask_gannet, BTC) * 0.97))
    desk = Desk(below())
    check_consent(person, first, second, desk)
    bodies = [check_orders(person, first, second, desk), check_at_once(person, first, second, desk)]
    check_kill_switch(person, first, second)
    desk.price = below()
    bodies += check_killed(local, person, first, second, desk)
    for gateway in (first, second):
        for body in bodies:
            wait_until(lambda: len(orders_of(person, gateway, body)) == 1, 30, "each order once at each gateway")
    check_shut_out(person, first, second, gannet, path, password)
    second.program.send(signal.SIGTERM)
    check(second.program.wait(60) == 0, f"the second does not drain: {second.program.describe()}")
    second.refused("2", "use the data folder of this shard")
    local.kill("gateway")
    check_once(local, bodies)
    check_journals(local, [os.path.join(local.data, "gateway"), second.data])


if __name__ == "__main__":
    harness.main(test)
