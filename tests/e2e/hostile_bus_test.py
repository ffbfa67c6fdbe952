#!/usr/bin/env python3
"""A stranger writes to every topic of a platform that trades, over a real Kafka: broken
protobuf, events of another schema or with values unknown here, records that are too
large, under a wrong key, in a wrong partition or without an id, hostile headers, what was
written before once more and in another order, and whole events full of absurd numbers.

Ordinary topics put it aside and go on. Topics of orders halt the partition, say so, and go
on when a person says so with `gannet topics resolve`. Nothing ends, nothing is sent twice,
and what is believed at the end is what the exchange says.

usage: hostile_bus_test.py BIN_DIR
"""
import concurrent.futures
import json
import os
import pathlib
import re
import sys
import time

import distributed_test
import harness
import rpc_clients
from harness import check

SERVICES = ["reporting", "gateway", "execution", "risk", "strategy", "ml-inference", "news-signal", "ingest"]
STREAM = 0x5712A9E2
BOMB = bytes(40 << 20)  # packed: some 40 KB on the wire
BIG = b"\xff" * ((4 << 20) - 2048)


class Stranger:
    """What is written and what is expected of it."""

    def __init__(self, bus, gannet):
        self.bus, self.gannet = bus, gannet
        self.sequence = 0
        self.written = {}  # place: (what it is, words that its letter must hold)

    def whole(self, topic, tenant="main", **options):
        self.sequence += 1
        return self.gannet.event(topic, STREAM, self.sequence, tenant, **options)

    def broken(self, topic, tenant):
        """(what, payload, key, partition, packed, words in the letter)"""
        made = self.whole(topic, tenant)
        payload, key, home = made.SerializeToString(), self.gannet.key_of(topic, made.value), self.bus.place(topic, made)
        yield "noise", b"\xff" * 200, key, home, False, "not such a message"
        yield "cut short", payload[:-3], key, home, False, "not such a message"
        yield "tombstone", None, key, home, False, "header is missing"
        other = type(made)()
        other.header.CopyFrom(made.header)
        yield "another schema", other.SerializeToString() + b"\x1a\x02\x0a\x00", key, home, False, "value is missing"
        unknown = type(made)()
        unknown.CopyFrom(made)
        if self.gannet.set_unknown_enum(unknown.value):
            yield "unknown value", unknown.SerializeToString(), key, home, False, "does not know"
        yield "wrong key", payload, b"\x00\xff" + b"k" * 100, home, False, "key"
        if self.bus.partitions(topic) > 1:
            yield "wrong partition", payload, key, (home + 1) % self.bus.partitions(topic), False, "partition"
        if topic not in self.gannet.ORDINARY or topic.startswith(("news.signals", "ml.", "ops.")):  # facts
            made.header.ClearField("id")
            yield "no id", made.SerializeToString(), key, home, False, "has no id"

    def write(self, topic, what, payload, key, partition, packed, words):
        self.written[self.bus.write(topic, partition, payload, key, packed=packed)] = what, words

    def check_letters(self, topics, since):
        """Every record that was written to these topics has a letter with its reason."""
        missing = {place for place in self.written if place[0] in topics}

        def come():
            for topic in {place[0] for place in missing}:
                for place, error in self.bus.letters(topic, since.setdefault(topic, {})).items():
                    if place in missing:
                        what, words = self.written[place]
                        check(words in error, f"{what} at {place}: the letter says: {error}")
                        missing.discard(place)
            return not missing
        try:
            harness.wait_until(come, 40, "the dead letters")
        except harness.Failure as failure:
            raise harness.Failure(f"{failure}; without one: {[(place, self.written[place][0]) for place in sorted(missing)]}") from None


class Hostile:
    def __init__(self, bin_dir, folder):
        import bus_client  # needs the Python of the clients
        self.local = distributed_test.Local(bin_dir, folder, [])
        self.gannet = os.path.join(bin_dir, "gannet")
        self.client = bus_client
        self.since = {}

    def start(self):
        self.local.up()
        self.brokers = re.search(r"brokers: (\S+)", pathlib.Path(self.local.data, "config", "bus.yaml").read_text(encoding="ascii"))[1]
        self.bus = self.client.Bus(self.brokers)
        self.stranger = Stranger(self.bus, self.client)
        self.pids = {name: self.pid(name) for name in SERVICES}
        self.local.wait_trading()

    def pid(self, name):
        return int(pathlib.Path(self.local.data, f"{name}.pid").read_text(encoding="ascii").split()[0])

    def check_alive(self, after):
        ended = [name for name, pid in self.pids.items() if distributed_test.ended(pid)]
        check(not ended, f"after {after}: {ended} ended: " + "\n".join(harness.tail(self.local.log(name), 1500) for name in ended))

    def status(self, service):
        code, out = harness.ask(self.gannet, os.path.join(self.local.data, service), "status", "--json")
        check(code == 0, f"status of {service}: {code} {out}")
        return json.loads(out)

    def counted(self, service, name):
        return next((int(row["value"]) for row in self.status(service)["counters"] if row["name"] == name), 0)

    def why(self, service):
        return "; ".join(reason for row in self.status(service)["services"] for reason in row["reasons"])

    def wait_serving(self, services=SERVICES):
        for name in services:
            harness.wait_until(lambda name=name: not self.why(name), 90, f"{name} serves again: {self.why(name)}")

    def topics(self, *arguments):
        code, out, err = harness.run([self.gannet, "topics", *arguments, "--brokers", self.brokers], 40)
        check(code == 0, f"topics {arguments}: {code} {out} {err}")
        return out

    def resolve(self, place, how="--skip"):
        topic, partition, offset = place
        return self.topics("resolve", topic, "--partition", str(partition), "--offset", str(offset), how, "--by", "tester", "--reason", "made by the test")

    # --- what is done ----------------------------------------------------------------

    def ordinary(self):
        for topic in self.client.ORDINARY:
            for row in self.stranger.broken(topic, "main"):
                self.stranger.write(topic, *row)
        for topic in ("news.raw.v1", "news.signals.v1"):
            self.stranger.write(topic, "a bomb", BOMB, "stranger", 1, True, "limit is")
            self.stranger.write(topic, "as large as may be", BIG, b"k" * 1000, 1, False, "not such a message")
        self.stranger.check_letters(self.client.ORDINARY, self.since)
        self.check_alive("poison")
        self.wait_serving()
        check(self.counted("strategy", "bus_dead_letters") > 30, self.status("strategy")["counters"])
        self.local.wait_trading()
        print(f"{len(self.stranger.written)} broken records in {len(self.client.ORDINARY)} topics: each put aside with its reason, trading goes on", flush=True)

    def headers(self):
        """They cost the event nothing."""
        hostile = [[(f"h{i}", b"x") for i in range(500)], [("gannet-gap", b"-1"), ("traceparent", b"\xff" * 55)],
                   [("gannet-gap", b"9" * 30), ("gannet-event-id", b"zz-0"), ("traceparent", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01")],
                   [("x" * 5000, b"y" * 100_000)], [("traceparent", None), ("", b""), ("gannet-dlq-topic", b"order.intents.v1")]]
        before = self.counted("news-signal", "bus_read")
        for headers in hostile:
            made = self.stranger.whole("news.raw.v1", text=f"headers {len(headers)} {len(headers[0][1] or b'')}")
            self.bus.write("news.raw.v1", self.bus.place("news.raw.v1", made), made.SerializeToString(),
                           self.client.key_of("news.raw.v1", made.value), headers)
        harness.wait_until(lambda: self.counted("news-signal", "bus_read") >= before + len(hostile), 20, "events with hostile headers are read")
        harness.wait_until(lambda: self.counted("news-signal", "bus_malformed_headers") >= 6, 20, "malformed headers are counted")
        self.check_alive("hostile headers")
        print("hostile headers: counted, their events taken", flush=True)

    def absurd(self):
        """Whole events with numbers that mean nothing, of instruments that nobody has and of one that is traded."""
        topics = ["ref.instruments.v1", "market.status.v1", "market.quotes.v1", "market.trades.v1", "market.books.v1", "ml.predictions.v1",
                  "news.raw.v1", "news.signals.v1"]
        count = 0
        for name in ("binance-spot:ZZZUSDT", "stranger", "binance-spot:ADAUSDT", "x" * 100_000, "\u202e\x00\x1b[2J"):
            for number in (0, 1, -1, 1 << 31, -(1 << 63), (1 << 64) - 1):
                for topic in topics:
                    if topic == "ref.instruments.v1" and "ADA" in name:
                        continue  # whoever may write definitions defines
                    made = self.stranger.whole(topic, number=number, text=name)
                    self.bus.write(topic, self.bus.place(topic, made), made.SerializeToString(), self.client.key_of(topic, made.value))
                    count += 1
        self.local.wait_trading()
        self.check_alive("absurd numbers")
        print(f"{count} whole events full of absurd numbers: nothing ended, trading goes on", flush=True)

    def repeated(self):
        """What was written, again and backwards: nothing happens twice."""
        count = 0
        for topic in ("order.intents.v1", "risk.decisions.v1", "exec.reports.v1"):
            for message in reversed(self.bus.read(topic)[-100:]):
                self.bus.write(topic, message.partition(), message.value(), message.key())
                count += 1
        for service, least in (("risk", 150), ("execution", 100), ("strategy", 100)):
            harness.wait_until(lambda service=service, least=least: self.counted(service, "bus_read_duplicates") + self.counted(service, "link_duplicates") >= least,
                               20, f"{service} counts what came twice: {self.status(service)['counters']}")
        self.check_alive("repeated records")
        print(f"{count} records written again, backwards: counted as duplicates", flush=True)

    def orders(self):
        """Partitions of other tenants stand still; that of ours does not."""
        mine = self.client.crc32c("main") % self.bus.partitions("order.intents.v1")
        tenants = {}  # one for each other partition
        for i in range(1000):
            tenants.setdefault(self.client.crc32c(f"tenant-{i}") % 8, f"tenant-{i}")
        del tenants[mine]
        placed = []
        for topic in self.client.ORDERS:
            free = sorted(tenants)
            for row in self.stranger.broken(topic, tenants[free[0]]):
                what, payload, key, partition, packed, words = row
                if what == "wrong partition":
                    continue  # wherever it lies it is in a wrong one: that of another tenant
                if topic not in ("order.intents.v1", "exec.reports.v1") and what not in ("noise", "unknown value", "no id"):
                    continue  # each topic in its ways; two of them in all
                partition = free.pop(0) if free else None
                if partition is None:
                    break
                if what in ("wrong key", "no id"):  # else its partition is wrong, too
                    made = self.stranger.whole(topic, tenants[partition])
                    key = self.client.key_of(topic, made.value) if what == "no id" else key
                    if what == "no id":
                        made.header.ClearField("id")
                    payload = made.SerializeToString()
                self.stranger.write(topic, what, payload, key, partition, packed, words)
                placed.append((topic, partition))
        self.stranger.check_letters(self.client.ORDERS, self.since)
        places = [place for place in self.stranger.written if place[0] in self.client.ORDERS]

        def listed():
            halted = self.topics("halted")
            return all(f"{topic} --partition {partition} --offset {offset}" in halted for topic, partition, offset in places)
        harness.wait_until(listed, 20, f"{places} are listed as halted")
        for service in ("risk", "execution", "strategy", "gateway"):
            harness.wait_until(lambda service=service: "stands still at offset" in self.why(service) and "gannet topics resolve" in self.why(service),
                               20, f"{service} says that it stands still and what helps")
        self.local.wait_trading()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.resolve, places))
        self.wait_serving()
        self.check_alive("poison on orders")
        print(f"{len(places)} partitions of order topics stood still, ours traded on; all were let go on", flush=True)

    def own_partition(self):
        """Ours stands still: nothing is decided behind the record until a person says so."""
        mine = self.client.crc32c("main") % self.bus.partitions("order.intents.v1")
        place = self.bus.write("order.intents.v1", mine, b"\xff\xff", "main/paper|binance-spot:BTCUSDT")
        harness.wait_until(lambda: "stands still" in self.why("risk"), 20, "risk stands still")

        def none_more():
            """In two seconds, where some come each second while it trades; what was decided before may still be on its way."""
            before = len(self.bus.read("risk.decisions.v1"))
            time.sleep(2)
            return len(self.bus.read("risk.decisions.v1")) == before
        harness.wait_until(none_more, 20, "risk decides nothing behind a record that nobody can read")
        self.resolve(place, "--retry")
        harness.wait_until(lambda: ", 2 attempts" in self.topics("halted"), 20, "it stands still again after a retry")
        self.resolve(place)
        self.wait_serving()
        self.local.wait_trading()
        check(f"decided order.intents.v1 --partition {mine} --offset {place[2]}" in self.topics("letters", "order.intents.v1"), "the decision is not kept")
        self.check_alive("a halt")
        print("our own partition stood still, stood still again after a retry, went on after a skip", flush=True)


def test(bin_dir, folder):
    began = time.monotonic()
    hostile = Hostile(bin_dir, folder)
    try:
        hostile.start()
        for part in (hostile.ordinary, hostile.headers, hostile.absurd, hostile.repeated, hostile.orders, hostile.own_partition):
            part()
        local = hostile.local
        distributed_test.wait_settled(local)
        local.stop_trading()
        local.down()
        distributed_test.check_truth(local, folder)
    finally:
        hostile.local.call("down", distributed_test.DOWN_LIMIT)
        if hostile.local.store():
            hostile.local.postgres("stop", "--wipe")
    print(f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    harness.need(os.path.join(sys.argv[1], "gannet"), os.path.join(sys.argv[1], "gannet-risk"))
    rpc_clients.run_with_clients()
    harness.main(test)
