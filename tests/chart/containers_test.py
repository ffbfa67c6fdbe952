#!/usr/bin/env python3
"""docker/Dockerfile and docker-compose.yml as they stand: no engine is needed.

usage: containers_test.py [--bin FOLDER]

--bin: the programs, which then read the configurations of docker/compose. Exit codes: 0 passed,
1 failed, 4 a tool could not be had.
"""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from tools import ROOT, packages

packages()

import yaml

# Run as another user than the programs, or once as root for want of another way, with the reason.
OWN_USER = {"kafka": "its image's", "postgres": "its image's", "redis": "its image's", "secrets": "gives each user its own copy",
            "collector": "reads the engine's log files, which are root's"}
DRAIN = 35  # seconds: services 20, journal and bus 10, a margin
failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
        print(f"FAILED: {text}")


def dockerfile(programs):
    text = (ROOT / "docker" / "Dockerfile").read_text()
    stages = {name: base for base, name in re.findall(r"(?m)^FROM (\S+) AS (\S+)$", text)}
    for program in programs:
        check(stages.get(program) == "runtime-base", f"docker/Dockerfile has no stage {program} on runtime-base")
        check(f'ENTRYPOINT ["/opt/gannet/bin/gannet-{program}"]' in text, f"{program} is not the first process of its container")
    check(stages.get("runtime-base") == "scratch", "runtime-base has more than what the programs load")
    check("USER 65532:65532" in text.partition("AS runtime-base")[2].partition("\nFROM ")[0], "runtime-base does not leave root")
    packed = re.search(r"programs=\(([^)]*)\)", (ROOT / "docker" / "payload").read_text())[1].split()
    check(set(packed) == {"gannet", *(f"gannet-{program}" for program in programs)}, f"docker/payload packs {packed}")
    check(":latest" not in text, "docker/Dockerfile takes a latest")


def compose(programs):
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for program in programs:
        check(program in services, f"docker-compose.yml has no {program}")
    for name, one in services.items():
        check(one.get("read_only") is True and one.get("cap_drop") == ["ALL"] and one.get("security_opt") == ["no-new-privileges:true"],
              f"{name}: may write, or more")
        check("mem_limit" in one and "max-size" in one["logging"]["options"], f"{name}: memory or logs have no limit")
        check("ports" not in one and one["network_mode"] in ("host", "none"), f"{name}: publishes ports; what listens is on loopback")
        check(("user" in one) == (name in OWN_USER), f"{name}: user {one.get('user')}")
        check(not one["image"].endswith(":latest") and ":" in one["image"].rpartition("/")[2], f"{name}: image {one['image']} without a tag")
        if name in programs:
            check(int(one["stop_grace_period"].removesuffix("s")) >= DRAIN, f"{name}: killed before it has drained")
            check("healthcheck" in one, f"{name}: no health check")
            needs = set(one.get("depends_on", {}))
            check(name == "venue-sim" or "topics-init" in needs, f"{name}: may start before its topics are there")
            check(("--lease" in one["command"]) <= ("migrate" in needs), f"{name}: may start before its schema is there")
        for volume in one.get("volumes", []):
            source = volume.partition(":")[0]
            check(not source.startswith("./") or (ROOT / source).exists(), f"{name}: {source} is missing")


def observers(programs):
    """Who watches listens on loopback, and asks each program where it answers."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    scraped = yaml.safe_load((ROOT / "docker" / "compose" / "obs" / "prometheus.yaml").read_text())["scrape_configs"]
    targets = {one["job_name"]: one["static_configs"][0]["targets"][0] for one in scraped}
    for program in programs:
        if program != "venue-sim":
            command = services[program]["command"]
            at = command[command.index("--admin-address") + 1] if "--admin-address" in command else None
            check(at == targets.get(program), f"{program} answers Prometheus at {at}, which asks {targets.get(program)}")
    check(len(set(targets.values())) == len(targets), "two targets of Prometheus are one")
    for name, one in services.items():
        if one["profiles"] == ["obs"]:
            text = f"{one.get('command', '')} {one.get('environment', '')}"
            for address in re.findall(r"(?:address|host-port|HTTP_ADDR)\W*[=:]\s*'?([\w.]*)", text):
                check(address == "127.0.0.1", f"{name} listens on {address or 'everything'}")
    for path in (ROOT / "docker" / "compose" / "obs").rglob("*.yaml"):
        check(yaml.safe_load(path.read_text()), f"{path.name} is empty")
    for kind in ("processors", "exporters", "receivers"):
        collector = yaml.safe_load((ROOT / "charts" / "gannet" / "files" / "collector" / "collector.yaml").read_text())
        used = {name for one in collector["service"]["pipelines"].values() for name in one[kind]}
        check(used == set(collector[kind]), f"collector.yaml: {kind} {set(collector[kind]) ^ used}")
    wanted = {variable for variable in re.findall(r"\$\{env:(\w+)\}", (ROOT / "charts" / "gannet" / "files" / "collector" / "collector.yaml").read_text())}
    check(wanted == set(services["collector"]["environment"]), f"collector.yaml asks for {wanted}")


def flags_are_known():
    """Of whom watches, where its program can be had here: a flag that it does not know keeps it from starting."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    programs = {"jaeger": ([cache / "gannet" / "jaeger" / "jaeger", "help"], services["jaeger"]["command"]),
                "prometheus": (["prometheus", "--help"], services["prometheus"]["command"]),
                "alertmanager": (["prometheus-alertmanager", "--help"], re.findall(r"--[\w.-]+(?==)", (ROOT / "docker" / "compose" / "obs" / "alertmanager.sh").read_text()))}
    for name, (asked, words) in programs.items():
        if not shutil.which(asked[0]):
            print(f"{name}: not here, its flags are believed")
            continue
        done = subprocess.run(asked, capture_output=True, text=True, timeout=30)
        known = set(re.findall(r"--[\w.-]+", done.stdout + done.stderr))
        for word in words:
            flag = word.partition("=")[0]
            check(flag in known, f"{name} knows no {flag}")


def loopback():
    for path in (ROOT / "docker" / "compose").rglob("*.*"):
        for address in re.findall(r"(?:://|\[\"|= ?)(\d+\.\d+\.\d+\.\d+)", path.read_text()):
            check(address == "127.0.0.1", f"{path.name}: {address} is beyond loopback")


def redis_starts():
    """The script of chart and Compose, on a Redis of this machine: its one user, and nobody else."""
    if not shutil.which("redis-server"):
        print("redis-start.sh: no redis-server here, not started")
        return
    with tempfile.TemporaryDirectory() as folder:
        port = subprocess.run([ROOT / "tools" / "free-port"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        password = pathlib.Path(folder) / "password"
        password.write_text("k3JvR8sQz1Lx7TtB0nYw\n")
        environment = {"PATH": os.environ["PATH"], "LISTEN": "127.0.0.1", "PORT": port, "DATA": folder, "TLS": folder, "PASSWORD_FILE": str(password),
                       "REDIS_USER": "gateway", "PREFIX": "gannet:"}
        person = ("--user", "gateway", "--pass", password.read_text().strip(), "--no-auth-warning")

        def says(*words, user=person):
            return subprocess.run(["redis-cli", "-p", port, *user, *words], capture_output=True, text=True, timeout=30).stdout.strip()

        @contextlib.contextmanager
        def running():
            with subprocess.Popen(["sh", ROOT / "charts" / "gannet" / "files" / "bundled" / "redis-start.sh"], env=environment, stdout=subprocess.DEVNULL) as server:
                try:
                    for _ in range(600):
                        if says("ping") == "PONG" or server.poll() is not None:
                            break
                        time.sleep(0.1)
                    yield
                finally:
                    server.kill()
        with running():
            # Two writes: kept as a transaction, which Redis checks once more when it reads its file.
            check(says("eval", "redis.call('hset', KEYS[1], 'user', 'ann') return redis.call('expire', KEYS[1], 600)", "1", "gannet:session:a") == "1",
                  f"redis-start.sh: scripts of its user may not write: {says('ping')}")
            check("NOPERM" in says("hset", "other:a", "b", "c"), "redis-start.sh: its user may write keys of others")
            check("NOPERM" in says("config", "get", "*"), "redis-start.sh: its user may read the configuration")
            check("NOAUTH" in says("ping", user=()), "redis-start.sh: who shows no password is let in")
            anybody = ("--user", "default", "--pass", "any", "--no-auth-warning")
            check("NOAUTH" in says("ping", user=anybody), "redis-start.sh: the default user is let in")
        with running():  # after a kill (-9)
            check(says("hget", "gannet:session:a", "user") == "ann", "redis-start.sh: what a script wrote is gone after a kill")
        print("redis-start.sh: started, with one user; what a script wrote outlives it")


def programs_take_it(programs, folder):
    read = 0
    for program in programs:
        path, binary = ROOT / "docker" / "compose" / f"{program}.yaml", folder / f"gannet-{program}"
        if path.exists() and binary.exists():
            done = subprocess.run([binary, "--check-config", "--config", path], capture_output=True, text=True, timeout=30)
            said = (done.stdout + done.stderr).strip()
            # Secrets and models are in the containers only: all before them is in order then.
            mounted = "\n" not in said and re.search(r"/(secrets|venue-sim)/\S+.*No such file|under /opt/gannet/models \(versions: none\)", said)
            check(done.returncode == 0 or mounted, f"{path.name}: {said}")
            read += 1
    print(f"configurations that the programs take: {read}")


def compose_says():
    """What Compose itself makes of the file, where there is one."""
    plugin = shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    if plugin or shutil.which("docker-compose"):
        done = subprocess.run([ROOT / "tools" / "compose", "config"], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"docker compose config: {done.stdout}{done.stderr}")
        print("docker compose config: valid")
    else:
        print("docker compose config: no Compose here, not asked")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    options = parser.parse_args()
    programs = sorted(path.parent.name for path in (ROOT / "services").glob("*/main.cc"))
    dockerfile(programs)
    compose(programs)
    observers(programs)
    loopback()
    flags_are_known()
    redis_starts()
    programs_take_it(programs, options.bin.resolve())
    compose_says()
    print(f"FAILED: {len(failures)}" if failures else "passed")
    sys.exit(1 if failures else 0)


main()
