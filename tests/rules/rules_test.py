"""The rules of charts/gannet/files/rules, run by Prometheus's own promtool: every alert fires on what it is for and on
nothing else; every metric is one that the programs have; every runbook is there.

usage: rules_test.py (from the project's root). Ends with 0, 1 (failed) or 4 (skipped: promtool is not installed).
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RULES = sorted(pathlib.Path("charts/gannet/files/rules").glob("*.yaml"))
NAMES = pathlib.Path("libs/telemetry/metric_names.h").read_text()
ONE = '{job="gannet",instance="a"}'

# alert: (series that fires it, series that must not, when); promtool's notation of values, a minute each.
SIMPLE = {
    "GannetNotReady": ({f"gannet_ready{ONE}": "0x10"}, {f"gannet_ready{ONE}": "0.5x10"}, "5m"),
    "GannetDegraded": ({f"gannet_ready{ONE}": "0.5x40"}, {f"gannet_ready{ONE}": "0.5x10 1x30"}, "20m"),
    "GannetLeaseNotHeld": ({f"gannet_lease_held{ONE}": "0x10"}, {f"gannet_lease_held{ONE}": "1x10"}, "5m"),
    "GannetQueueNearlyFull": (
        {'gannet_queue_depth{queue="spans"}': "900x20", 'gannet_queue_limit{queue="spans"}': "1000x20"},
        {'gannet_queue_depth{queue="spans"}': "700x20", 'gannet_queue_limit{queue="spans"}': "1000x20"}, "10m"),
    "GannetSpansDropped": ({'gannet_trace_spans_total{outcome="dropped_full"}': "0+5x60"},
                           {'gannet_trace_spans_total{outcome="exported"}': "0+5x60",
                            'gannet_trace_spans_total{outcome="dropped_full"}': "7x60"}, "45m"),
    "GannetMetricLabelsRefused": ({'gannet_metric_labels_refused_total{metric="m"}': "0+1x30"},
                                  {'gannet_metric_labels_refused_total{metric="m"}': "4x30"}, "20m"),
    "GannetUnknownOrders": ({"gannet_unknown_order_seconds": "30+60x10"}, {"gannet_unknown_order_seconds": "0 20 0 40 0 0 0"}, "5m"),
    "GannetVerdictsUnanswered": ({"gannet_unanswered_verdict_seconds": "6+60x10"}, {"gannet_unanswered_verdict_seconds": "1x10"}, "3m"),
    "GannetServiceSilent": ({'gannet_service_open{service="execution"}': "0x10"}, {'gannet_service_open{service="execution"}': "1 0 1 1 1 1 1"}, "3m"),
    "GannetReconciliationBreak": ({"gannet_reconciliation_breaks": "1x10"}, {"gannet_reconciliation_breaks": "0x10"}, "5m"),
    "GannetReconciliationMissing": (
        {'gannet_reconciliations_total{outcome="done"}': "5x30", "gannet_uptime_seconds": "0+60x30"},
        {'gannet_reconciliations_total{outcome="done"}': "0+1x30", "gannet_uptime_seconds": "0+60x30"}, "20m"),
    "GannetForeignOrders": ({"gannet_foreign_orders_total": "0x5 1x20"}, {"gannet_foreign_orders_total": "3x30"}, "10m"),
    "GannetAccountEvent": ({'gannet_counts_total{what="account_liquidation"}': "0x5 1x20"},
                           {'gannet_counts_total{what="account_liquidation"}': "3x30"}, "10m"),
    "GannetVenueStreamDown": ({"gannet_venue_stream_up": "0x10"}, {"gannet_venue_stream_up": "1 0 1 1 1 1 1"}, "5m"),
    "GannetOrderSocketDown": ({"gannet_order_socket_up": "0x20"}, {"gannet_order_socket_up": "0x8 1 0x8"}, "15m"),
    "GannetKillSwitchOn": ({"gannet_kill_switches": "1x10"}, {"gannet_kill_switches": "0x10"}, "2m"),
    "GannetExposureNearLimit": ({'gannet_exposure_ratio{scope="account",limit="gross"}': "0.95x20"},
                                {'gannet_exposure_ratio{scope="account",limit="gross"}': "0.95 0.5 0.95 0.5 0.95 0.5 0.5x9"}, "10m"),
    "GannetLossNearLimit": ({'gannet_drawdown_ratio{scope="firm",limit="daily_loss"}': "0.85x10"},
                            {'gannet_drawdown_ratio{scope="firm",limit="daily_loss"}': "0.5x10"}, "3m"),
    # A closed market is quiet: that is no alert.
    "GannetMarketDataStale": (
        {'gannet_market_data_age_seconds{venue="v"}': "20+60x10", 'gannet_market_open{venue="v"}': "1x10"},
        {'gannet_market_data_age_seconds{venue="v"}': "20+60x10", 'gannet_market_open{venue="v"}': "0x10"}, "5m"),
    "GannetBooksInvalid": (
        {'gannet_books{venue="v",state="gap"}': "3x10", 'gannet_books{venue="v",state="valid"}': "7x10", 'gannet_market_open{venue="v"}': "1x10"},
        {'gannet_books{venue="v",state="gap"}': "10x10", 'gannet_market_open{venue="v"}': "0x10"}, "5m"),
    "GannetFeedGaps": ({'gannet_feed_gaps_total{venue="v"}': "0+30x30"}, {'gannet_feed_gaps_total{venue="v"}': "0+1x30"}, "20m"),
    "GannetFeedUndecodable": ({'gannet_feed_undecodable_total{venue="v"}': "0+30x30"}, {'gannet_feed_undecodable_total{venue="v"}': "0+1x30"}, "15m"),
    "GannetModelDrifted": ({"gannet_model_drift_state": "3x30"}, {"gannet_model_drift_state": "4x30"}, "20m"),
    "GannetModelFailing": ({"gannet_model_failures_total": "0+1x30"}, {"gannet_model_failures_total": "2x30"}, "20m"),
    "GannetModelStopped": ({"gannet_models_stopped": "1x10"}, {"gannet_models_stopped": "0x10"}, "5m"),
    "GannetTopicHalted": ({"gannet_bus_halted_partitions": "1x10"}, {"gannet_bus_halted_partitions": "0x10"}, "2m"),
    "GannetDeadLetters": ({"gannet_dead_letters_total": "0x5 1x20"}, {"gannet_dead_letters_total": "9x30"}, "8m"),
    "GannetBusLag": ({"gannet_bus_lag_events": "20000x20"}, {"gannet_bus_lag_events": "9000x20"}, "10m"),
    "GannetReportStoreFailing": ({"gannet_report_store_failing": "1x10"}, {"gannet_report_store_failing": "0x10"}, "5m"),
    "GannetSessionsUnavailable": ({'gannet_counts_total{what="redis_lost"}': "0+40x10"},
                                  {'gannet_counts_total{what="redis_lost"}': "0 1 1 2 2 2 3 3 3 3 3", 'gannet_counts_total{what="redis_answered"}': "0+500x10"}, "6m"),
    "GannetNotificationsFailing": ({'gannet_counts_total{what="notify_refused"}': "0x5 1x20"}, {'gannet_counts_total{what="notify_retried"}': "0+9x30"}, "8m"),
    "GannetReportsOverdue": ({"gannet_reports_overdue": "1x20"}, {"gannet_reports_overdue": "0x20"}, "15m"),
}

# Of each objective: series that count its events, good and bad ones a minute.
def orders(good, bad):
    return {'gannet_exec_reports_total{kind="JOURNALED"}': f"0+{good + bad}x{{n}}", 'gannet_exec_reports_total{kind="UNKNOWN"}': f"0+{bad}x{{n}}"}


def timed(metric, bound):
    return lambda good, bad: {f"{metric}_count": f"0+{good + bad}x{{n}}", f'{metric}_bucket{{le="{bound}"}}': f"0+{good}x{{n}}"}


def requests(good, bad):
    return {'gannet_http_requests_total{class="2xx"}': f"0+{good}x{{n}}", 'gannet_http_requests_total{class="5xx"}': f"0+{bad}x{{n}}"}


BUDGETS = {"GannetOrderPathBudget": (orders, 0.0005), "GannetSignalToOrderBudget": (timed("gannet_signal_to_order_seconds", "0.05"), 0.05),
           "GannetRiskVerdictBudget": (timed("gannet_risk_decision_seconds", "0.001"), 0.01),
           "GannetTickFreshnessBudget": (timed("gannet_tick_age_seconds", "0.25"), 0.005), "GannetGatewayBudget": (requests, 0.001)}
BUDGET_STEP = 2  # minutes: the shortest window is five
LONG = 10 * 60 // BUDGET_STEP  # a window longer than what there is takes what there is


def budget_tests(alert, series, budget):
    def test(name, good, bad, steps, fast, slow):
        filled = {one: values.format(n=steps) for one, values in series(good, bad).items()}
        yield case(f"{alert}: {name}", filled, f"{(steps - 1) * BUDGET_STEP}m", {f"{alert}FastBurn": fast, f"{alert}SlowBurn": slow}, alert)

    per_minute = 100_000  # a step
    yield from test("healthy: half of what is allowed", per_minute, round(per_minute * budget * 0.5), LONG, False, False)
    yield from test("slow burn: twice what is allowed, for days", per_minute, round(per_minute * budget * 2), LONG, False, True)
    if 16 * budget < 1:
        yield from test("fast burn: sixteen times what is allowed, for two hours", round(per_minute * (1 - 16 * budget)),
                        round(per_minute * 16 * budget), 180 // BUDGET_STEP, True, True)
    yield from test("a handful of events, all bad, is no statistic", 0, 0.01, LONG, False, False)
    yield case(f"{alert}: no data", {}, "2h", {f"{alert}FastBurn": False, f"{alert}SlowBurn": False}, alert)
    filled = {one: values.format(n=300).replace("+0x", "+0x") for one, values in series(0, 0).items()}
    yield case(f"{alert}: market closed, nothing counts on", filled, "4h", {f"{alert}FastBurn": False, f"{alert}SlowBurn": False}, alert)


def case(name, series, when, expected, budget=None):
    """expected: alert → whether it fires; budget: the objective's alert whose rules are enough for it."""
    return {"name": name, "series": series, "when": when, "expected": expected, "budget": budget}


def cases():
    yield case("no data", {}, "10m", {"GannetNoData": True})
    yield case("data", {f"gannet_ready{ONE}": "1x20"}, "10m", {"GannetNoData": False})
    for alert, (bad, good, when) in SIMPLE.items():
        yield case(f"{alert} fires", bad, when, {alert: True})
        yield case(f"{alert} keeps quiet", good, when, {alert: False})
    for alert, (series, budget) in BUDGETS.items():
        yield from budget_tests(alert, series, budget)


def only(budget, folder):
    """The rules of one objective: the others would be computed for nothing, thousands of times."""
    text = pathlib.Path("charts/gannet/files/rules/gannet-slo.yaml").read_text()
    slo = re.search(rf"alert: {budget}FastBurn.*?slo: ([a-z-]+)", text, re.S).group(1)
    head, *blocks = re.split(r"(?m)^(?= {6}- (?:alert|record):|  - name:)", text)
    path = folder / f"{budget}-rules.yaml"
    path.write_text(head + "".join(block for block in blocks if "- name:" in block or f"slo: {slo}}}" in block))
    return path


def firing(one):
    """promtool says of each alert whether it is what was expected; labels are not compared: the count of firing series is."""
    expressions = [{"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > 0 or vector(0)', "eval_time": one["when"],
                    "exp_samples": [{"labels": "{}", "value": 1 if fires else 0}]} for alert, fires in one["expected"].items()]
    return {"interval": f"{BUDGET_STEP if one['budget'] else 1}m", "name": one["name"], "input_series": [{"series": s, "values": v} for s, v in one["series"].items()],
            "promql_expr_test": [{**e, "expr": e["expr"].replace("> 0 or", "> bool 0 or")} for e in expressions]}


def check_texts():
    """Static promises of the rules; the alerts found."""
    problems, alerts = [], set()
    known = set(re.findall(r'"(gannet_[a-z0-9_]+)"', NAMES))
    tested = set(SIMPLE) | {"GannetNoData"} | {b + k for b in BUDGETS for k in ("FastBurn", "SlowBurn")}
    for path in RULES:
        text = path.read_text()
        for name in set(re.findall(r"\bgannet_[a-z0-9_]+", text)):
            if name not in known and re.sub(r"_(bucket|count|sum)$", "", name) not in known:
                problems.append(f"{path}: no program has metric {name}")
        for block in re.split(r"(?m)^ {6}- (?=alert:|record:)", text)[1:]:
            if not block.startswith("alert:"):
                continue
            alert = block.split("\n")[0].removeprefix("alert: ")
            alerts.add(alert)
            if not re.search(r"severity: (page|ticket), team: (trading|platform|research)\b", block) or "summary:" not in block:
                problems.append(f"{path}: {alert} lacks severity, team or summary")
            runbook = re.search(r"runbook_url: (\S+)", block)
            if runbook is None or not pathlib.Path(runbook.group(1)).is_file():
                problems.append(f"{path}: the runbook of {alert} does not exist")
                continue
            page = pathlib.Path(runbook.group(1)).read_text()
            missing = [h for h in ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation") if h not in page]
            if missing or not re.search(rf"\b{re.sub('(Fast|Slow)Burn$', '', alert)}", page):
                problems.append(f"{runbook.group(1)}: lacks {missing or 'the name ' + alert}")
    watched = re.search(r"kObjectives = \{(.*?)\}", pathlib.Path("apps/gannet/canary_judge.h").read_text(), re.S)
    promised = re.findall(r"record: gannet:slo_burn:rate_5m\s+labels: \{slo: ([a-z-]+)\}", pathlib.Path("charts/gannet/files/rules/gannet-slo.yaml").read_text())
    if not promised or promised != re.findall(r'"([a-z-]+)"', watched.group(1)):
        problems.append(f"apps/gannet/canary_judge.h: the objectives are {', '.join(promised)}")
    for alert in sorted(alerts ^ tested):
        problems.append(f"{alert}: {'has no test' if alert in alerts else 'is tested, but there is no such alert'}")
    return problems


def main():
    problems = check_texts()
    for problem in problems:
        print(problem)
    if subprocess.run([sys.executable, "tools/make-rules", "--check"], check=False).returncode != 0:
        sys.exit(1)
    if problems:
        sys.exit(1)
    promtool = shutil.which("promtool")
    if promtool is None:
        print("SKIPPED: promtool is not installed (package prometheus)")
        sys.exit(4)
    subprocess.run([promtool, "check", "rules", *map(str, RULES)], check=True, stdout=subprocess.DEVNULL)
    everything = list(cases())
    with tempfile.TemporaryDirectory() as folder:
        for budget in (None, *BUDGETS):
            rules = [p.resolve() for p in RULES if "slo" not in p.name] if budget is None else [only(budget, pathlib.Path(folder))]
            file = pathlib.Path(folder, f"{budget}.json")  # JSON is YAML
            file.write_text(json.dumps({"rule_files": [str(p) for p in rules], "evaluation_interval": f"{BUDGET_STEP if budget else 1}m",
                                        "tests": [firing(one) for one in everything if one["budget"] == budget]}))
            done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                print(done.stdout[-6000:], done.stderr[-6000:])
                sys.exit(1)
    print(f"{len(everything)} cases, {len({a for one in everything for a in one['expected']})} alerts: passed")


main()
