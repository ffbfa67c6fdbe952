#!/usr/bin/env python3
"""`make test-kube`: the chart on a real Kubernetes of one node (tools/kube/cluster), with Kafka,
PostgreSQL and the exchange simulator beside the services. Installs, tests, upgrades and rolls back
by Helm; tries every pair of pods against the table of edges; posts an alert to the notifier; has the
scalers follow load up and down; kills each pod (-9) while it trades, of two gateways one; and at
the end compares orders, fills and positions with the exchange's own records, and decides the
journals again.

usage: kube_test.py BIN_DIR IMAGES [--kills NAME,…] [--keep]

IMAGES is an archive of them all (tools/images --save). --keep leaves the cluster up. Writes
build/results/kube.md. Exit codes: 0 passed, 1 failed, 4 something is missing.
"""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "chart")]

from tools import packages  # noqa: E402

packages()

import harness  # noqa: E402
import outsider  # noqa: E402
import truth  # noqa: E402
from rounds import KILLED, PSQL, compare, kills, note, timed, trades, write_notes  # noqa: E402
from chart import component, edges, facts  # noqa: E402
from gateways import Gateways  # noqa: E402
from harness import check  # noqa: E402

SPACE, RELEASE = "trading", "gannet"
PORTS = {"https": 8443, "admin": 9464, "alerts": 7190}
BESIDE = {"kafka": 9093, "postgres": 5432, "redis": 6379, "venue-sim": 8443}


class Cluster:
    space = SPACE

    def __init__(self):
        self.tool = ROOT / "tools" / "kube" / "cluster"

    def run(self, *arguments, seconds=120, text=None):
        return subprocess.run([self.tool, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, input=text)

    def must(self, *arguments, seconds=120, text=None):
        done = self.run(*arguments, seconds=seconds, text=text)
        if done.returncode == 4:
            print(f"SKIPPED: {done.stderr.strip()}")
            sys.exit(4)
        check(done.returncode == 0, f"{' '.join(map(str, arguments))}: {done.stderr[-2000:]}{done.stdout[-500:]}")
        return done.stdout

    def kubectl(self, *arguments, **named):
        return self.must("kubectl", "--namespace", SPACE, *arguments, **named)

    def helm(self, *arguments, seconds=900):
        return self.must("helm", *arguments, "--namespace", SPACE, seconds=seconds)

    def get(self, *what):
        return json.loads(self.kubectl("get", *what, "--output", "json"))

    def ask(self, service, *command, seconds=30):
        """`gannet` in a pod: exit code, output, errors."""
        done = self.run("kubectl", "--namespace", SPACE, "exec", f"{RELEASE}-{service}-0", "--container", service, "--",
                        "/opt/gannet/bin/gannet", *command, seconds=seconds)
        return done.returncode, done.stdout, done.stderr

    def ready(self, name):
        one = json.loads(self.run("kubectl", "--namespace", SPACE, "get", "statefulset", f"{RELEASE}-{name}", "--output", "json").stdout or "{}")
        return bool(one) and one["status"].get("readyReplicas", 0) == one["spec"]["replicas"] and one["status"].get("updateRevision") == one["status"].get("currentRevision")

    def kill(self, name):
        """The pod (of several, the first) is gone without warning, and SIGKILL to all its processes: the StatefulSet makes another."""
        uid = self.get("pod", f"{RELEASE}-{name}-0")["metadata"]["uid"]
        pids = self.processes(uid)
        self.kubectl("delete", "pod", f"{RELEASE}-{name}-0", "--grace-period=0", "--force", "--wait=false")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        def another():
            done = self.run("kubectl", "--namespace", SPACE, "get", "pod", f"{RELEASE}-{name}-0", "--output", "jsonpath={.metadata.uid}")
            return done.returncode == 0 and done.stdout not in ("", uid)
        harness.wait_until(another, 120, f"another pod of {name}")

    def processes(self, uid):
        """Of a pod, as this machine numbers them."""
        files = pathlib.Path("/sys/fs/cgroup").glob(f"**/gannet-kube/kubepods/*/pod{uid}/*/cgroup.procs")
        return sorted({int(pid) for file in files for pid in file.read_text().split()})

    def stop(self, names):
        names = names or [name for name in self.writers() if name not in ("kafka", "postgres", "redis")]
        self.kubectl("scale", "statefulset", *(f"{RELEASE}-{name}" for name in names), "--replicas=0")
        self.kubectl("wait", "--for=delete", "pod", "--selector", f"app.kubernetes.io/component in ({','.join(names)})", "--timeout=120s", seconds=150)

    def writers(self):
        return [component(one) for one in self.get("statefulset")["items"]]

    def sql(self, statement):
        return self.kubectl("exec", f"{RELEASE}-postgres-0", "--", *PSQL, statement)

    def ended(self, pod):
        """How the one container of a pod has ended, if it has."""
        for each in self.get("pod", pod)["status"].get("containerStatuses", []):
            return each["state"].get("terminated")

    def secret(self, name, key):
        return base64.b64decode(self.get("secret", name)["data"][key])

    def volume(self, name):
        """Where the volume of a service lies on this machine."""
        claim = self.get("persistentvolumeclaim", f"data-{RELEASE}-{name}-0")
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
        folder = pathlib.Path(os.environ.get("GANNET_KUBE_DIR", cache / "gannet" / "kube"))
        return folder / "run" / "volumes" / claim["spec"]["volumeName"].removeprefix("local-")


def prepare(cluster, images, folder):
    timed("cluster up", lambda: cluster.must("up", seconds=600))
    timed("images loaded", lambda: cluster.must("load", images, seconds=600))
    cluster.must("kubectl", "create", "namespace", SPACE)
    # What the chart renders is admitted under the strictest standard.
    cluster.must("kubectl", "label", "namespace", SPACE, "pod-security.kubernetes.io/enforce=restricted")
    secrets = subprocess.run([ROOT / "tools" / "dev-secrets", SPACE], capture_output=True, text=True, check=True).stdout
    cluster.kubectl("apply", "--filename", "-", text=secrets)
    (folder / "strategies.yaml").write_text(truth.STRATEGIES)


def install(cluster, folder):
    values = ["--values", ROOT / "charts" / "gannet" / "ci" / "bundled-values.yaml", "--values", HERE / "values.yaml", "--values", HERE / "gateways.yaml",
              "--set-file", f"services.risk.config={ROOT / 'config' / 'limits.yaml'}", "--set-file", f"services.strategy.config={folder / 'strategies.yaml'}"]
    timed("helm install --wait", lambda: cluster.helm("install", RELEASE, ROOT / "charts" / "gannet", *values, "--wait", "--wait-for-jobs", "--timeout", "10m"))
    timed("helm test", lambda: cluster.helm("test", RELEASE, "--timeout", "3m"))
    return values


# Which of these addresses takes a connection from the network that it runs in. What a policy drops
# runs into the time limit; a refusal has come through.
CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reached(place):
    for patience in (2, 4):
        try:
            socket.create_connection(place, patience).close()
            return True
        except ConnectionError:
            return True
        except OSError:
            pass
    return False
print(json.dumps(list(ThreadPoolExecutor(32).map(reached, map(tuple, json.load(sys.stdin))))))
"""


def network(cluster):
    """Every pair of pods and every port of theirs, really tried from the network of each pod; and from that of a pod of the
    namespace that is not of the release."""
    stated = {(row["from"], row["to"], PORTS.get(row.get("port"), facts().get(row["to"], {}).get("port", BESIDE.get(row["to"])))) for row in edges()}
    stated |= {("stranger", to, port) for fro, to, port in stated if fro == "clients"}
    listens = {name: {fact["port"], PORTS["admin"]} for name, fact in facts().items()} | {name: {port} for name, port in BESIDE.items()}
    listens["gateway"].add(PORTS["https"])
    listens["reporting"].add(PORTS["alerts"])
    cluster.kubectl("apply", "--filename", "-", text=outsider.manifest("stranger", {"app": "stranger"}, "sleep 600"))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/stranger", "--timeout=60s")
    pods = [(one["metadata"]["labels"].get("app.kubernetes.io/component", "stranger"), one) for one in cluster.get("pod")["items"] if one["status"]["phase"] == "Running"]
    wrong, tried, through = [], 0, 0
    for fro, pod in pods:
        targets = [(to, port, other["status"]["podIP"]) for to, other in pods if other is not pod for port in sorted(listens.get(to, ()))]
        places = json.dumps([(address, port) for _, port, address in targets])
        done = subprocess.run(["nsenter", "-t", str(cluster.processes(pod["metadata"]["uid"])[0]), "--net", sys.executable, "-c", CONNECT],
                              input=places, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"no connections from {fro}: {done.stderr}")
        for (to, port, _), reached in zip(targets, json.loads(done.stdout)):
            tried, through = tried + 1, through + reached
            if reached != ((fro, to, port) in stated):
                wrong.append((fro, to, port, "reached" if reached else "blocked"))
    cluster.kubectl("delete", "pod", "stranger", "--wait=false")
    check(not wrong, f"pairs that are not as files/edges.yaml says: {wrong[:8]}")
    note("network: pairs of pods and ports tried, let through, blocked", f"{tried}, {through}, {tried - through}")


def alerts(cluster):
    """What has Alertmanager's label posts to the notifier; another pod of the namespace does not reach it."""
    script = outsider.ALERT.format(host=f"{RELEASE}-reporting.{SPACE}.svc")

    def posts(name):
        cluster.kubectl("apply", "--filename", "-", text=outsider.manifest(name, {"app": name}, script, ["gannet-alerts", "gannet-tls"]))
        ended = harness.wait_until(lambda: cluster.ended(name), 60, f"the end of {name}")
        said = cluster.kubectl("logs", name)
        cluster.kubectl("delete", "pod", name, "--wait=false")
        return ended["exitCode"], said
    code, said = posts("alertmanager")
    check("HTTP/1.1 200" in said, f"an alert was not taken: {code} {said}")
    code, said = posts("stranger")
    check(code == 124 and "HTTP" not in said, f"a stranger's alert was not blocked: {code} {said}")
    note("alerts: from Alertmanager's label, from another pod", "taken, blocked")


def scaling(cluster, service, port, least):
    """The scaler of a service follows load up and down; the chart waits five minutes before it goes down, here 15 s."""
    name = f"{RELEASE}-{service}"
    kind = cluster.get("hpa", name)["spec"]["scaleTargetRef"]["kind"].lower()

    def pods():
        return cluster.get(kind, name)["status"].get("readyReplicas", 0)
    cluster.kubectl("patch", "hpa", name, "--type=merge", "--patch", '{"spec":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":15}}}}')
    harness.wait_until(lambda: pods() == least, 200, f"{least} of {service} without load")
    load = outsider.LOAD.format(address=f"{name}.{SPACE}.svc:{port}")
    cluster.kubectl("apply", "--filename", "-", text=outsider.manifest("load", {"app": "load"}, load))
    timed(f"{service} under load, from {least} to more", lambda: harness.wait_until(lambda: pods() > least, 60, f"more pods of {service}"))
    cluster.kubectl("delete", "pod", "load", "--grace-period=0", "--force")
    timed(f"{service} without load, back to {least}", lambda: harness.wait_until(lambda: pods() == least, 100, f"{least} of {service}"))


def upgrade(cluster, values):
    def revisions():
        return {one["metadata"]["name"]: one["status"].get("updateRevision") for one in cluster.get("statefulset")["items"]}
    before = revisions()
    timed("helm upgrade --wait, one service's log level", lambda: cluster.helm("upgrade", RELEASE, ROOT / "charts" / "gannet", *values, "--set",
                                                                              "services.risk.logLevel=debug", "--wait", "--timeout", "10m"))
    after = revisions()
    changed = {name for name in before if before[name] != after[name]}
    check(changed == {f"{RELEASE}-risk"}, f"the upgrade restarted {changed}")
    trades(cluster)
    timed("helm rollback --wait", lambda: cluster.helm("rollback", RELEASE, "1", "--wait", "--timeout", "10m"))
    check(revisions() == before, "the roll-back did not bring back what was")
    trades(cluster)
    timed("helm upgrade with postgres.contract", lambda: cluster.helm("upgrade", RELEASE, ROOT / "charts" / "gannet", "--reuse-values", "--set", "postgres.contract=true",
                                                                      "--wait", "--timeout", "10m"))
    job = cluster.get("job", f"{RELEASE}-contract")
    said = cluster.kubectl("logs", f"job/{RELEASE}-contract")
    check(job["status"].get("succeeded") == 1 and "nothing to do" in said, f"the contract's Job: {job['status']} {said}")
    check(revisions() == before, "the contract restarted a service")
    note("postgres.contract: its Job says", said.splitlines()[-1])
    trades(cluster)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("bin_dir")
    parser.add_argument("images")
    parser.add_argument("--kills", default=",".join(KILLED))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    cluster = Cluster()
    folder = ROOT / "build" / "kube-test"
    folder.mkdir(parents=True, exist_ok=True)
    code = 1
    try:
        prepare(cluster, options.images, folder)
        gateways = Gateways(cluster, options.bin_dir, folder)
        values = install(cluster, folder)
        timed("first order", lambda: trades(cluster))
        gateways.check_two()
        network(cluster)
        alerts(cluster)
        upgrade(cluster, values)
        scaling(cluster, "inference", facts()["inference"]["port"], 1)
        scaling(cluster, "gateway", PORTS["https"], 2)
        for name in filter(None, options.kills.split(",")):
            kills(cluster, [name], {"gateway": gateways.serves})
            if name == "gateway":
                gateways.check_back()
        gateways.check_shut_out()
        compare(cluster, options.bin_dir, folder)
        code = 0
    except harness.Failure as failure:
        print(f"FAILED: {failure}")
        print(cluster.run("kubectl", "--namespace", SPACE, "get", "pods", "--output", "wide").stdout)
        print(cluster.run("kubectl", "--namespace", SPACE, "get", "events", "--sort-by=.lastTimestamp").stdout[-3000:])
    finally:
        write_notes("kube.md")
        if not options.keep:
            cluster.run("down", seconds=120)
    print("passed" if code == 0 else "failed")
    sys.exit(code)


main()
