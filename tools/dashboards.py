"""What the Grafana dashboards show: the one source of charts/gannet/files/dashboards.

`tools/make-dashboards` turns it into JSON; `tests/rules/dashboards_test.py` holds it against the
registry of metrics (`gannet metrics`), the rules and the runbooks. A panel states a unit and
what a person should read from it; `runbook` names the page whose first look it is.
"""
import dataclasses
import importlib.machinery
import importlib.util
import pathlib

# Series of ours that a person has chosen. `.*` takes those without the label too.
CHOSEN = 'namespace=~"$namespace",job=~"$job"'
EVERY = "[$__rate_interval]"


@dataclasses.dataclass
class Panel:
    title: str
    about: str
    unit: str  # Grafana's name of it
    queries: list  # (expression, legend)
    kind: str = "timeseries"
    width: int = 8  # of 24
    height: int = 7
    limits: tuple = ()  # (value, colour): from there on; before the first it is green
    runbook: str = ""
    stack: bool = False
    names: dict = dataclasses.field(default_factory=dict)  # value → text
    top: float | None = None  # of the axis


@dataclasses.dataclass
class Dashboard:
    name: str
    title: str
    about: str
    rows: list  # (title, panels)
    ours: bool = True  # chosen by namespace and job


def of(metric, *matchers):
    return f"{metric}{{{','.join([CHOSEN, *matchers])}}}"


def rate(metric, *matchers, by=()):
    return f"sum by ({', '.join(by)}) (rate({of(metric, *matchers)}{EVERY}))" if by else f"sum(rate({of(metric, *matchers)}{EVERY}))"


def per_minute(metric, *matchers, by=()):
    return f"60 * {rate(metric, *matchers, by=by)}"


def most(metric, *matchers, by=()):
    return f"max by ({', '.join(by)}) ({of(metric, *matchers)})" if by else f"max({of(metric, *matchers)})"


def total(metric, *matchers, by=()):
    return f"sum by ({', '.join(by)}) ({of(metric, *matchers)})" if by else f"sum({of(metric, *matchers)})"


def quantiles(metric, *matchers, by=(), shares=(0.5, 0.95, 0.99)):
    legend = " ".join(f"{{{{{label}}}}}" for label in by)
    return [(f"histogram_quantile({share}, {rate(f'{metric}_bucket', *matchers, by=('le', *by))})", f"p{share * 100:g} {legend}".strip())
            for share in shares]


def within(metric, bound):
    """The share of observations of a histogram that took at most `bound` seconds."""
    at_most = rate(f"{metric}_bucket", f'le="{bound}"')
    return f"{at_most} / {rate(f'{metric}_count')}"


def objectives():
    """name and allowed share of bad events, from the table that the alerts are made of."""
    path = str(pathlib.Path(__file__).resolve().parent / "make-rules")
    loader = importlib.machinery.SourceFileLoader("make_rules", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_rules", loader))
    loader.exec_module(module)
    return [(slo, f"{1 - objective:.6f}".rstrip("0")) for slo, _, objective, *_ in module.OBJECTIVES]


def stat(title, about, unit, expression, **more):
    return Panel(title, about, unit, [(expression, title)], kind="stat", width=more.pop("width", 4), height=4, **more)


def overview():
    burn = [(f'gannet:slo_errors:ratio_1h{{slo="{slo}"}} / {budget}', slo) for slo, budget in objectives()]
    good = [(f'1 - gannet:slo_errors:ratio_3d{{slo="{slo}"}}', slo) for slo, _ in objectives()]
    return Dashboard("overview", "Overview", "Is the platform well, does it trade, and is a promise in danger?", [
        ("Now", [
            stat("Not ready", "Processes that serve in part or not at all.", "none", f"count({of('gannet_ready')} < 1) or vector(0)",
                 limits=((1, "red"),), runbook="not-ready"),
            stat("Firing alerts", "Of all severities; the list is below.", "none",
                 'count(ALERTS{alertname=~"Gannet.*",alertstate="firing"}) or vector(0)', limits=((1, "orange"),)),
            stat("Kill switches on", "Scopes in which nothing trades until a person allows it.", "none", total("gannet_kill_switches"),
                 limits=((1, "red"),), runbook="kill-switch"),
            stat("Oldest unknown order", "How long the fate of an order has not been known; 0: none.", "s", most("gannet_unknown_order_seconds"),
                 limits=((20, "orange"), (60, "red"))),
            stat("Books that can be traded on", "Share of all order books.", "percentunit",
                 f"""{total("gannet_books", 'state="valid"')} / {total("gannet_books")}""", limits=((0, "red"), (0.8, "orange"), (1, "green"))),
            stat("Orders sent a minute", "Orders on their way to a venue.", "cpm", per_minute("gannet_exec_reports_total", 'kind="JOURNALED"')),
        ]),
        ("Promises (docs/observability.md)", [
            Panel("Burn rate of error budgets, last hour", "1: the budget of a month lasts a month. A page comes at 14.4, a ticket at 3.", "none", burn,
                  width=12, limits=((3, "orange"), (14.4, "red"))),
            Panel("Good events, last three days", "Share of events that kept each promise.", "percentunit", good, width=12, top=1),
        ]),
        ("Trading", [
            Panel("Path of orders, a minute", "Proposed, permitted, on their way, filled. A gap between two lines is where they stop.", "cpm", [
                (per_minute("gannet_order_intents_total"), "intents"),
                (per_minute("gannet_risk_decisions_total", 'outcome="permitted"'), "permitted"),
                (per_minute("gannet_exec_reports_total", 'kind="JOURNALED"'), "on their way"),
                (per_minute("gannet_fills_total"), "fills")]),
            Panel("Use of limits", "The fullest limit of each kind: 1 is the limit.", "percentunit", [
                (most("gannet_exposure_ratio", by=("limit",)), "exposure {{limit}}"),
                (most("gannet_drawdown_ratio", by=("limit",)), "loss {{limit}}")], limits=((0.8, "orange"), (1, "red"))),
            Panel("Age of market data", "Oldest instrument that trades, by venue. High while the venue is open is an outage.", "s",
                  [(most("gannet_market_data_age_seconds", by=("venue",)), "{{venue}}")], limits=((10, "red"),)),
        ]),
        ("Processes", [
            Panel("Readiness", "1 serves, 0.5 degraded, 0 not.", "none", [(most("gannet_ready", by=("job", "instance")), "{{job}} {{instance}}")],
                  kind="state", width=12, names={0: "not", 0.5: "degraded", 1: "serves"}, limits=((0, "red"), (0.5, "orange"), (1, "green"))),
            Panel("Parts that are not well", "Of each process that is not ready: which part.", "none",
                  [(f"{of('gannet_health')} < 1", "{{job}} {{instance}} {{part}}")], kind="table", width=12),
            Panel("Alerts", "What fires or is about to.", "none",
                  [('ALERTS{alertname=~"Gannet.*"}', "{{alertname}}")], kind="table", width=12),
            Panel("Running since", "A drop is a restart.", "s", [(most("gannet_uptime_seconds", by=("job", "instance")), "{{job}} {{instance}}")], width=6,
                  runbook="no-data"),
            Panel("Builds", "More than one build of a job at a time: a roll-out, or a leftover.", "none",
                  [(f"count by (job, build) ({of('gannet_build_info')})", "{{job}} {{build}}")], kind="table", width=6),
            Panel("Ahead of the system clock", "So far the system clock was set back behind what a process has already recorded; it goes on from there, and follows again when the two meet.", "s",
                  [(f"{of('gannet_clock_ahead_seconds')} > 0", "{{job}} {{instance}}")], kind="table", width=12),
        ]),
        ("Queues, losses, requests", [
            Panel("Fill of queues", "Share of what a bounded queue may hold.", "percentunit", [
                (f"max by (job, queue) ({of('gannet_queue_depth')} / {of('gannet_queue_limit')})", "{{job}} {{queue}}")], limits=((0.8, "red"),), top=1,
                runbook="queues"),
            Panel("Refused by full queues, a minute", "What a full queue has refused or dropped; anything but 0 is a loss that somebody decided on.", "cpm",
                  [(per_minute("gannet_queue_refused_total", by=("job", "queue")), "{{job}} {{queue}}")]),
            Panel("Losses, delays and refusals, a minute", "Counted by name in each process (gannet status has the same).", "cpm",
                  [(per_minute("gannet_counts_total", by=("job", "what")) + " > 0", "{{job}} {{what}}")]),
            Panel("Inputs of the engines", "By kind: messages and timers.", "ops", [(rate("gannet_shard_inputs_total", by=("job", "kind")), "{{job}} {{kind}}")]),
            Panel("Facts decided", "What shards have recorded.", "ops", [(rate("gannet_shard_facts_total", by=("job",)), "{{job}}")]),
            Panel("Newest record of the journal", "Grows while a process is fed.", "none", [(most("gannet_journal_records", by=("job", "instance")), "{{job}} {{instance}}")]),
            Panel("Requests to the gateway", "By class of status; 5xx are errors of ours.", "reqps",
                  [(rate("gannet_http_requests_total", by=("class",)), "{{class}}")], runbook="gateway-budget"),
            Panel("gRPC calls that failed, a minute", "By method and code.", "cpm",
                  [(per_minute("gannet_rpc_calls_total", 'code!="OK"', by=("method", "code")), "{{method}} {{code}}")]),
            Panel("gRPC calls, p95", "On the server, streams left out.", "s", quantiles("gannet_rpc_call_seconds", by=("method",), shares=(0.95,))),
            Panel("Sessions in Redis, a minute", "Calls of the gateway that Redis answered and failed, and connections lost; without Redis nothing.", "cpm",
                  [(per_minute("gannet_counts_total", 'what=~"redis_.*"', by=("what",)), "{{what}}")], runbook="sessions"),
            Panel("People signed in", "Sessions of the page.", "none", [(total("gannet_gateway_sessions"), "sessions")]),
            Panel("Spans, a minute", "What became of them; dropped ones are holes in traces.", "cpm",
                  [(per_minute("gannet_trace_spans_total", by=("outcome",)), "{{outcome}}")], runbook="traces"),
            Panel("Exports of spans, a minute", "Batches by outcome.", "cpm", [(per_minute("gannet_trace_exports_total", by=("outcome",)), "{{outcome}}")]),
            Panel("Notifications, an hour", "What became of messages to people; refused and given up reached nobody.", "none",
                  [(f"""sum by (what) (increase({of('gannet_counts_total', 'what=~"notify_.*"')}[1h]))""", "{{what}}")], runbook="notifications"),
            Panel("Series refused, an hour", "A metric has more series than its row allows.", "none",
                  [(f"sum by (metric) (increase({of('gannet_metric_labels_refused_total')}[1h]))", "{{metric}}")], runbook="metrics"),
        ]),
    ])


def order_path():
    return Dashboard("order-path", "Order path", "From headline and tick to fill and report: where time goes and where orders stop.", [
        ("Promises", [
            stat("Within 50 ms", "Share of orders that left within 50 ms of what caused them; 95 % are promised.", "percentunit",
                 within("gannet_signal_to_order_seconds", "0.05"), limits=((0, "red"), (0.95, "green"))),
            stat("Unknown or illegal, a minute", "Orders whose fate became unknown, or reports that fit no order.", "cpm",
                 per_minute("gannet_exec_reports_total", 'kind=~"UNKNOWN|ILLEGAL"') + " or vector(0)", limits=((0.01, "red"),), runbook="order-path-budget"),
            stat("Open orders at risk", "That the gate reserves for.", "none", total("gannet_open_orders_at_risk")),
            stat("Balances in dispute", "Assets whose balance at the venue the fills do not explain.", "none", total("gannet_reconciliation_breaks"),
                 limits=((1, "red"),)),
            stat("Foreign orders, last day", "At the venue, and nobody here asked for them.", "none", f"sum(increase({of('gannet_foreign_orders_total')}[1d]))",
                 limits=((1, "red"),), runbook="foreign-orders"),
            stat("Venue's stream", "1 while every venue tells of own orders by its stream.", "none", f"min({of('gannet_venue_stream_up')})",
                 names={0: "down", 1: "up"}, limits=((0, "red"), (1, "green")), runbook="venue-stream"),
            stat("Order socket", "1 while orders go over every venue's order socket, 0 while some go by REST.", "none", f"min({of('gannet_order_socket_up')})",
                 names={0: "by REST", 1: "up"}, limits=((0, "orange"), (1, "green"))),
        ]),
        ("Time", [
            Panel("Signal to order", "From the receipt of headline, tick or command to the order on its way.", "s", quantiles("gannet_signal_to_order_seconds"),
                  limits=((0.05, "red"),), runbook="signal-to-order-budget"),
            Panel("Order to acknowledgement", "From the order on its way to the first word of the venue on it.", "s", quantiles("gannet_order_to_ack_seconds")),
            Panel("Signal to order, distribution", "Orders by how long they took.", "s",
                  [(rate("gannet_signal_to_order_seconds_bucket", by=("le",)), "{{le}}")], kind="heatmap"),
        ]),
        ("Flow", [
            Panel("Headlines and signals, a minute", "Signals by how they stand to earlier ones.", "cpm", [
                (per_minute("gannet_news_items_total"), "headlines"), (per_minute("gannet_news_signals_total", by=("relation",)), "signals {{relation}}")]),
            Panel("Intents, a minute", "Proposed orders, changes and cancels.", "cpm", [(per_minute("gannet_order_intents_total", by=("kind",)), "{{kind}}")], stack=True),
            Panel("Verdicts, a minute", "Permitted and denied.", "cpm", [(per_minute("gannet_risk_decisions_total", by=("outcome",)), "{{outcome}}")], stack=True),
            Panel("Reports, a minute", "What became of orders, by kind.", "cpm", [(per_minute("gannet_exec_reports_total", by=("kind",)), "{{kind}}")]),
            Panel("Refused, a minute", "At the moment of sending (execution) or by the venue, by reason.", "cpm",
                  [(per_minute("gannet_order_rejections_total", by=("by", "reason")), "{{by}} {{reason}}")]),
            Panel("Fills, a minute", "Booked by execution, and taken up by reporting with all other reports.", "cpm", [
                (per_minute("gannet_fills_total"), "fills"), (per_minute("gannet_reported_executions_total"), "reports taken up")]),
        ]),
        ("State", [
            Panel("Orders that are not over", "By state.", "none", [(total("gannet_orders", by=("state",)), "{{state}}")], stack=True),
            Panel("Age of the oldest unknown order", "A page comes after a minute.", "s", [(most("gannet_unknown_order_seconds", by=("job",)), "{{job}}")],
                  limits=((60, "red"),), runbook="unknown-orders"),
            Panel("Age of the oldest unanswered verdict", "Execution has not taken up what risk has permitted; the gate closes after 5 s.", "s",
                  [(most("gannet_unanswered_verdict_seconds", by=("job",)), "{{job}}")], limits=((5, "red"),), runbook="verdicts-unanswered"),
            Panel("Services that orders need", "Heard of lately, as the gate has it.", "none", [(f"min by (service) ({of('gannet_service_open')})", "{{service}}")],
                  kind="state", names={0: "silent", 1: "heard"}, limits=((0, "red"), (1, "green"))),
            Panel("Silence of services", "Since the newest heartbeat; beyond 15 s orders that need the service do not pass.", "s",
                  [(most("gannet_heartbeat_age_seconds", by=("service",)), "{{service}}")], limits=((15, "red"),), runbook="services-silent"),
            Panel("Comparisons with the venue, a minute", "Done and failed. None done for ten minutes is a ticket.", "cpm",
                  [(per_minute("gannet_reconciliations_total", by=("outcome",)), "{{outcome}}")], runbook="reconciliation"),
            Panel("Who may send", "1 while the process holds the lease of its shard.", "none", [(most("gannet_lease_held", by=("job", "instance")), "{{job}} {{instance}}")],
                  kind="state", names={0: "no", 1: "holds"}, limits=((0, "red"), (1, "green")), runbook="lease"),
            Panel("Reports", "Schedules whose report is missing, and whether rows can be stored.", "none", [
                (total("gannet_reports_overdue"), "overdue"), (most("gannet_report_store_failing"), "store fails")], limits=((1, "red"),),
                runbook="reports-overdue"),
        ]),
    ])


def market_data():
    return Dashboard("market-data", "Market data", "What comes from the venues, how old it is, and what cannot be traded on.", [
        ("Freshness", [
            stat("Verdicts on prices younger than 250 ms", "99.5 % are promised.", "percentunit", within("gannet_tick_age_seconds", "0.25"), width=6,
                 limits=((0, "red"), (0.995, "green")), runbook="tick-freshness-budget"),
            stat("Venues that trade", "Venues with an instrument that trades now.", "none", total("gannet_market_open"), width=6),
            stat("Books not valid", "Books that nothing is traded on.", "none", total("gannet_books", 'state!="valid"') + " or vector(0)", width=6, limits=((1, "orange"),)),
            stat("Gaps, last hour", "Of all feeds.", "none", f"sum(increase({of('gannet_feed_gaps_total')}[1h]))", width=6, limits=((1, "orange"),)),
            Panel("Age of a price at its use", "When a verdict rested on it.", "s", quantiles("gannet_tick_age_seconds"), width=12, limits=((0.25, "red"),)),
            Panel("Age of the newest data", "Oldest instrument that trades, by venue.", "s", [(most("gannet_market_data_age_seconds", by=("venue",)), "{{venue}}")],
                  width=12, limits=((10, "red"),)),
        ]),
        ("Feeds", [
            Panel("Frames", "That a venue has sent.", "ops", [(rate("gannet_feed_frames_total", by=("venue",)), "{{venue}}")], runbook="market-data"),
            Panel("Gaps, a minute", "In the sequence of book updates; each costs a new snapshot.", "cpm", [(per_minute("gannet_feed_gaps_total", by=("venue",)), "{{venue}}")]),
            Panel("Not readable, a minute", "Frames and answers: the venue has changed its format, or sends rubbish.", "cpm",
                  [(per_minute("gannet_feed_undecodable_total", by=("venue",)), "{{venue}}")]),
        ]),
        ("Books", [
            Panel("Books by state", "Valid, or the fault that keeps them from being traded on.", "none",
                  [(total("gannet_books", by=("venue", "state")), "{{venue}} {{state}}")], width=16, stack=True),
            Panel("Open", "1 while any instrument of the venue trades.", "none", [(most("gannet_market_open", by=("venue",)), "{{venue}}")], kind="state",
                  names={0: "closed", 1: "open"}, limits=((0, "blue"), (1, "green"))),
        ]),
        ("Bars", [
            Panel("Minutes without a bar", "A trade of them was missed, by the hour.", "none",
                  [(f"sum by (venue) (increase({of('gannet_bars_incomplete_total')}[1h]))", "{{venue}}")], width=12),
            Panel("Late trades, a minute", "They came after the bar of their minute was given out.", "cpm",
                  [(per_minute("gannet_bars_late_trades_total", by=("venue",)), "{{venue}}")], width=12),
        ]),
    ])


def risk():
    return Dashboard("risk", "Risk", "What is permitted and denied, how near the limits are, and how long a verdict takes.", [
        ("Now", [
            stat("Verdicts under a millisecond", "99 % are promised.", "percentunit", within("gannet_risk_decision_seconds", "0.001"), width=6,
                 limits=((0, "red"), (0.99, "green"))),
            stat("Fullest exposure limit", "1 is the limit.", "percentunit", most("gannet_exposure_ratio"), width=6, limits=((0.9, "orange"), (1, "red"))),
            stat("Fullest loss limit", "1 is the limit.", "percentunit", most("gannet_drawdown_ratio"), width=6, limits=((0.8, "orange"), (1, "red"))),
            stat("Denied, last hour", "Share of verdicts.", "percentunit",
                 f"""sum(increase({of('gannet_risk_decisions_total', 'outcome="denied"')}[1h])) / sum(increase({of('gannet_risk_decisions_total')}[1h]))""", width=6),
        ]),
        ("Limits", [
            Panel("Use of exposure limits", "Largest of each kind of scope.", "percentunit",
                  [(most("gannet_exposure_ratio", by=("scope", "limit")), "{{scope}} {{limit}}")], width=12, limits=((0.9, "orange"), (1, "red")), runbook="exposure"),
            Panel("Use of loss limits", "A slope is a losing day; a step is often a wrong price.", "percentunit",
                  [(most("gannet_drawdown_ratio", by=("scope", "limit")), "{{scope}} {{limit}}")], width=12, limits=((0.8, "orange"), (1, "red")), runbook="losses"),
            Panel("Scopes by trading state", "Active, reducing, halted.", "none", [(total("gannet_trading_scopes", by=("state",)), "{{state}}")]),
            Panel("Kill switches", "Scopes that are killed.", "none", [(total("gannet_kill_switches"), "on")], limits=((1, "red"),)),
            Panel("Account moved without an order, an hour", "Liquidations, ADL, settlements and adjustments; fills, fees and funding are left out.", "none",
                  [(f"""sum by (what) (increase({of('gannet_counts_total', 'what=~"account_.*"')}[1h]))""", "{{what}}")], runbook="account-events"),
            Panel("Open orders that are reserved for", "What they may come to is part of the exposure.", "none", [(total("gannet_open_orders_at_risk"), "orders")]),
        ]),
        ("Verdicts", [
            Panel("Denied by reason, a minute", "The first control that failed.", "cpm",
                  [(per_minute("gannet_risk_decisions_total", 'outcome="denied"', by=("reason",)), "{{reason}}")], width=12, stack=True),
            Panel("Time of a verdict", "Of the gate alone.", "s", quantiles("gannet_risk_decision_seconds"), width=12, limits=((0.001, "red"),), runbook="risk-verdict-budget"),
        ]),
    ])


def models():
    return Dashboard("models", "Models", "Predictions, their drift and their time; news and what was made of it.", [
        ("Model", [
            stat("Drift", "Of the newest prediction.", "none", most("gannet_model_drift_state"), width=6,
                 names={1: "ok", 2: "warning", 3: "drifted", 4: "unknown"}, limits=((2, "orange"), (3, "red"), (4, "blue")), runbook="models"),
            stat("Predictions a minute", "Recorded.", "cpm", per_minute("gannet_predictions_total"), width=6),
            stat("Scores that failed, last hour", "That the model could not give.", "none", f"sum(increase({of('gannet_model_failures_total')}[1h]))", width=6,
                 limits=((1, "red"),)),
            stat("Round of the model, p99", "All instruments: features, scores, drift.", "s", quantiles("gannet_model_seconds", shares=(0.99,))[0][0], width=6),
            Panel("Stopped models", "Too many failed scores, or a person: their orders only reduce.", "none", [(total("gannet_models_stopped"), "stopped")], limits=((1, "red"),)),
            Panel("Predictions by drift, a minute", "Of the features, against those of training.", "cpm", [(per_minute("gannet_predictions_total", by=("drift",)), "{{drift}}")],
                  stack=True),
            Panel("Time of a round", "All instruments.", "s", quantiles("gannet_model_seconds")),
            Panel("Failed scores, a minute", "The model gave none, and nothing was predicted.", "cpm", [(per_minute("gannet_model_failures_total"), "failed")]),
        ]),
        ("News", [
            Panel("Headlines, a minute", "Taken in from all sources.", "cpm", [(per_minute("gannet_news_items_total"), "headlines")]),
            Panel("Signals, a minute", "By how they stand to earlier ones: new, update, duplicate.", "cpm",
                  [(per_minute("gannet_news_signals_total", by=("relation",)), "{{relation}}")], stack=True),
            Panel("Stories forgotten early, an hour", "More came than max_stories remembers; a repeat of one counts as new.", "none",
                  [(f"sum(increase({of('gannet_news_stories_evicted_total')}[1h]))", "stories")]),
        ]),
    ])


def kafka():
    return Dashboard("kafka", "Kafka", "How far programs are behind, what they put aside, and how the brokers are (kafka_exporter).", [
        ("Programs", [
            Panel("Events not read yet", "Of each process.", "none", [(most("gannet_bus_lag_events", by=("job", "instance")), "{{job}} {{instance}}")],
                  limits=((10000, "red"),), runbook="bus-lag"),
            Panel("Read", "Events of the bus.", "ops", [(rate("gannet_bus_read_total", by=("job",)), "{{job}}")]),
            Panel("Written", "Events that the bus has accepted.", "ops", [(rate("gannet_bus_written_total", by=("job",)), "{{job}}")]),
            Panel("Halted partitions", "At a record that cannot be read, until a person resolves it.", "none",
                  [(most("gannet_bus_halted_partitions", by=("job",)), "{{job}}")], limits=((1, "red"),), runbook="topic-halted"),
            Panel("Dead letters, an hour", "Records that were put aside.", "none", [(f"sum by (job) (increase({of('gannet_dead_letters_total')}[1h]))", "{{job}}")],
                  runbook="dead-letters"),
            Panel("Waiting to be written", "Events in the queue to the bus.", "none", [(most("gannet_queue_depth", 'queue=~"bus_.*"', by=("job", "queue")), "{{job}} {{queue}}")]),
        ]),
        ("Brokers", [
            stat("Brokers that answer", "Of the whole cluster.", "none", "max(kafka_brokers)", width=6),
            stat("Partitions not in sync", "With fewer copies in sync than there should be.", "none", "sum(kafka_topic_partition_under_replicated_partition)", width=6,
                 limits=((1, "red"),)),
            stat("Partitions without preferred leader", "Load is not where it was meant to be.", "none", "sum(kafka_topic_partition_leader_is_preferred == bool 0)", width=6,
                 limits=((1, "orange"),)),
            stat("Topics", "Of the whole cluster.", "none", "count(count by (topic) (kafka_topic_partitions))", width=6),
            Panel("Messages by topic", "Written, by topic.", "ops", [(f"sum by (topic) (rate(kafka_topic_partition_current_offset{EVERY}))", "{{topic}}")], width=12),
            Panel("Messages kept by topic", "What retention has left.", "none",
                  [("sum by (topic) (kafka_topic_partition_current_offset - kafka_topic_partition_oldest_offset)", "{{topic}}")], width=12),
            Panel("Lag of groups", "By group and topic, as the broker sees it.", "none", [("sum by (consumergroup, topic) (kafka_consumergroup_lag)", "{{consumergroup}} {{topic}}")],
                  width=24),
        ]),
    ])


def postgres():
    return Dashboard("postgres", "PostgreSQL", "The database of reporting and of the leases (postgres_exporter).", [
        ("Ours", [
            Panel("Rows cannot be stored", "1 while reporting cannot write; the journal keeps what happens meanwhile.", "none",
                  [(most("gannet_report_store_failing", by=("job",)), "{{job}}")], limits=((1, "red"),), runbook="report-store"),
            Panel("Execution reports stored, a minute", "Taken up by reporting.", "cpm", [(per_minute("gannet_reported_executions_total"), "reports")]),
            Panel("Leases", "1 while the process holds the lease of its shard, which is a row there.", "none",
                  [(most("gannet_lease_held", by=("job", "instance")), "{{job}} {{instance}}")], kind="state", names={0: "no", 1: "holds"}, limits=((0, "red"), (1, "green"))),
        ]),
        ("Server", [
            stat("Up", "1 while the exporter reaches it.", "none", "min(pg_up)", width=6, names={0: "down", 1: "up"}, limits=((0, "red"), (1, "green"))),
            stat("Connections", "Share of those allowed.", "percentunit", "sum(pg_stat_activity_count) / max(pg_settings_max_connections)", width=6, limits=((0.8, "red"),)),
            stat("Oldest transaction", "Holds back the cleaning of dead rows.", "s", "max(pg_stat_activity_max_tx_duration)", width=6, limits=((60, "orange"), (600, "red"))),
            stat("Deadlocks, last hour", "Two transactions that waited for each other.", "none", "sum(increase(pg_stat_database_deadlocks[1h]))", width=6, limits=((1, "orange"),)),
            Panel("Transactions", "Committed and rolled back, by database.", "ops", [
                (f'sum by (datname) (rate(pg_stat_database_xact_commit{{datname!=""}}{EVERY}))', "{{datname}} committed"),
                (f'sum by (datname) (rate(pg_stat_database_xact_rollback{{datname!=""}}{EVERY}))', "{{datname}} rolled back")]),
            Panel("Read from memory", "Share of blocks that did not come from the disk.", "percentunit", [
                (f"sum(rate(pg_stat_database_blks_hit{EVERY})) / (sum(rate(pg_stat_database_blks_hit{EVERY})) + sum(rate(pg_stat_database_blks_read{EVERY})))", "share")], top=1),
            Panel("Size", "Of each database.", "bytes", [("max by (datname) (pg_database_size_bytes)", "{{datname}}")]),
            Panel("Rows written", "Inserted, updated, deleted.", "ops", [
                (f"sum(rate(pg_stat_database_tup_{what}{EVERY}))", what) for what in ("inserted", "updated", "deleted")]),
            Panel("Connections by state", "Idle ones in a transaction hold locks.", "none", [("sum by (state) (pg_stat_activity_count)", "{{state}}")], stack=True),
            Panel("Locks", "Held now, by mode.", "none", [("sum by (mode) (pg_locks_count)", "{{mode}}")]),
        ]),
    ], ours=True)


def hosts():
    at = '{instance=~"$host"}'
    return Dashboard("hosts", "Hosts", "Processors, memory, disks and network of the machines (node_exporter).", [
        ("Now", [
            stat("Hosts", "That answer.", "none", f"count(node_boot_time_seconds{at})", width=6),
            stat("Fullest disk", "Share used; journals stop a process before it is full.", "percentunit",
                 'max(1 - node_filesystem_avail_bytes{instance=~"$host",fstype!~"tmpfs|overlay|squashfs"} / node_filesystem_size_bytes{instance=~"$host",fstype!~"tmpfs|overlay|squashfs"})',
                 width=6, limits=((0.8, "orange"), (0.9, "red"))),
            stat("Least memory left", "Share that is available.", "percentunit", f"min(node_memory_MemAvailable_bytes{at} / node_memory_MemTotal_bytes{at})", width=6,
                 limits=((0, "red"), (0.1, "orange"), (0.2, "green"))),
            stat("Clock off by", "Largest; engine time and venue time windows rest on it.", "s", f"max(abs(node_timex_offset_seconds{at}))", width=6,
                 limits=((0.01, "orange"), (0.1, "red"))),
        ]),
        ("Processors and memory", [
            Panel("Processors in use", "Share of all of a host.", "percentunit",
                  [(f'1 - avg by (instance) (rate(node_cpu_seconds_total{{instance=~"$host",mode="idle"}}{EVERY}))', "{{instance}}")], top=1),
            Panel("Load for each processor", "Above 1 something waits.", "none",
                  [(f'node_load1{at} / count by (instance, job) (node_cpu_seconds_total{{instance=~"$host",mode="idle"}})', "{{instance}}")], limits=((1, "orange"), (2, "red"))),
            Panel("Memory available", "What programs can have without swapping.", "bytes", [(f"node_memory_MemAvailable_bytes{at}", "{{instance}}")]),
        ]),
        ("Disks and network", [
            Panel("Disk space left", "By file system.", "bytes",
                  [('min by (instance, mountpoint) (node_filesystem_avail_bytes{instance=~"$host",fstype!~"tmpfs|overlay|squashfs"})', "{{instance}} {{mountpoint}}")]),
            Panel("Time of a write", "Each order waits for one: a record is durable before it leaves.", "s",
                  [(f'rate(node_disk_write_time_seconds_total{at}{EVERY}) / (rate(node_disk_writes_completed_total{at}{EVERY}) > 0)', "{{instance}} {{device}}")]),
            Panel("Disks busy", "Share of time.", "percentunit", [(f"rate(node_disk_io_time_seconds_total{at}{EVERY})", "{{instance}} {{device}}")], top=1),
            Panel("Received", "By host, loopback left out.", "Bps", [(f'sum by (instance) (rate(node_network_receive_bytes_total{{instance=~"$host",device!="lo"}}{EVERY}))', "{{instance}}")]),
            Panel("Sent", "By host, loopback left out.", "Bps", [(f'sum by (instance) (rate(node_network_transmit_bytes_total{{instance=~"$host",device!="lo"}}{EVERY}))', "{{instance}}")]),
            Panel("Segments sent again", "Share of those sent: the network loses some.", "percentunit",
                  [(f"rate(node_netstat_Tcp_RetransSegs{at}{EVERY}) / rate(node_netstat_Tcp_OutSegs{at}{EVERY})", "{{instance}}")]),
        ]),
    ], ours=False)


def all_dashboards():
    return [overview(), order_path(), market_data(), risk(), models(), kafka(), postgres(), hosts()]


# What panels may ask of other programs' exporters, by the beginning of its name. A real node_exporter
# and postgres_exporter have all of theirs (tests/rules); kafka_exporter's are as its page states them.
FOREIGN = {
    "node_": ["node_boot_time_seconds", "node_cpu_seconds_total", "node_disk_io_time_seconds_total", "node_disk_write_time_seconds_total",
              "node_disk_writes_completed_total", "node_filesystem_avail_bytes", "node_filesystem_size_bytes", "node_load1",
              "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes", "node_netstat_Tcp_OutSegs", "node_netstat_Tcp_RetransSegs",
              "node_network_receive_bytes_total", "node_network_transmit_bytes_total", "node_timex_offset_seconds"],
    "pg_": ["pg_database_size_bytes", "pg_locks_count", "pg_settings_max_connections", "pg_stat_activity_count", "pg_stat_activity_max_tx_duration",
            "pg_stat_database_blks_hit", "pg_stat_database_blks_read", "pg_stat_database_deadlocks", "pg_stat_database_tup_deleted",
            "pg_stat_database_tup_inserted", "pg_stat_database_tup_updated", "pg_stat_database_xact_commit", "pg_stat_database_xact_rollback", "pg_up"],
    "kafka_": ["kafka_brokers", "kafka_consumergroup_lag", "kafka_topic_partition_current_offset", "kafka_topic_partition_leader_is_preferred",
               "kafka_topic_partition_oldest_offset", "kafka_topic_partition_under_replicated_partition", "kafka_topic_partitions"],
    "ALERTS": ["ALERTS"],
}
