#!/usr/bin/env python3
"""The chart charts/gannet, as Helm renders it: no cluster is needed. What it can't show
(that pods start, that policies block) takes a cluster.

usage: chart_test.py [--update] [--bin FOLDER]

--update rewrites golden/ and the table of the chart's README. --bin: the programs, which then
read the configurations that the chart renders. Exit codes: 0 passed, 1 failed, 4 a tool
could not be had.
"""
import argparse
import copy
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

from tools import packages, tool

packages()

import kubernetes_validate
import yaml

import policy
import readme
import refused
import topology
from chart import APIS, CASES, CHART, Helm, Refused, called, component, facts, of_kind, template_of, workloads

APIS_OF_OTHERS = [api for each in APIS.values() for api in each]
GOLDEN = ("minimal", "bundled")  # what is least, and what has most
KINDS_OF_OTHERS = {"PrometheusRule", "ScaledObject", "ServiceMonitor"}  # whose schema does not come with Kubernetes
failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
        print(f"FAILED: {text}")
    return holds


def section(name, count):
    print(f"{name}: {count}", flush=True)


def renders(helm, pool):
    """Every case lints and renders; at least ten there are."""
    check(len(CASES) >= 10, f"there are only {len(CASES)} values files in ci/")
    linted = list(pool.map(helm.lint, CASES))
    for case, (code, said) in zip(CASES, linted):
        check(code == 0, f"helm lint --strict, {case}: {said}")
    texts = dict(zip(CASES, pool.map(helm.text, CASES)))
    section("cases linted and rendered", len(texts))
    return texts


def schemas(rendered):
    seen = set()
    for case, objects in rendered.items():
        for one in objects:
            text = json.dumps(one)
            if one["kind"] in KINDS_OF_OTHERS or text in seen:
                continue
            seen.add(text)
            for version in ("1.30", "1.35"):
                try:
                    kubernetes_validate.validate(one, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    check(False, f"{case}: {called(one)} is no object of Kubernetes {version}: {error.message} at {list(error.path)}")
    section("objects that Kubernetes 1.30 and 1.35 take, unknown fields refused", len(seen))


def policies(rendered):
    for case, objects in rendered.items():
        for problem in policy.problems(objects):
            check(False, f"{case}: {problem}")
    section("rules over the objects of each case", len(policy.RULES))
    missing = [name for name in facts() if not any(called(one).endswith(f"-{name}") for objects in rendered.values() for one in of_kind(objects, "StatefulSet", "Deployment"))]
    check(not missing, f"no case renders {missing}")


def the_rules_bite(rendered):
    """A rule that never says anything is none: each is shown a release that breaks it."""
    for name, spoil in BROKEN.items():
        objects = copy.deepcopy(rendered["ha"])
        spoil(objects)
        check(any(problem.startswith(f"{name}: ") for problem in policy.problems(objects)), f"{name} finds nothing wrong with a release that breaks it")
    check(set(BROKEN) == {each.__name__ for each in policy.RULES}, "each rule needs a release that breaks it")


def named(objects, kind, name):
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == f"gannet-{name}")


def risk(objects):
    return template_of(named(objects, "StatefulSet", "risk"))["spec"]


BROKEN = {
    "restricted_pods": lambda all: risk(all)["securityContext"].update(runAsUser=0),
    "images_are_pinned": lambda all: risk(all)["containers"][0].update(image="registry:5000/gannet-risk"),
    "resources_are_stated": lambda all: risk(all)["containers"][0]["resources"].pop("limits"),
    "life_of_containers": lambda all: risk(all).update(terminationGracePeriodSeconds=30),
    "services_reach_containers": lambda all: named(all, "Service", "risk")["spec"]["ports"][0].update(targetPort="web"),
    "single_writers": lambda all: named(all, "StatefulSet", "risk")["spec"].update(replicas=2),
    "scalers_and_budgets": lambda all: all.remove(named(all, "PodDisruptionBudget", "inference")),
    "names_fit": lambda all: named(all, "StatefulSet", "risk")["metadata"].update(name="x" * 53),
    "selectors_are_exact": lambda all: named(all, "StatefulSet", "risk")["spec"]["selector"]["matchLabels"].popitem(),
    "no_secret_is_rendered": lambda all: risk(all)["containers"][0].update(env=[{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {}}}]),
    "jobs_end": lambda all: of_kind(all, "Job")[0]["spec"].pop("activeDeadlineSeconds"),
    "files_are_mounted": lambda all: risk(all)["containers"][0]["volumeMounts"].pop(),
    "ports_agree": lambda all: risk(all)["containers"][0]["ports"][0].update(containerPort=7100),
    "metrics_are_found": lambda all: all.append({"kind": "ServiceMonitor", "metadata": {"name": "m", "labels": {}}, "spec": {
        "selector": {"matchLabels": {"app": "other"}}, "endpoints": [{"port": "admin"}]}}),
    "network_is_closed": lambda all: all.remove(named(all, "NetworkPolicy", "default-deny")),
}


def negatives(helm, pool):
    def refusal(row):
        name, values, _ = row
        try:
            helm.text("default", values=values, apis=[])
        except Refused as error:
            return name, str(error)
        return name, None
    for (name, _, wanted), (_, said) in zip(refused.REFUSED, pool.map(refusal, refused.REFUSED)):
        if check(said is not None, f"{name} is taken"):
            check(wanted in said, f"{name} is refused without naming {wanted}: {said}")
    try:
        helm.text()
        check(False, "a release with nothing stated renders")
    except Refused as error:
        check("/tls/existingSecret" in str(error), f"without values: {error}")
    section("values refused", len(refused.REFUSED) + 1)


def golden(texts, update):
    for case in GOLDEN:
        path = HERE / "golden" / f"{case}.yaml"
        if update:
            path.write_text(texts[case])
        old = path.read_text() if path.exists() else ""
        if old != texts[case]:
            sys.stdout.writelines(list(difflib.unified_diff(old.splitlines(True), texts[case].splitlines(True), str(path), "rendered"))[:60])
            check(False, f"{case} renders otherwise than golden/{case}.yaml; if that is meant: tests/chart/chart_test.py --update")
    section("golden renders", len(GOLDEN))


def two_releases(helm):
    """In one namespace, with names that are alike."""
    long = "a-release-whose-name-is-as-long-as-helm-lets-it-be-"
    for first, second in (("desk", "desk-gannet"), ("gannet", "gannet-gannet"), (long + "xx", long + "xy")):
        apart(helm.objects("bundled", release=first), helm.objects("bundled", release=second))
    for problem in policy.problems(helm.objects("bundled", release=long + "xx")):
        check(False, f"a long name: {problem}")
    section("pairs of releases beside each other", 3)


def apart(first, second):
    both = {(one["kind"], one["metadata"]["name"]) for one in first} & {(one["kind"], one["metadata"]["name"]) for one in second}
    check(not both, f"both releases have {sorted(both)}")
    for one in of_kind(first, "Service", "StatefulSet", "Deployment", "NetworkPolicy", "PodDisruptionBudget"):
        selector = one["spec"].get("selector", one["spec"].get("podSelector"))
        labels = selector.get("matchLabels", selector)
        for name, _, pod in workloads(second):
            check(not labels.items() <= pod["metadata"]["labels"].items(), f"{called(one)} of one release selects {name} of the other")


def pods_of(objects):
    return {called(one): template_of(one) for one in of_kind(objects, "StatefulSet", "Deployment")}


def changes(helm):
    """A change restarts those who use it, and nobody else."""
    before = pods_of(helm.objects("ha"))

    def restarted(**named):
        after = pods_of(helm.objects("ha", **named))
        return {name.removeprefix("StatefulSet/gannet-").removeprefix("Deployment/gannet-") for name in before if before[name] != after[name]}
    on_bus = {name for name, fact in facts().items() if fact["bus"]}
    with_rows = {name for name, fact in facts().items() if fact["lease"] or fact["store"]}
    for what, values, wanted in [
            ("the limits", {"services": {"risk": {"config": "version: 2\n"}}}, {"risk"}),
            ("a strategy", {"services": {"strategy": {"config": "account: main/paper\n"}}}, {"strategy"}),
            ("the brokers", {"kafka": {"brokers": "other.example:9093"}}, on_bus),
            ("the database", {"postgres": {"user": "another"}}, with_rows),
            ("the Redis", {"redis": {"address": "other.example:6379"}}, {"gateway"}),
            ("the lease", {"postgres": {"lease": {"length": "20s"}}}, {name for name, fact in facts().items() if fact["lease"]}),
            ("who may call", {"rpc": {"reflection": True}}, set(facts())),
            ("clients of the gateway", {"networkPolicy": {"clients": []}}, set()),
            ("what is taken away", {"postgres": {"contract": True}}, set()),
            ("a third gateway", {"services": {"gateway": {"replicas": 3}}}, set()),
            ("one gateway instead of two", {"services": {"gateway": {"replicas": 1}}}, {"gateway"}),
            ("topics", {"topics": {"create": False}}, set())]:
        got = restarted(values=values)
        check(got == wanted, f"{what} restart {sorted(got)}, not {sorted(wanted)}")
    with tempfile.TemporaryDirectory() as folder:
        newer = pathlib.Path(folder) / "gannet"
        shutil.copytree(CHART, newer)
        text = (newer / "Chart.yaml").read_text()
        (newer / "Chart.yaml").write_text(re.sub(r"(?m)^version: .*", "version: 9.9.9", text))
        got = restarted(chart=newer)
        check(not got, f"a version of the chart alone restarts {sorted(got)}")
    section("changes and whom they restart", 13)


def edges_hold(rendered):
    for problem in topology.against_sources():
        check(False, problem)
    pairs = 0
    for case, objects in rendered.items():
        pairs += len(workloads(objects)) ** 2
        for problem in topology.against_policies(objects):
            check(False, f"{case}: {problem}")
    check(topology.outside(rendered["restricted"]) == {
        "ingest": {("203.0.113.0/24", 443), ("10.20.0.0/28", 9093)},
        "execution": {("203.0.113.0/24", 443), ("10.20.0.0/28", 9093), ("10.20.1.10/32", 5432)},
        **{name: {("10.20.0.0/28", 9093), ("10.20.1.10/32", 5432)} for name in ("strategy", "risk", "reporting")},
        "contract": {("10.20.1.10/32", 5432)},
        **{name: {("10.20.0.0/28", 9093)} for name in ("news-signal", "ml-inference", "gateway", "recorder", "topics")},
    }, f"restricted: reaches {topology.outside(rendered['restricted'])}")
    check(not topology.outside(rendered["bundled"]), f"bundled reaches beyond the cluster: {topology.outside(rendered['bundled'])}")
    for problem in topology.notifier(rendered["monitoring"]):
        check(False, f"monitoring: {problem}")
    section("pairs of pods whose policies say what the table of edges says", pairs)


def values_are_used(helm, texts):
    """Each value changes something, and templates ask for none that is not there."""
    values, _ = readme.described()
    missing = readme.undescribed()
    check(not missing, f"values.yaml describes nothing at {missing}")
    templates = "".join(path.read_text() for path in sorted(CHART.glob("templates/**/*")) if path.is_file())
    for path in sorted(set(re.findall(r"\.Values\.([\w.]+)", templates))):
        value = values
        for step in path.split("."):
            if not check(isinstance(value, dict) and step in value, f"a template asks for .Values.{path}, which values.yaml does not have"):
                break
            value = value[step]
    # Texts and numbers become marks of their own; where they come out, they are used.
    marks, number = {}, 17000

    def marked(value, path):
        nonlocal number
        if isinstance(value, dict) and value:
            return {key: marked(below, f"{path}.{key}") for key, below in value.items()}
        if isinstance(value, bool) or path in SWITCHES:
            return value
        number += 100
        marks[path] = str(number) if isinstance(value, (int, float)) else f"mark{number}"
        if isinstance(value, (int, float)):
            return number
        if isinstance(value, str):
            return marks[path]
        if isinstance(value, dict):
            return {"risk": f"sha256:{marks[path]}"} if path.endswith("digests") else {marks[path]: marks[path]}
        return SHAPES.get(path.rpartition(".")[2], lambda mark: [mark])(marks[path])
    own = {key: marked(value, key) for key, value in values.items()}
    for name in own["services"]:
        own["services"][name]["enabled"] = True
    scaling = [name for name, fact in facts().items() if fact["scales"]]
    off, own["redis"]["mode"] = {"enabled": False}, "external"
    for at, name in enumerate(scaling):
        own["services"][name]["autoscaling"] |= {"enabled": True, "maxReplicas": 99990 + at}
        marks[f"services.{name}.autoscaling.maxReplicas"] = str(99990 + at)
        marks[f"services.{name}.replicas"] = str(88890 + at)
        marks[f"services.{name}.keda.maxReplicas"] = str(88880 + at)
    own["tests"]["order"]["enabled"] = own["canary"]["enabled"] = own["monitoring"]["serviceMonitor"]["enabled"] = own["monitoring"]["rules"]["enabled"] = True
    own["monitoring"]["dashboards"]["enabled"] = own["monitoring"]["alertmanager"]["enabled"] = own["monitoring"]["logs"]["enabled"] = True
    out = ""
    for change in ({"kafka": {"mode": "external", "auth": "scram"}, "postgres": {"mode": "external"}, "redis": {"mode": "external"}},
                   {"kafka": {"mode": "bundled", "auth": "mtls"}, "postgres": {"mode": "bundled"}, "redis": {"mode": "bundled"}, "venueSim": {"enabled": True}, "fullnameOverride": ""},
                   {"tls": {"clientAuth": True}, "tests": {"order": {"enabled": False}}, "canary": {"enabled": False}, "rpc": {"people": [{"name": marks["rpc.people"], "rights": ["read"]}]},
                    "fullnameOverride": "", "image": {"tag": marks["image.tag"], "digests": {}}},
                   {"services": {name: {"replicas": 88890 + at, "autoscaling": off} for at, name in enumerate(scaling)}},
                   {"services": {name: {"autoscaling": off, "keda": {"enabled": True, "maxReplicas": 88880 + at}} for at, name in enumerate(scaling)}}):
        merged = merge(own, change)
        out += helm.text(values=merged, apis=APIS_OF_OTHERS, extra=["--skip-schema-validation"])
    unused = [path for path, mark in marks.items() if mark not in out]
    check(not unused, f"values that come out nowhere: {unused}")
    # Switches: the other way round, something else is rendered.
    for path in SWITCHES | {"networkPolicy.enabled", "topics.create", "rpc.reflection"}:
        check(path in SWITCHED, f"the test turns {path} nowhere")
    for path, (case, turned) in SWITCHED.items():
        value = turned
        for step in reversed(path.split(".")):
            value = {step: value}
        check(helm.text(case, values=value, apis=APIS_OF_OTHERS, extra=["--skip-schema-validation"]) != texts[case], f"{path} changes nothing")
    section("values that come out in what is rendered", len(marks) + len(SWITCHED))


SWITCHES = {"kafka.mode", "kafka.auth", "postgres.mode", "redis.mode"}
SWITCHED = {
    "kafka.mode": ("bundled", "external"), "kafka.auth": ("external", "mtls"), "postgres.mode": ("default", "none"), "redis.mode": ("bundled", "none"),
    "networkPolicy.enabled": ("default", False), "topics.create": ("default", False), "rpc.reflection": ("default", True),
    "tls.clientAuth": ("default", True), "venueSim.enabled": ("bundled", False), "tests.order.enabled": ("order-test", False),
    "monitoring.serviceMonitor.enabled": ("monitoring", False), "monitoring.rules.enabled": ("monitoring", False),
    "monitoring.dashboards.enabled": ("monitoring", False), "monitoring.alertmanager.enabled": ("monitoring", False),
    "monitoring.logs.enabled": ("monitoring", False), "canary.enabled": ("canary", False), "postgres.contract": ("restricted", False),
    "services.inference.autoscaling.enabled": ("no-crds", False), "services.inference.keda.enabled": ("keda", False),
    "services.gateway.autoscaling.enabled": ("gateways", False), "services.gateway.keda.enabled": ("keda", False),
    **{f"services.{name}.enabled": ("ha", False) for name in facts()}, "services.gateway.enabled": ("default", False),
}
SHAPES = {
    "people": lambda mark: [{"name": mark, "rights": ["read"]}],
    "clients": lambda mark: [{"podSelector": {"matchLabels": {"mark": mark}}}],
    "prometheus": lambda mark: [{"podSelector": {"matchLabels": {"mark": mark}}}],
    "operators": lambda mark: [{"podSelector": {"matchLabels": {"mark": mark}}}],
    "tolerations": lambda mark: [{"key": mark}],
    "extraObjects": lambda mark: [{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": mark}}],
    "cidrs": lambda mark: [f"{mark}/0"],
    "hosts": lambda mark: [f"{mark}:5432"],
    "ports": lambda mark: [mark],
}


def merge(base, change):
    if not isinstance(base, dict) or not isinstance(change, dict) or not change:
        return change
    return {**base, **{key: merge(base.get(key), value) for key, value in change.items()}}


def only_mounts_missing(done):
    """What the file says is in order; the secrets and models that it names are in a pod only."""
    said = (done.stdout + done.stderr).strip()
    absent = r"/(etc|var/lib)/gannet/\S+.*(No such file|cannot be read|does not exist)|under /opt/gannet/models \(versions: none\)"
    return done.returncode == 2 and "\n" not in said and re.search(absent, said)


def programs_take_it(rendered, folder):
    """The binaries read what the chart writes for them, and know its flags."""
    seen, told = set(), {}
    for case, objects in rendered.items():
        maps = {one["metadata"]["name"]: one["data"] for one in of_kind(objects, "ConfigMap")}
        for name, one, pod in workloads(objects):
            fact = facts().get(component(one))
            if fact is None or one["kind"] == "Pod" or not (program := folder / f"gannet-{fact['program']}").exists():
                continue
            if program not in told:
                told[program] = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30).stdout
            for argument in pod["spec"]["containers"][0]["args"]:
                check(argument.partition("=")[0] in told[program], f"{name}: the program knows no {argument}")
            config = maps[one["metadata"]["name"]].get("service.yaml")
            if config is None or (program, config) in seen:
                continue
            seen.add((program, config))
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(config)
                file.flush()
                done = subprocess.run([program, "--check-config", "--config", file.name], capture_output=True, text=True, timeout=30)
            check(done.returncode == 0 or only_mounts_missing(done), f"{case}: {name} does not take its configuration: {done.stdout}{done.stderr}")
    section("configurations that the programs take" if told else "programs not built: configurations not read", len(seen))


def rules_are_the_files(rendered):
    """What promtool tests (tests/rules) is what the chart ships."""
    shipped = [one["spec"] for one in of_kind(rendered["monitoring"], "PrometheusRule")]
    files = [yaml.safe_load(path.read_text()) for path in sorted((CHART / "files" / "rules").glob("*.yaml"))]
    check(shipped == files and files, "the PrometheusRules are not the files in files/rules")
    maps = {one["metadata"]["name"]: one for one in of_kind(rendered["monitoring"], "ConfigMap")}
    dashboards = sorted((CHART / "files" / "dashboards").glob("*.json"))
    for path in dashboards:
        one = maps.get(f"gannet-dashboard-{path.stem.removeprefix('gannet-')}")
        check(one is not None and json.loads(one["data"][path.name]) == json.loads(path.read_text()), f"{path.name} is not shipped as it is")
        check(one is None or one["metadata"]["labels"].get("grafana_dashboard") == "1", f"{path.name}: no sidecar of Grafana would find it")
    collector = yaml.safe_load(maps["gannet-collector"]["data"]["collector.yaml"])
    check(collector["receivers"]["filelog"]["include"] == ["/var/log/pods/trading_gannet-*/*/*.log"], f"the collector reads {collector['receivers']['filelog']['include']}")
    check(collector["exporters"]["otlphttp"]["endpoint"] == "http://loki.monitoring.svc:3100/otlp", "the collector posts elsewhere")
    shipped = maps["gannet-alertmanager"]["data"]
    check(not re.search(r"\w\.invalid", shipped["alertmanager.yaml"] + shipped["gannet.tmpl"]), "an address of Alertmanager's files was not replaced")
    section("files of rules and dashboards shipped as they are", len(files) + len(dashboards))


def documented(update):
    path = CHART / "README.md"
    text = readme.updated(path.read_text())
    if update:
        path.write_text(text)
    check(text == path.read_text(), "the table of values in the chart's README is not that of values.yaml; run tests/chart/chart_test.py --update")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / os.environ.get("GANNET_PRESET", "release") / "bin")
    options = parser.parse_args()
    began = time.monotonic()
    helm = Helm(tool("fetch-helm"))
    with ThreadPoolExecutor(2) as pool:
        texts = renders(helm, pool)
        rendered = {case: [one for one in yaml.load_all(text, yaml.CSafeLoader) if one] for case, text in texts.items()}
        negatives(helm, pool)
    schemas(rendered)
    policies(rendered)
    the_rules_bite(rendered)
    edges_hold(rendered)
    two_releases(helm)
    changes(helm)
    values_are_used(helm, texts)
    rules_are_the_files(rendered)
    golden(texts, options.update)
    documented(options.update)
    programs_take_it(rendered, options.bin.resolve())
    print(f"{'FAILED: ' + str(len(failures)) if failures else 'passed'} after {time.monotonic() - began:.1f} s")
    sys.exit(1 if failures else 0)


main()
