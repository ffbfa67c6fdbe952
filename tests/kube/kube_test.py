#!/usr/bin/env python3
"""`make test-kube`: the chart on a real Kubernetes of one node (tools/kube/cluster), with Kafka,
PostgreSQL and the exchange simulator beside the services. Installs, tests, upgrades and rolls back
by Helm; tries every pair of pods against the table of edges; deletes each pod without warning while
it trades; and at the end compares orders and fills with the exchange's own records.

usage: kube_test.py BIN_DIR IMAGES [--kills NAME,…] [--keep]

IMAGES is a folder of archives (tools/images --save). --keep leaves the cluster up. Writes
build/results/kube.md. Exit codes: 0 passed, 1 failed, 4 something is missing.
"""
import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "chart")]

from tools import packages  # noqa: E402

packages()

import harness  # noqa: E402
import truth  # noqa: E402
from rounds import KILLED, compare, kills, note, timed, trades, write_notes  # noqa: E402
from chart import edges, facts  # noqa: E402
from harness import check  # noqa: E402

SPACE, RELEASE = "trading", "gannet"
ADMIN = 9464
BESIDE = {"kafka": 9093, "postgres": 5432, "venue-sim": 8443}


class Cluster:
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
        return one.get("status", {}).get("readyReplicas", 0) == 1 and one["status"].get("updateRevision") == one["status"].get("currentRevision")

    def kill(self, name):
        """The pod without warning; the StatefulSet makes another."""
        uid = self.get("pod", f"{RELEASE}-{name}-0")["metadata"]["uid"]
        self.kubectl("delete", "pod", f"{RELEASE}-{name}-0", "--grace-period=0", "--force", "--wait=false")

        def another():
            done = self.run("kubectl", "--namespace", SPACE, "get", "pod", f"{RELEASE}-{name}-0", "--output", "jsonpath={.metadata.uid}")
            return done.returncode == 0 and done.stdout not in ("", uid)
        harness.wait_until(another, 120, f"another pod of {name}")

    def stop(self, names):
        chosen = [f"{RELEASE}-{name}" for name in names] if names else ["--all"]
        self.kubectl("scale", "statefulset", *chosen, "--replicas=0")
        if not names:
            self.kubectl("wait", "--for=delete", "pod", "--selector", "app.kubernetes.io/component in (strategy,risk,execution,ingest,venue-sim)",
                         "--timeout=120s", seconds=150)

    def secret(self, name, key):
        return base64.b64decode(self.get("secret", name)["data"][key])

    def volume(self, name):
        """Where the volume of a service lies on this machine."""
        claim = self.get("persistentvolumeclaim", f"data-{RELEASE}-{name}-0")
        folder = pathlib.Path(os.environ.get("GANNET_KUBE_DIR", pathlib.Path.home() / ".cache" / "gannet" / "kube"))
        return folder / "run" / "volumes" / claim["spec"]["volumeName"].removeprefix("local-")


def prepare(cluster, images, folder):
    timed("cluster up", lambda: cluster.must("up", seconds=600))
    timed("images loaded", lambda: cluster.must("load", *sorted(pathlib.Path(images).glob("gannet-*.tar")), seconds=600))
    cluster.must("kubectl", "create", "namespace", SPACE)
    # What the chart renders is admitted under the strictest standard.
    cluster.must("kubectl", "label", "namespace", SPACE, "pod-security.kubernetes.io/enforce=restricted")
    secrets = subprocess.run([ROOT / "tools" / "dev-secrets", SPACE], capture_output=True, text=True, check=True).stdout
    cluster.kubectl("apply", "--filename", "-", text=secrets)
    (folder / "strategies.yaml").write_text(truth.STRATEGIES)


def install(cluster, folder):
    values = ["--values", ROOT / "charts" / "gannet" / "ci" / "bundled-values.yaml", "--values", HERE / "values.yaml",
              "--set-file", f"services.risk.config={ROOT / 'config' / 'limits.yaml'}", "--set-file", f"services.strategy.config={folder / 'strategies.yaml'}"]
    timed("helm install --wait", lambda: cluster.helm("install", RELEASE, ROOT / "charts" / "gannet", *values, "--wait", "--wait-for-jobs", "--timeout", "10m"))
    timed("helm test", lambda: cluster.helm("test", RELEASE, "--timeout", "3m"))
    return values


def network(cluster):
    """Each pair of pods, really tried: what is not an edge runs into the deadline."""
    stated = {(row["from"], row["to"], {"grpc": None, "admin": ADMIN, "https": 8443}.get(row.get("port"))) for row in edges()}
    names = [name for name, fact in facts().items() if not fact["scales"]]
    targets = [(name, fact["port"], None) for name, fact in facts().items() if not fact["scales"]]
    targets += [(name, ADMIN, ADMIN) for name in names] + [(name, port, None) for name, port in BESIDE.items()]

    def attempt(pair):
        fro, (to, port, kind) = pair
        _, out, err = cluster.ask(fro, "healthcheck", "--address", f"{RELEASE}-{to}.{SPACE}.svc:{port}", "--ca", "/etc/gannet/tls/ca.crt", "--timeout", "2s")
        reached = "Deadline Exceeded" not in err
        return fro, to, port, reached, (fro, to, kind) in stated, (out + err).strip()

    pairs = [(fro, target) for fro in names for target in targets if fro != target[0]]
    with ThreadPoolExecutor(6) as pool:
        tried = list(pool.map(attempt, pairs))
    wrong = [row for row in tried if row[3] != row[4]]
    check(not wrong, f"pairs that are not as files/edges.yaml says: {wrong[:6]}")
    note("network: pairs of pods tried, let through, blocked", f"{len(tried)}, {sum(row[3] for row in tried)}, {sum(not row[3] for row in tried)}")


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
        values = install(cluster, folder)
        timed("first order", lambda: trades(cluster))
        network(cluster)
        upgrade(cluster, values)
        kills(cluster, [name for name in options.kills.split(",") if name])
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
