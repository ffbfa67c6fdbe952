"""charts/gannet/files/alertmanager by Alertmanager's own amtool: whom each alert of the rules goes to, that what is inhibited
and matched are alerts that there are, and what a mail says.

usage: alertmanager_test.py (from the project's root). Ends with 0, 1 (failed) or 4 (skipped: amtool is not installed).
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CONFIG = pathlib.Path("charts/gannet/files/alertmanager/alertmanager.yaml")
TEMPLATES = CONFIG.with_name("gannet.tmpl")
# Told beside the notifier, since they may mean that it is gone.
BOTH_WAYS = {"GannetNoData", "GannetNotReady", "GannetReportStoreFailing", "GannetNotificationsFailing"}
failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
        print(f"FAILED: {text}")


def amtool(*arguments):
    return subprocess.run([shutil.which("amtool"), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30)


def alerts():
    """name → labels, of all rules."""
    found = {}
    for path in pathlib.Path("charts/gannet/files/rules").glob("*.yaml"):
        for name, labels in re.findall(r"- alert: (\w+)\n(?:.*\n)*?\s+labels: \{([^}]*)\}", path.read_text()):
            found[name] = dict(pair.split(": ") for pair in labels.split(", "))
    return found


def routes(known):
    for name, labels in known.items():
        done = amtool("config", "routes", "test", "--config.file", CONFIG, f"alertname={name}", *(f"{key}={value}" for key, value in labels.items()))
        wanted = {"page": {"pages"}, "ticket": {"tickets"}}[labels["severity"]] | ({"fallback"} if name in BOTH_WAYS else set())
        check(set(done.stdout.strip().split(",")) == wanted, f"{name} goes to {done.stdout.strip()}{done.stderr}, not to {wanted}")


def matchers(known):
    """Every alert that a matcher means is one."""
    text = CONFIG.read_text()
    for operator, value in re.findall(r'alertname(=~|=)"([^"]*)"', text):
        for each in value.split("|"):
            there = [name for name in known if (re.fullmatch(each, name) if operator == "=~" else each == name)]
            check(there, f"{CONFIG}: no alert is called {each}")
    check({name for name in BOTH_WAYS if name in text} == BOTH_WAYS, "the route that leads around the notifier")
    check(not re.search(r"password:|bearer_token:|credentials: ", text), f"{CONFIG}: a secret belongs in a file")


def mail():
    one = {"status": "firing", "labels": {"alertname": "GannetNoData", "severity": "page", "team": "platform"},
           "annotations": {"summary": "No <process> tells its state.", "runbook_url": "docs/runbooks/no-data.md"}, "startsAt": "2026-01-02T03:04:05Z"}
    data = {"status": "firing", "alerts": [one], "groupLabels": {"alertname": "GannetNoData"}, "commonLabels": one["labels"], "commonAnnotations": {}, "externalURL": "http://a"}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(data, file)
        file.flush()
        said = {name: amtool("template", "render", "--template.glob", TEMPLATES, "--template.data", file.name,
                             "--template.text", f'{{{{ template "{name}" . }}}}') for name in ("gannet.title", "gannet.text", "gannet.html")}
    for name, done in said.items():
        check(done.returncode == 0, f"{name}: {done.stderr}")
    check("[FIRING 1] page GannetNoData (platform)" in said["gannet.title"].stdout, f"title: {said['gannet.title'].stdout}")
    for name in ("gannet.text", "gannet.html"):
        check("https://runbooks.invalid/docs/runbooks/no-data.md" in said[name].stdout, f"{name} lacks its runbook: {said[name].stdout}")
        check("2026-01-02 03:04:05 UTC" in said[name].stdout, f"{name} lacks the time")


def main():
    known = alerts()
    check(len(known) > 30, f"{len(known)} alerts were found")
    matchers(known)
    if shutil.which("amtool") is None:
        print("SKIPPED: amtool is not installed (package prometheus-alertmanager)")
        sys.exit(1 if failures else 4)
    checked = amtool("check-config", CONFIG)
    check(checked.returncode == 0, f"amtool check-config: {checked.stdout}{checked.stderr}")
    routes(known)
    mail()
    print(f"{len(known)} alerts to the right people, texts rendered" if not failures else f"FAILED: {len(failures)}")
    sys.exit(1 if failures else 0)


main()
