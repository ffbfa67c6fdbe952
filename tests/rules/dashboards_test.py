"""The Grafana dashboards that chart and Compose ship, against what the programs really have: each metric, label and value
that a panel asks for exists, is asked for as what it is, and each metric has a panel; runbooks name the panel to look at.

usage: dashboards_test.py [BIN] (from the project's root). BIN: where `gannet` is; without it docs/metrics.md is believed.
Ends with 0 or 1. What needs promtool or an exporter is said to be left out where these are not installed.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, "tools")
import dashboards

FOLDER = pathlib.Path("charts/gannet/files/dashboards")
RUNBOOKS = pathlib.Path("docs/runbooks")
# Names of Grafana's units; another one would be printed as text.
UNITS = {"none", "s", "percentunit", "cpm", "ops", "reqps", "bytes", "Bps"}
COMMON = {"job", "instance", "namespace"}
failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
        print(f"FAILED: {text}")


def registry(folder):
    """Metric → (type, labels), as the program prints them."""
    if folder is not None:
        page = subprocess.run([pathlib.Path(folder, "gannet"), "metrics"], capture_output=True, text=True, check=True, timeout=30).stdout
    else:
        page = pathlib.Path("docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(gannet_\w+)` \| (\w+) \|[^|]*\|([^|]*)\|", page, re.M)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def recorded():
    text = "".join(path.read_text() for path in pathlib.Path("charts/gannet/files/rules").glob("*.yaml"))
    return set(re.findall(r"record: (\S+)", text))


def said_in_sources():
    """Every text in quotes of the programs."""
    found = set()
    for folder in ("libs", "services"):
        for path in pathlib.Path(folder).rglob("*.cc"):
            if not path.name.endswith("_test.cc"):
                found.update(re.findall(r'"([\w.-]+)"', path.read_text()))
    return found


def base(name, known):
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and known.get(name.removesuffix(suffix), ("",))[0] == "histogram":
            return name.removesuffix(suffix)
    return name


def of_others(name):
    return next((names for prefix, names in dashboards.FOREIGN.items() if name.startswith(prefix)), None)


def expression(where, text, known, records, literals):
    """What is wrong with one; yields the metrics of ours in it."""
    labels_at_hand = set(COMMON)
    for name, inside in re.findall(r"\b(gannet[:_][\w:]+|ALERTS|(?:node|pg|kafka)_\w+)(?:\{([^}]*)\})?", text):
        if name.startswith("gannet:"):
            check(name in records, f"{where}: no rule records {name}")
            labels_at_hand.add("slo")
            continue
        if (others := of_others(name)) is not None:
            check(name in others, f"{where}: {name} is not among the metrics of tools/dashboards.py, FOREIGN")
            continue
        one = base(name, known)
        if one not in known:
            check(False, f"{where}: no program has metric {name}")
            continue
        kind, labels = known[one]
        labels = labels | COMMON | ({"le"} if name.endswith("_bucket") else set())
        labels_at_hand |= labels
        check(kind != "histogram" or one != name, f"{where}: {name} is a histogram: ask for its _bucket or _count")
        rated = re.search(rf"(rate|increase)\({name}\{{[^}}]*\}}\[", text) is not None
        check(rated == (kind != "gauge"), f"{where}: {name} is a {kind}, {'and' if rated else 'and not'} rated")
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', inside):
            check(label in labels, f"{where}: {name} has no label {label}, it has {sorted(labels)}")
            if label not in COMMON | {"le"} and "*" not in value:
                for each in value.split("|"):
                    check(each in literals, f"{where}: no program says {label}={each}")
        yield one
    if not any(of_others(name) for name in re.findall(r"\b[a-zA-Z_]\w+", text)):
        for by in re.findall(r"by \(([^)]*)\)", text):
            for label in by.split(", "):
                check(label in labels_at_hand, f"{where}: by ({label}), and no metric there has it")
    check("histogram_quantile" not in text or "_bucket" in text, f"{where}: a quantile of no histogram")


def one_dashboard(made, known, records, literals):
    """Structure and expressions; yields metrics that are shown."""
    ids, titles, taken = set(), set(), set()
    for panel in made["panels"]:
        where = f"{made['title']}, {panel['title']}"
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        check(at["x"] + at["w"] <= 24 and not cells & taken, f"{where}: lies over another panel or beyond the edge")
        check(panel["id"] not in ids and panel["title"] not in titles, f"{where}: its number or title is there twice")
        taken |= cells
        ids.add(panel["id"])
        titles.add(panel["title"])
        if panel["type"] == "row":
            continue
        check(panel["fieldConfig"]["defaults"]["unit"] in UNITS, f"{where}: unit {panel['fieldConfig']['defaults']['unit']}")
        check(len(panel["description"]) > 8 and panel["targets"], f"{where}: has no description or asks nothing")
        for target in panel["targets"]:
            yield from expression(where, target["expr"], known, records, literals)
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                check(label in ("alertname", "le") or re.search(rf"by \([^)]*\b{label}\b", target["expr"]) or " by " not in target["expr"],
                      f"{where}: its legend names {label}, which the sum leaves out")


def runbooks():
    """Each page says which panel to look at first, and that panel names the page."""
    first = {}
    for one in dashboards.all_dashboards():
        for _, panels in one.rows:
            for panel in panels:
                if panel.runbook:
                    check(panel.runbook not in first, f"two panels are the first look of {panel.runbook}")
                    first[panel.runbook] = f"- Dashboard *{one.title}*, panel *{panel.title}*."
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    for name in sorted(pages ^ first.keys()):
        check(False, f"{name}: {'no panel is its first look' if name in pages else 'a panel names a runbook that is not there'}")
    for name in sorted(pages & first.keys()):
        check(first[name] in (RUNBOOKS / f"{name}.md").read_text(), f"docs/runbooks/{name}.md lacks: {first[name]}")
    return len(pages)


def promtool(expressions):
    if shutil.which("promtool") is None:
        return "promtool is not installed, the queries were not parsed"
    plain = [text.replace("$__rate_interval", "5m") for text in expressions]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"groups": [{"name": "g", "rules": [{"record": f"r{number}", "expr": text} for number, text in enumerate(plain)]}]}, file)
        file.flush()
        done = subprocess.run([shutil.which("promtool"), "check", "rules", file.name], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"promtool does not read a query: {done.stdout}{done.stderr}")
    return f"{len(plain)} queries that promtool reads"


def node_exporter():
    """The real one has what panels ask of it."""
    program = shutil.which("prometheus-node-exporter")
    if program is None:
        return "node_exporter is not installed, its metrics are believed"
    port = subprocess.run(["tools/free-port"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    running = subprocess.Popen([program, f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        text, end = "", time.monotonic() + 60
        while not text and time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    text = answer.read().decode()
            except OSError:
                time.sleep(0.2)
    finally:
        running.terminate()
        running.wait(60)
    names = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    for name in dashboards.FOREIGN["node_"]:
        # A sandbox may have no disks.
        check(name in names or name.startswith("node_disk_") and not any(n.startswith("node_disk_") for n in names), f"node_exporter has no {name}")
    return f"{len(dashboards.FOREIGN['node_'])} metrics that a real node_exporter has"


def main():
    if subprocess.run([sys.executable, "-B", "tools/make-dashboards", "--check"], check=False).returncode != 0:
        sys.exit(1)
    known, records, literals = registry(sys.argv[1] if len(sys.argv) > 1 else None), recorded(), said_in_sources()
    check(len(known) > 50, f"the registry has {len(known)} metrics")
    made = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    shown = set()
    for one in made:
        shown |= set(one_dashboard(one, known, records, literals))
    check(len({one["uid"] for one in made}) == len(made), "two dashboards have one uid")
    for name in sorted(known.keys() - shown):
        check(False, f"{name} is on no dashboard")
    asked = {name for one in made for panel in one["panels"] for target in panel.get("targets", [])
             for name in re.findall(r"\b(?:node|pg|kafka)_\w+", target["expr"])}
    for name in sorted({name for names in dashboards.FOREIGN.values() for name in names} - asked - {"ALERTS"}):
        check(False, f"FOREIGN has {name}, and no panel asks for it")
    pages = runbooks()
    said = [promtool([target["expr"] for one in made for panel in one["panels"] for target in panel.get("targets", [])]), node_exporter()]
    panels = sum(panel["type"] != "row" for one in made for panel in one["panels"])
    print(f"{len(made)} dashboards, {panels} panels, {len(shown)} metrics of ours, {pages} runbooks; {'; '.join(said)}")
    sys.exit(1 if failures else 0)


main()
