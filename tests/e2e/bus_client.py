"""Kafka as a stranger has it: a bare client that writes what it likes wherever it likes,
and events of every topic, whole or broken. Needs a Python with confluent-kafka and the
project's own client (rpc_clients.environment)."""
import importlib
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from google.protobuf.descriptor import FieldDescriptor as Field

# topic: module and message of its events.
ORDINARY = {
    "ref.instruments.v1": ("market.v1.instrument_pb2", "InstrumentEvent"),
    "market.trades.v1": ("market.v1.market_data_pb2", "TradeEvent"),
    "market.books.v1": ("market.v1.market_data_pb2", "BookUpdateEvent"),
    "market.quotes.v1": ("market.v1.market_data_pb2", "QuoteEvent"),
    "market.status.v1": ("market.v1.market_data_pb2", "MarketStatusEvent"),
    "news.raw.v1": ("news.v1.news_pb2", "NewsItemEvent"),
    "news.signals.v1": ("news.v1.news_pb2", "NewsSignalEvent"),
    "ml.predictions.v1": ("ml.v1.prediction_pb2", "PredictionEvent"),
    "ops.commands.v1": ("ops.v1.ops_pb2", "CommandEvent"),
    "ops.answers.v1": ("ops.v1.ops_pb2", "CommandAnswerEvent"),
}
ORDERS = {
    "order.intents.v1": ("order.v1.order_pb2", "OrderIntentEvent"),
    "order.parents.v1": ("order.v1.parent_pb2", "ParentOrderEvent"),
    "risk.decisions.v1": ("risk.v1.risk_pb2", "RiskDecisionEvent"),
    "exec.reports.v1": ("exec.v1.exec_pb2", "ExecReportEvent"),
    "exec.positions.v1": ("exec.v1.exec_pb2", "PositionUpdateEvent"),
    "exec.balances.v1": ("exec.v1.exec_pb2", "BalanceUpdateEvent"),
    "exec.events.v1": ("exec.v1.exec_pb2", "AccountEventEvent"),
    "risk.state.v1": ("risk.v1.risk_pb2", "RiskStateEvent"),
}


def key_of(topic, value):
    """As libs/bus/topics.h has it."""
    if topic == "ref.instruments.v1":
        return value.id
    if topic == "news.raw.v1":
        return f"{value.source}|{value.source_id}"
    if topic == "news.signals.v1":
        return value.instruments[0] if value.instruments else value.source
    if topic == "ops.answers.v1":
        return value.person
    if topic in ("ops.commands.v1", "risk.state.v1"):
        return f"{value.scope.kind}|{value.scope.name}"
    if topic == "exec.balances.v1":
        return f"{value.account}|{value.asset}"
    if topic in ("risk.decisions.v1", "order.parents.v1"):
        return f"{value.intent.account}|{value.intent.instrument}"
    if topic in ORDERS:
        return f"{value.account}|{value.instrument}"
    return value.instrument


def crc32c(text):
    crc = 0xFFFFFFFF
    for byte in text.encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def fill(message, number=1, text="stranger"):
    """Something in every field that is not repeated."""
    for field in message.DESCRIPTOR.fields:
        if field.label == Field.LABEL_REPEATED or field.name in ("correlation", "causation", "trace"):
            continue
        if field.type == Field.TYPE_MESSAGE:
            part = getattr(message, field.name)
            part.SetInParent()
            fill(part, number, text)
        elif field.type == Field.TYPE_ENUM:
            setattr(message, field.name, 1)
        elif field.type == Field.TYPE_STRING:
            setattr(message, field.name, text)
        elif field.type == Field.TYPE_BYTES:
            setattr(message, field.name, bytes(32))
        elif field.type == Field.TYPE_BOOL:
            setattr(message, field.name, False)
        elif field.name == "scale" or field.name.endswith("_scale"):
            setattr(message, field.name, 2)
        else:
            limit = {Field.TYPE_UINT32: 32, Field.TYPE_INT32: 31, Field.TYPE_SINT32: 31, Field.TYPE_INT64: 63, Field.TYPE_SINT64: 63,
                     Field.TYPE_SFIXED64: 63}.get(field.type, 64)
            low = 0 if limit in (32, 64) else -(1 << limit)
            setattr(message, field.name, max(low, min(number, (1 << limit) - 1)))
    return message


def event(topic, stream, sequence, tenant="main", number=1, text="stranger"):
    """A whole one."""
    module, name = {**ORDINARY, **ORDERS}[topic]
    made = getattr(importlib.import_module("gannet." + module), name)()
    fill(made.value, number, text)
    made.header.id.stream, made.header.id.sequence, made.header.tenant = stream, sequence, tenant
    made.header.event_time_ns = made.header.receive_time_ns = time.time_ns()
    return made


def set_unknown_enum(message):
    """False: it has no field of an enum type."""
    for field in message.DESCRIPTOR.fields:
        if field.label == Field.LABEL_REPEATED:
            continue
        if field.type == Field.TYPE_ENUM:
            setattr(message, field.name, 60)
            return True
        if field.type == Field.TYPE_MESSAGE and message.HasField(field.name) and set_unknown_enum(getattr(message, field.name)):
            return True
    return False


class Bus:
    def __init__(self, brokers):
        self.brokers = brokers
        self.reader = Consumer({"bootstrap.servers": brokers, "group.id": "stranger", "enable.auto.commit": False, "fetch.wait.max.ms": 20, "log_level": 0,
                                "auto.offset.reset": "earliest"})
        self.plain = self._producer("none")
        self.packed = self._producer("gzip")
        self.counts = {}

    def _producer(self, compression):
        return Producer({"bootstrap.servers": self.brokers, "message.max.bytes": 200_000_000, "compression.type": compression, "linger.ms": 0, "log_level": 0})

    def partitions(self, topic):
        if topic not in self.counts:
            self.counts[topic] = len(self.reader.list_topics(topic, 10).topics[topic].partitions)
        return self.counts[topic]

    def place(self, topic, made):
        """The partition where its producer would put it."""
        return crc32c(made.header.tenant if topic in ORDERS else key_of(topic, made.value)) % self.partitions(topic)

    def write(self, topic, partition, payload, key=None, headers=None, packed=False):
        """The place that it got."""
        kept = []
        producer = self.packed if packed else self.plain
        producer.produce(topic, payload, key, partition, headers=headers, on_delivery=lambda error, message: kept.append((error, message)))
        producer.flush(20)
        if not kept or kept[0][0] is not None:
            raise RuntimeError(f"{topic}: not written: {kept}")
        return topic, partition, kept[0][1].offset()

    def read(self, topic, since=None):
        """What is there now, in the order of each partition; `since`: a dict of the next
        offset of each partition, kept up to date."""
        since = {} if since is None else since
        ends, found = {}, []
        for partition in range(self.partitions(topic)):
            low, high = self.reader.get_watermark_offsets(TopicPartition(topic, partition), 10)
            since[partition] = max(low, since.get(partition, 0))
            if high > since[partition]:
                ends[partition] = high
        if ends:
            self.reader.assign([TopicPartition(topic, partition, since[partition]) for partition in ends])
        deadline = time.monotonic() + 20
        while ends and time.monotonic() < deadline:
            for message in self.reader.consume(500, 0.1):
                if message.error() is not None:
                    continue
                found.append(message)
                since[message.partition()] = message.offset() + 1
                if message.offset() + 1 >= ends.get(message.partition(), 1 << 62):
                    del ends[message.partition()]
        self.reader.unassign()
        return found

    def letters(self, topic, since):
        """Place of the source: what is said of it, of the letters that came."""
        found = {}
        for message in self.read(topic + ".dlq", since):
            headers = dict(message.headers() or [])
            if "gannet-dlq-error" in headers:
                place = topic, int(headers["gannet-dlq-partition"]), int(headers["gannet-dlq-offset"])
                found[place] = headers["gannet-dlq-error"].decode(errors="replace")
        return found
