#!/usr/bin/env python3
"""The chart's pods, as Helm renders them, run by a Docker engine: each with its own address, user,
read-only root, secrets as a kubelet mounts them (root's, mode 0440, of the pod's group), volumes and
drain. No cluster: nothing schedules, no policy blocks, no probe restarts; the test asks the probes'
questions and starts what it killed. Kafka, PostgreSQL and the exchange simulator are beside the
services; each is killed (-9) in turn while they trade, and at the end orders and fills are compared
with the exchange's own records.

usage: pods_test.py BIN_DIR [--kills NAME,…] [--without NAME,…] [--keep]

Images come from `make images`. Writes build/results/pods.md. Exit codes: 0 passed, 1 failed, 4 something
is missing.
"""
import argparse
import base64
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "chart")]

from tools import packages, tool  # noqa: E402

packages()

import harness  # noqa: E402
import rounds  # noqa: E402
import truth  # noqa: E402
import yaml  # noqa: E402
from chart import Helm, component, facts, template_of, workloads  # noqa: E402
from harness import check  # noqa: E402

SPACE, NETWORK = "trading", "gannet-pods"
PREFIX = "gannet-pod-"
START_ORDER = ["kafka", "postgres", "redis", "venue-sim", "topics"]


def docker(*arguments, seconds=120):
    return subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True, timeout=seconds)


class Engine:
    def __init__(self, folder, objects):
        self.folder, self.objects = folder, objects
        self.pods = {component(one): template_of(one) for _, one, _ in workloads(objects)}
        self.address = {name: f"10.88.0.{number}" for number, name in enumerate(sorted(self.pods), 10)}
        text = subprocess.run([ROOT / "tools" / "dev-secrets", SPACE], capture_output=True, text=True, check=True).stdout
        self.secrets = {one["metadata"]["name"]: one["data"] for one in yaml.safe_load_all(text) if one}
        self.maps = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}

    def volume(self, name):
        return self.folder / name / "data"

    def secret(self, name, key):
        return base64.b64decode(self.secrets[name][key])

    def mounts(self, name):
        """Folders of the pod's volumes, as a kubelet makes them."""
        spec = self.pods[name]["spec"]
        group, made = spec["securityContext"]["fsGroup"], {}
        for volume in spec.get("volumes", []):
            folder = self.folder / name / volume["name"]
            if "emptyDir" in volume and volume["name"] != "data":
                made[volume["name"]] = None
                continue
            if "emptyDir" not in volume:
                shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            if "secret" in volume:
                data = self.secrets[volume["secret"]["secretName"]]
                for key in [item["key"] for item in volume["secret"].get("items", [])] or data:
                    (folder / key).write_bytes(self.secret(volume["secret"]["secretName"], key))
                    os.chown(folder / key, 0, group)
                    (folder / key).chmod(volume["secret"]["defaultMode"])
            elif "configMap" in volume:
                for key, text in self.maps[volume["configMap"]["name"]].items():
                    (folder / key).write_text(text)
            made[volume["name"]] = folder
        data = made.setdefault("data", self.volume(name))
        if not data.exists() or data.stat().st_gid != group:
            data.mkdir(parents=True, exist_ok=True)
            os.chown(data, 0, group)
            data.chmod(0o2775)
        return made

    def start(self, name):
        """Init containers to their end, then the containers, which share the address of the first."""
        spec, made = self.pods[name]["spec"], self.mounts(name)
        first = None
        for box in spec.get("initContainers", []):
            done = self.run(name, box, made, ["--rm", "--network", NETWORK, "--ip", self.address[name]])
            check(done.returncode == 0, f"{name}, {box['name']}: {done.stdout}{done.stderr}")
        for box in spec["containers"]:
            network = ["--network", f"container:{PREFIX}{name}-{first}"] if first else ["--network", NETWORK, "--ip", self.address[name]]
            for_good = name not in ("topics", "tests")
            done = self.run(name, box, made, ["--detach", *network] if for_good else ["--rm", *network], hosts=not first)
            check(done.returncode == 0, f"{name}, {box['name']}: {done.stdout}{done.stderr}")
            first = (first or box["name"]) if for_good else None

    def run(self, name, box, made, flags, hosts=True):
        security = self.pods[name]["spec"]["securityContext"]
        command = ["run", "--name", f"{PREFIX}{name}-{box['name']}", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
                   "--user", f"{security['runAsUser']}:{security['runAsGroup']}", "--memory", box["resources"]["limits"]["memory"].replace("i", ""), *flags]
        if hosts:
            command += [word for other, address in self.address.items() for word in ("--add-host", f"gannet-{other}.{SPACE}.svc:{address}")]
        for mount in box["volumeMounts"]:
            folder = made[mount["name"]]
            if folder is None:
                command += ["--tmpfs", f"{mount['mountPath']}:mode=1777"]
            else:
                command += ["--volume", f"{folder / mount['subPath'] if 'subPath' in mount else folder}:{mount['mountPath']}" + (":ro" if mount.get("readOnly") else "")]
        command += [word for each in box.get("env", []) for word in ("--env", f"{each['name']}={each['value']}")]
        arguments = box.get("args", [])
        if "command" in box:
            command += ["--entrypoint", box["command"][0]]
            arguments = box["command"][1:] + arguments
        return docker(*command, box["image"], *arguments, seconds=300)

    def ask(self, service, *command):
        done = docker("exec", f"{PREFIX}{service}-{facts()[service]['program']}", "/opt/gannet/bin/gannet", *command, seconds=60)
        return done.returncode, done.stdout, done.stderr

    def ready(self, name):
        """What the readiness probes of the pod would be told."""
        for box in self.pods[name]["spec"]["containers"]:
            probe = box.get("readinessProbe", {})
            if "exec" in probe and docker("exec", f"{PREFIX}{name}-{box['name']}", *probe["exec"]["command"]).returncode != 0:
                return False
            port = next((each["containerPort"] for each in box.get("ports", []) if each["name"] == probe.get("httpGet", probe.get("tcpSocket", {})).get("port")), None)
            if "tcpSocket" in probe and not self.answers(name, port):
                return False
            if "httpGet" in probe:
                get = probe["httpGet"]
                url = f"{get.get('scheme', 'HTTP').lower()}://{self.address[name]}:{port}{get['path']}"
                if subprocess.run(["curl", "--silent", "--insecure", "--fail", "--max-time", "3", "--output", "/dev/null", url]).returncode != 0:
                    return False
        return True

    def answers(self, name, port):
        return subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/{self.address[name]}/{port}"], capture_output=True, timeout=10).returncode == 0

    def containers(self, name):
        return [f"{PREFIX}{name}-{box['name']}" for box in reversed(self.pods[name]["spec"]["containers"])]

    def kill(self, name):
        docker("kill", *self.containers(name))
        docker("rm", "--force", *self.containers(name))
        self.start(name)

    def stop(self, names):
        """SIGTERM, with the time that the pod gives; each has to end by itself: with 0, or with 3 when
        what it waited for did not come within the drain's limit."""
        left = names or [name for name in reversed(self.pods) if name not in ("topics", "tests", "kafka", "postgres", "redis")]
        left = [name for name in left if docker("inspect", "--format", "{{.State.Running}}", self.containers(name)[-1]).stdout.strip() == "true"]
        boxes = [box for name in left for box in self.containers(name)]
        waiting = [subprocess.Popen(["docker", "stop", "--time", str(self.pods[name]["spec"]["terminationGracePeriodSeconds"]), *self.containers(name)],
                                    stdout=subprocess.DEVNULL) for name in left]
        for one in waiting:
            one.wait(timeout=120)
        for box in boxes:
            code = docker("inspect", "--format", "{{.State.ExitCode}}", box).stdout.strip()
            check(code in ("0", "3") or box.endswith("tls-front"), f"{box} ended with {code}")
            if code == "3":
                said = [line for line in docker("logs", box).stderr.splitlines() if '"level":"warning"' in line or '"level":"error"' in line]
                rounds.note(f"{box} ended with 3, the drain was cut short", said[-1] if said else "it does not say why")

    def sql(self, statement):
        done = docker("exec", f"{PREFIX}postgres-postgres", *rounds.PSQL, statement)
        check(done.returncode == 0, f"psql: {done.stderr}")
        return done.stdout

    def clean(self):
        names = docker("ps", "--all", "--quiet", "--filter", f"name={PREFIX}").stdout.split()
        if names:
            docker("rm", "--force", *names)
        docker("network", "rm", NETWORK)


def start_all(engine):
    rest = [name for name in engine.pods if name not in (*START_ORDER, "tests")]
    for name in START_ORDER:
        engine.start(name)
        if name != "topics":
            rounds.wait_ready(engine, name, 120)
    for name in rest:  # one after the other: each makes some twenty connections by TLS
        engine.start(name)
        rounds.wait_ready(engine, name, 240)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("bin_dir")
    parser.add_argument("--kills", default=",".join(rounds.KILLED))
    parser.add_argument("--without", default="", help="services to leave out, on a machine with little to spare")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("docker") or docker("info").returncode != 0:
        print("SKIPPED: needs root and a Docker engine")
        sys.exit(4)
    folder = pathlib.Path("/var/tmp/gannet-pods")
    shutil.rmtree(folder, ignore_errors=True)
    values = yaml.safe_load((HERE / "values.yaml").read_text())
    values["services"]["risk"] = {"config": (ROOT / "config" / "limits.yaml").read_text()}
    values["services"]["strategy"] = {"config": truth.STRATEGIES}
    left_out = [name for name in options.without.split(",") if name]
    for name in left_out:
        values["services"].setdefault(name, {})["enabled"] = False
    engine = Engine(folder, Helm(tool("fetch-helm")).objects("bundled", values=values))
    engine.clean()
    made = docker("network", "create", "--driver", "bridge", "--internal", "--subnet", "10.88.0.0/24", NETWORK)
    code = 1
    try:
        check(made.returncode == 0, f"docker network create: {made.stderr}")
        rounds.timed("all pods started and ready", lambda: start_all(engine))
        rounds.timed("helm test's pod: each service answers under its name with its certificate", lambda: engine.start("tests"))
        rounds.timed("first order", lambda: rounds.trades(engine))
        rounds.kills(engine, [name for name in options.kills.split(",") if name and name not in left_out])
        used = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").stdout.splitlines()
        rounds.note("memory while trading", ", ".join(line.removeprefix(PREFIX).partition(" / ")[0] for line in used if line.startswith(PREFIX)))
        rounds.compare(engine, options.bin_dir, folder)
        code = 0
    except harness.Failure as failure:
        print(f"FAILED: {failure}")
        for name in docker("ps", "--all", "--format", "{{.Names}}", "--filter", f"name={PREFIX}").stdout.split():
            print(f"--- {name}\n" + "\n".join((docker("logs", "--tail", "4", name).stderr).splitlines())[:1200])
    finally:
        rounds.write_notes("pods.md")
        if not options.keep:
            engine.clean()
            shutil.rmtree(folder, ignore_errors=True)
    print("passed" if code == 0 else "failed")
    sys.exit(code)


main()
