"""Who may reach whom: the chart's tables against the sources, and the rendered network
policies, evaluated as a cluster would, against the table of edges."""
import re

import yaml

from chart import ROOT, edges, facts, matches, of_kind, workloads

OUTSIDE = {"clients", "operators", "prometheus", "venues", "alertmanager", "channels"}
BUNDLED = {"kafka": 9093, "postgres": 5432, "redis": 6379, "venue-sim": 8443}
HTTPS, ADMIN, ALERTS = 8443, 9464, 7190


def source(path):
    return (ROOT / path).read_text()


def against_sources():
    """What files/services.yaml and files/edges.yaml say that the programs do not, or the reverse."""
    ports = dict(re.findall(r'\{"([a-z-]+)", (\d+)\}', source("libs/api/ports.h")))
    programs = {path.parent.name for path in (ROOT / "services").glob("*/main.cc")}
    stated = {fact["program"] for fact in facts().values()}
    if programs - {"venue-sim"} != stated:
        yield f"services of the chart are {sorted(stated)}, of the sources {sorted(programs)}"
    for name, fact in facts().items():
        main = source(f"services/{fact['program']}/main.cc")
        if ports.get(fact["program"]) != str(fact["port"]):
            yield f"{name}: port {fact['port']}, libs/api/ports.h says {ports.get(fact['program'])}"
        if fact["lease"] != ("single_writer = true" in main):
            yield f"{name}: lease is {fact['lease']}, its main.cc says otherwise"
        config = source(f"services/{fact['program']}/config.cc")
        if fact["store"] != ('"postgres"' in config):
            yield f"{name}: store is {fact['store']}, its config.cc says otherwise"
        if fact["redis"] != ('"redis"' in config):
            yield f"{name}: redis is {fact['redis']}, its config.cc says otherwise"
        # A journal whose positions make the ids of what it decides: with several, of each its own.
        if (fact["scales"] and fact["bus"]) != ("numbered = true" in main):
            yield f"{name}: scales is {fact['scales']}, its main.cc says otherwise"
    table = edges()
    pairs = [(row["from"], row["to"], row.get("port")) for row in table]
    if len(pairs) != len(set(pairs)):
        yield "an edge is stated twice"
    for fro, to, _ in pairs:
        for end in (fro, to):
            if end not in {*facts(), *OUTSIDE, *BUNDLED, "topics", "tests", "canary", "contract"}:
                yield f"edge {fro} → {to}: nothing is called {end}"
    wanted = {
        "kafka": {name for name, fact in facts().items() if fact["bus"]} | {"topics"},
        "postgres": {name for name, fact in facts().items() if fact["lease"] or fact["store"]} | {"contract"},
        "redis": {name for name, fact in facts().items() if fact["redis"]},
        # Who has addresses of venues or feeds in its configuration.
        "venues": {name for name in facts() if "rest_url" in source(f"services/{facts()[name]['program']}/config.cc")},
    }
    wanted["venue-sim"] = wanted["venues"]
    for to, froms in wanted.items():
        have = {fro for fro, end, _ in pairs if end == to}
        if have != froms:
            yield f"edges to {to} come from {sorted(have)}, the sources say {sorted(froms)}"
    if {to for fro, to, _ in pairs if fro == "canary"} != {"prometheus", "gateway"}:
        yield "the canary asks Prometheus, and halts by way of the gateway"
    if {to for fro, to, _ in pairs if fro == "prometheus"} != set(facts()):
        yield "prometheus reaches every program"
    # Services meet on the bus: none calls another.
    for fro, to, _ in pairs:
        if fro in facts() and to in facts():
            yield f"edge {fro} → {to}: services do not call each other"
    # Who takes commands at its own door (docs/rpc.md) is for operators; the gateway for clients.
    if {to for fro, to, _ in pairs if fro == "operators"} != {name for name, fact in facts().items() if fact["lease"]}:
        yield "operators reach what takes commands itself: strategy, risk, execution"


def allowed(policies, pods, fro, to, port):
    """Whether the policies let `fro` open a connection to `to`: as a cluster decides."""
    def side(pod, other, kind, key):
        mine = [each for each in policies if matches(each["spec"]["podSelector"], pods[pod]) and kind in each["spec"]["policyTypes"]]
        if not mine:
            return True
        for each in mine:
            for line in each["spec"].get(kind.lower(), []):
                peers = [peer for peer in line[key] if "podSelector" in peer and "namespaceSelector" not in peer]
                if any(matches(peer["podSelector"], pods[other]) for peer in peers) and any(p["port"] == port and p["protocol"] == "TCP" for p in line["ports"]):
                    return True
        return False
    return side(fro, to, "Egress", "to") and side(to, fro, "Ingress", "from")


def against_policies(objects):
    """Every pair of the release's pods and every port of theirs."""
    policies = of_kind(objects, "NetworkPolicy")
    if not policies:
        return
    pods = {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["metadata"]["labels"] for _, _, pod in workloads(objects)}
    listens = {name: {facts()[name]["port"], ADMIN} if name in facts() else {BUNDLED[name]} if name in BUNDLED else set() for name in pods}
    listens.setdefault("gateway", set()).add(HTTPS) if "gateway" in pods else None
    listens.setdefault("reporting", set()).add(ALERTS) if "reporting" in pods else None
    own = {"https": HTTPS, "admin": ADMIN, "alerts": ALERTS}
    stated = {(row["from"], row["to"], own[row["port"]] if row.get("port") in own else facts().get(row["to"], {}).get("port", BUNDLED.get(row["to"])))
              for row in edges()}
    # The default of `clients` are the pods of the namespace, and so those of the release too: but
    # these may not send there.
    for fro in pods:
        for to in pods:
            for port in listens[to]:
                if allowed(policies, pods, fro, to, port) != ((fro, to, port) in stated):
                    yield f"{fro} → {to}:{port} is {'allowed' if allowed(policies, pods, fro, to, port) else 'denied'} against files/edges.yaml"


def notifier(objects):
    """From Alertmanager's ConfigMap to the program: address, port, policy, token and trust."""
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    receivers = yaml.safe_load(by_name["ConfigMap", "gannet-alertmanager"]["data"]["alertmanager.yaml"])["receivers"]
    hooks = [hook for each in receivers for hook in each.get("webhook_configs", [])]
    service = by_name["Service", "gannet-reporting"]
    port = next((each for each in service["spec"]["ports"] if each["name"] == "alerts"), {"port": None, "targetPort": None})
    for hook in hooks:
        if hook["url"] != f"https://gannet-reporting.trading.svc:{port['port']}/alerts":
            yield f"Alertmanager posts to {hook['url']}, the Service has {port}"
        if set(hook["http_config"]) != {"authorization", "tls_config"}:
            yield f"Alertmanager shows no token or trusts nobody: {hook['http_config']}"
    if not hooks:
        yield "Alertmanager has no web hook"
    pod = by_name["StatefulSet", "gannet-reporting"]["spec"]["template"]
    listens = {each["name"]: each["containerPort"] for each in pod["spec"]["containers"][0]["ports"]}
    program = yaml.safe_load(by_name["ConfigMap", "gannet-reporting"]["data"]["service.yaml"]).get("notify", {}).get("alerts", {})
    if program.get("address") != "0.0.0.0" or not {program.get("port"), listens.get(port["targetPort"])} == {ALERTS}:
        yield f"the program listens at {program}, its pod says {listens}"
    letting = [line for each in of_kind(objects, "NetworkPolicy") if matches(each["spec"]["podSelector"], pod["metadata"]["labels"])
               for line in each["spec"].get("ingress", []) if ALERTS in {each["port"] for each in line["ports"]}]
    froms = [peer["podSelector"]["matchLabels"] for line in letting for peer in line["from"]]
    if froms != [{"app.kubernetes.io/name": "alertmanager"}]:
        yield f"alerts are let in from {froms}"
    if {443, 587} - {port for cidr, port in outside(objects).get("reporting", set()) if cidr == "0.0.0.0/0"}:
        yield "the notifier reaches no channel"


def outside(objects):
    """The addresses and ports beyond the cluster that each component may reach."""
    found = {}
    for each in of_kind(objects, "NetworkPolicy"):
        who = each["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        for line in each["spec"].get("egress", []):
            for peer in line["to"]:
                if "ipBlock" in peer:
                    found.setdefault(who, set()).update((peer["ipBlock"]["cidr"], port["port"]) for port in line["ports"])
    return found
