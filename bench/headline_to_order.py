#!/usr/bin/env python3
"""Headlines through the platform as separate processes over a real Kafka, posted to ingest's
webhook one by one, and what became of them: the order at the venue, the rows in the store.

Latency: from the moment before the post to the receive time of the order at venue-sim, both of
the machine's one clock; the venue's has steps of 1 ms and is counted up. Beside it the floor of
the same run: the post itself until 202, which says that ingest has it on disk. Goal: p95 at
most 50 ms over at least 200 headlines that caused an order.

With --minutes it counts instead: N headlines a minute (1,000 unless stated), and nothing may be
missing on news.raw, on news.signals or in the store.

usage: headline_to_order.py BUILD_DIR [--headlines 250] [--minutes M] [--rate N] [--node NAME,…]
"""
import argparse
import collections
import datetime
import hashlib
import hmac
import http.client
import json
import pathlib
import random
import re
import time

import local_platform
from local_platform import harness, quantile, verdict

GOAL_MS, LEAST_ORDERS = 50, 200
COINS = {"Bitcoin": "BTCUSDT", "Ethereum": "ETHUSDT", "BNB": "BNBUSDT", "Solana": "SOLUSDT", "XRP": "XRPUSDT",
         "Cardano": "ADAUSDT", "Dogecoin": "DOGEUSDT", "Avalanche": "AVAXUSDT", "Chainlink": "LINKUSDT", "Litecoin": "LTCUSDT"}
PHRASES = ["{coin} bridge drained of ${n} million in overnight exploit", "Hackers steal ${n} million from {coin} cross-chain bridge",
           "Attacker siphons ${n} million from {coin} lending pool", "{coin} DeFi project loses ${n} million to reentrancy exploit",
           "{coin} vault exploited for ${n} million, team pauses contracts"]
# Whatever a headline of a hack says, it is bought at once and given back a second later, so
# that the next one about the same coin finds the way free.
STRATEGIES = """
account: main/paper
stale_after: 5s
messages: {{count: 1000, window: 10s}}
volatility: {{span: 10, warm_up: 2}}
playbooks:
  - name: buy-any-hack
    event: HACK
    instruments: ["binance-spot:*USDT"]
    direction: long
    min_confidence: 0%
    min_novelty: 0%
    min_sentiment: 0%
    sizing: {{risk: 20, max_notional: 100}}
    exits: {{horizon: 1s, max_slippage: 50bp}}
    cooldown: {cooldown}
    max_positions: 20
"""
WARM_UP = 12  # seconds: books valid, volatility known
SETTLE = 60


class Webhook:
    """One connection; a post says when it began and how long its answer took."""

    def __init__(self, platform):
        found = re.search(r"^webhook +http://([\d.]+):(\d+)/news$", platform.said, re.M)
        harness.check(found, f"tools/local does not say where the webhook listens:\n{platform.said}")
        self.connection = http.client.HTTPConnection(found[1], int(found[2]), timeout=30)
        self.secret = pathlib.Path(platform.data, "webhook.secret").read_text(encoding="ascii").strip().encode()

    def post(self, item):
        body, stamp = json.dumps(item), str(int(time.time()))
        signature = hmac.new(self.secret, f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-Gannet-Timestamp": stamp, "X-Gannet-Signature": f"sha256={signature}"}
        began = time.time()
        self.connection.request("POST", "/news", body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        harness.check(answer.status == 202, f"the webhook answered {answer.status} {text[:200]}")
        return began, time.time() - began


def headline(number, rng):
    """No two alike: the amount is the number."""
    coin = list(COINS)[number % len(COINS)]
    phrase = PHRASES[number // len(COINS) % len(PHRASES)]
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"id": f"bench-{number}", "title": phrase.format(coin=coin, n=f"{number + 1}.{rng.randint(1, 9)}"),
            "published": now.isoformat().replace("+00:00", "Z")}


def post_all(webhook, count, interval):
    """{title: (when, until 202)}, evenly spaced."""
    rng, posted, began = random.Random(1), {}, time.monotonic()
    for number in range(count):
        wait = began + number * interval - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        item = headline(number, rng)
        posted[item["title"]] = webhook.post(item)
    return posted, time.monotonic() - began


def nanoseconds(record, field):
    return int(record["event"]["header"][field]) / 1e9


def signals_of(platform):
    """The signals of our headlines: {title: record}."""
    found, twice = {}, 0
    for record in platform.records("news-signal", "fact", "news.signals.v1"):
        value = record["event"]["value"]
        if value["source"].startswith("webhook:"):
            twice += value["title"] in found
            found[value["title"]] = record
    harness.check(twice == 0, f"{twice} headlines have two signals")
    return found


def venue_times(platform):
    """{client order id: when the venue took it}."""
    times = {}
    with harness.VenueRecords(platform.bin, f"{platform.data}/venue-sim", platform.folder) as records:
        for symbol in COINS.values():
            times.update({order["clientOrderId"]: (order["time"] + 1) / 1e3 for order in records.orders(symbol)})
    return times


def first_times(platform, service, topic, order_of):
    """{client order id: when the first fact about it was decided}."""
    times = {}
    for record in platform.records(service, "fact", topic):
        times.setdefault(order_of(record["event"]["value"]), nanoseconds(record, "publish_time_ns"))
    return times


def report_latency(platform, posted):
    signals = signals_of(platform)
    title_of = {record["event"]["header"]["id"]: title for title, record in signals.items()}
    orders, stages = {}, collections.defaultdict(list)
    for record in platform.records("strategy", "fact", "order.intents.v1"):
        value = record["event"]["value"]
        title = title_of.get(value.get("signal"))
        if title is not None and value.get("reason") == "news" and title not in orders:
            orders[title] = (value["client_order_id"], nanoseconds(record, "publish_time_ns"))
    permitted = first_times(platform, "risk", "risk.decisions.v1", lambda value: value["intent"]["client_order_id"])
    journaled = first_times(platform, "execution", "exec.reports.v1", lambda value: value["client_order_id"])
    at_venue, latencies = venue_times(platform), []
    for title, (order, decided) in orders.items():
        if order not in at_venue or order not in permitted or order not in journaled:
            continue
        began, kept = posted[title]
        latencies.append(1e3 * (at_venue[order] - began))
        stages["post to 202 (floor)"].append(1e3 * kept)
        signalled = nanoseconds(signals[title], "publish_time_ns")
        stages["post to signal decided"].append(1e3 * (signalled - began))
        stages["signal to intent decided"].append(1e3 * (decided - signalled))
        stages["intent to verdict"].append(1e3 * (permitted[order] - decided))
        stages["verdict to order journaled"].append(1e3 * (journaled[order] - permitted[order]))
        stages["journaled to venue"].append(1e3 * (at_venue[order] - journaled[order]))
    print(f"headlines {len(posted)}, signals {len(signals)}, orders decided {len(orders)}, at the venue {len(latencies)}")
    harness.check(latencies, "no headline caused an order at the venue")
    for name, values in [*stages.items(), ("headline to order", latencies)]:
        print(f"{name:<26} p50 {quantile(values, 0.5):7.1f} ms   p95 {quantile(values, 0.95):7.1f} ms   max {max(values):7.1f} ms")
    p95, floor = quantile(latencies, 0.95), quantile(stages["post to 202 (floor)"], 0.95)
    enough = len(latencies) >= LEAST_ORDERS
    print(f"headline to order over Kafka: p95 {p95:.1f} ms, {p95 / floor:.1f} x the post alone ({floor:.1f} ms)"
          f"{'' if enough else f', of only {len(latencies)} orders'}; {verdict(p95 <= GOAL_MS and enough, f'{GOAL_MS} ms')}")


def count_raw(platform):
    """Our items that news-signal took from news.raw: what its engine counts, it has recorded."""
    return sum(1 for record in platform.records("news-signal", "input", "bus:news.raw.v1") if "webhook:" in bytes_of(record))


def bytes_of(record):
    """The text in a recorded input, whatever is around it."""
    return record.get("text") or bytes.fromhex(record.get("hex", "")).decode("utf-8", "replace")


def stored(platform):
    count = platform.psql("SELECT count(*) FROM gannet.signals WHERE source LIKE 'webhook:%'")
    return None if count is None else int(count)


def report_counts(platform, posted, seconds, rate, rows):
    counts = {"posted": len(posted), "on news.raw": count_raw(platform), "on news.signals": len(signals_of(platform))}
    if rows is not None:
        counts["rows in the store"] = rows
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    kept = [1e3 * answered for _, answered in posted.values()]
    print(f"post to 202 p50 {quantile(kept, 0.5):.1f} ms, p95 {quantile(kept, 0.95):.1f} ms, max {max(kept):.1f} ms")
    reached = 60 * len(posted) / seconds
    lost = len(posted) - min(counts.values())
    print(f"{reached:.0f} signals a minute over {seconds / 60:.1f} min, {lost} lost; "
          f"{verdict(lost == 0 and reached >= 0.99 * rate, f'{rate} a minute, none lost')}")


def run():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("--headlines", type=int, default=250)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--node", default="")
    options = parser.parse_args()
    # A venue takes 50 orders in 10 s: the flood of --minutes trades a coin now and then only.
    strategies = STRATEGIES.format(cooldown="20s" if options.minutes else "0s")
    flags = ["--webhook", *(["--node", options.node] if options.node else [])]
    with local_platform.Platform(options.build, *flags, config={"strategies.yaml": strategies}) as platform:
        local_platform.wait(WARM_UP, "warm-up")
        count = int(options.minutes * options.rate) or options.headlines
        interval = 60 / options.rate if options.minutes else 0.6
        print(f"{count} headlines: {count * interval:.0f} s", flush=True)
        posted, seconds = post_all(Webhook(platform), count, interval)
        rows = stored(platform)
        if options.minutes and rows is not None:
            try:
                harness.wait_until(lambda: stored(platform) >= count, SETTLE, "every row")
            except harness.Failure:
                pass  # the count says it
            rows = stored(platform)
        time.sleep(3)
        platform.down()
        if options.minutes:
            report_counts(platform, posted, seconds, options.rate, rows)
        else:
            report_latency(platform, posted)


local_platform.main(run)
